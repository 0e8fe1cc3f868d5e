"""Patient Reported Outcome Measures: hip and knee replacement by organisation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from sample_data.published.cells import numbers, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, PublishedTotal, Reading, UnreadableFileError
from sample_data.published.stated_totals import measure_name
from sample_data.published.tidy import ENGLAND, duplicates_refused, organisations_of, refuse_rows, year_start

_LEVELS = {"England": "england", "Provider": "provider", "CCG of GP Practice": "commissioner"}
_CODE, _NAME, _LEVEL = "Organisation Code", "Organsation Name", "Organisation Type"  # spelt so in the files
_PROCEDURE, _MEASURE = "Procedure", "Measure"
_KEYS = (_LEVEL, _CODE, _PROCEDURE, _MEASURE)
_SCORES = {
    "Modelled Records": "modelled_records",
    "Average Pre-Op Q Score": "pre_score",
    "Average Post-Op Q Score": "post_score",
    "Health Gain": "health_gain",
    "Adjusted Average Health Gain": "adjusted_health_gain",
    "Improved": "improved",
    "Same": "unchanged",
    "Worse": "worsened",
}
_WHOLE = ("Modelled Records", "Improved", "Same", "Worse")
_CHANGES = {"Improved": "improved", "Unchanged": "unchanged", "Worsened": "worsened", "Total": "linked_records"}
_SERIES_KEYS = ("OrgCode", "OrgName", _PROCEDURE, _MEASURE)
_SERIES_YEAR = re.compile(r"Modelled_Records_(20\d\d)")
_FILE_YEAR = re.compile(r"\b(\d{2})(\d{2})\b")
_NONE_DONE = "No procedures"
_ENGLAND = "England"
_ROUNDING = 0.005


def read(path: Path) -> Reading:
    """Returns what one of the three files of a year's data pack holds, zipped or not.

    'ProvComm' gives `fact_proms_year`, 'Time Series' `fact_proms_outlier_year`, 'Key Facts'
    `fact_proms_change_year`. England's own rows are kept as organisation ENG with level 'england'.

    Raises:
        UnreadableFileError: none of the three, a cell is not a number, improved, unchanged and worsened do
            not add up to the records, or the year is in neither the file's name nor its columns.
    """
    table = read_csv_as_text(path).with_row_index("row", offset=2)
    forms: dict[str, Callable[[Path, pl.DataFrame], Reading]] = {
        "Health Gain": _scores,
        "Unchanged": _changes,
        "OrgCode": _series,
    }
    for column, form in forms.items():
        if column in table.columns:
            return form(path, table)
    raise UnreadableFileError(
        path, "none of the columns of ProvComm, Key Facts or Time Series.", row=1, hint=f"It has: {table.columns[1:8]}."
    )


def _year(path: Path) -> int:
    for first, second in _FILE_YEAR.findall(path.name):
        if (int(first) + 1) % 100 == int(second):
            return 2000 + int(first)
    raise UnreadableFileError(
        path,
        "the file holds no year, and its name does not give it.",
        hint="Keep the publisher's name, for example 'ProvComm Hip and Knee Replacement 1819.csv.zip'.",
    )


def _levelled(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    refuse_rows(
        path,
        table,
        pl.col(_LEVEL).is_null() | ~pl.col(_LEVEL).is_in(list(_LEVELS)),
        _LEVEL,
        "is no organisation type",
        hint=f"Expected one of: {', '.join(_LEVELS)}.",
    )
    duplicates_refused(path, table, _KEYS)
    code = pl.when(pl.col(_LEVEL) == _ENGLAND).then(pl.lit(ENGLAND)).otherwise(pl.col(_CODE))
    return table.with_columns(
        org_code=code,
        org_level=pl.col(_LEVEL).replace_strict(_LEVELS),
        org_type=pl.when(pl.col(_LEVEL) == _ENGLAND).then(pl.lit("england")),
        procedure=pl.col(_PROCEDURE),
        measure=pl.col(_MEASURE),
    )


def _scores(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, (*_KEYS, _NAME, *_SCORES), path)
    table = _levelled(path, table)
    means = [name for name in _SCORES if name not in _WHOLE]
    table = numbers(numbers(table, _WHOLE, path), means, path, whole=False, signed=True)
    counted = pl.sum_horizontal("Improved", "Same", "Worse")
    refuse_rows(
        path,
        table,
        pl.col("Improved").is_not_null() & (counted != pl.col("Modelled Records")),
        "Modelled Records",
        "is not improved, same and worse together",
    )
    gained = (pl.col("Average Post-Op Q Score") - pl.col("Average Pre-Op Q Score") - pl.col("Health Gain")).abs()
    refuse_rows(path, table, gained > _ROUNDING, "Health Gain", "is not the score after less the score before")
    year = _year(path)
    fact = table.select(
        pl.lit(year_start(year)).alias("period"),
        "org_code",
        "org_level",
        "procedure",
        "measure",
        *(pl.col(name).alias(target) for name, target in _SCORES.items()),
        (pl.col("Modelled Records") * pl.col("Health Gain")).alias("gain_sum"),
    )
    return Reading(
        era=f"ProvComm {year}-{(year + 1) % 100:02d}",
        frames={"fact_proms_year": fact},
        organisations=organisations_of(table, "org_code", _NAME, org_type="org_type"),
        totals=_england_records(path, fact),
        notes=(
            "'*' hides small numbers, and the adjusted gain where fewer than 30 records were modelled.",
            "Provider and commissioner rows describe the same patients: use one level.",
            "Total Hip and Total Knee hold primary and revision together: use one or the other.",
        ),
    )


def _england_records(path: Path, fact: pl.DataFrame) -> tuple[PublishedTotal, ...]:
    """Returns England's records, for each level that adds up to it but for what '*' hides."""
    rows = fact.filter(pl.col("org_level") == "england")
    return tuple(
        PublishedTotal(
            row["period"],
            measure_name("modelled_records", org_level="england", procedure=row["procedure"], measure=row["measure"]),
            float(row["modelled_records"]),
            f"{path.name}, England",
        )
        for row in rows.iter_rows(named=True)
    )


