"""A filter value or a definition never becomes SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Filter, MetricsLayer, Request
from metrics.catalogue.expression import ExpressionError, build
from metrics.query.errors import QueryError
from tests.query import small
from tests.query.test_engine import AE, DEFINITIONS

COLUMNS = {name: sa.column(name, sa.Integer) for name in ("attendances", "over_4h")}
ATTACKS = [
    "1; drop table fact_ae_month",
    "(select 1)",
    "attendances from fact_ae_month --",
    "read_csv('secrets.csv')",
    "pg_sleep(10)",
    "attendances::regclass",
    "f.attendances",
    "attendances in (select over_4h from fact_ae_month)",
    "sum(attendances)",
    "row_number() over ()",
    "current_user",
    "@@version",
    "exists(select 1)",
    "attendances union select 1",
    "",
]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("injection")
    return small.build(f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": AE}, DEFINITIONS, folder / "definitions")


@pytest.mark.parametrize("text", ATTACKS)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        build(text, COLUMNS)


def test_literals_are_bound_and_never_written_into_the_statement() -> None:
    element = build("case when attendances = 'x'' or 1=1 --' then 7 else 0.5 end", COLUMNS)
    compiled = element.compile()
    assert "or 1=1" not in str(compiled)
    assert "x' or 1=1 --" in compiled.params.values()
    assert {7, 0.5} <= set(compiled.params.values())


@settings(max_examples=150, deadline=None)
@given(value=st.text(max_size=40))
def test_any_text_as_a_filter_is_a_value_or_an_error(layer: MetricsLayer, value: str) -> None:
    for dimension in ("organisation", "region", "department"):
        try:
            result = layer.ask(Request(("attendances",), where=(Filter(dimension, (value,)),)))
        except QueryError:
            continue
        assert result.frame.height == 4
    assert layer.ask(Request.of("attendances")).frame["value"].sum() == 5310


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet="attendances over_4h()+-*/<>=',;.0123456789 andornotcasewhenthenelseendin\"\\%", max_size=40)
)
def test_any_text_as_an_expression_is_an_element_or_an_error(text: str) -> None:
    try:
        element = build(text, COLUMNS)
    except ExpressionError:
        return
    compiled = str(element.compile())
    assert ";" not in compiled
    assert "select" not in compiled.lower()
