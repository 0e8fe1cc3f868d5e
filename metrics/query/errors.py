"""What can be wrong with a request.

QueryError
├── UnknownDimensionError   a dimension that the metric's model lacks
├── UnknownValueError       a filter value that the dimension lacks
├── GrainError              periods shorter than, or across, the model's own
├── FanOutError             a joined table with several rows for one key
├── PeriodError             days within a period where its first day is meant
└── UnreadableTableError    a table or a column that the warehouse lacks
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from metrics.catalogue import Metric, Model, suggest


class QueryError(ValueError):
    """A request that cannot be answered; the message says what to ask instead."""


class UnknownDimensionError(QueryError):
    @classmethod
    def of(cls, dimension: str, metric: Metric, known: Iterable[str]) -> UnknownDimensionError:
        names = sorted(known)
        listed = f"It can be split by: {', '.join(names)}." if names else "It exists for England only."
        hint = suggest(dimension, names) if names else ""
        hint = hint if hint.startswith("Did you mean") else ""
        return cls(f"'{metric.id}' has no dimension '{dimension}'. {hint} {listed}".replace("  ", " "))


class UnknownValueError(QueryError):
    @classmethod
    def of(cls, dimension: str, value: str, known: Iterable[str]) -> UnknownValueError:
        hint = suggest(value, known)
        return cls(f"The dimension '{dimension}' has no value '{value}'. {hint}".strip())


class GrainError(QueryError):
    @classmethod
    def of(cls, grain: str, metric: Metric, model: Model, possible: Iterable[str]) -> GrainError:
        return cls(
            f"'{metric.id}' is reported by {model.grain.replace('_', ' ')} and cannot be shown by "
            f"{grain.replace('_', ' ')}. Ask for one of: {', '.join(possible)}."
        )


class FanOutError(QueryError):
    @classmethod
    def of(cls, table: str, columns: Iterable[str], repeated: int) -> FanOutError:
        return cls(
            f"The joined table '{table}' has several rows for {repeated:,} values of {', '.join(columns)}, so that "
            "rows would be counted more than once. Join it by a key that no two of its rows share."
        )


class PeriodError(QueryError):
    @classmethod
    def of(cls, model: Model, day: object) -> PeriodError:
        return cls(
            f"'{model.time.column}' of the model '{model.name}' holds {day}, which is not the first day of a "
            f"{model.grain.replace('_', ' ')}. Write grain: day, and ask for longer periods."
        )


class UnreadableTableError(QueryError):
    @classmethod
    def of(cls, select: sa.Select[Any] | sa.CompoundSelect[Any], reason: BaseException) -> UnreadableTableError:
        names = sorted({each.fullname for each in sa.sql.visitors.iterate(select) if isinstance(each, sa.Table)})
        why = str(reason).strip().splitlines()[0].rstrip(".")
        listed = f" ({', '.join(names)})" if names else ""
        return cls(
            f"The warehouse lacks a table or a column that the definitions name{listed}: {why}. "
            "Run `bellwether check --live` to see which."
        )
