"""An expression means the same in every database that runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import pytest
import sqlalchemy as sa

from metrics.catalogue.expression import ExpressionError, build

NUMBERS = sa.Table(
    "numbers", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("a", sa.Double), sa.Column("b", sa.Integer)
)
COLUMNS = dict(NUMBERS.columns.items())
VALUES = (None, -2.5, -1.5, -0.5, -0.25, 0.0, 0.25, 0.5, 1.5, 2.5, 3.49, 1234.5, -1e6 - 0.5)
ROWS = [(a, b) for a in VALUES for b in (None, -1, 0, 2)]


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    if request.param == "duckdb":
        found = sa.create_engine("duckdb:///:memory:", poolclass=sa.pool.StaticPool)
    else:
        found = sa.create_engine(request.getfixturevalue("new_database")())
    with found.begin() as connection:
        NUMBERS.create(connection)
        connection.execute(NUMBERS.insert(), [{"id": id_, "a": a, "b": b} for id_, (a, b) in enumerate(ROWS)])
    try:
        yield found
    finally:
        found.dispose()


def _answers(engine: sa.Engine, text: str) -> list[float | None]:
    statement = sa.select(build(text, COLUMNS)).order_by(NUMBERS.c.id)
    with engine.connect() as connection:
        return [None if value is None else float(value) for value in connection.scalars(statement)]


def _half_away(value: float | None, digits: int) -> float | None:
    if value is None:
        return None
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(("text", "digits"), [("round(a)", 0), ("round(a, 1)", 1), ("round(a, 0)", 0)])
def test_halves_are_rounded_away_from_zero(engine: sa.Engine, text: str, digits: int):
    assert _answers(engine, text) == [_half_away(a, digits) for a, _ in ROWS]


def test_whole_numbers_divide_as_fractions_and_never_by_zero(engine: sa.Engine):
    expected = [None if b is None else float(_half_away(b / 2, 0) or 0) for _, b in ROWS]
    assert _answers(engine, "round(b / 2)") == expected
    assert _answers(engine, "a / b") == [None if a is None or not b else a / b for a, b in ROWS]


@pytest.mark.parametrize(("name", "pick"), [("greatest", max), ("least", min)])
def test_greatest_and_least_are_missing_where_one_is(engine: sa.Engine, name: str, pick):
    expected = [None if a is None or b is None else float(pick(a, b, 1)) for a, b in ROWS]
    assert _answers(engine, f"{name}(a, b, 1)") == expected
    assert _answers(engine, f"{name}(a, 0)") == [None if a is None else float(pick(a, 0)) for a, _ in ROWS]


def test_rounded_values_group(engine: sa.Engine):
    rounded = build("round(a)", COLUMNS)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(rounded, sa.func.count()).group_by(rounded)).all()
    assert {value: count for value, count in rows} == Counter(_half_away(a, 0) for a, _ in ROWS)  # noqa: C416


@pytest.mark.parametrize("digits", ["a", "-1", "1.5", "10", "1 + 1", "'1'"])
def test_decimals_are_a_small_whole_number(digits: str):
    with pytest.raises(ExpressionError, match="decimals from 0 to 9"):
        build(f"round(a, {digits})", COLUMNS)
