"""NHS England's daily NHS 111 calls by contract area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_CALLS = ("calls_received", "calls_answered", "calls_answered_60s", "calls_triaged")
_REGIONS = {
    "London": "Y56",
    "South West": "Y58",
    "South East": "Y59",
    "Midlands": "Y60",
    "East of England": "Y61",
    "North West": "Y62",
    "North East and Yorkshire": "Y63",
}


def read(path: Path) -> Reading:
    """Returns `fact_nhs111_day`: calls of one NHS 111 contract area on one day.

    A day on which no area received a call is a day that was not yet published, and is left out.

    Raises:
        UnreadableFileError: other columns, a figure that is no whole number, an unknown region, or an
            area and day twice.
    """
    text = read_csv_as_text(path)
    require_columns(text, ["date", "region_code", "contract_code", "contract_name", *_CALLS], path)
    rows = numbers(text, list(_CALLS), path).with_row_index("row", offset=2)
    rows = rows.with_columns(
        periods(rows["date"], path, grain="day").alias("period"),
        pl.col("region_code").replace_strict(_REGIONS, default=None, return_dtype=pl.String).alias("region"),
    ).rename({"contract_code": "org_code", "contract_name": "name"})
    unknown = rows.filter(pl.col("region").is_null())
    if unknown.height:
        raise UnreadableFileError(
            path,
            f"'{unknown['region_code'][0]}' is no NHS region.",
            row=unknown["row"][0],
            column="region_code",
            hint=f"Expected one of: {', '.join(_REGIONS)}.",
        )
    twice = rows.filter(~pl.struct("org_code", "period").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path, f"{twice['org_code'][0]} has {twice['date'][0]} twice.", row=twice["row"][0], column="contract_code"
        )
    unpublished = pl.col("calls_received").max().over("period").fill_null(0) == 0
    empty, frame = rows.filter(unpublished), rows.filter(~unpublished)
    notes: tuple[str, ...] = ()
    if empty.height:
        first, last = empty["period"].min(), empty["period"].max()
        notes = (
            f"{empty['period'].n_unique()} days from {first!s} to {last!s} hold 0 in every area: not yet published.",
        )
    return Reading(
        era="NHS 111 calls by contract area, daily CSV",
        frames={"fact_nhs111_day": frame.select("period", "org_code", *_CALLS)},
        organisations=frame.select("org_code", "name", org_type=pl.lit("other"), region_code="region").unique(
            "org_code", keep="last", maintain_order=True
        ),
        rejections=tuple(
            Rejection(row, "calls_received", "0", f"{day}: 0 calls in every area, not yet published")
            for row, day in empty.select("row", "date").iter_rows()
        ),
        notes=notes,
    )


PUBLICATION = Publication(
    id="nhs111",
    title="NHS 111 in the urgent and emergency care daily situation report",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/uec-sitrep/",
    cadence="daily",
    read=read,
    caveats=(
        "By NHS 111 contract area, which is neither an integrated care board nor a trust.",
        "Winter management information; abandoned calls are left out, as the source misread that column.",
        "From the freny24/NHS111-dashboard extract of the published workbook.",
    ),
)
