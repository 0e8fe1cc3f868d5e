"""NHS England's acute discharge situation report: discharges, criteria to reside, reasons for delay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_CODE, _NAME = "nhs_trust22_code", "nhs_trust22_name"
_DISCHARGED = {
    "discharged_by_1700": "discharged_by_1700",
    "discharged_between_1701_2359": "discharged_1701_to_2359",
    "discharged_total": "discharged_total",
}
_RESIDING = {"do_not_meet_criteria_to_reside": "no_criteria_to_reside"}
_GROUP = r"^(.*?)\s*[\u2013-]\s+"
_BUSY = 20  # patients on a trust's median day, from which a 0 can only mean that nothing was sent


def read(path: Path) -> Reading:
    """Returns one of three tables, by the columns that the file has.

    `fact_discharge_day` and `fact_criteria_to_reside_day` hold one acute trust and day,
    `fact_discharge_delay_month` one trust, month and reason. Blank means not submitted and stays null.

    Raises:
        UnreadableFileError: other columns, a figure that is no whole number, or a trust and day twice.
    """
    text = read_csv_as_text(path).with_row_index("row", offset=2)
    if "delay_reason" in text.columns:
        return _delays(path, text)
    if "do_not_meet_criteria_to_reside" in text.columns:
        return _daily(path, text, _RESIDING, "fact_criteria_to_reside_day", "patients without criteria to reside")
    return _daily(path, text, _DISCHARGED, "fact_discharge_day", "discharged patients")


def _daily(path: Path, text: pl.DataFrame, named: dict[str, str], table: str, what: str) -> Reading:
    require_columns(text, [_CODE, "date", *named], path)
    rows, rejections = _with_trust(numbers(text, list(named), path))
    rows = rows.with_columns(periods(rows["date"], path, grain="day").alias("period")).rename(
        {_CODE: "org_code", **named}
    )
    _check_once(path, rows, ["org_code", "period"])
    headline = list(named.values())[-1]
    silent = (pl.col(headline) == 0) & (pl.col(headline).median().over("org_code") >= _BUSY)
    unsent = rows.filter(silent).height
    frame = rows.with_columns(
        pl.when(~silent.fill_null(value=False)).then(pl.col(name)).alias(name) for name in named.values()
    )
    notes = [f"{frame[headline].null_count():,} of {frame.height:,} trust days are not reported."]
    if unsent:
        notes.append(
            f"{unsent:,} of them are 0 in the file, at trusts with {_BUSY} or more on their median day: "
            "read as not reported."
        )
    return Reading(
        era=f"acute discharge situation report, {what}, daily CSV",
        frames={table: frame.select("period", "org_code", *named.values())},
        organisations=_organisations(frame.with_columns(name=pl.lit(None, pl.String))),
        rejections=rejections,
        notes=tuple(notes),
    )


def _delays(path: Path, text: pl.DataFrame) -> Reading:
    require_columns(text, [_CODE, _NAME, "date", "delay_reason", "delay_count"], path)
    rows, rejections = _with_trust(numbers(text, ["delay_count"], path))
    # The file has '?' where the publication has a narrow space, and a hyphen or a dash after the group.
    reason = (
        pl.col("delay_reason").str.replace_all("?", " ", literal=True).str.replace_all(r"\s+", " ").str.strip_chars()
    )
    rows = rows.with_columns(
        periods(rows["date"], path).alias("period"),
        reason.str.extract(_GROUP).alias("reason_group"),
        reason.str.replace(_GROUP, "").str.replace("Patient /family", "Patient/family").alias("reason"),
    ).rename({_CODE: "org_code", _NAME: "name", "delay_count": "patients"})
    unknown = rows.filter(pl.col("reason_group").is_null())
    if unknown.height:
        raise UnreadableFileError(
            path,
            f"'{unknown['delay_reason'][0]}' names no group of reasons.",
            row=unknown["row"][0],
            column="delay_reason",
            hint="Expected for example 'Capacity - Housing provision not yet available (Pathway 0 or 1)'.",
        )
    _check_once(path, rows, ["org_code", "period", "reason_group", "reason"])
    frame = rows.select("period", "org_code", "reason_group", "reason", "patients")
    return Reading(
        era="acute discharge situation report, reasons for delay, monthly CSV",
        frames={"fact_discharge_delay_month": frame},
        organisations=_organisations(rows),
        rejections=rejections,
        notes=(
            f"{frame['patients'].null_count():,} of {frame.height:,} figures are not reported.",
            "Patients who stay 7 days or more and no longer meet the criteria to reside, by main reason.",
        ),
    )


def _with_trust(rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Rejection, ...]]:
    without = rows.filter(pl.col(_CODE).is_null())
    rejections = tuple(Rejection(row, _CODE, None, "no trust code") for row in without["row"])
    return rows.filter(pl.col(_CODE).is_not_null()), rejections


def _check_once(path: Path, rows: pl.DataFrame, keys: list[str]) -> None:
    twice = rows.filter(~pl.struct(keys).is_first_distinct())
    if twice.height:
        shown = ", ".join(str(value) for value in twice.select(keys).row(0))
        raise UnreadableFileError(path, f"{shown} is there twice.", row=twice["row"][0], column=_CODE)


def _organisations(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("org_code", "name", org_type=pl.lit("trust")).unique(
        "org_code", keep="last", maintain_order=True
    )


PUBLICATION = Publication(
    id="discharge_sitrep",
    title="Acute discharge situation report",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/discharge-delays/acute-discharge-situation-report/",
    cadence="daily",
    read=read,
    caveats=(
        "Management information from acute trusts with a type 1 emergency department.",
        "Discharges before and after 17:00 are published to May 2023, the total throughout.",
        "From the humaniverse/healthyr collection of the published workbooks.",
    ),
)