def _changes(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, (*_KEYS, _NAME, *_CHANGES), path)
    table = numbers(_levelled(path, table), list(_CHANGES), path)
    counted = pl.col("Improved") + pl.col("Unchanged") + pl.col("Worsened")
    refuse_rows(path, table, counted != pl.col("Total"), "Total", "is not improved, unchanged and worsened together")
    year = _year(path)
    fact = table.select(
        pl.lit(year_start(year)).alias("period"),
        "org_code",
        "org_level",
        "procedure",
        "measure",
        *(pl.col(name).alias(target) for name, target in _CHANGES.items()),
    )
    return Reading(
        era=f"Key Facts {year}-{(year + 1) % 100:02d}",
        frames={"fact_proms_change_year": fact},
        organisations=organisations_of(table, "org_code", _NAME, org_type="org_type"),
        notes=(
            "'*' hides small numbers, so providers add up to fewer records than England.",
            "Hip Replacement and Knee Replacement hold primary and revision together: use one or the other.",
        ),
    )


def _series(path: Path, table: pl.DataFrame) -> Reading:
    years = [int(match[1]) for name in table.columns if (match := _SERIES_YEAR.fullmatch(name))]
    wanted = [f"{part}_{year}" for year in years for part in ("Modelled_Records", "Adjusted_Health_Gain", "Outlier")]
    require_columns(table, (*_SERIES_KEYS, *wanted), path)
    duplicates_refused(path, table, ("OrgCode", _PROCEDURE, _MEASURE))
    table = numbers(table, [name for name in wanted if name.startswith("Modelled")], path)
    table = numbers(table, [name for name in wanted if name.startswith("Adjusted")], path, whole=False, signed=True)
    england = pl.col("OrgCode") == _ENGLAND
    table = table.with_columns(
        org_code=pl.when(england).then(pl.lit(ENGLAND)).otherwise("OrgCode"),
        org_level=pl.when(england).then(pl.lit("england")).otherwise(pl.lit("provider")),
        org_type=pl.when(england).then(pl.lit("england")),
    )
    fact = pl.concat(
        [
            table.filter(pl.col(f"Outlier_{year}") != _NONE_DONE).select(
                pl.lit(year_start(year)).alias("period"),
                "org_code",
                "org_level",
                procedure=_PROCEDURE,
                measure=_MEASURE,
                modelled_records=f"Modelled_Records_{year}",
                adjusted_health_gain=f"Adjusted_Health_Gain_{year}",
                outlier=f"Outlier_{year}",
            )
            for year in years
        ]
    )
    return Reading(
        era=f"Time Series {min(years)} to {max(years) + 1}",
        frames={"fact_proms_outlier_year": fact},
        organisations=organisations_of(table, "org_code", "OrgName", org_type="org_type"),
        notes=(f"Rows marked '{_NONE_DONE}' are left out.",),
    )


PUBLICATION = Publication(
    id="proms",
    title="Patient Reported Outcome Measures: hip and knee replacement",
    publisher="NHS England (NHS Digital)",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/patient-reported-outcome-measures-proms",
    cadence="yearly",
    read=read,
    caveats=(
        "Compare organisations by the adjusted gain only; the plain gain depends on who is treated.",
        "2018-19 is the latest year held. The EQ-5D index runs to 1, EQ VAS to 100, the Oxford scores to 48.",
        "Only patients who answered before and after the operation are counted.",
    ),
    stated_levels={
        "fact_proms_year": ("england",),
        "fact_proms_outlier_year": ("england",),
        "fact_proms_change_year": ("england",),
    },
)
