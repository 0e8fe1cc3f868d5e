"""The full CSV data file: provider by commissioner by part by treatment function, 105 weekly bands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, require_columns
from sample_data.published.reading import PublishedTotal, Reading, UnreadableFileError
from sample_data.published.rtt.bands import (
    ALL_SERVICES,
    INCOMPLETE,
    NEW_PERIODS,
    UNKNOWN,
    band_rows,
    provider_months,
    refuse_contradictions,
    service_code,
)
from sample_data.published.stated_totals import measure_name
from sample_data.published.tidy import duplicates_refused

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = {
    "Period": "period",
    "Provider Parent Org Code": "icb_code",
    "Provider Org Code": "org_code",
    "Provider Org Name": "name",
    "Commissioner Org Code": "commissioner",
    "RTT Part Type": "part",
    "Treatment Function Code": "service_code",
}
_BANDED, _UNKNOWN, _ALL = "Total", "Patients with unknown clock start date", "Total All"
_BAND = re.compile(r"Gt (\d+) (?:To (\d+) )?Weeks SUM 1")
_BAND_COUNT = 105
_NOT_ENGLISH = "NONC"
_PARTS = ("Part_1A", "Part_1B", "Part_2", "Part_2A", "Part_3")


def is_full_csv(table: pl.DataFrame) -> bool:
    """Returns whether the columns are those of the full CSV data file."""
    return "RTT Part Type" in table.columns


def full_csv_reading(path: Path, table: pl.DataFrame) -> Reading:
    """Returns the bands of all parts, and each provider's incomplete pathways added up from them.

    Commissioners are added up, those outside England (NONC) kept apart. The rows of C_999 are totals.

    Raises:
        UnreadableFileError: a column or a band is missing, or a cell is no number or no month.
    """
    require_columns(table, [*_KEYS, _BANDED, _UNKNOWN, _ALL], path)
    bands = {name: int(match[1]) for name in table.columns if (match := _BAND.fullmatch(name))}
    if sorted(bands.values()) != list(range(_BAND_COUNT)):
        problem = (
            f"{len(bands)} weekly bands found, {_BAND_COUNT} expected ('Gt 00 To 01 Weeks SUM 1' to 'Gt 104 ...')."
        )
        raise UnreadableFileError(path, problem, row=1)
    rows = _rows(path, table, bands)
    agree = pl.col("banded").eq_missing(pl.col("stated").fill_null(0))
    is_total = pl.col("service_code") == ALL_SERVICES
    refuse_contradictions(path, rows.filter(~agree & ~is_total), _ALL)
    keys = ("org_code", "icb_code", "commissioner", "part", "service_code")
    duplicates_refused(path, rows, keys, column="Provider Org Code")
    facts = band_rows(rows.filter(~is_total), bands)
    totals = rows.filter(is_total)
    return Reading(
        era="full CSV data file",
        frames={"fact_rtt_band_month": facts, "fact_rtt_provider_month": provider_months(facts)},
        organisations=rows.filter(~is_total)
        .select("org_code", "name", "icb_code")
        .unique("org_code", keep="last", maintain_order=True),
        totals=_stated(path, totals),
        notes=_notes(rows.filter(~is_total), totals),
        # It holds all providers: one that is no longer in it has no pathways any more.
        replaces={"fact_rtt_band_month": ("part",)},
    )


def _rows(path: Path, table: pl.DataFrame, bands: dict[str, int]) -> pl.DataFrame:
    figures = [*bands, _BANDED, _UNKNOWN, _ALL]
    rows = numbers(table.select(*_KEYS, *figures), figures, path).rename(_KEYS).with_row_index("row", 2)
    odd = rows.filter(~pl.col("part").is_in(_PARTS))
    if odd.height:
        hint = f"Expected one of {', '.join(_PARTS)}."
        raise UnreadableFileError(
            path, f"'{odd['part'][0]}' is no RTT part.", row=int(odd["row"][0]), column="RTT Part Type", hint=hint
        )
    # New periods (Part_3) have no waits: their bands are blank and only 'Total All' counts.
    waits = pl.col("part") != NEW_PERIODS
    return rows.with_columns(
        periods(rows["period"].alias("Period"), path).alias("period"),
        service_code=service_code("service_code"),
        commissioning=pl.when(pl.col("commissioner") == _NOT_ENGLISH)
        .then(pl.lit("non_english"))
        .otherwise(pl.lit("english")),
        **{UNKNOWN: pl.when(waits).then(pl.col(_UNKNOWN)).otherwise(pl.col(_ALL)).fill_null(0)},
        stated=pl.col(_ALL),
    ).with_columns(banded=pl.sum_horizontal(*bands, UNKNOWN))


def _stated(path: Path, totals: pl.DataFrame) -> tuple[PublishedTotal, ...]:
    by_part = totals.group_by("period", "part", "commissioning").agg(pl.col("stated").sum())
    where = f"{path.name}, rows C_999 added"
    named = [
        PublishedTotal(period, measure_name("pathways", part=part, commissioning=basis), float(value), where)
        for period, part, basis, value in by_part.sort("period", "part", "commissioning").iter_rows()
    ]
    whole = by_part.filter(pl.col("part") == INCOMPLETE).group_by("period").agg(pl.col("stated").sum())
    return (*named, *(PublishedTotal(period, "incomplete", float(value), where) for period, value in whole.iter_rows()))


def _notes(rows: pl.DataFrame, totals: pl.DataFrame) -> tuple[str, ...]:
    keys = ["org_code", "commissioner", "part"]
    sums = rows.group_by(keys).agg(added=pl.col("stated").sum())
    both = sums.join(totals.select(*keys, "stated"), on=keys, how="full", coalesce=True)
    differ = both.filter(pl.col("added").ne_missing(pl.col("stated"))).height
    if not differ:
        return ()
    return (f"{differ} rows of C_999 differ from the sum of their treatment functions.",)
