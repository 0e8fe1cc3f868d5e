"""NHS England's Ambulance Quality Indicators: systems indicators (AmbSYS) by service and month."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    numbers,
    periods,
    read_csv_as_text,
    read_sheet,
    require_columns,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

# Items as the workbook's sheets 'Calls', 'Incidents', 'Response times' and 'Handovers' name them.
ITEMS = {
    "A0": "contacts",
    "A1": "calls_answered",
    "A2": "call_answer_seconds",
    "A4": "call_answer_p50_seconds",
    "A114": "call_answer_p90_seconds",
    "A5": "call_answer_p95_seconds",
    "A6": "call_answer_p99_seconds",
    "A7": "incidents",
    "A56": "face_to_face",
    "A53": "see_and_convey_ed",
    "A54": "see_and_convey_elsewhere",
    "A55": "see_and_treat",
    "A17": "hear_and_treat",
    "A8": "c1_incidents",
    "A24": "c1_response_seconds",
    "A26": "c1_p90_seconds",
    "A9": "c1t_incidents",
    "A27": "c1t_response_seconds",
    "A29": "c1t_p90_seconds",
    "A10": "c2_incidents",
    "A30": "c2_response_seconds",
    "A32": "c2_p90_seconds",
    "A11": "c3_incidents",
    "A33": "c3_response_seconds",
    "A35": "c3_p90_seconds",
    "A12": "c4_incidents",
    "A36": "c4_response_seconds",
    "A38": "c4_p90_seconds",
    "A140": "handovers_known",
    "A141": "handover_seconds",
    "A143": "handover_p90_seconds",
    "A144": "handovers_over_15_minutes",
    "A145": "handovers_over_30_minutes",
    "A146": "handovers_over_60_minutes",
    "A147": "handover_seconds_beyond_30_minutes",
    "A148": "handovers_unknown",
}
_STATED = ITEMS | {"A25": "c1_mean_seconds", "A31": "c2_mean_seconds"}
_KEPT_TOTALS = (
    "calls_answered",
    "call_answer_seconds",
    "incidents",
    "c1_incidents",
    "c1_response_seconds",
    "c1_mean_seconds",
    "c1_p90_seconds",
    "c2_incidents",
    "c2_response_seconds",
    "c2_mean_seconds",
    "c2_p90_seconds",
    "handovers_known",
    "handover_seconds",
)
_NO_SUMS = ("c1_mean_seconds", "c1_p90_seconds", "c2_mean_seconds", "c2_p90_seconds")
_REGIONAL = ("region", "month_start", "cat1_mean_sec", "cat2_mean_sec", "cat1_incidents", "cat2_incidents")
_REGIONAL_FROM = date(2025, 9, 1)
_JANUARY_TO_MARCH = ("JANUARY", "FEBRUARY", "MARCH")


def read(path: Path) -> Reading:
    """Returns `fact_ambulance_month`: counts, sums of seconds and centiles of one ambulance service and month.

    Reads the time series workbook (sheet 'Raw'), the published CSV and, for months after the workbook, a
    table of regions. England and region rows of the first two become totals or are left out. A mean is a
    sum of seconds over a count; centiles hold for their own row alone.

    Raises:
        UnreadableFileError: none of these forms, an unknown month, or a figure that is no whole number.
    """
    if path.exists() and is_workbook(path):
        header = header_row_of(read_sheet(path, "Raw", header_row=None), ["Year", "Month", "Area", "Trust"], path)
        text = read_sheet(path, "Raw", header_row=header).with_row_index("row", offset=header + 2)
        require_columns(text, ["Year", "Month", "Reg", "Area", "Trust", *_STATED], path, row=header + 1)
        text = text.rename({"Area": "org_code", "Trust": "name", "Reg": "region_code"})
        return _services(path, text, "workbook, sheet Raw", "Area", first_row=header + 2)
    text = read_csv_as_text(path)
    if "cat2_mean_sec" in text.columns:
        return _regions(path, text)
    text = text.with_row_index("row", offset=2)
    require_columns(text, ["Year", "Month", "Region", "Org Code", "Org Name", *_STATED], path)
    named = {"Org Code": "org_code", "Org Name": "name", "Region": "region_code"}
    return _services(path, text.rename(named), "published CSV", "Org Code", first_row=2)


def _services(path: Path, text: pl.DataFrame, form: str, code: str, first_row: int) -> Reading:
    rows = numbers(text, list(_STATED), path, first_row=first_row).rename(_STATED)
    rows = _dated(path, rows, first_row).filter(pl.col("org_code").is_not_null())
    is_england = pl.col("org_code").str.to_uppercase() == "ENG"
    is_region = pl.col("org_code").str.contains(r"^Y\d\d$")
    england, services = rows.filter(is_england), rows.filter(~is_england & ~is_region)
    # A service sent nothing before its first month: the workbook shows that as 0 throughout.
    unsent = (
        (pl.col("contacts").fill_null(0) == 0)
        & (pl.col("calls_answered").fill_null(0) == 0)
        & (pl.col("c1_incidents").fill_null(0) == 0)
    )
    silent, facts = services.filter(unsent), services.filter(~unsent)
    uncounted = (pl.col("incidents") == 0) & (pl.col("c1_incidents") > 0)
    facts = facts.with_columns(
        pl.when(~uncounted.fill_null(value=False)).then(pl.col(name)).alias(name)
        for name in ("incidents", "hear_and_treat")
    )
    twice = facts.filter(~pl.struct("org_code", "period").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path, f"{twice['org_code'][0]} has {twice['period'][0]:%B %Y} twice.", row=twice["row"][0], column=code
        )
    stated_in = f"{path.name}, row England"
    return Reading(
        era=f"ambulance systems indicators, {form}",
        frames={"fact_ambulance_month": facts.select("period", "org_code", *ITEMS.values())},
        organisations=facts.select("org_code", "name", "region_code", org_type=pl.lit("trust")).unique(
            "org_code", keep="last", maintain_order=True
        ),
        rejections=tuple(
            Rejection(row, code, f"{service} {month:%B %Y}", "0 throughout: the service did not send figures yet")
            for row, service, month in silent.select("row", "org_code", "period").iter_rows()
        ),
        totals=tuple(
            # A mean or centile of England is no sum: its name must not be a column of the table.
            PublishedTotal(month, f"england_{measure}" if measure in _NO_SUMS else measure, float(value), stated_in)
            for measure in _KEPT_TOTALS
            for month, value in england.select("period", measure).drop_nulls().iter_rows()
        ),
        notes=(
            "London's categories are not reported for October and November 2022, and September 2022 ends on the 22nd.",
            "Services joined between August 2017 and April 2018: England is incomplete before.",
        ),
    )


def _dated(path: Path, rows: pl.DataFrame, first_row: int) -> pl.DataFrame:
    # '2024-25' and 'MARCH' in the workbook, '2024' and '3' in the CSV.
    month = pl.col("Month").str.to_uppercase()
    financial = pl.col("Year").str.contains("-")
    year = pl.col("Year").str.extract(r"^(\d{4})").cast(pl.Int32)
    label = (
        pl.when(financial)
        .then(pl.format("{} {}", month, year + month.is_in(_JANUARY_TO_MARCH).cast(pl.Int32)))
        .otherwise(pl.format("{}-{}", year, month.str.zfill(2)))
        .alias("Month")
    )
    labels = rows.select(label)["Month"]
    return rows.with_columns(periods(labels, path, first_row=first_row).alias("period"))


def _regions(path: Path, text: pl.DataFrame) -> Reading:
    require_columns(text, _REGIONAL, path)
    rows = numbers(text, _REGIONAL[2:], path, whole=False)
    rows = rows.with_columns(periods(rows["month_start"], path).alias("period")).rename({"region": "org_code"})
    later = rows.filter(pl.col("period") >= _REGIONAL_FROM)
    measures = {
        "c1_incidents": pl.col("cat1_incidents"),
        "c1_response_seconds": pl.col("cat1_incidents") * pl.col("cat1_mean_sec"),
        "c2_incidents": pl.col("cat2_incidents"),
        "c2_response_seconds": pl.col("cat2_incidents") * pl.col("cat2_mean_sec"),
    }
    frame = later.select(
        "period",
        "org_code",
        *(
            (measures[name].round().cast(pl.Int64) if name in measures else pl.lit(None, pl.Int64)).alias(name)
            for name in ITEMS.values()
        ),
    )
    return Reading(
        era="ambulance categories 1 and 2 by region, joined CSV",
        frames={"fact_ambulance_month": frame},
        organisations=frame.select("org_code", name=pl.lit(None, pl.String), org_type=pl.lit("region")).unique(
            "org_code", maintain_order=True
        ),
        notes=(
            f"{rows.height - later.height} rows before September 2025 are left out: the workbook has them by service.",
            (
                "From September 2025 by region, not by service, categories 1 and 2 only: the mean of each service was "
                "rounded to a second before it was joined."
            ),
        ),
    )


PUBLICATION = Publication(
    id="ambulance",
    title="Ambulance Quality Indicators: systems indicators",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/ambulance-quality-indicators/",
    cadence="monthly",
    read=read,
    caveats=(
        "Category 1 transports (C1T) are part of category 1: never add them.",
        "Handovers are collected from October 2023; the 90th centile of call answering from April 2019.",
        "To August 2025 by ambulance service as published, then by region.",
        "The table of regions is from sharia143/nhs-winter-pressure-intelligence.",
        "London's category 1 times are 54 seconds too short on average from 19 August 2020 to 22 September 2022.",
    ),
    stated_levels={"fact_ambulance_month": ("region",)},
)
