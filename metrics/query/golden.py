"""Golden numbers: what is known from elsewhere, held against what the engine answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metrics.catalogue import GoldenTest, Metric, UnknownMetricError
from metrics.query.engine import MetricsLayer
from metrics.query.errors import QueryError
from metrics.query.request import Grain, Request

# A sum of fractions depends on the order in which it is added up, by about so much.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a golden number was, and is.

    Attributes:
        got: what the engine answers; None where there is no value, or no answer.
        reason: why it fails, in words; empty when it passes.
    """

    metric: str
    test: GoldenTest
    file: str
    line: int
    got: float | None
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Returns whether the engine gives the expected number."""
        return not self.reason

    @property
    def asked(self) -> str:
        """Returns what is asked for, in short: `ae_attendances 2026-03-01 organisation=R0A`."""
        where = (
            f"{name}={value if isinstance(value, str) else ','.join(value)}" for name, value in self.test.where.items()
        )
        return " ".join([self.metric, self.test.period.isoformat(), *where])


def run(layer: MetricsLayer, metrics: Iterable[Metric] | None = None) -> Iterator[Outcome]:
    """Yields the outcome of every golden number of the metrics; of all, when None.

    A value is met when it lies within the tolerance, or within a billionth of itself for the rounding of sums.
    """
    for metric in layer.catalogue if metrics is None else metrics:
        place = layer.catalogue.places[f"metric:{metric.id}"]
        for index, test in enumerate(metric.tests):
            got, reason = _answer(layer, metric, test)
            yield Outcome(
                metric.id, test, place.name, place.line_of(("tests", index)), got, reason or _judged(test, got)
            )


def _answer(layer: MetricsLayer, metric: Metric, test: GoldenTest) -> tuple[float | None, str]:
    """Returns the value, and what went wrong in asking for it."""
    request = Request.of(
        metric.id,
        where=test.where,
        grain=None if test.grain is None else Grain(test.grain),
        period_from=test.period,
        period_to=test.period,
        as_at=test.as_at,
    )
    try:
        result = layer.ask(request)
    except (QueryError, UnknownMetricError) as error:
        return None, str(error)
    if result.frame.height != 1:
        return None, f"the answer has {result.frame.height} periods, not one: name another grain."
    row = result.frame.row(0, named=True)
    beyond = [note.text for note in result.notes if note.code == "beyond"]
    if row["value"] is None and test.expect is not None:
        return None, " ".join([f"there is no value ({row['status']}).", *beyond])
    return row["value"], ""


def _judged(test: GoldenTest, got: float | None) -> str:
    if got is None or test.expect is None:
        return "" if got is test.expect else "a value was given where none was expected."
    if math.isclose(got, test.expect, rel_tol=_ROUNDING, abs_tol=test.tolerance):
        return ""
    return f"it is off by {got - test.expect:+.6g}, and may be by {test.tolerance:g}."
