"""What the engine answers: parts and values that can explain themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import polars as pl

from metrics.query.request import Request
from metrics.warehouse.frames import Compiled


class Status(StrEnum):
    """How far a period can be trusted. Only final periods set limits, compare, train or alert."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    INCOMPLETE = "incomplete"
    MISSING = "missing"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader of the numbers must know. `metric` is None when it concerns all."""

    code: str
    text: str
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One grouped statement of a request, and who gave its rows.

    Attributes:
        compiled: the statement as the warehouse is sent it; written only when somebody wants to see it.
        rows: how many rows came back.
        miss: why the model's cube did not give them, in words; None where it did, or where no cubes are kept.
        from_cube: the model's cube gave the rows that the statement would give.
    """

    model: str
    compiled: Callable[[], Compiled]
    rows: int
    miss: str | None = None
    from_cube: bool = False

    @property
    def sql(self) -> str:
        """Returns the statement's text."""
        return self.compiled().text

    @property
    def parameters(self) -> Mapping[str, object]:
        """Returns the statement's parameters, by name."""
        return self.compiled().parameters


@dataclass(frozen=True)
class Result:
    """The answer to a request.

    Attributes:
        frame: columns `metric` String, `period` Date (first day), one String column per dimension of
            `request.by` (a code; null on a total row), `value` Float64, `numerator` Float64,
            `denominator` Float64, `status` String (see `Status`), `reporting` Int64 and `expected` Int64
            (organisations), `is_total` Boolean. Dense: every series has every period.
            `value` is in the metric's unit: a share is 0..1 and shown as a percentage.
        labels: dimension name to {code: name}.
        grains: metric id to the grain it was answered in.
        queries: what was sent to the warehouse.
        data_version: names the state of the warehouse; a cache key.
        as_of: metric id to the last day that its data cover.
        definitions: metric id to the version of its definition.

    Periods of hours are Datetime of Europe/London. With `request.subtotals`, `over` String says which dimensions a row
    runs over, with commas between them; empty on rows of all dimensions. With `request.compare`, `compared_period`,
    `compared_value`, `compared_numerator`, `compared_denominator`, `compared_status`, `change` (value less compared
    value), `change_share` (change over the compared value) and `basis` String, which says how they were made
    comparable. Value, numerator and denominator are then those compared: parts of periods that run, amounts per working
    day.
    """

    request: Request
    frame: pl.DataFrame
    labels: Mapping[str, Mapping[str, str]]
    grains: Mapping[str, str]
    queries: tuple[Query, ...]
    notes: tuple[Note, ...]
    data_version: str
    answered_at: datetime
    as_of: Mapping[str, date | None] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
