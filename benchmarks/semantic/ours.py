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
from metrics import Grain, MetricsLayer, Request

DEFINITIONS = Path(__file__).parent / "definitions"
TODAY = date(2026, 2, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The layer over the table, and the requests of the questions."""

    layer: MetricsLayer
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
        return cls(MetricsLayer.open(url, definitions=DEFINITIONS, today=lambda: TODAY), requests)

    @contextmanager
    def native(self) -> Iterator[Any]:
        """Gives a DuckDB connection to the database that the layer reads, in this process."""
        with self.layer.warehouse.engine.connect() as connection:
            yield connection.connection.driver_connection

    def rates(self, name: str) -> pl.DataFrame:
        """Returns `period`, `service` and `value`, to be judged."""
        return self.layer.ask(self.requests[name]).frame.select("period", "service", "value")
