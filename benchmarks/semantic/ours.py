"""The three queries asked of Bellwether, step by step, so that each step can be timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.semantic.hand import QUESTIONS
from metrics import Grain, MetricsLayer, Request, Result
from metrics.query.answering import answer
from metrics.query.holdings import Holdings
from metrics.query.preparing import Prepared, prepare, prepared

DEFINITIONS = Path(__file__).parent / "definitions"
TODAY = date(2026, 2, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests of the questions, and the layer that they are asked of.

    Attributes:
        holdings: a state of the warehouse of our own, for the steps within the layer.
    """

    layer: MetricsLayer
    holdings: Holdings
    requests: dict[str, Request]

    @classmethod
    def open(cls, url: str) -> Asked:
        """Returns the questions to the warehouse of the URL."""
        requests = {
            name: Request.of(
                "dna_rate_28d" if name == "c" else "dna_rate",
                by=("service",),
                grain=Grain(question.grain),
                period_from=question.first,
                period_to=question.last,
            )
            for name, question in QUESTIONS.items()
        }
        layer = MetricsLayer.open(url, definitions=DEFINITIONS, today=lambda: TODAY)
        return cls(layer, Holdings(layer.warehouse.snapshot(), layer.catalogue), requests)

    @contextmanager
    def native(self) -> Iterator[Any]:
        """Gives a DuckDB connection to the database that the layer reads, in this process."""
        with self.layer.warehouse.engine.connect() as connection:
            yield connection.connection.driver_connection

    def compile(self, name: str) -> Prepared:
        """Returns the request with its SQL text, made ready as if for the first time."""
        return prepare(self.holdings, self.requests[name], TODAY)

    def cached(self, name: str) -> Prepared:
        """Returns the request with its SQL text, as kept from before."""
        return prepared(self.holdings, self.requests[name], TODAY)

    def answer(self, name: str) -> Result:
        """Returns the answer, its rows read anew; `MetricsLayer.ask` keeps answers around this."""
        return answer(self.holdings, self.requests[name], TODAY)

    def rates(self, name: str) -> pl.DataFrame:
        """Returns `period`, `service` and `value`, to be judged."""
        return self.layer.ask(self.requests[name]).frame.select("period", "service", "value")
