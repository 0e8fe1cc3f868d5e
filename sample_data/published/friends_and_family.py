"""Friends and Family Test, inpatients: England's monthly totals."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sample_data.published.cells import numbers, periods, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, PublishedTotal, Reading
from sample_data.published.tidy import ENGLAND, duplicates_refused, england_named, refuse_rows

_MONTH = "FFT Period"
_RESPONSES, _ALL_RESPONSES = "Monthly NHS responses", "Monthly total responses"
_INDEPENDENT = "Monthly independent responses"
_POSITIVE, _NEGATIVE = "Monthly NHS percentage positive", "Monthly NHS percentage negative"
_ALL_POSITIVE, _INDEPENDENT_POSITIVE = "Monthly total percentage positive", "Monthly independent percentage positive"
_ROUNDING = 0.0051


def read(path: Path) -> Reading:
    """Returns England's NHS inpatient responses by month as `fact_fft_month` (organisation ENG).

    `positive` and `negative` are responses times the published share, which has two decimals: estimates to
    within half a percent of the responses.

    Raises:
        UnreadableFileError: a column is missing, a cell is not a number, a share is not from 0 to 1, or NHS
            and independent responses do not add up to the total.
    """
    table = read_csv_as_text(path).with_row_index("row", offset=2)
    counts, shares = (_RESPONSES, _ALL_RESPONSES, _INDEPENDENT), (_POSITIVE, _NEGATIVE, _ALL_POSITIVE)
    require_columns(table, (_MONTH, *counts, *shares, _INDEPENDENT_POSITIVE), path)
    table = numbers(table, counts, path)
    table = numbers(table, (*shares, _INDEPENDENT_POSITIVE), path, whole=False)
    table = table.with_columns(period=periods(table[_MONTH], path))
    duplicates_refused(path, table, ("period",))
    for share in shares:
        refuse_rows(path, table, ~pl.col(share).is_between(0, 1), share, "is no share from 0 to 1")
    refuse_rows(
        path,
        table,
        pl.col(_RESPONSES) + pl.col(_INDEPENDENT) != pl.col(_ALL_RESPONSES),
        _ALL_RESPONSES,
        "is not NHS plus independent responses",
    )
    # The total cannot be further from the NHS share than the independent sector's few responses allow.
    pooled = (pl.col(_RESPONSES) * pl.col(_POSITIVE) + pl.col(_INDEPENDENT) * pl.col(_INDEPENDENT_POSITIVE)) / pl.col(
        _ALL_RESPONSES
    )
    swapped = table.filter((pooled - pl.col(_ALL_POSITIVE)).abs() > 2 * _ROUNDING)[_MONTH].to_list()
    fact = table.select(
        "period",
        org_code=pl.lit(ENGLAND),
        service=pl.lit("inpatient"),
        responses=pl.col(_RESPONSES),
        positive=pl.col(_RESPONSES) * pl.col(_POSITIVE),
        negative=pl.col(_RESPONSES) * pl.col(_NEGATIVE),
    )
    notes = ["NHS providers only. Shares are published to two decimals, so the positive count is an estimate."]
    if swapped:
        notes.append(
            f"In {', '.join(swapped)} the total's share stands in the place of the independent sector's; "
            "the NHS share, which is used here, is not touched."
        )
    return Reading(
        era="England's monthly totals, inpatients",
        frames={"fact_fft_month": fact},
        organisations=england_named(),
        totals=tuple(
            PublishedTotal(
                row["period"],
                "responses_with_independent",
                float(row[_ALL_RESPONSES]),
                f"{path.name}, row {row['row']}, {_ALL_RESPONSES}",
            )
            for row in table.iter_rows(named=True)
        ),
        notes=tuple(notes),
    )


PUBLICATION = Publication(
    id="friends_and_family",
    title="Friends and Family Test, inpatients",
    publisher="NHS England",
    source="https://www.england.nhs.uk/fft/friends-and-family-test-data/",
    cadence="monthly",
    read=read,
    caveats=(
        "Who answers is not a sample: trusts collect in different ways, so compare a trust with its own past.",
        "January to April 2024 are England totals; a month by trust comes from the trust snapshot.",
    ),
    replaces={"fact_fft_month": ("service",)},
    stated_levels={"fact_fft_month": ("england",)},
)
