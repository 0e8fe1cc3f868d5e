"""A slow, obvious answer to a request: loops over rows, no SQL, nothing shared with the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where an organisation stands on the day asked."""

    organisation: str
    icb: str | None
    region: str | None


def bucket(day: date, grain: str) -> date:
    """Returns the first day of the period that holds the day."""
    if grain == "month":
        return date(day.year, day.month, 1)
    if grain == "quarter":
        return date(
            day.year, {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4, 7: 7, 8: 7, 9: 7, 10: 10, 11: 10, 12: 10}[day.month], 1
        )
    return date(day.year - (day.month < 4), 4, 1)


def grouped(
    rows: Iterable[Row], by: tuple[str, ...], grain: str, places: dict[str, Place], where: dict[str, set[str]]
) -> dict[tuple[Any, ...], list[Row]]:
    """Returns (bucket, *dimension values) to the rows that belong there."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        place = places[row["org_code"]]
        seen = {**row, "organisation": place.organisation, "icb": place.icb, "region": place.region}
        if any(seen[name] not in values for name, values in where.items()):
            continue
        groups[bucket(row["period"], grain), *(seen[name] for name in by)].append(seen)
    return groups


def ratio(rows: list[Row]) -> float | None:
    """Returns the four-hour share: over those who report breaches."""
    reporting = [row for row in rows if row["over_4h"] is not None and row["attendances"] is not None]
    seen = sum(row["attendances"] for row in reporting)
    in_time = sum(row["attendances"] - row["over_4h"] for row in reporting)
    return in_time / seen if seen > 0 else None


def total(rows: list[Row], column: str) -> float | None:
    """Returns the sum of what is reported; None when nothing is."""
    reported = [row[column] for row in rows if row[column] is not None]
    return float(sum(reported)) if reported else None


def at_last(rows: list[Row], periods: set[date]) -> list[Row]:
    """Returns the rows of the last of the periods that fall in the rows' bucket."""
    if not periods:
        return []
    return [row for row in rows if row["period"] == max(periods)]


def median(rows: list[Row]) -> float | None:
    """Returns the median wait from weekly bands, counting evenly within a band."""
    bands: dict[tuple[int, int | None], int] = defaultdict(int)
    for row in rows:
        if row["weeks_from"] is not None:
            bands[row["weeks_from"], row["weeks_to"]] += row["pathways"]
    wanted = Fraction(sum(bands.values()), 2)
    if wanted == 0:
        return None
    below = Fraction(0)
    for (lower, upper), count in sorted(bands.items(), key=lambda item: item[0][0]):
        if count and below + count >= wanted:
            return None if upper is None else float(lower + (wanted - below) / count * (upper - lower))
        below += count
    return None
