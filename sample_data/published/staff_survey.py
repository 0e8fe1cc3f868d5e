"""NHS Staff Survey: scores by organisation, and the well-being questions of 2021 to 2024."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    number,
    numbers,
    read_csv_as_text,
    read_sheet,
    require_columns,
)
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.tidy import duplicates_refused, organisations_of, refuse_rows, rejections_of, year_start

_SHEETS = ("PEOPLE PROMISE ELEMENTS", "THEMES")
_CODE, _NAME, _GROUP = "ODS code", "Organisation name", "Benchmarking group"
_SCORE = re.compile(r"(?P<measure>.+?) - score")
_BASE = "Base (number of responses)"
_MEASURES = {"staff engagement": "engagement"}
_TOP_SCORE = 10.0
_PERCENT = 100.0
# The rest of the extract describes who answered, not how work is.
_QUESTIONS = {
    "autonomy": ("Autonomy_base", "Autonomy_rate"),
    "burned_out": ("Burned_out_base", "Burned_out_rate"),
    "discrimination_from_colleagues": ("Discrimination_internal_base", "Discrimination_internal_rate"),
    "discrimination_from_public": ("Discrimination_public_base", "Discrimination_public_rate"),
    "abuse_from_colleagues": ("Emotional_colleagues_base", "Emotional_colleagues_rate"),
    "abuse_from_managers": ("Emotional_manager_base", "Emotional_manager_rate"),
    "abuse_from_public": ("Emotional_public_base", "Emotional_public_rate"),
    "emotionally_exhausting": ("Emotionally_exhausting_base", "Emotionally_exhausting_rate"),
    "enough_staff": ("Enough_staff_base", "Enough_staff_rate"),
    "frustration": ("Frustration_base", "Frustration_rate"),
    "meaningful_work": ("Mastery_base", "Mastery_meaning_rate"),
    "team_membership": ("Membership_base", "Membership_rate"),
    "violence_from_colleagues": ("Physical_colleagues_base", "Physical_colleagues_rate"),
    "violence_from_managers": ("Physical_manager_base", "Physical_manager_rate"),
    "violence_from_public": ("Physical_public_base", "Physical_public_rate"),
    "work_stress": ("Stress_base", "Stress_rate"),
    "time_demands_met": ("Time_demands_meet_base", "Time_demands_meet_rate"),
}


def read(path: Path) -> Reading:
    """Returns what the workbook of organisational results, or the well-being extract, holds.

    The workbook gives `fact_staff_survey_year` (scores 0 to 10), the extract
    `fact_staff_survey_question_year` (shares 0 to 1).

    Raises:
        UnreadableFileError: a sheet or column is missing, or a score or share is out of its range.
    """
    if is_workbook(path):
        return _workbook(path)
    table = read_csv_as_text(path)
    if {"Year.index", "Engagement"} <= set(table.columns):
        raise UnreadableFileError(
            path,
            "scores of 2015 to 2019 run from 0 to 1 and are not weighted, so they cannot stand beside later years.",
            hint="Load the organisational results of 2021 or later.",
        )
    return _wellbeing(path, table)


def _year(path: Path, rows: pl.DataFrame) -> int:
    for row in rows.head(5).iter_rows():
        for cell in row:
            if cell and (match := re.search(r"Staff Survey (20\d\d)", cell)):
                return int(match[1])
    raise UnreadableFileError(
        path, "the sheet does not say the survey's year.", row=1, hint="Expected 'NHS Staff Survey 2024 ...'."
    )


def _workbook(path: Path) -> Reading:
    facts, names, year = [], [], 0
    for sheet in _SHEETS:
        raw = read_sheet(path, sheet, header_row=None)
        year = _year(path, raw)
        top = header_row_of(raw, (_CODE, _NAME, _GROUP), path)
        table = read_sheet(path, sheet, header_row=top).with_row_index("row", offset=top + 2)
        table = table.filter(pl.col(_CODE).is_not_null())
        duplicates_refused(path, table, (_CODE,))
        names.append(organisations_of(table, _CODE, _NAME))
        facts.append(_scores(path, sheet, table, top + 2))
    fact = pl.concat(facts).with_columns(pl.lit(year_start(year)).alias("period"))
    return Reading(
        era=f"organisational results {year}, workbook",
        frames={"fact_staff_survey_year": fact.select("period", "org_code", "measure", "score", "respondents")},
        organisations=pl.concat(names).unique("org_code", keep="first", maintain_order=True),
        notes=(
            f"Fieldwork in the autumn of {year}; the row stands on 1 April {year}.",
            "The workbook states no England or benchmark averages.",
        ),
    )


def _scores(path: Path, sheet: str, table: pl.DataFrame, first_row: int) -> pl.DataFrame:
    found = [(name, at) for at, name in enumerate(table.columns) if _SCORE.fullmatch(name)]
    if not found:
        raise UnreadableFileError(path, f"sheet '{sheet}' has no column of scores.", hint="Expected 'PP1 - score'.")
    parts = []
    for name, at in found:
        base = table.columns[at + 1] if at + 1 < table.width else ""
        if not base.startswith(_BASE):
            raise UnreadableFileError(
                path, f"sheet '{sheet}': the number of responses does not follow the score.", column=name
            )
        read = numbers(table.select(name, base), (name,), path, whole=False, first_row=first_row)
        read = numbers(read, (base,), path, first_row=first_row).with_columns(table["row"])
        refuse_rows(path, read, ~pl.col(name).is_between(0, _TOP_SCORE), name, "is no score from 0 to 10")
        text = name.removesuffix(" - score").lower()
        parts.append(
            read.select(
                table[_CODE].alias("org_code"),
                pl.lit(_MEASURES.get(text, text)).alias("measure"),
                pl.col(name).alias("score"),
                pl.col(base).alias("respondents"),
            )
        )
    return pl.concat(parts)


def _wellbeing(path: Path, table: pl.DataFrame) -> Reading:
    wanted = [column for pair in _QUESTIONS.values() for column in pair]
    require_columns(table, (_CODE, "Year", _NAME, *wanted), path)
    bases = [pair[0] for pair in _QUESTIONS.values()]
    rates = [pair[1] for pair in _QUESTIONS.values()]
    table = numbers(table, bases, path)
    table = numbers(table, rates, path, whole=False).with_row_index("row", offset=2)
    refuse_rows(path, table, number(pl.col("Year")).is_null(), "Year", "is no year")
    several = pl.col(_CODE).str.contains("/", literal=True)
    rejections = rejections_of(table.filter(several), _CODE, "organisations that answered together, with one result")
    table = table.filter(~several)
    duplicates_refused(path, table, (_CODE, "Year"))
    for rate in rates:
        refuse_rows(path, table, ~pl.col(rate).is_between(0, _PERCENT), rate, "is no percentage")
    fact = pl.concat(
        [
            table.select(
                period=pl.date(pl.col("Year").cast(pl.Int32), 4, 1),
                org_code=pl.col(_CODE),
                question=pl.lit(question),
                respondents=pl.col(base),
                share=pl.col(rate) / _PERCENT,
                weighted_respondents=pl.col(base) * pl.col(rate) / _PERCENT,
            )
            for question, (base, rate) in _QUESTIONS.items()
        ]
    )
    return Reading(
        era="well-being questions 2021 to 2024, extract",
        frames={"fact_staff_survey_question_year": fact},
        organisations=organisations_of(table.sort("Year", descending=True), _CODE, _NAME),
        rejections=rejections,
        notes=("An extract made by others from the detailed spreadsheets; shares are as published.",),
    )


PUBLICATION = Publication(
    id="staff_survey",
    title="NHS Staff Survey, organisational results",
    publisher="NHS England, Survey Coordination Centre",
    source="https://www.nhsstaffsurveys.com/results/",
    cadence="yearly",
    read=read,
    caveats=(
        "Scores are weighted by occupation group, but not those of boards and support units: compare like with like.",
        "Each year's publication recalculates earlier years: a score belongs to the edition it was read from.",
        "Results of fewer than 10 responses are not published.",
        "Respondents times share is an estimate, as the published share is weighted.",
    ),
)
