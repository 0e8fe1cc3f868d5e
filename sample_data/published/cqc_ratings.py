"""Care Quality Commission: the most common rating among a trust's locations."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sample_data.published.cells import read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading
from sample_data.published.tidy import (
    duplicates_refused,
    indicator_rows,
    organisations_of,
    refuse_rows,
    year_start,
)

RATINGS = {"inadequate": 1.0, "requires improvement": 2.0, "good": 3.0, "outstanding": 4.0}
"""Ratings in order, so that a chart can place them. They are words: never averaged."""

_CODE = "trust_code"
_COLUMNS = {"cqc_location_overall": "cqc_overall", "cqc_location_well_led": "cqc_well_led"}
_READ_IN = year_start(2025)  # as they stood at the end of the year


def read(path: Path) -> Reading:
    """Returns the ratings as indicators `cqc_location_overall` and `cqc_location_well_led`.

    `band` holds the word, `value` its place from 1 (inadequate) to 4 (outstanding).

    Raises:
        UnreadableFileError: a column is missing, or a rating is not one of the four.
    """
    table = read_csv_as_text(path).with_row_index("row", offset=2)
    require_columns(table, (_CODE, *_COLUMNS.values()), path)
    duplicates_refused(path, table, (_CODE,))
    table = table.rename({_CODE: "org_code"})
    for column in _COLUMNS.values():
        known = pl.col(column).str.to_lowercase().is_in(list(RATINGS))
        refuse_rows(
            path,
            table,
            pl.col(column).is_not_null() & ~known,
            column,
            "is no rating",
            hint="Expected Inadequate, Requires improvement, Good or Outstanding.",
        )
    return Reading(
        era="trust ratings, extract",
        frames={
            "fact_published_indicator": pl.concat(
                [
                    indicator_rows(
                        table,
                        indicator,
                        _READ_IN,
                        band=pl.col(column),
                        value=pl.col(column).str.to_lowercase().replace_strict(RATINGS, default=None),
                    )
                    for indicator, column in _COLUMNS.items()
                ]
            )
        },
        organisations=organisations_of(table, "org_code"),
        notes=("The extract's publication dates are left out: it sorted them as text, so they are not the latest.",),
    )


PUBLICATION = Publication(
    id="cqc_ratings",
    title="Care Quality Commission ratings",
    publisher="Care Quality Commission",
    source="https://www.cqc.org.uk/about-us/transparency/using-cqc-data",
    cadence="monthly",
    read=read,
    caveats=(
        "Second-hand, and not the trust's own rating: the most common rating among the locations of the trust.",
        "A rating stands until the next inspection, which may be many years.",
    ),
    replaces={"fact_published_indicator": ("indicator",)},
)
