"""Cancer waiting times, NHS England, provider data extract: 28-day, 31-day and 62-day standards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    is_workbook,
    numbers,
    periods,
    read_csv_as_text,
    read_sheet,
    require_columns,
    sheet_names,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection, UnreadableFileError
from sample_data.published.stated_totals import measure_name

if TYPE_CHECKING:
    from pathlib import Path

_SHEET = "Provider Extract"
_KEYS = {
    "STANDARD": "standard",
    "ORG CODE": "org_code",
    "STAGE/ROUTE": "route",
    "TREATMENT MODALITY": "modality",
    "CANCER TYPE": "cancer_type",
}
_FIGURES = {"TOTAL TREATED": "total_treated", "WITHIN STANDARD": "within_standard", "BREACHES": "breaches"}
_STANDARDS = {"28-day FDS": "fds_28", "31-day Combined": "day_31", "62-day Combined": "day_62"}
_ALL_TYPES, _ALL_MODALITIES = "ALL CANCERS", "ALL MODALITIES"
_MEASURES = ("total_treated", "within_standard")


def read(path: Path) -> Reading:
    """Returns what a provider extract holds, workbook or CSV: one row a provider, standard, route and type.

    Facts: `fact_cancer_month`. The extract holds the 31-day and 62-day figures twice, by cancer type and
    by modality; facts are those by type, the other form gives the stated totals. Routes are written in
    sentence case ('Urgent suspected cancer'). Shared pathways count a half, so figures are amounts.

    Raises:
        UnreadableFileError: the file is no provider extract, or a row, column or cell is wrong.
    """
    table = _sheet(path) if is_workbook(path) else read_csv_as_text(path)
    require_columns(table, ["PERIOD", *_KEYS, *_FIGURES], path)
    table = numbers(table, list(_FIGURES), path, whole=False)
    rows = table.with_row_index("row", 2).select(
        "row",
        periods(table["PERIOD"], path).alias("period"),
        *(pl.col(old).alias(new) for old, new in (_KEYS | _FIGURES).items()),
    )
    unknown = rows.filter(~pl.col("standard").is_in(list(_STANDARDS)))
    if unknown.height:
        problem, row = f"'{unknown['standard'][0]}' is no cancer standard.", int(unknown["row"][0])
        hint = f"Expected one of {', '.join(_STANDARDS)}."
        raise UnreadableFileError(path, problem, row=row, column="STANDARD", hint=hint)
    rows = rows.with_columns(
        pl.col("standard").replace_strict(_STANDARDS),
        route=pl.col("route").str.slice(0, 1).str.to_uppercase() + pl.col("route").str.slice(1).str.to_lowercase(),
        modality=pl.col("modality").fill_null(_ALL_MODALITIES),
    )
    agree = ((pl.col("within_standard") + pl.col("breaches") - pl.col("total_treated")).abs() < _HALF / 2).fill_null(
        value=False
    )
    kept = rows.filter(agree)
    by_type = kept.filter((pl.col("modality") == _ALL_MODALITIES) & (pl.col("cancer_type") != _ALL_TYPES))
    by_modality = kept.filter((pl.col("modality") != _ALL_MODALITIES) & (pl.col("cancer_type") == _ALL_TYPES))
    return Reading(
        era="provider extract, workbook" if is_workbook(path) else "provider extract, CSV",
        frames={
            "fact_cancer_month": by_type.select("period", "org_code", "standard", "route", "cancer_type", *_MEASURES)
        },
        organisations=by_type.select("org_code", name=pl.lit(None, pl.String))
        .unique(maintain_order=True)
        .sort("org_code"),
        rejections=(
            *_rejections(rows.filter(~agree), "within the standard and breaches do not add up to the total"),
            *_rejections(
                _differing(by_type, by_modality),
                "figures by cancer type and by modality differ; those by type are held",
            ),
        ),
        totals=_stated(path, by_modality),
        notes=("The extract states no total for the 28-day standard.",),
    )


_HALF = 0.5


def _sheet(path: Path) -> pl.DataFrame:
    sheets = sheet_names(path)
    name = next((sheet for sheet in sheets if sheet.endswith(_SHEET)), None)
    if name is None:
        hint = f"Expected a sheet '... {_SHEET}'; it has: {', '.join(sheets)}."
        raise UnreadableFileError(path, "this is not a cancer waiting times provider extract.", hint=hint)
    return read_sheet(path, name)


def _rejections(rows: pl.DataFrame, reason: str) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(row, "TOTAL TREATED", str(value), f"{code}, {standard}, {route}: {reason}.")
        for row, code, standard, route, value in rows.select(
            "row", "org_code", "standard", "route", "total_treated"
        ).iter_rows()
    )


def _differing(by_type: pl.DataFrame, by_modality: pl.DataFrame) -> pl.DataFrame:
    keys = ["period", "org_code", "standard", "route"]
    twice = by_type.filter(pl.col("standard") != "fds_28")
    first, second = (
        frame.group_by(keys).agg(pl.col("row").first(), pl.col(_MEASURES).sum()) for frame in (twice, by_modality)
    )
    both = first.join(second, on=keys, how="full", coalesce=True, suffix="_other")
    gaps = [(pl.col(m).fill_null(0) - pl.col(f"{m}_other").fill_null(0)).abs() > _HALF / 2 for m in _MEASURES]
    differ = both.filter(pl.any_horizontal(gaps))
    return differ.with_columns(row=pl.coalesce("row", "row_other")).sort("row")


def _stated(path: Path, by_modality: pl.DataFrame) -> tuple[PublishedTotal, ...]:
    sums = by_modality.group_by("period", "standard").agg(pl.col(_MEASURES).sum()).sort("period", "standard")
    where = f"{path.name}, rows by modality added"
    return tuple(
        PublishedTotal(row["period"], measure_name(measure, standard=row["standard"]), row[measure], where)
        for row in sums.iter_rows(named=True)
        for measure in _MEASURES
    )


PUBLICATION = Publication(
    id="cancer_waits",
    title="Cancer waiting times",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/cancer-waiting-times/",
    cadence="monthly",
    read=read,
    caveats=(
        "Provider extract: a pathway shared by two providers counts a half at each.",
        "Months are as first published or revised in the edition of the file; later revisions are not in it.",
    ),
)
