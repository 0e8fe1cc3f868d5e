"""From one row a provider, as published, to one row a provider and department type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.ae_attendances.field_test import without_breaches
from sample_data.published.reading import PublishedTotal, Reading, Rejection
from sample_data.published.stated_totals import measure_name, totals_of

if TYPE_CHECKING:
    from datetime import date

DEPARTMENTS = ("type1", "type2", "other")
BY_DEPARTMENT = ("attendances", "attendances_booked", "over_4h", "over_4h_booked", "emergency_admissions")
WHOLE = (("attendances", "attendances_booked"), ("over_4h", "over_4h_booked"), ("emergency_admissions",))
BREACHES = ("over_4h", "over_4h_booked")
BY_PROVIDER = ("dta_4_to_12h", "dta_over_12h", "emergency_admissions_not_via_ae")
WIDE = tuple(f"{measure}_{department}" for measure in BY_DEPARTMENT for department in DEPARTMENTS) + BY_PROVIDER
"""The figures of one provider in one month: `attendances_type1` ... `emergency_admissions_not_via_ae`."""

REGIONS = {
    "LONDON": "Y56",
    "SOUTH WEST": "Y58",
    "SOUTH EAST": "Y59",
    "MIDLANDS": "Y60",
    "EAST OF ENGLAND": "Y61",
    "NORTH WEST": "Y62",
    "NORTH EAST AND YORKSHIRE": "Y63",
}
FIELD_TEST_NOTE = (
    "{count} trusts of the 4-hour field test did not report breaches (May 2019 to May 2023): "
    "their zeros or '-' are held as not reported."
)


@dataclass(frozen=True, slots=True)
class Month:
    """What one file says: one row a provider (`period`, `org_code`, `name`, `region`, `row` and `WIDE`)."""

    era: str
    providers: pl.DataFrame
    totals: tuple[PublishedTotal, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()


def region_code() -> pl.Expr:
    """Returns the region's code for a parent such as 'NHS ENGLAND MIDLANDS (NORTH MIDLANDS)'."""
    name = pl.col("region").str.to_uppercase().str.replace(r"^NHS ENGLAND ", "").str.replace(r"\s*\(.*$", "")
    return name.str.strip_chars().replace_strict(REGIONS, default=None, return_dtype=pl.String)


def reading_of(month: Month) -> Reading:
    """Returns the reading of a file of providers: facts by department, organisations, rejections, notes."""
    kept, refused = _contradictions(month.providers)
    kept, untested = _field_test(kept)
    notes = month.notes
    if untested:
        notes = (*notes, FIELD_TEST_NOTE.format(count=untested))
    return Reading(
        era=month.era,
        frames={"fact_ae_month": facts(kept)},
        organisations=kept.select("org_code", "name", region_code=region_code()).unique(
            "org_code", keep="last", maintain_order=True
        ),
        rejections=month.rejections + refused,
        totals=month.totals,
        notes=notes,
    )


def facts(providers: pl.DataFrame) -> pl.DataFrame:
    """Returns `fact_ae_month` rows: three a provider and month.

    What the return holds once for a provider (waits from decision to admit, emergency admissions not
    through A&E) stands on the row of type 1, which every provider has: any sum over departments is right.
    """
    parts = []
    for department in DEPARTMENTS:
        by_department = [pl.col(f"{measure}_{department}").alias(measure) for measure in BY_DEPARTMENT]
        once = [pl.col(name) if department == "type1" else pl.lit(None, pl.Int64).alias(name) for name in BY_PROVIDER]
        kind = pl.lit(department).alias("department")
        parts.append(providers.select("period", "org_code", kind, *by_department, *once))
    return pl.concat(parts)


def stated(row: dict[str, int | None], period: date, stated_in: str) -> tuple[PublishedTotal, ...]:
    """Returns the stated totals of a TOTAL row (columns `WIDE`): by department, all departments, and once."""
    totals: dict[str, float | None] = {}
    for columns in WHOLE:
        totals[measure_name(*columns)] = sum(
            row[f"{measure}_{department}"] or 0 for measure in columns for department in DEPARTMENTS
        )
    for measure in BY_DEPARTMENT:
        for department in DEPARTMENTS:
            totals[measure_name(measure, department=department)] = row[f"{measure}_{department}"]
    totals |= {name: row[name] for name in BY_PROVIDER}
    return totals_of(totals, period, stated_in)


def _field_test(providers: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    columns = [f"{measure}_{department}" for measure in BREACHES for department in DEPARTMENTS]
    # Should a later revision bring such a trust's breaches, they stand.
    silent = without_breaches() & (pl.sum_horizontal(columns) == 0)
    count = providers.filter(silent)["org_code"].n_unique()
    return providers.with_columns(pl.when(~silent).then(pl.col(name)).alias(name) for name in columns), count


def _contradictions(providers: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Rejection, ...]]:
    rejections = []
    wrong = pl.lit(value=False)
    for department in DEPARTMENTS:
        for whole, part in (("attendances", "over_4h"), ("attendances_booked", "over_4h_booked")):
            more = pl.col(f"{part}_{department}") > pl.col(f"{whole}_{department}")
            wrong = wrong | more.fill_null(value=False)
            rejections += [
                Rejection(row, f"{part}_{department}", str(value), f"{code}: more breaches than attendances ({total}).")
                for row, code, value, total in providers.filter(more)
                .select("row", "org_code", f"{part}_{department}", f"{whole}_{department}")
                .iter_rows()
            ]
    return providers.filter(~wrong), tuple(rejections)
