"""A row adds to both halves of a ratio or to neither, with as few conditions as tell it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Model, Part
from metrics.catalogue.definition import Table
from metrics.query.halves import columns_of_plain, reported_too
from metrics.query.rows import Rows
from tests.query.small import TODAY

VALUES = (None, 0, 2)
NAMES = ("a", "b", "c")


@pytest.fixture
def rows() -> Rows:
    table = Table(name="t", title="T", columns={"day": "date", **dict.fromkeys(NAMES, "integer")})
    model = Model(name="t", title="T", table="t", provenance="operational", grain="day", organisation=None)
    return Rows(model, Catalogue(models={}, metrics={}, places={}, texts={}, tables={"t": table}), TODAY)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a", {"a"}),
        ("a - b", {"a", "b"}),
        ("-(a + 2 * b)", {"a", "b"}),
        ("1", set()),
        ("a / b", None),
        ("coalesce(a, 0)", None),
        ("case when a > 0 then b end", None),
        ("nullif(a, 0)", None),
        ("null", None),
    ],
)
def test_plain_arithmetic_is_told_from_what_may_be_missing_otherwise(text: str, columns: set[str] | None) -> None:
    assert columns_of_plain(text) == columns


@pytest.mark.parametrize(
    ("own", "other", "condition"),
    [
        ("a - b", "a", None),
        ("a", "a - b", "f.b IS NOT NULL"),
        ("a", "b + c", "f.b IS NOT NULL AND f.c IS NOT NULL"),
        ("1", "a", "f.a IS NOT NULL"),
        ("a", "nullif(a, 0)", "nullif(f.a, 0) IS NOT NULL"),
    ],
)
def test_only_what_the_half_does_not_tell_itself_is_asked_for(
    rows: Rows, own: str, other: str, condition: str | None
) -> None:
    found = reported_too(rows, Part(words="", expr=own), Part(words="", expr=other))
    text = None if found is None else str(found.compile(compile_kwargs={"literal_binds": True}))
    assert text == condition


@pytest.mark.parametrize("own", ["a", "a - b", "a * 2", "nullif(a, 0)", "coalesce(a, b)", "a / b", "1"])
@pytest.mark.parametrize("other", ["a", "b", "b - a", "a + c", "nullif(b, 0)", "case when a > 0 then b end"])
def test_the_rows_counted_are_those_that_report_both(rows: Rows, own: str, other: str) -> None:
    halves = [rows.expression(text) for text in (own, other)]
    found = reported_too(rows, Part(words="", expr=own), Part(words="", expr=other))
    short = halves[0].is_not(None) if found is None else sa.and_(halves[0].is_not(None), found)
    with duckdb.connect() as connection:
        connection.sql("CREATE TABLE t (day DATE, a INTEGER, b INTEGER, c INTEGER)")
        every = [(a, b, c) for a in VALUES for b in VALUES for c in VALUES]
        connection.executemany("INSERT INTO t VALUES (DATE '2024-01-01', ?, ?, ?)", every)
        counted = [_counted(connection, rows, each) for each in (short, sa.and_(*(h.is_not(None) for h in halves)))]
    assert counted[0] == counted[1]


def _counted(connection: Any, rows: Rows, condition: sa.ColumnElement[Any]) -> list[tuple[Any, ...]]:
    select = sa.select(*(rows.column(name) for name in NAMES)).select_from(rows.fact).where(condition)
    text = str(select.compile(compile_kwargs={"literal_binds": True}))
    return sorted(connection.sql(text).fetchall(), key=str)
