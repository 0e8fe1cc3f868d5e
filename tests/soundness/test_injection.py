"""A filter value or a definition never becomes SQL.

asked for      region = "Y56' or '1'='1"     one value that no region has: an error, and no row more
defined        expr: 1; drop table t         not in the language: an error that names the file and the line
declared       a table called t; drop u      not a name
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.catalogue.expression import ExpressionError, build
from metrics.catalogue.loading import check
from metrics.query.errors import QueryError
from tests.query import events, small
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
NAMES = [
    "visits; drop table patients",
    'visits"; drop table patients; --',
    "visits where 1=1 --",
    "(select * from patients)",
    "a.b.c",
    "visits'",
    "visits/**/",
    "vis its",
    "",
]
# What breaks out of quotes, comments and statements, among any other text.
TEXT = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="Y56RA1'\";-/*()=<>%_\\$@:{}[]\n\x00 or and select drop table union 1", max_size=60),
    st.sampled_from([*ATTACKS, *NAMES, "' or '1'='1", "Y56' --", "%(a)s", ":value", "{0}", "\x00", "\ud7ff", "💉'"]),
)
KEPT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VISITS = events.visits(
    [(1, 10, "2026-04-01T09:00:00", "A", 1, 0), (2, 11, "2026-04-02T09:00:00", "B", 2, 1), (3, 12, "2026-04-02T10:00:00", None, 3, 0)]
)  # fmt: skip
PATIENTS = events.patients([(10, "0-17", 1), (11, "18-64", 5)])


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("injection")
    return small.build(f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": AE}, DEFINITIONS, folder / "definitions")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("clinic")
    tables = {"visits": VISITS, "patients": PATIENTS}
    return events.build(f"duckdb:///{folder / 'warehouse'}", tables, folder / "definitions")


def _one_select(layer: MetricsLayer, request: Request, *, without: str) -> float:
    """Returns the sum of the answer, whose statements are each one SELECT that does not hold the text."""
    result = layer.ask(request)
    for query in result.queries:
        statements = sqlglot.parse(query.sql, read=layer.warehouse.dialect)
        assert [type(each) for each in statements] == [sqlglot.exp.Select]
        if len(without) > 8:  # what is shorter may stand in any statement
            assert without not in query.sql
    return float(result.frame["value"].sum() or 0)


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


@KEPT
@given(value=TEXT)
def test_any_text_as_a_filter_is_a_value_or_an_error(layer: MetricsLayer, value: str) -> None:
    for dimension in ("organisation", "region", "department"):
        try:
            result = layer.ask(Request(("attendances",), where=(Filter(dimension, (value,)),)))
        except QueryError:
            continue
        assert result.frame.height == 4
    assert layer.ask(Request.of("attendances")).frame["value"].sum() == 5310


@KEPT
@given(value=TEXT)
def test_so_is_its_opposite_which_leaves_out_that_value_alone(layer: MetricsLayer, value: str) -> None:
    for dimension in ("organisation", "region", "department"):
        kept, left = Filter(dimension, (value,)), Filter(dimension, (value,), negate=True)
        try:
            sums = [
                _one_select(layer, Request(("attendances",), where=(each,)), without=value) for each in (kept, left)
            ]
        except QueryError:
            continue
        assert sum(sums) == 5310


@KEPT
@given(low=st.none() | TEXT, high=st.none() | TEXT)
def test_any_text_as_a_bound_is_a_bound_or_an_error(clinic: MetricsLayer, low: str | None, high: str | None) -> None:
    for dimension in ("clinic", "age_band", "decile"):
        for negate in (False, True):
            where = (Filter(dimension, low=low, high=high, negate=negate),)
            try:
                assert _one_select(clinic, Request(("visits",), where=where), without=low or high or "") <= 3
            except QueryError:
                continue
    whole = clinic.ask(Request.of("visits", grain=Grain.FINANCIAL_YEAR)).frame
    assert whole["value"].to_list() == [3]


@KEPT
@given(bound=st.one_of(st.integers(), st.floats(), st.dates(), st.booleans()))
def test_a_bound_of_any_kind_is_a_bound_or_an_error(clinic: MetricsLayer, bound: float | date) -> None:
    for dimension in ("clinic", "decile"):
        try:
            clinic.ask(Request(("visits",), where=(Filter(dimension, low=bound),)))
        except QueryError:
            continue


@pytest.mark.parametrize(
    ("low", "high", "visits"), [(1, 4.5, 1), ("1", "5", 2), (1.5, None, 1), (None, 10**30, 2), (-(10**30), 0.5, 0)]
)
def test_numbers_as_bounds_are_themselves(
    clinic: MetricsLayer, low: float | str | None, high: float | str | None, visits: int
) -> None:
    where = (Filter("decile", low=low, high=high),)
    assert _one_select(clinic, Request(("visits",), where=where, grain=Grain.MONTH), without="") == visits


@KEPT
@given(name=TEXT)
def test_any_text_as_a_metric_a_dimension_or_a_window_is_an_error(clinic: MetricsLayer, name: str) -> None:
    for request in (
        Request((name,)),
        Request(("visits",), by=(name,)),
        Request(("visits",), where=(Filter(name, ("A",)),)),
        Request(("visits",), window=name),
    ):
        with pytest.raises((QueryError, KeyError)):
            clinic.ask(request)


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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT, place=st.sampled_from(["expr", "filter"]))
def test_any_text_in_a_definition_is_read_or_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    part = {"words": "w", "expr": "wait_days", place: text}
    written = ", ".join(f"{key}: {_yaml(value)}" for key, value in part.items())
    made = events.metric("made", f"type: simple, model: visits, measure: {{{written}}}")
    _loads_or_says_where(tmp_path, events.DEFINITIONS + events.METRICS + made)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["table", "column", "dimension", "key"])
def test_a_declared_name_is_a_name(tmp_path: Path, name: str, place: str) -> None:
    text = events.DEFINITIONS + events.METRICS
    replaced = {
        "table": text.replace("name: patients\n", f"name: {_yaml(name)}\n", 1),
        "column": text.replace("age_band: text", f"{_yaml(name)}: text", 1),
        "dimension": text.replace("column: age_band", f"column: {_yaml(name)}", 1),
        "key": text.replace("keys: {patient: patient}", f"keys: {{patient: {_yaml(name)}}}", 1),
    }[place]
    assert replaced != text
    assert _loads_or_says_where(tmp_path, replaced) is False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT)
def test_any_text_as_a_declared_name_is_a_name_or_refused(tmp_path: Path, name: str) -> None:
    text = events.DEFINITIONS.replace("age_band: text", f"{_yaml(name)}: text", 1) + events.METRICS
    _loads_or_says_where(tmp_path, text)


def _loads_or_says_where(folder: Path, text: str) -> bool:
    """Returns whether the definitions load; when they do not, every finding names a line of the file."""
    (folder / "definitions.yml").write_text(text, encoding="utf-8")
    _, findings = check(folder)
    lines = text.count("\n") + 1
    assert all(each.file == "definitions.yml" and 1 <= each.line <= lines for each in findings)
    return not any(each.severity == "error" for each in findings)


def _yaml(text: str) -> str:
    """Returns the text as YAML in double quotes, whatever it holds."""
    return '"' + "".join(f"\\U{ord(letter):08X}" for letter in text) + '"'
