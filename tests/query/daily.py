"""A clinic's daily sheet in a table of its own, with the NHS calendar beside it: small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics import MetricsLayer
from metrics.catalogue import load
from metrics.warehouse.calendar import nhs_calendar
from metrics.warehouse.tables import metadata
from metrics.warehouse.writing import writing
from tests.query import small
from tests.query.events import metric

# (day, service, site, booked, missed, waiting)
Row = tuple[date, str | None, str, int, int, int | None]

DEFINITIONS = """
tables:
  - name: sheet
    title: Daily sheet
    columns: {day: date, service: text, site: text, booked: integer, missed: integer, waiting: integer}
models:
  - name: sheet
    title: Daily sheet
    table: sheet
    provenance: operational
    grain: day
    time: {column: day}
    organisation: null
    dimensions:
      - {name: service, column: service, title: Service}
      - {name: site, column: site, title: Site}
metrics:
""" + "".join(
    [
        metric("booked", "type: simple, model: sheet, measure: {words: w, expr: booked}"),
        metric("missed", "type: simple, model: sheet, measure: {words: w, expr: missed}"),
        metric("sites", "type: simple, model: sheet, measure: {words: w, expr: site, agg: count_distinct}"),
        metric("busiest", "type: simple, model: sheet, measure: {words: w, expr: booked, agg: max}"),
        metric(
            "missed_rate",
            "type: ratio, model: sheet, numerator: {words: w, expr: missed}, denominator: {words: w, expr: booked}",
            "percent",
        ),
        metric("waiting", "type: snapshot, model: sheet, measure: {words: w, expr: waiting}"),
        metric("median_booked", "type: percentile, percentile: 0.5, model: sheet, measure: {words: w, expr: booked}"),
        metric("seen", "type: derived, formula: booked - missed"),
        metric("seen_share", "type: derived, formula: 1 - missed_rate", "percent"),
        metric("booked_to_date", "type: cumulative, metric: booked, grain_to_date: financial_year"),
        metric("booked_7d", "type: cumulative, metric: booked, window: 7 days"),
    ]
)
KINDS = {"day": pl.Date, "service": pl.String, "site": pl.String, "booked": pl.Int64, "missed": pl.Int64,
         "waiting": pl.Int64}  # fmt: skip


def build(
    url: str,
    rows: Iterable[Row],
    folder: Path,
    today: Callable[[], date],
    holidays: Mapping[date, str] | None = None,
) -> MetricsLayer:
    """Returns a layer over a new warehouse that holds the rows and the calendar."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definitions.yml").write_text(DEFINITIONS, encoding="utf-8")
    table = load(folder).table("sheet")
    assert isinstance(table, sa.Table)
    with writing(url, fresh=True) as writer:
        table.drop(writer.connection, checkfirst=True)
        table.create(writer.connection)
        writer.insert(table, pl.DataFrame(list(rows), schema=KINDS, orient="row"))
        writer.insert(metadata.tables["dim_date"], nhs_calendar(holidays or {}))
        if not url.startswith("duckdb"):
            writer.insert(metadata.tables["meta_load"], small.one_load())  # a server says by its loads that it is built
    return MetricsLayer.open(url, definitions=folder, today=today)
