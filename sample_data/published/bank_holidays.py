"""GOV.UK's list of bank holidays, England and Wales."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from metrics.warehouse.calendar import nhs_calendar
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_DIVISION = "england-and-wales"


def read(path: Path) -> Reading:
    """Returns the calendar (`dim_date`) with the bank holidays of the file.

    Raises:
        UnreadableFileError: not the JSON of gov.uk/bank-holidays.
    """
    holidays = _published(path)
    first, last = min(holidays), max(holidays)
    return Reading(
        era="GOV.UK bank holidays, JSON",
        frames={},
        organisations=pl.DataFrame(schema={"org_code": pl.String, "name": pl.String}),
        notes=(
            f"{len(holidays)} bank holidays are listed from {first.year} to {last.year}.",
            "In other years the usual eight of England and Wales stand in.",
        ),
        dimensions={"dim_date": nhs_calendar(holidays)},
    )


def _published(path: Path) -> dict[date, str]:
    hint = "Expected the file behind https://www.gov.uk/bank-holidays.json."
    try:
        text: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UnreadableFileError(path, f"this is not JSON ({error}).", hint=hint) from error
    try:
        events = text[_DIVISION]["events"]
    except (KeyError, TypeError) as error:
        raise UnreadableFileError(path, f"there is no division '{_DIVISION}'.", hint=hint) from error
    holidays: dict[date, str] = {}
    for at, event in enumerate(events, start=1):
        try:
            holidays[date.fromisoformat(event["date"])] = str(event["title"])
        except (KeyError, TypeError, ValueError) as error:
            problem = f"event {at} of '{_DIVISION}' has no title or no date: {event}."
            raise UnreadableFileError(path, problem, hint=hint) from error
    if not holidays:
        raise UnreadableFileError(path, f"'{_DIVISION}' lists no day.", hint=hint)
    return holidays


PUBLICATION = Publication(
    id="bank_holidays",
    title="UK bank holidays",
    publisher="GOV.UK",
    source="https://www.gov.uk/bank-holidays",
    cadence="yearly",
    read=read,
)
