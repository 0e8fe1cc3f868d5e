"""An expression means the same in every database that runs it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
import sqlalchemy as sa

from metrics.catalogue.expression import ExpressionError, build
from metrics.catalogue.types import ExpressionTypeError, infer, kinds_of

NUMBERS = sa.Table(
    "numbers", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("a", sa.Double), sa.Column("b", sa.Integer)
)
COLUMNS = dict(NUMBERS.columns.items())
VALUES = (None, -2.5, -1.5, -0.5, -0.25, 0.0, 0.25, 0.5, 1.5, 2.5, 3.49, 1234.5, -1e6 - 0.5)
ROWS = [(a, b) for a in VALUES for b in (None, -1, 0, 2)]


TIMES = sa.Table(
    "times", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("at", sa.DateTime), sa.Column("until", sa.DateTime),
    sa.Column("on_day", sa.Date), sa.Column("to_day", sa.Date),
)  # fmt: skip
SPANS = [
    ("2026-03-29T00:30", "2026-03-29T04:30", "2026-03-28", "2026-03-30"),
    ("2026-03-01T12:00:00.9", "2026-03-01T12:00:01.1", "2024-02-28", "2024-03-01"),
    ("2026-03-02T00:00", "2026-03-01T23:59:30", "2026-03-02", "2026-03-01"),
    ("2026-03-02T00:00", None, "2026-03-02", None),
    (None, "2026-03-02T00:00", None, "2026-03-02"),
]


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    if request.param == "duckdb":
        found = sa.create_engine("duckdb:///:memory:", poolclass=sa.pool.StaticPool)
    else:
        found = sa.create_engine(request.getfixturevalue("new_database")())
    with found.begin() as connection:
        NUMBERS.create(connection)
        connection.execute(NUMBERS.insert(), [{"id": id_, "a": a, "b": b} for id_, (a, b) in enumerate(ROWS)])
        TIMES.create(connection)
        connection.execute(TIMES.insert(), [{"id": id_} | _read(*span) for id_, span in enumerate(SPANS)])
    try:
        yield found
    finally:
        found.dispose()


def _read(at: str | None, until: str | None, on_day: str | None, to_day: str | None) -> dict[str, object]:
    moments = {"at": at, "until": until}, {"on_day": on_day, "to_day": to_day}
    return {name: text and datetime.fromisoformat(text) for name, text in moments[0].items()} | {
        name: text and date.fromisoformat(text) for name, text in moments[1].items()
    }


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


def test_the_time_between_instants_is_counted_to_the_second(engine: sa.Engine):
    length = build("minutes_between(at, until)", dict(TIMES.columns.items()))
    with engine.connect() as connection:
        found = list(connection.scalars(sa.select(length).order_by(TIMES.c.id)))
        grouped = connection.execute(sa.select(length.label("x"), sa.func.count()).group_by(length.label("x"))).all()
    assert found == [240.0, pytest.approx(1 / 60), -0.5, None, None]
    assert all(value is None or isinstance(value, float) for value in found)
    assert sum(count for _, count in grouped) == len(SPANS)


def test_days_between_days_are_whole_ones(engine: sa.Engine):
    length = build("days_between(on_day, to_day)", dict(TIMES.columns.items()))
    with engine.connect() as connection:
        assert list(connection.scalars(sa.select(length).order_by(TIMES.c.id))) == [2, 2, -1, None, None]
        within = sa.select(TIMES.c.id).where(build("days_between(on_day, to_day) <= 1", dict(TIMES.columns.items())))
        assert list(connection.scalars(within)) == [2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("minutes_between(on_day, until)", "is of timestamps. Write days_between"),
        ("days_between(on_day, until)", "is of dates. Write minutes_between"),
        ("minutes_between(at, id)", "Name a column of timestamps"),
    ],
)
def test_lengths_are_of_two_columns_of_their_kind(text: str, says: str):
    with pytest.raises(ExpressionTypeError, match=re.escape(says)):
        infer(text, kinds_of(TIMES))


def test_a_length_has_two_ends():
    with pytest.raises(ExpressionError, match="is not allowed in a definition"):
        build("minutes_between(at)", dict(TIMES.columns.items()))
