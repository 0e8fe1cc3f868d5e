"""NHS England's winter daily situation reports of acute trusts, and ambulance arrivals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BEDS = {
    "G&A Beds Open": "general_acute_open",
    "G&A beds occ'd": "general_acute_occupied",
    "G&A beds unavailable to non-covid admissions “void”": "general_acute_void",
    "CC Adult Open": "adult_critical_care_open",
    "CC Adult Occ": "adult_critical_care_occupied",
    "No. beds closed due to norovirus etc.": "norovirus_closed",
    "No. unoccupied beds closed due to norovirus etc.": "norovirus_closed_unoccupied",
    "No. beds occupied by long-stay patients (> 7 days)": "stay_over_7_days",
    "No. beds occupied by long-stay patients (> 21 days)": "stay_over_21_days",
    "No. beds occupied by flu patients (G&A)": "flu_general_acute",
    "No. beds occupied by flu patients (Critical Care)": "flu_critical_care",
    "Delays30": "handover_30_to_60_minutes",
    "Delays60": "handover_over_60_minutes",
    "A&E Attendances": "ae_attendances",
}
_EVENTS = {"Diverts": "ae_diverts", "Closures": "ae_closures"}
_NEEDED = ("Code", "Name", "Date", "G&A Beds Open", "G&A beds occ'd", "CC Adult Open", "CC Adult Occ")
_STATED = (  # the England figures that are kept for reconciliation
    "general_acute_open",
    "general_acute_occupied",
    "adult_critical_care_occupied",
    "handover_over_60_minutes",
    "ae_attendances",
)
_ARRIVALS = {
    "Arriving by ambulance": "arrivals",
    "Delay 30-60 mins": "handover_30_to_60_minutes",
    "Delay >60 mins": "handover_over_60_minutes",
}


def read(path: Path) -> Reading:
    """Returns `fact_winter_bed_day` (a winter's file) or `fact_ambulance_handover_day` (arrivals in long form).

    One row is an acute trust on a day; columns that a winter did not collect are null. The published
    occupancy rate is never read, as it is rounded to 0 or 1 in some winters. England rows become totals.

    Raises:
        UnreadableFileError: other columns, or a figure that is no whole number.
    """
    text = read_csv_as_text(path)
    if "measure" in text.columns:
        return _arrivals(path, text)
    return _winter(path, text)


def _winter(path: Path, text: pl.DataFrame) -> Reading:
    require_columns(text, _NEEDED, path)
    named = {old: new for old, new in (_BEDS | _EVENTS).items() if old in text.columns}
    beds = [new for old, new in _BEDS.items() if old in named]
    rows = numbers(text, list(named), path).with_row_index("row", offset=2)
    rows = rows.with_columns(periods(rows["Date"], path, grain="day").alias("period"))
    rows = rows.rename({"Code": "org_code", "Name": "name", **named})
    is_england = pl.col("name").str.to_uppercase().str.starts_with("ENGLAND")
    events = [name for name in _EVENTS.values() if name in rows.columns]
    sound, split = _without_split_days(rows.filter(~is_england), beds, events)
    facts, merged = _one_row_each(path, sound, [*beds, *events])
    split_days = {period for (period,) in split.select("period").unique().iter_rows()}
    columns = [*(_BEDS | _EVENTS).values()]
    frame = facts.with_columns(pl.lit(None, pl.Int64).alias(name) for name in columns if name not in facts.columns)
    notes = [f"No figures of {', '.join(name for name in columns if name not in beds + events)} this winter."]
    if merged:
        notes.append(f"{merged:,} rows repeat a trust and day under another name, alike or blank: one is kept.")
    if split_days:
        notes.append(
            f"{min(split_days)} to {max(split_days)}: each trust is there twice, half filled, the bed figures a day "
            "early: half-filled rows are left out."
        )
    days = frame["period"].dt.weekday().unique()
    if days.len() and not days.is_in([6, 7]).any():
        notes.append("Weekdays only.")
    return Reading(
        era=f"winter daily situation report, {len(named)} measures, CSV",
        frames={"fact_winter_bed_day": frame.select("period", "org_code", *columns)},
        organisations=facts.select("org_code", "name", org_type=pl.lit("trust")).unique(
            "org_code", keep="last", maintain_order=True
        ),
        rejections=tuple(
            Rejection(row, "Date", f"{code} {day}", "half of a row that is there twice, or a day without bed figures")
            for row, code, day in split.select("row", "org_code", "Date").iter_rows()
        ),
        totals=_england(path, rows.filter(is_england), beds, split_days),
        notes=tuple(notes),
    )


def _without_split_days(
    rows: pl.DataFrame, beds: Sequence[str], events: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the rows to keep, and the half-filled rows of days on which most trusts are there twice.

    On those days one row has the bed figures of the next day and the other the closures and diverts of the
    day itself; a row with both is sound. The day after has closures and diverts alone.
    """
    has_beds = pl.any_horizontal(pl.col(name).is_not_null() for name in beds)
    has_events = pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in events))
    doubled = pl.col("org_code").is_duplicated().over("period").mean().over("period") > 1 / 2
    bare = ~has_beds.any().over("period")
    half = (doubled & ~(has_beds & has_events)) | bare
    marked = rows.with_columns(half.alias("half"))
    return marked.filter(~pl.col("half")).drop("half"), marked.filter("half").drop("half")


