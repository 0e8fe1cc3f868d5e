"""The statements behind a request, made as the engine makes them and sent nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa

from metrics import Request
from metrics.catalogue import Catalogue
from metrics.query import sql
from metrics.query.buckets import Span, lay_out
from metrics.query.periods import kind_of, sequence
from metrics.query.plan import Plan, Scan, plan

Select = sa.Select[Any]

FIRST, LAST, AS_AT = date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 30)


def statements(request: Request, catalogue: Catalogue) -> Iterator[Select]:
    """Yields one statement for each scan of the request, or of the metrics that it derives its own from."""
    asked = plan(request, catalogue)
    for scan in asked.scans:
        yield sql.statement(scan, catalogue, _reach(scan, asked.request), asked.request.by)
        if asked.request.totals:
            yield sql.statement(scan, catalogue, _reach(scan, asked.request), ())
    for metric in asked.derived:
        inputs = tuple(each.id for each in catalogue.inputs(metric))
        yield from statements(replace(request, metrics=inputs), catalogue)


def holdings(request: Request, catalogue: Catalogue) -> Iterator[Select]:
    """Yields the statements for who reported when, for the first and last moment, and for rows that repeat."""
    asked: Plan = plan(request, catalogue)
    for source in asked.sources.values():
        yield sql.presence(source.model, catalogue, [source])
        yield sql.extent(source.model, catalogue)
        if source.model.primary_key:
            yield sql.repeats(catalogue.table_of(source.model), source.model.primary_key)


def _reach(scan: Scan, request: Request) -> sql.Reach:
    span = Span(request.period_from or FIRST, request.period_to or LAST, AS_AT)
    source = scan.sources[0]
    held = sequence(span.first, span.last, source.native)
    buckets = lay_out(source, span, held, pl.Series("period", held, dtype=kind_of(source.native)))
    reaches = zip(buckets.starts, buckets.reaches, strict=True)
    return sql.Reach(
        first=buckets.first,
        last=buckets.last,
        as_at=request.as_at or AS_AT,
        overlaps={"england": [FIRST], "region": [FIRST]},
        buckets=tuple((start, first, last) for start, (first, last) in reaches),
    )
