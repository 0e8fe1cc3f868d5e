"""Cost of medical records by trust, from the estates return, with the supplier of the electronic record."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from sample_data.published.cells import numbers, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.tidy import duplicates_refused, organisations_of, refuse_rows, year_start

_CODE, _NAME, _NAME_NOW, _SUPPLIER = "trust_code", "trust_name", "current_name_in_foi", "trust_epr"
_CATCHMENT = "all_admissions_22"  # the population of the catchment by all admissions, not admissions
_TOTAL = re.compile(r"mrc_total_(20\d\d)(\d\d)")
_PROVISION = {"Extenal": "External", "No Data Provided": None, "Not Applicable": None}
_TYPE_NOT_GIVEN = ("No Data Provided", "Not Applicable")
_ROUNDING = 0.51
# A trust that merged or was renamed carries both names; the later one stands last.
_TWO_NAMES = re.compile(r"^(?P<first>.+? TRUST), (?P<last>.+ TRUST)$")


def read(path: Path) -> Reading:
    """Returns one row a trust and year as `fact_medical_records_cost_year`, costs in pounds.

    A trust that made no return in a year has no row for it, or no cost in it. Catchment population and
    supplier are known once (2022 and January 2024) and stand on the last year only.

    Raises:
        UnreadableFileError: a column is missing, a cost is not a number or below zero, or the total of a
            trust is not on-site plus off-site.
    """
    table = read_csv_as_text(path)
    years = sorted(int(match[1]) for name in table.columns if (match := _TOTAL.fullmatch(name)))
    if not years:
        raise UnreadableFileError(
            path, "no column 'mrc_total_YYYYYY'.", row=1, hint="Expected for example 'mrc_total_202324'."
        )
    require_columns(table, (_CODE, _NAME, _NAME_NOW, _SUPPLIER, _CATCHMENT), path)
    table = numbers(table, (_CATCHMENT,), path).with_row_index("row", offset=2)
    duplicates_refused(path, table, (_CODE,))
    parts = [_one_year(path, table, year, last=year == years[-1]) for year in years]
    fact = pl.concat(parts)
    named = table.with_columns(
        current_name=pl.coalesce(_NAME_NOW, pl.col(_NAME).str.replace(_TWO_NAMES.pattern, "$last"))
    )
    return Reading(
        era=f"trusts, a column a year, {years[0]} to {years[-1] + 1}",
        frames={"fact_medical_records_cost_year": fact},
        organisations=organisations_of(named, _CODE, "current_name"),
        notes=(
            "The column 'all_admissions_22' holds catchment populations (they add up to England's 56,550,138 of 2020).",
            "The electronic record's supplier is that of 1 January 2024, from an answer to a request for information.",
        ),
    )


def _one_year(path: Path, table: pl.DataFrame, year: int, *, last: bool) -> pl.DataFrame:
    label = f"{year}{(year + 1) % 100:02d}"
    on, off, total = (f"mrc_{part}_{label}" for part in ("on", "off", "total"))
    provision, kind = f"mrc_service_provision_{label}", f"mrc_type_{label}"
    require_columns(table, (on, off, total, provision, kind), path)
    read = numbers(table, (on, off, total), path, whole=False)
    refuse_rows(
        path,
        read,
        ((pl.col(on) + pl.col(off) - pl.col(total)).abs() > _ROUNDING),
        total,
        "is not on-site plus off-site",
    )
    # Without a type the source fills in zeros: there was no return, not no cost.
    returned = (pl.col(total) > 0) | (pl.col(kind).is_not_null() & ~pl.col(kind).is_in(_TYPE_NOT_GIVEN))
    once = pl.lit(last)
    return read.filter(returned | (once & pl.col(_CATCHMENT).is_not_null())).select(
        period=pl.lit(year_start(year)),
        org_code=pl.col(_CODE),
        cost_on_site_gbp=pl.when(returned).then(on),
        cost_off_site_gbp=pl.when(returned).then(off),
        cost_total_gbp=pl.when(returned).then(total),
        catchment_population=pl.when(once).then(pl.col(_CATCHMENT)),
        service_provision=pl.col(provision).replace(_PROVISION),
        record_type=pl.when(~pl.col(kind).is_in(_TYPE_NOT_GIVEN)).then(pl.col(kind).str.replace(r"^\d\.\s*", "")),
        epr_supplier=pl.when(once).then(pl.col(_SUPPLIER)),
    )


PUBLICATION = Publication(
    id="medical_records_cost",
    title="Estates Returns Information Collection: medical records cost, with the main electronic record's supplier",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/estates-returns-information-collection",
    cadence="yearly",
    read=read,
    caveats=(
        "Trusts judge for themselves which costs are medical records costs: compare a trust with its own past.",
        "Costs are in the prices of their year.",
        "A zero can mean no cost or a return left empty.",
    ),
)