def _one_row_each(path: Path, rows: pl.DataFrame, measures: Sequence[str]) -> tuple[pl.DataFrame, int]:
    # One trust can stand under its old and its new name, with the same figures or with none.
    filled = rows.filter(
        pl.any_horizontal(pl.col(name).is_not_null() for name in measures)
        | ~pl.struct("org_code", "period").is_duplicated()
    )
    kept = filled.unique(["org_code", "period", *measures], keep="first", maintain_order=True)
    clash = kept.filter(~pl.struct("org_code", "period").is_first_distinct())
    if clash.height:
        raise UnreadableFileError(
            path,
            f"{clash['org_code'][0]} has two different rows on {clash['Date'][0]}.",
            row=clash["row"][0],
            column="Code",
        )
    return kept, rows.height - kept.height


def _england(
    path: Path, rows: pl.DataFrame, beds: Sequence[str], split_days: set[object]
) -> tuple[PublishedTotal, ...]:
    stated = [name for name in _STATED if name in beds]
    every = rows.filter(~pl.col("name").str.contains("(?i)type 1") & ~pl.col("period").is_in(list(split_days)))
    return tuple(
        PublishedTotal(period, measure, float(value), f"{path.name}, row England")
        for measure in stated
        for period, value in every.select("period", measure).drop_nulls().iter_rows()
    )


def _arrivals(path: Path, text: pl.DataFrame) -> Reading:
    require_columns(text, ["provider", "code", "date", "measure", "value"], path)
    rows = numbers(text, ["value"], path).with_row_index("row", offset=2)
    unknown = rows.filter(~pl.col("measure").is_in(list(_ARRIVALS)))
    if unknown.height:
        raise UnreadableFileError(
            path,
            f"'{unknown['measure'][0]}' is no known measure.",
            row=unknown["row"][0],
            column="measure",
            hint=f"Expected one of: {', '.join(_ARRIVALS)}.",
        )
    rows = rows.with_columns(periods(rows["date"], path, grain="day").alias("period")).rename({"code": "org_code"})
    twice = rows.filter(~pl.struct("provider", "period", "measure").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path,
            f"{twice['provider'][0]} has '{twice['measure'][0]}' twice on {twice['date'][0]}.",
            row=twice["row"][0],
        )
    rows = rows.with_columns(pl.col("measure").replace_strict(_ARRIVALS))
    is_england = pl.col("provider") == "ENGLAND"
    facts = rows.filter(~is_england)
    wide = facts.pivot("measure", index=["period", "org_code"], values="value")
    return Reading(
        era="winter ambulance arrivals and handover delays, long CSV",
        frames={"fact_ambulance_handover_day": wide.select("period", "org_code", *_ARRIVALS.values())},
        organisations=facts.select("org_code", name="provider", org_type=pl.lit("trust")).unique(
            "org_code", keep="last", maintain_order=True
        ),
        totals=tuple(
            PublishedTotal(period, f"ambulance_{measure}", float(value), f"{path.name}, row ENGLAND")
            for period, measure, value in rows.filter(is_england).select("period", "measure", "value").iter_rows()
        ),
        notes=("The same delays as in the winter's daily report, with the arrivals beside them: never add the two.",),
    )


PUBLICATION = Publication(
    id="uec_winter_sitrep",
    title="Winter daily situation reports",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/winter-daily-sitreps/",
    cadence="daily",
    read=read,
    caveats=(
        "Winters only, 13 to 22 weeks each; winter 2015-16 weekdays only.",
        "Covered are acute trusts; what is collected differs from winter to winter.",
        "The last weeks of winters 2020-21 and 2021-22 are left out: the files have the bed figures a day early.",
        "From the matthewgthomas/NHSWinterSitreps and leemacaulay/winter-pressures collections.",
    ),
)
