"""The trusts of the 4-hour field test, which reported no breaches from May 2019 to May 2023."""

from __future__ import annotations

from datetime import date

import polars as pl

FIRST_MONTH = date(2019, 5, 1)
LAST_MONTH = date(2023, 5, 1)

# Source: the Notes and Performance sheets of NHS England's A&E time series (fourteen trusts, May 2019 to
# May 2023), and the '-' marks of the April and May 2023 provider workbooks, which name them. Leaving
# these codes out gives the Performance sheet's figures exactly in each of the 49 months.
TRUSTS = {
    "R0D": "University Hospitals Dorset (from October 2020, successor of Poole)",
    "RC9": "Luton and Dunstable, from April 2020 Bedfordshire Hospitals",
    "RD3": "Poole Hospital (to September 2020)",
    "RDU": "Frimley Health",
    "RFR": "The Rotherham",
    "RGR": "West Suffolk",
    "RGT": "Cambridge University Hospitals",
    "RHU": "Portsmouth Hospitals University",
    "RK9": "University Hospitals Plymouth",
    "RNQ": "Kettering General",
    "RQM": "Chelsea and Westminster Hospital",
    "RVW": "North Tees and Hartlepool",
    "RX1": "Nottingham University Hospitals",
    "RXF": "Mid Yorkshire",
    "RYJ": "Imperial College Healthcare",
}


def without_breaches() -> pl.Expr:
    """Returns whether a row (`period`, `org_code`) is of a trust that did not report breaches then."""
    return pl.col("org_code").is_in(list(TRUSTS)) & pl.col("period").is_between(FIRST_MONTH, LAST_MONTH)
