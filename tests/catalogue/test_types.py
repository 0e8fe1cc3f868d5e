"""The types of expressions, and which do not go together."""

from __future__ import annotations

from functools import cache

import pytest
import sqlalchemy as sa
from hypothesis import given, strategies

from metrics.catalogue.expression import ExpressionError, build
from metrics.catalogue.types import ExpressionTypeError, Kind, infer, kind_of

COLUMNS: dict[str, Kind] = {
    "t": "text", "i": "integer", "n": "number", "d": "date", "s": "timestamp", "b": "boolean", "u": "unknown",
}  # fmt: skip
ELEMENTS = {name: sa.column(name) for name in COLUMNS}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i", "integer"), ("t", "text"), ("d", "date"), ("s", "timestamp"), ("b", "boolean"), ("1", "integer"),
        ("1.5", "number"), ("'a'", "text"), ("true", "boolean"), ("null", "unknown"), ("date '2026-03-31'", "date"),
        ("i + 1", "integer"), ("i + n", "number"), ("i / 2", "number"), ("-(i)", "integer"), ("abs(n)", "number"),
        ("round(n, 1)", "number"), ("i + u", "integer"), ("i = 1.5", "boolean"), ("t = 'a'", "boolean"),
        ("t in ('a', 'b')", "boolean"), ("i between 1 and n", "boolean"), ("d >= date '2026-03-31'", "boolean"),
        ("d between date '2026-03-01' and date '2026-03-31'", "boolean"), ("t is null", "boolean"),
        ("b and not (i > 1 or t = 'a')", "boolean"), ("case when b then 1 else 2.5 end", "number"),
        ("case when t = 'a' then 'x' end", "text"), ("case when b then null else d end", "date"),
        ("coalesce(i, 0)", "integer"), ("nullif(n, 0)", "number"), ("greatest(d, date '2026-03-31')", "date"),
        ("least(i, n, 3)", "number"), ("u = 1", "boolean"), ("u + 1", "integer"), ("null = 1", "boolean"),
    ],
)  # fmt: skip
def test_an_expression_has_the_type_of_what_it_gives(text: str, kind: Kind) -> None:
    build(text, ELEMENTS)
    assert infer(text, COLUMNS) == kind


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("t + 1", "'t' is text, and 't + 1' calculates with it.", "count rows, write agg: count"),
        ("2 * d", "'d' is a date, and '2 * d' calculates with it.", "length of time"),
        ("s - s", "'s' is a timestamp, and 's - s' calculates with it.", "length of time"),
        ("b + b", "'b' is a condition, and 'b + b' calculates with it.", "case when b then 1 else 0 end"),
        ("(i > 1) + 1", "'(i > 1)' is a condition", "case when (i > 1) then 1 else 0 end"),
        ("abs(t)", "'t' is text, and 'ABS(t)' calculates with it.", "numbers"),
        ("i = '3'", "'i' is a whole number, and cannot be compared with '3', which is text.", "Take the quotes off: 3."),
        ("t = 3", "'t' is text, and cannot be compared with '3', which is a whole number.", "Put quotes round it: '3'."),
        ("d = '2026-03-31'", "'d' is a date, and cannot be compared with '2026-03-31'", "date '2026-03-31'"),
        ("b = 1", "'b' is a condition, and cannot be compared with '1'", "Write b, or not b."),
        ("t in ('a', 1)", "'t' is text, and cannot be compared with '1'", "Put quotes round it: '1'."),
        ("i between 1 and 'z'", "cannot be compared with 'z', which is text", "one type"),
        ("d < s", "'d' is a date, and cannot be compared with 's', which is a timestamp.", "one type"),
        ("case when b then 1 else 'x' end", "cannot be given by the same 'case' as 'x', which is text", "one type"),
        ("case when i then 1 end", "'i' is a whole number, no condition", "Compare it: i = 1."),
        ("not t", "'t' is text, no condition", "Compare it: t = '...'."),
        ("b and d", "'d' is a date, no condition", "Compare it: d is not null."),
        ("coalesce(t, 0)", "'t' is text, and cannot be in one coalesce with '0'", "Put quotes round it: '0'."),
        ("nullif(i, 'a')", "'i' is a whole number, and cannot be in one nullif with 'a'", "one type"),
        ("greatest(i, d)", "cannot be in one greatest with 'd', which is a date", "one type"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_with_a_remedy(text: str, message: str, fix: str) -> None:
    with pytest.raises(ExpressionTypeError) as raised:
        infer(text, COLUMNS)
    assert message in raised.value.message
    assert fix in raised.value.fix


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (sa.String(10), "text"), (sa.Text(), "text"), (sa.Uuid(), "text"), (sa.BigInteger(), "integer"),
        (sa.SmallInteger(), "integer"), (sa.Double(), "number"), (sa.Float(), "number"), (sa.Numeric(9, 2), "number"),
        (sa.Date(), "date"), (sa.DateTime(), "timestamp"), (sa.Boolean(), "boolean"), (sa.JSON(), "unknown"),
    ],
)  # fmt: skip
def test_a_column_holds_what_its_sql_type_says(kind: sa.types.TypeEngine[object], expected: Kind) -> None:
    assert kind_of(kind) == expected


_LEAVES = strategies.sampled_from([*COLUMNS, "1", "2.5", "'a'", "true", "null", "date '2026-03-31'"])
_SIGNS = strategies.sampled_from(["+", "-", "*", "/", "=", "<>", "<", ">=", "and", "or"])
_TREES = strategies.recursive(
    _LEAVES,
    lambda inner: strategies.one_of(
        strategies.tuples(inner, _SIGNS, inner).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        inner.map(lambda each: f"(not {each})"),
        inner.map(lambda each: f"abs({each})"),
        inner.map(lambda each: f"({each} is null)"),
        strategies.tuples(inner, inner).map(lambda each: f"coalesce({each[0]}, {each[1]})"),
        strategies.tuples(inner, inner, inner).map(
            lambda each: f"case when {each[0]} then {each[1]} else {each[2]} end"
        ),
    ),
    max_leaves=8,
)
_VALUES = {"text": "'x'", "integer": "3", "number": "2.5", "date": "DATE '2026-03-31'", "boolean": "TRUE",
           "timestamp": "TIMESTAMP '2026-03-31 09:00:00'"}  # fmt: skip


@cache
def _duckdb() -> sa.Engine:
    return sa.create_engine("duckdb:///:memory:")


@given(text=_TREES)
def test_what_goes_together_runs_and_gives_that_type(text: str) -> None:
    """An expression that is let through runs on DuckDB, and gives a value of the type that was worked out."""
    try:
        kind = infer(text, {name: each for name, each in COLUMNS.items() if each != "unknown"})
        element = build(text, {name: sa.literal_column(_VALUES[each]) for name, each in COLUMNS.items() if name != "u"})
    except ExpressionError:
        return
    with _duckdb().connect() as connection:
        value = connection.execute(sa.select(sa.func.typeof(element), element)).one()
    held = {
        "BOOLEAN": "boolean", "VARCHAR": "text", "DATE": "date", "TIMESTAMP": "timestamp", "DOUBLE": "number",
    }  # fmt: skip
    found = held.get(value[0], "number" if value[0].startswith(("DECIMAL", "INTEGER", "BIGINT", "HUGEINT")) else "?")
    assert kind in ("unknown", found, "integer" if found == "number" else ""), (text, value[0])
