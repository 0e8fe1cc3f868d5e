"""What a page, an export or a notebook asks of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Grain(StrEnum):
    """The length of the periods of a result, from the shortest to the longest."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    FINANCIAL_YEAR = "financial_year"


@dataclass(frozen=True, slots=True)
class Filter:
    """Keeps the rows whose dimension is one of the values (codes, as published or current)."""

    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Everything the engine answers is answered to somebody."""

    name: str
    roles: tuple[str, ...] = ()


LOCAL = Caller("local user", ("analyst",))


@dataclass(frozen=True, slots=True)
class Request:
    """Which metrics, by which dimensions, at which grain, for which period and filters; and who asks.

    Attributes:
        metrics: metric ids; each is answered in its own native grain when `grain` is None.
        by: dimension names, such as `region`, `icb`, `organisation`, `service`.
        period_from, period_to: the first and last day, both inclusive. Every period of the grain that overlaps them
            is answered, and answered whole. None is the first or last period that the model holds.
        where: filters; all must hold. Several on one dimension keep the values of each.
        totals: adds a row per period over all of `by`, queried and never summed from the rows shown.
        as_at: mergers of organisations are followed as they stood on this day; None is today. Boards and regions are
            always today's.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    period_from: date | None = None
    period_to: date | None = None
    where: tuple[Filter, ...] = ()
    totals: bool = False
    as_at: date | None = None
    who: Caller = LOCAL

    @classmethod
    def of(cls, *metrics: str, where: Mapping[str, str | Sequence[str]] | None = None, **others: object) -> Request:
        """Returns a request with the filters written as a mapping: `Request.of("x", where={"region": "Y56"})`."""
        filters = tuple(
            Filter(name, (values,) if isinstance(values, str) else tuple(values))
            for name, values in (where or {}).items()
        )
        return cls(metrics=metrics, where=filters, **others)  # type: ignore[arg-type]
