"""What can be wrong with a request.

QueryError
├── UnknownDimensionError   a dimension that the metric's model lacks
├── UnknownValueError       a filter value that the dimension lacks
└── GrainError              periods shorter than, or across, the model's own
"""

from __future__ import annotations

from collections.abc import Iterable

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
