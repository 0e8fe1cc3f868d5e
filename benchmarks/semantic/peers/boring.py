"""boring-semantic-layer on the appointments: `python -m benchmarks.semantic.peers.boring DATABASE THREADS`.

A rolling metric cannot be declared: it is a window over the result. The one of its documentation counts rows; the
other, over a range of days and read from 27 days before, is the best that can be written.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Any

import ibis  # type: ignore[import-not-found, unused-ignore]
import polars as pl
from boring_semantic_layer import from_config  # type: ignore[import-not-found, unused-ignore]

from benchmarks.semantic.peers.worker import Query, serve

MODEL = {
    "appointments": {
        "table": "appointments",
        "dimensions": {
            "appointment_date": {
                "expr": "_.appointment_date", "is_time_dimension": True, "smallest_time_grain": "TIME_GRAIN_DAY",
            },
            "service": "_.service",
        },
        "measures": {"dnas": "(_.booked - _.attended).sum()", "booked": "_.booked.sum()"},
        "calculated_measures": {"dna_rate": "_.dnas / _.booked"},
    }
}  # fmt: skip
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
WEEKS = (date(2025, 3, 3), date(2025, 7, 20))


def main(database: str, threads: int) -> None:
    """Serves the benchmark."""
    connection = ibis.duckdb.connect(database, read_only=True, threads=threads)
    model = from_config(MODEL, tables={"appointments": connection.table("appointments")})["appointments"]

    def rate(grain: str, days: tuple[date, date] | None = None) -> Any:
        within = {"start": str(days[0]), "end": str(days[1])} if days else None
        by = ["appointment_date", "service"]
        return model.query(dimensions=by, measures=["dna_rate"], time_grain=grain, time_range=within)

    def rolling(first: date, window: Any) -> Any:
        daily = model.query(
            dimensions=["appointment_date", "service"],
            measures=["dnas", "booked"],
            time_grain="TIME_GRAIN_DAY",
            time_range={"start": str(first), "end": str(YEAR[1])},
        )
        rated = daily.mutate(dna_rate=lambda table: table.dnas.sum().over(window) / table.booked.sum().over(window))
        return rated if first == YEAR[0] else rated.filter(lambda table: table.appointment_date >= YEAR[0])

    of_service = {"group_by": "service", "order_by": "appointment_date"}
    rows = ibis.window(**of_service, preceding=27, following=0)
    days = ibis.range_window(**of_service, preceding=ibis.interval(days=27), following=0)
    asked = {
        "a": ("by month", lambda: rate("TIME_GRAIN_MONTH")),
        "b": ("by week", lambda: rate("TIME_GRAIN_WEEK", WEEKS)),
        "c": ("window of 28 rows, as documented", lambda: rolling(YEAR[0], rows)),
        "c+": ("window of 28 days, read from 27 days before", lambda: rolling(YEAR[0] - timedelta(days=27), days)),
    }

    def answer(make: Any) -> pl.DataFrame:
        frame: pl.DataFrame = make().to_polars()
        return frame.select(period="appointment_date", service="service", value="dna_rate")

    queries = {
        name: Query(words, lambda make=make: str(make().sql()), lambda make=make: answer(make))  # type: ignore[misc]
        for name, (words, make) in asked.items()
    }
    serve(connection.con, queries, ("boring-semantic-layer", "ibis-framework"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
