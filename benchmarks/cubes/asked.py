"""What is asked: requests as scorecards and metric pages send them, each with the same in hand-written SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from metrics import Filter, Grain, Request

_SEEN, _MISSED = "attended IN ('5', '6')", "attended IN ('3', '7')"
_OF_BOTH = "attended IN ('3', '5', '6', '7')"
_VALUES = {
    "local_attended": f"CAST(count(*) FILTER (WHERE {_SEEN}) AS DOUBLE)",
    "local_dna": f"CAST(count(*) FILTER (WHERE {_MISSED}) AS DOUBLE) / nullif(count(*) FILTER (WHERE {_OF_BOTH}), 0)",
    "local_hospital_cancelled": "CAST(count(*) FILTER (WHERE attended = '4') AS DOUBLE) / "
    "nullif(count(*) FILTER (WHERE attended <> '0'), 0)",
}
_STARTS = {Grain.DAY: "appointment_on", Grain.WEEK: "date_trunc('week', appointment_on)",
           Grain.MONTH: "date_trunc('month', appointment_on)"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and its hand-written twin.

    Attributes:
        sql: gives `period`, the dimensions and `value`.
    """

    name: str
    request: Request
    sql: str


def asked(last: date) -> Iterator[Asked]:
    """Gives the requests, for data that end on a day."""
    first, quarter = date(last.year - 3, last.month, 1) + timedelta(days=31), last - timedelta(days=90)
    first = first.replace(day=1)
    for metric in _VALUES:
        yield _one("36 months", metric, Grain.MONTH, first, last)
        yield _one("36 months by service", metric, Grain.MONTH, first, last, by={"service": "service_code"})
        yield _one(
            "36 months of one service", metric, Grain.MONTH, first, last, where=("service", "service_code", "110")
        )
        yield _one("26 weeks by site", metric, Grain.WEEK, last - timedelta(days=181), last, by={"site": "site_code"})
        yield _one("91 days by priority, one site", metric, Grain.DAY, quarter, last, by={"priority": "priority"},
                   where=("site", "site_code", "ZZ101"))  # fmt: skip
        yield _one("12 months by service and deprivation", metric, Grain.MONTH, last.replace(year=last.year - 1), last,
                   by={"service": "service_code", "deprivation": "deprivation_quintile"})  # fmt: skip


def _one(
    name: str, metric: str, grain: Grain, first: date, last: date, *,
    by: dict[str, str] | None = None, where: tuple[str, str, str] | None = None,
) -> Asked:  # fmt: skip
    by = by or {}
    filters = () if where is None else (Filter(where[0], (where[2],)),)
    request = Request((metric,), by=tuple(by), grain=grain, period_from=first, period_to=last, where=filters)
    columns = ", ".join(f"CAST({column} AS VARCHAR) AS {dimension}" for dimension, column in by.items())
    keys = f"CAST({_STARTS[grain]} AS DATE) AS period" + (f", {columns}" if columns else "")
    start = _start(first, grain)
    conditions = f"attended <> '0' AND appointment_on BETWEEN DATE '{start}' AND DATE '{last}'"
    conditions += "" if where is None else f" AND {where[1]} = '{where[2]}'"
    sql = f"SELECT {keys}, {_VALUES[metric]} AS value FROM fact_appointment WHERE {conditions} GROUP BY ALL"
    return Asked(f"{metric}: {name}", request, sql)


def _start(day: date, grain: Grain) -> date:
    if grain is Grain.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain is Grain.WEEK else day
