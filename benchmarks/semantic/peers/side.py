"""sidemantic on the appointments: `python -m benchmarks.semantic.peers.side DATABASE THREADS`.

A window of "28 days" becomes a range of 28 days before the day, which is 29: 27 are asked for. A ratio of two
cumulative metrics is not implemented: both are asked for, and divided here. Its filter is applied before its window:
the second way of asking reads 27 days more and drops them here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date

import polars as pl
from sidemantic import Dimension, Metric, Model, SemanticLayer  # type: ignore[import-not-found, unused-ignore]
from sidemantic.db.duckdb import DuckDBAdapter  # type: ignore[import-not-found, unused-ignore]

from benchmarks.semantic.peers.worker import Query, serve

YEAR_START = date(2025, 1, 1)


def main(database: str, threads: int) -> None:
    """Serves the benchmark."""
    adapter = DuckDBAdapter(database, read_only=True, config={"threads": threads})
    layer = SemanticLayer(connection=adapter)
    layer.add_model(
        Model(
            name="appointments",
            table="appointments",
            primary_key="appointment_id",
            dimensions=[
                Dimension(name="service", type="categorical", sql="service"),
                Dimension(name="appointment_date", type="time", granularity="day", sql="appointment_date"),
            ],
            metrics=[
                Metric(name="dnas", agg="sum", sql="booked - attended"),
                Metric(name="booked", agg="sum", sql="booked"),
                Metric(name="dna_rate", type="ratio", numerator="appointments.dnas", denominator="appointments.booked"),
            ],
        )
    )
    for name in ("dnas", "booked"):
        layer.add_metric(Metric(name=f"{name}_28d", type="cumulative", sql=f"appointments.{name}", window="27 days"))

    def compiled(grain: str, metrics: list[str], first: str | None = None, last: str | None = None) -> str:
        column = "appointments.appointment_date"
        filters = [f"{column} >= '{first}' AND {column} <= '{last}'"] if first else []
        by = [f"{column}__{grain}", "appointments.service"]
        return str(layer.compile(metrics=metrics, dimensions=by, filters=filters))

    def rate(grain: str, first: str | None = None, last: str | None = None) -> Query:
        def compiles() -> str:
            return compiled(grain, ["appointments.dna_rate"], first, last)

        def answers() -> pl.DataFrame:
            frame: pl.DataFrame = adapter.conn.sql(compiles()).pl()
            return frame.select(period=f"appointment_date__{grain}", service="service", value="dna_rate")

        return Query(f"by {grain}", compiles, answers)

    def rolling(words: str, first: str) -> Query:
        def compiles() -> str:
            return compiled("day", ["dnas_28d", "booked_28d"], first, "2025-12-31")

        return Query(words, compiles, _divided(adapter, compiles))

    queries = {
        "a": rate("month"),
        "b": rate("week", "2025-03-03", "2025-07-20"),
        "c": rolling("both windows, divided by hand", "2025-01-01"),
        "c+": rolling("the same, read from 27 days before by hand", "2024-12-05"),
    }
    serve(adapter.conn, queries, ("sidemantic",))


def _divided(adapter: DuckDBAdapter, compiles: Callable[[], str]) -> Callable[[], pl.DataFrame]:
    def answers() -> pl.DataFrame:
        frame: pl.DataFrame = adapter.conn.sql(compiles()).pl()
        rate = pl.col("dnas_28d").cast(pl.Float64) / pl.col("booked_28d").cast(pl.Float64)
        kept = frame.filter(pl.col("appointment_date__day") >= YEAR_START)
        return kept.select(period="appointment_date__day", service="service", value=rate)

    return answers


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
