"""Summary Hospital-level Mortality Indicator by trust, 2012 to 2019."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from sample_data.published.cells import csv_content, numbers, require_columns
from sample_data.published.reading import Publication, Reading
from sample_data.published.tidy import (
    INDICATOR_SCHEMA,
    duplicates_refused,
    organisations_of,
    refuse_rows,
    rejections_of,
)

_CODE, _YEAR, _NAME = "Code", "Year.Index", "Name"
_VALUES = ("SHMI.Index", "SHMI.index")
_LOWEST, _HIGHEST = 0.3, 3.0


def read(path: Path) -> Reading:
    """Returns the value of each trust and year as indicator `shmi` (observed over expected deaths).

    Only code, name, year and value are read of a wider table.

    Raises:
        UnreadableFileError: a column is missing, a year or value is not a number, or a value is far from 1.
    """
    rows = list(csv.reader(io.StringIO(csv_content(path).decode())))
    # Other columns share a name, so only the first of each is taken.
    names = list(dict.fromkeys(rows[0]))
    table = pl.DataFrame(
        {
            name: [row[rows[0].index(name)] if len(row) > rows[0].index(name) else "" for row in rows[1:]]
            for name in names
        },
        schema=dict.fromkeys(names, pl.String),
    )
    value = next((name for name in _VALUES if name in names), _VALUES[0])
    require_columns(table, (_CODE, _YEAR, _NAME, value), path)
    table = numbers(table, (_YEAR,), path)
    table = numbers(table, (value,), path, whole=False).with_row_index("row", offset=2)
    refuse_rows(path, table, pl.col(_YEAR).is_null(), _YEAR, "is no year")
    refuse_rows(path, table, ~pl.col(value).is_between(_LOWEST, _HIGHEST), value, "is no mortality ratio")
    coded = pl.col(_CODE).str.contains(r"^[A-Z0-9]{3,6}$")
    rejections = rejections_of(table.filter(~coded), _CODE, "no organisation code")
    rows_kept = table.filter(coded & pl.col(value).is_not_null())
    duplicates_refused(path, rows_kept, (_CODE, _YEAR))
    given = {
        "period": pl.date(pl.col(_YEAR), 4, 1),
        "org_code": pl.col(_CODE),
        "indicator": pl.lit("shmi"),
        "value": pl.col(value),
    }
    fact = rows_kept.select(
        given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in INDICATOR_SCHEMA.items()
    )
    return Reading(
        era="trusts by year, extract",
        frames={"fact_published_indicator": fact},
        organisations=organisations_of(rows_kept, _CODE, _NAME),
        rejections=rejections,
        notes=("The extract names a year, not its twelve months: the value stands on 1 April of that year.",),
    )


PUBLICATION = Publication(
    id="shmi",
    title="Summary Hospital-level Mortality Indicator",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/shmi",
    cadence="yearly",
    read=read,
    caveats=(
        "Observed over expected deaths in hospital or within 30 days of discharge, over twelve months.",
        "Not a measure of quality by itself: a high value asks for a closer look.",
        "Each value is standardised against England in its own year: trusts may be compared with England only.",
        "2012 to 2019 come second-hand, without bands, observed or expected deaths.",
    ),
    replaces={"fact_published_indicator": ("indicator",)},
)
