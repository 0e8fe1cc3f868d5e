"""From one row a provider, as published, to one row a provider and department type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.ae_attendances.field_test import without_breaches
from sample_data.published.reading import PublishedTotal, Reading, Rejection, UnreadableFileError
from sample_data.published.stated_totals import measure_name, totals_of
from sample_data.published.tidy import duplicates_refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

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
    """What one file says: one row a provider (`period`, `org_code`, `name`, `region`, `row` and `WIDE`).

    `headings` are the publisher's names of the columns `org_code` and `WIDE`, for messages.
    """

    path: Path
    era: str
    providers: pl.DataFrame
    headings: Mapping[str, str]
    totals: tuple[PublishedTotal, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()


def region_code() -> pl.Expr:
    """Returns the region's code for a parent such as 'NHS ENGLAND MIDLANDS (NORTH MIDLANDS)'."""
    name = pl.col("region").str.to_uppercase().str.replace(r"^NHS ENGLAND ", "").str.replace(r"\s*\(.*$", "")
    return name.str.strip_chars().replace_strict(REGIONS, default=None, return_dtype=pl.String)


def reading_of(month: Month) -> Reading:
    """Returns the reading of a file of providers: facts by department, organisations, rejections, notes.

    Raises:
        UnreadableFileError: a provider stands there twice, or has more breaches than attendances.
    """
    duplicates_refused(month.path, month.providers, ["org_code"], column=month.headings.get("org_code"))
    _refuse_contradictions(month)
    kept, untested = _field_test(month.providers)
    notes = month.notes
    if untested:
        notes = (*notes, FIELD_TEST_NOTE.format(count=untested))
    return Reading(
        era=month.era,
        frames={"fact_ae_month": facts(kept)},
        organisations=kept.select("org_code", "name", region_code=region_code()).unique(
            "org_code", keep="last", maintain_order=True
        ),
        rejections=month.rejections,
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


def _refuse_contradictions(month: Month) -> None:
    # Leaving the row out would take away the provider's figures that are held.
    for department in DEPARTMENTS:
        for whole, part in (("attendances", "over_4h"), ("attendances_booked", "over_4h_booked")):
            total, breaches = f"{whole}_{department}", f"{part}_{department}"
            more = month.providers.filter(pl.col(breaches) > pl.col(total))
            if more.height:
                first = more.row(0, named=True)
                problem = (
                    f"{first['org_code']} has {first[breaches]} breaches, more than the {first[total]} of the column "
                    f"'{month.headings.get(total, total)}'."
                )
                heading = month.headings.get(breaches, breaches)
                hint = "Download the file again, or ask the publisher."
                raise UnreadableFileError(month.path, problem, row=first["row"], column=heading, hint=hint)
