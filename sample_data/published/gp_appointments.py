"""NHS England's Appointments in General Practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.gp_boards import BOARD_OF, BOARDS
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STATUS = {"Attended": "attended", "DNA": "dna", "Unknown": "unknown"}
_PROFESSIONAL = {"GP": "gp", "Other Practice staff": "other_practice_staff", "Unknown": "unknown"}
_MODE = {
    "Face-to-Face": "face_to_face",
    "Telephone": "telephone",
    "Video/Online": "video_online",
    "Home Visit": "home_visit",
    "Unknown": "unknown",
}
_AHEAD = {
    "Same Day": "same_day",
    "1 Day": "1_day",
    "2 to 7 Days": "2_to_7_days",
    "8 to 14 Days": "8_to_14_days",
    "15 to 21 Days": "15_to_21_days",
    "22 to 28 Days": "22_to_28_days",
    "More than 28 Days": "over_28_days",
    "Unknown / Data Quality": "unknown",
    "Unknown / Data Issue": "unknown",
}
_DURATION = {
    "1-5 Minutes": "1_to_5_minutes",
    "6-10 Minutes": "6_to_10_minutes",
    "11-15 Minutes": "11_to_15_minutes",
    "16-20 Minutes": "16_to_20_minutes",
    "21-30 Minutes": "21_to_30_minutes",
    "31-60 Minutes": "31_to_60_minutes",
    "Unknown / Data Quality": "unknown",
}
_CATEGORIES = {"status": _STATUS, "professional": _PROFESSIONAL, "mode": _MODE, "booked_ahead": _AHEAD}
_PUBLISHED = {  # the published regional CSV
    "STP_ONS": "board",
    "Appointment_Month": "label",
    "APPT_STATUS": "status",
    "HCP_TYPE": "professional",
    "APPT_MODE": "mode",
    "TIME_BETWEEN_BOOK_AND_APPT": "booked_ahead",
    "COUNT_OF_APPOINTMENTS": "appointments",
}
_JOINED = {  # the same by integrated care board
    "icb_ons_code": "board",
    "appointment_month": "label",
    "appointment_status": "status",
    "hcp_type": "professional",
    "appointment_mode": "mode",
    "time_between_book_and_appointment": "booked_ahead",
    "count_of_appointments": "appointments",
}
_DAILY = {
    "sub_icb_location_code": "org_code",
    "sub_icb_location_name": "name",
    "icb_ons_code": "board",
    "appointment_date": "label",
    "actual_duration": "duration",
    "count_of_appointments": "appointments",
}
_TOTALS = {
    "SUB_ICB_CODE": "org_code",
    "SUB_ICB_NAME": "name",
    "ICB_CODE": "board",
    "Month": "label",
    "Appointments": "appointments",
}


def read(path: Path) -> Reading:
    """Returns one of three tables, by the columns that the file has.

    `fact_gp_appointment_month` by integrated care board, status, professional, mode and time from booking
    (equal rows are real and add up); `fact_gp_appointment_day` by sub-ICB location and duration;
    `fact_gp_appointment_total_month` by sub-ICB location. Board codes are the NHS ones ('QOP').

    Raises:
        UnreadableFileError: other columns, an unknown category or board, or a figure that is no whole number.
    """
    text = read_csv_as_text(path)
    if "actual_duration" in text.columns:
        return _by_location(path, text, _DAILY, "fact_gp_appointment_day", {"duration": _DURATION})
    if "SUB_ICB_CODE" in text.columns:
        return _by_location(path, text, _TOTALS, "fact_gp_appointment_total_month", {})
    named, form = (
        (_PUBLISHED, "published CSV by region") if "APPT_STATUS" in text.columns else (_JOINED, "CSV by board")
    )
    rows = _read(path, text, named, _CATEGORIES)
    keys = ["period", "org_code", *_CATEGORIES]
    frame = rows.rename({"icb_code": "org_code"}).group_by(keys, maintain_order=True).agg(pl.col("appointments").sum())
    boards = frame["org_code"].unique().sort()
    notes = (
        ()
        if boards.len() == len(BOARDS)
        else (f"{boards.len()} of {len(BOARDS)} integrated care boards: the file gives no England figure.",)
    )
    return Reading(
        era=f"appointments in general practice, {form}, by month",
        frames={"fact_gp_appointment_month": frame},
        organisations=_boards(boards),
        notes=notes,
    )


def _by_location(
    path: Path, text: pl.DataFrame, named: Mapping[str, str], table: str, categories: Mapping[str, Mapping[str, str]]
) -> Reading:
    daily = "duration" in categories
    rows = _read(path, text, named, categories, daily=daily)
    keys = ["period", "org_code", *categories]
    twice = rows.with_row_index("row", offset=2).filter(~pl.struct(keys).is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path,
            f"{twice['org_code'][0]} has '{twice['label'][0]}' twice.",
            row=twice["row"][0],
            column=next(iter(named)),
        )
    places = rows.select("org_code", "name", "icb_code", org_type=pl.lit("sub_icb")).unique(
        "org_code", keep="last", maintain_order=True
    )
    return Reading(
        era=f"appointments in general practice, sub-ICB locations, {'duration by day' if daily else 'totals by month'}",
        frames={table: rows.select(*keys, "appointments")},
        organisations=places,
        notes=() if daily else (f"{places.height} of 106 sub-ICB locations: the file gives no England figure.",),
    )


def _read(
    path: Path,
    text: pl.DataFrame,
    named: Mapping[str, str],
    categories: Mapping[str, Mapping[str, str]],
    *,
    daily: bool = False,
) -> pl.DataFrame:
    require_columns(text, list(named), path)
    count = next(old for old, new in named.items() if new == "appointments")
    month = next(old for old, new in named.items() if new == "label")
    rows = numbers(text, [count], path)
    rows = rows.with_columns(periods(rows[month], path, grain="day" if daily else "month").alias("period")).rename(
        named
    )
    spaced = rows.with_columns(pl.col(name).str.replace_all(r"\s+", " ") for name in categories)
    read = spaced.with_columns(
        (
            pl.col(name).replace_strict(known, default=None, return_dtype=pl.String)
            for name, known in categories.items()
        ),
        icb_code=pl.col("board").replace_strict(BOARD_OF, default=None, return_dtype=pl.String),
    )
    for name, given in {**{name: name for name in categories}, "icb_code": "board"}.items():
        wrong = read[name].is_null()
        if wrong.any():
            at = int(wrong.arg_max() or 0)
            column = next(old for old, new in named.items() if new == given)
            what = "integrated care board" if given == "board" else "category"
            raise UnreadableFileError(path, f"'{spaced[given][at]}' is no known {what}.", row=at + 2, column=column)
    return read


def _boards(codes: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {"org_code": codes, "name": [BOARDS[code] for code in codes], "org_type": "icb", "icb_code": codes}
    )


PUBLICATION = Publication(
    id="gp_appointments",
    title="Appointments in General Practice",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/appointments-in-general-practice",
    cadence="monthly",
    read=read,
    caveats=(
        "From practice systems that take part; the status is unknown for about one appointment in twenty.",
        (
            "By status: 34 of 42 boards in 2019 (published regional files), all 42 from January 2020 to June 2022 "
            "(angjiashin/LSE_DA_NHS_analysis); where both hold a board and month, the one loaded last stands."
        ),
        "By day and duration: attended appointments, December 2021 to June 2022.",
        "Totals from August 2023 cover 65 of 106 sub-ICB locations (josephgayle8/nhs-appointments-forecaster).",
        "Boards as of 2022-24; those that merged in April 2026 appear under their own codes.",
    ),
    replaces={
        "fact_gp_appointment_month": ("org_code",),
        "fact_gp_appointment_total_month": ("org_code",),
        "fact_gp_appointment_day": ("org_code",),
    },
)
