"""NHS England's UEC situation report: monthly average beds of acute trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_CODE = "nhs_trust22_code"
_NAMED = {
    "general_acute_beds": "general_acute",
    "adult_general_acute_beds": "adult_general_acute",
    "paediatric_general_acute_beds": "paediatric_general_acute",
    "adult_critical_care_beds": "adult_critical_care",
    "paediatric_intensive_cared_beds": "paediatric_intensive_care",
    "neonatal_intensive_care_bed": "neonatal_intensive_care",
}


def read(path: Path) -> Reading:
    """Returns `fact_acute_beds_month`: average beds available and occupied, one acute trust and month.

    Occupancy rates of the file are left out: they follow from the beds.

    Raises:
        UnreadableFileError: other columns, a figure that is no number, or a trust and month twice.
    """
    text = read_csv_as_text(path)
    named = {f"{old}_{side}": f"{new}_{side}" for old, new in _NAMED.items() for side in ("available", "occupied")}
    require_columns(text, [_CODE, "date", *named], path)
    rows = numbers(text, list(named), path, whole=False).with_row_index("row", offset=2)
    rows = rows.with_columns(periods(rows["date"], path).alias("period")).rename({_CODE: "org_code", **named})
    twice = rows.filter(~pl.struct("org_code", "period").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path, f"{twice['org_code'][0]} has {twice['date'][0]} twice.", row=twice["row"][0], column=_CODE
        )
    return Reading(
        era="UEC situation report, monthly average beds by trust, CSV",
        frames={"fact_acute_beds_month": rows.select("period", "org_code", *named.values())},
        organisations=rows.select("org_code", name=pl.lit(None, pl.String), org_type=pl.lit("trust")).unique(
            "org_code", maintain_order=True
        ),
        notes=(
            "General and acute is the sum of adult and paediatric, each rounded: it can differ from their sum by 1.",
        ),
    )


PUBLICATION = Publication(
    id="uec_beds",
    title="Urgent and emergency care daily situation report: monthly average beds",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/uec-sitrep/",
    cadence="monthly",
    read=read,
    caveats=(
        "Averages over the days of the month, rounded to whole beds.",
        "Acute trusts with a type 1 emergency department only: fewer beds than the quarterly KH03 return.",
        "From the humaniverse/healthyr collection of the published workbooks.",
    ),
)
