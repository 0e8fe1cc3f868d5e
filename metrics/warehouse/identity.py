"""Which organisation answers for a code on a date: mergers, followed through their chains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import polars as pl

from metrics.warehouse.errors import WarehouseError

BEGINNING, END = date(1900, 1, 1), date(9999, 12, 31)
_SAME_EVENT = timedelta(days=7)


class SuccessionError(WarehouseError):
    """Successions that go round in a circle."""


def merged_events(successions: pl.DataFrame) -> pl.DataFrame:
    """Returns one row for each predecessor and successor, with the day on which it took effect.

    The register holds some mergers twice, the last day of the old and the first day of the new: the later
    day stands.

    Args:
        successions: `predecessor_code`, `successor_code` String, `effective` Date.
    """
    return (
        successions.filter(pl.col("predecessor_code") != pl.col("successor_code"))
        .group_by("predecessor_code", "successor_code")
        .agg(pl.col("effective").max())
        .sort("predecessor_code", "successor_code")
    )


def splits(successions: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Returns the codes that went to several successors at one time, with these.

    No single organisation answers for them, so that they keep their own code.
    """
    found: dict[str, tuple[str, ...]] = {}
    for code, events in _by_predecessor(successions).items():
        last = max(day for _, day in events)
        heirs = tuple(sorted(successor for successor, day in events if last - day <= _SAME_EVENT))
        if len(heirs) > 1:
            found[code] = heirs
    return found


def identities(codes: Iterable[str], successions: pl.DataFrame) -> pl.DataFrame:
    """Returns, for every code, who answers for it from when to when.

    Exactly one row holds on any date for every code. A code answers for itself until its successor takes
    effect; then the successor answers, until that one's successor does.

    Args:
        codes: all codes to be found in the answer; those in `successions` are added.
        successions: `predecessor_code`, `successor_code` String, `effective` Date.

    Returns:
        `org_code` String, `valid_from` Date, `valid_to` Date (inclusive), `current_code` String.

    Raises:
        SuccessionError: successions that go round in a circle.
    """
    split = splits(successions)
    heirs = {
        code: max(events, key=lambda event: event[1])
        for code, events in _by_predecessor(successions).items()
        if code not in split
    }
    known = {*codes, *successions["predecessor_code"], *successions["successor_code"]}
    rows = [row for code in sorted(known) for row in _periods(code, heirs)]
    schema = {"org_code": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "current_code": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _by_predecessor(successions: pl.DataFrame) -> dict[str, list[tuple[str, date]]]:
    found: dict[str, list[tuple[str, date]]] = {}
    for row in merged_events(successions).iter_rows(named=True):
        found.setdefault(row["predecessor_code"], []).append((row["successor_code"], row["effective"]))
    return found


def _periods(code: str, heirs: Mapping[str, tuple[str, date]]) -> list[tuple[str, date, date, str]]:
    rows: list[tuple[str, date, date, str]] = []
    holder, start, met = code, BEGINNING, [code]
    while holder in heirs:
        successor, day = heirs[holder]
        if successor in met:
            round_trip = " -> ".join([*met, successor])
            raise SuccessionError(f"Successions go round in a circle: {round_trip}. Mend the succession file.")
        if day > start:
            rows.append((code, start, day - timedelta(days=1), holder))
            start = day
        holder = successor
        met.append(successor)
    return [*rows, (code, start, END, holder)]
