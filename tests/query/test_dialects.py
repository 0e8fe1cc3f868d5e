"""Every metric's SQL, in the grammar of nine warehouses, with whatever a caller filters by as a value of its own."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from metrics import Filter, Request
from metrics.catalogue import SHIPPED, Catalogue, Metric, Model, load
from metrics.query.dialects import TARGETS, readable_sql_for, sql_for, target_of
from metrics.query.layout import laid_out
from metrics.query.own_records import is_own
from metrics.query.plan import LEVELS, dimensions_of
from metrics.warehouse.tables.dimensions import dim_organisation, dim_organisation_identity
from tests.query.statements import holdings, statements

EVERY_TYPE = Path(__file__).parent / "every_type"
NAMES = ("duckdb", "postgresql", "spark", "snowflake", "bigquery", "databricks", "trino", "redshift", "sqlserver")
NOT_TEXT = {"age", "admitted", "weeks_waited"}  # of tables that are declared or published
QUOTED = "O'Brien \\' 100% -- \"x\""
ATTACKS = [
    "x'; drop table fact_ae_month; --",
    "x' or '1'='1",
    "\\' or 1=1 --",
    "\\",
    "'",
    "''",
    '" or ""="',
    "`x`",
    "x\n-- y",
    "x\r\ny\ty",
    "%s %(a)s %% :a ? $1 {0}",
    "/* */",
    "☃ Ångström",
    "",
]


@cache
def shipped() -> Catalogue:
    return load(SHIPPED)


@cache
def every_type() -> Catalogue:
    return load(EVERY_TYPE)


def _tree(text: str, name: str) -> exp.Select:
    trees = sqlglot.parse(text, dialect=target_of(name).grammar, error_level=sqlglot.ErrorLevel.RAISE)
    assert len(trees) == 1, text
    (tree,) = trees
    assert isinstance(tree, exp.Select), text
    return tree


def _dimensions(metric: Metric, catalogue: Catalogue) -> list[tuple[str, ...]]:
    """Returns the dimensions of each model that can answer the metric; of several inputs, those they share."""
    if metric.model is None:
        inputs = [_dimensions(each, catalogue)[0] for each in catalogue.inputs(metric)]
        return [tuple(name for name in inputs[0] if all(name in names for names in inputs))]
    models = [metric.model, *(each.model for each in metric.alternates)]
    return [dimensions_of(catalogue.models[name]) for name in models]


def _of_text(model: Model, catalogue: Catalogue) -> frozenset[str]:
    """Returns the dimensions that hold text, which any value can be compared with."""
    found = set(LEVELS)
    for each in model.dimensions:
        table = catalogue.table(each.join or model.table)
        assert table is not None
        if isinstance(table.c[each.column].type, sa.String):
            found.add(each.name)
    return frozenset(found)


def _requests(catalogue: Catalogue) -> Iterator[Request]:
    """Yields every metric alone and by all dimensions of each model that can answer it, and all of a model together."""
    together: dict[str, list[str]] = {}
    for metric in catalogue:
        yield Request.of(metric.id)
        model = catalogue.model_of(metric)
        # Metrics of one operational table are split alike: the first of them stands for the others.
        if not (is_own(model) and model.name in together):
            for names in _dimensions(metric, catalogue):
                texts = _of_text(model, catalogue) if is_own(model) else set(names) - NOT_TEXT
                where = tuple(Filter(name, (QUOTED, "b")) for name in names if name in texts)
                yield Request((metric.id,), by=names, where=where)
        if metric.model is not None:
            together.setdefault(metric.model, []).append(metric.id)
    for model, metrics in together.items():
        names, texts = dimensions_of(catalogue.models[model]), _of_text(catalogue.models[model], catalogue)
        others = tuple(Filter(name, (QUOTED,), negate=True, null=True) for name in names if name in texts)
        yield Request(tuple(metrics), where=others)
        if is_own(catalogue.models[model]):
            continue
        yield from (Request(tuple(metrics), by=(level,), totals=True) for level in LEVELS if level in names)


@cache
def _all_statements() -> list[tuple[tuple[str, ...], sa.Select[Any]]]:
    found: list[tuple[tuple[str, ...], sa.Select[Any]]] = []
    for catalogue in (shipped(), every_type()):
        for request in _requests(catalogue):
            found += [(request.metrics, select) for select in statements(request, catalogue)]
        for metric in catalogue:
            found += [((metric.id,), select) for select in holdings(Request.of(metric.id), catalogue)]
    return found


@cache
def _written(name: str) -> dict[str, exp.Select]:
    """Returns each different text with its tree."""
    texts = dict.fromkeys(sql_for(each, name) for _, each in _all_statements())
    gc.disable()  # the trees stay: looking through millions of nodes for garbage takes longer than parsing
    try:
        return {text: _tree(text, name) for text in texts}
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _given_back() -> Iterator[None]:
    """What these tests keep is given back after them, so that those of other modules need not carry it."""
    yield
    for kept in (_written, _all_statements, _harmless):
        kept.cache_clear()
    gc.unfreeze()


@cache
def _schema() -> MappingSchema:
    tables: list[sa.Table] = [dim_organisation, dim_organisation_identity]
    for catalogue in (shipped(), every_type()):
        for model in catalogue.models.values():
            joined = [catalogue.table(join.to) for join in model.joins]
            tables += [catalogue.table_of(model), *(table for table in joined if table is not None)]
    columns = {table.name: {column.name: "TEXT" for column in table.columns} for table in tables}
    return MappingSchema(columns, dialect="postgres")


def test_the_nine_warehouses_are_those():
    assert tuple(TARGETS) == NAMES


def test_all_metrics_are_asked_for():
    asked = {metric for metrics, _ in _all_statements() for metric in metrics}
    assert asked == {metric.id for catalogue in (shipped(), every_type()) for metric in catalogue}
    types = {metric.type for catalogue in (shipped(), every_type()) for metric in catalogue}
    assert types == set(Metric.model_fields["type"].annotation.__args__)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_one_select_of_the_grammar(name: str):
    written = _written(name)
    assert len(written) > 500
    for text, tree in written.items():
        # What a lenient parser cannot place it keeps as a command, and a parameter would be a value left out.
        assert not list(tree.find_all(exp.Command, exp.Placeholder, exp.Parameter)), text


@pytest.mark.parametrize("name", NAMES)
def test_selected_keys_are_grouped_by_as_they_are_selected(name: str):
    for text, whole in _written(name).items():
        for tree in whole.find_all(exp.Select):
            group = tree.args.get("group")
            keys = [each.unalias() for each in tree.selects if not each.find(exp.AggFunc)]
            if group is not None:
                assert {key for key in keys if not isinstance(key, exp.Literal)} <= set(group.expressions), text


def test_every_column_is_found_in_its_table():
    for tree in _written("postgresql").values():  # the tables and columns are the same in all nine
        plain = tree.copy()
        for table in plain.find_all(exp.Table):
            table.set("db", None)
        # Raises where a column is none of its table's, or could be of several.
        qualify(plain, schema=_schema(), dialect="postgres", identify=False)


CASTS = {
    "duckdb": {"DOUBLE PRECISION", "DATE"},
    "postgresql": {"DOUBLE PRECISION", "DATE"},
    "spark": {"DOUBLE", "DATE"},
    "snowflake": {"DOUBLE", "DATE", "TIMESTAMP_NTZ"},
    "bigquery": {"FLOAT64", "DATETIME"},
    "databricks": {"DOUBLE", "DATE"},
    "trino": {"DOUBLE", "DATE"},
    "redshift": {"DOUBLE PRECISION", "DATE"},
    "sqlserver": {"DOUBLE PRECISION", "DATE", "DATETIME2"},
}


@pytest.mark.parametrize("name", NAMES)
def test_types_go_by_the_names_of_the_warehouse(name: str):
    found = {kind for text in _written(name) for kind in re.findall(r" AS ([A-Z][A-Z0-9_ ]+)\)", text)}
    assert found == CASTS[name]


@pytest.mark.parametrize("name", ["spark", "databricks", "bigquery"])
def test_names_stand_in_backticks(name: str):
    for text, tree in _written(name).items():
        bare = {each.name for each in tree.find_all(exp.Identifier) if not each.quoted}
        assert bare <= {"HOUR", "DAY"}, text
        assert '"' not in re.sub(r"'(?:[^'\\]|\\.)*'", "", text)


def test_sql_server_has_conditions_but_no_truth_values():
    conditions = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Paren)
    for text, tree in _written("sqlserver").items():
        absent = (exp.Boolean, exp.Limit, exp.Greatest, exp.Least, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Interval)
        assert not list(tree.find_all(*absent)), text
        assert " NULLS " not in text
        for node in tree.find_all(exp.And, exp.Or, exp.Not, exp.Where, exp.If, exp.Having):
            operands = [node.left, node.right] if isinstance(node, exp.And | exp.Or) else [node.this]
            assert all(isinstance(operand, conditions) for operand in operands), text
        for case in tree.find_all(exp.Case):  # CASE x WHEN, or a condition where a value is due
            assert case.this is None
            assert not any(isinstance(branch.args["true"], exp.Predicate) for branch in case.args["ifs"]), text


EVERYWHERE = {"Abs", "And", "Case", "Cast", "Coalesce", "Count", "Floor", "If", "Max", "Min", "Nullif", "Or", "Sum"}
OF_INSTANTS = {
    "duckdb": {"timezone", "Hour", "TimestampTrunc", "DateDiff"},
    "postgresql": {"timezone", "TimestampTrunc", "Extract"},
    "spark": {"TimestampTrunc", "TryCast", "StrToUnix"},  # sqlglot calls a CAST of Spark's so
    "snowflake": {"ConvertTimezone", "TimestampTrunc", "DateAdd", "DateDiff"},
    "bigquery": {"Date", "Timestamp", "DatetimeTrunc", "DatetimeAdd", "DatetimeDiff"},
    "databricks": {"TimestampTrunc", "StrToUnix"},
    "trino": {"with_timezone", "TimestampTrunc", "DateDiff"},
    "redshift": {"ConvertTimezone", "TimestampTrunc", "TsOrDsAdd", "TsOrDsDiff"},
    "sqlserver": {"DateAdd", "DateDiff", "TimeStrToTime"},
}


@pytest.mark.parametrize("name", NAMES)
def test_functions_are_those_of_the_warehouse(name: str):
    """What is not known everywhere is listed, so that somebody looks a new one up in nine manuals."""
    found = {
        each.name if isinstance(each, exp.Anonymous) else type(each).__name__
        for tree in _written(name).values()
        for each in tree.find_all(exp.Func)
    }
    assert found == EVERYWHERE | OF_INSTANTS[name]


def test_trino_compares_dates_with_dates():
    """It turns no text into a date by itself."""
    for text in _written("trino"):
        assert not re.search(r"(?<!DATE )(?<!TIMESTAMP )'\d{4}-\d\d-\d\d", text), text


HARMLESS = "harmless"


@lru_cache(maxsize=1)  # the nine write the same statement
def _narrowed(value: str) -> sa.Select[Any]:
    request = Request(("ae_four_hour",), by=("region",), where=(Filter("department", (value,)),))
    (select,) = statements(request, shipped())
    return select


@cache
def _harmless(name: str) -> exp.Select:
    return _tree(sql_for(_narrowed(HARMLESS), name), name)


class TestValues:
    @staticmethod
    def _read(value: str, name: str) -> exp.Select:
        return _tree(sql_for(_narrowed(value), name), name)

    @staticmethod
    def _texts(tree: exp.Select) -> list[exp.Expr]:
        return [
            each
            for each in tree.find_all(exp.Literal, exp.National)
            if isinstance(each, exp.National) or each.is_string
        ]

    def _check(self, value: str, name: str) -> None:
        attacked, harmless = self._read(value, name), _harmless(name)
        found, expected = self._texts(attacked), self._texts(harmless)
        place = [each.this for each in expected].index(HARMLESS)
        assert [each.this for each in found] == [each.this if n != place else value for n, each in enumerate(expected)]
        # But for the value, the statement is that of any other value.
        found[place].replace(expected[place].copy())
        assert attacked == harmless

    @pytest.mark.parametrize("value", ATTACKS)
    @pytest.mark.parametrize("name", NAMES)
    def test_a_value_stays_a_value(self, name: str, value: str):
        self._check(value, name)

    @settings(max_examples=50)
    @given(value=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30))
    def test_any_text_stays_a_value(self, value: str):
        for name in NAMES:
            self._check(value, name)

    @pytest.mark.parametrize("name", NAMES)
    def test_dates_and_numbers_are_typed(self, name: str):
        table = sa.table("t", sa.column("d", sa.Date), sa.column("at", sa.DateTime), sa.column("x", sa.Double))
        from_midnight = sa.literal(date(2026, 3, 29), sa.Date)
        text = sql_for(sa.select(table.c.d).where(table.c.d >= from_midnight, table.c.x > 0.5), name)
        written = "CAST('2026-03-29' AS DATE)" if name == "sqlserver" else "DATE '2026-03-29'"
        assert f">= {written}" in text
        assert "> 0.5" in text


@pytest.mark.parametrize("name", NAMES)
def test_laying_out_changes_no_token(name: str):
    grammar = Dialect.get_or_raise(target_of(name).grammar)

    def tokens(text: str) -> list[tuple[Any, str]]:
        return [(each.token_type, each.text) for each in grammar.tokenize(text)]

    for text in list(_written(name))[::7]:
        lines = laid_out(text, target_of(name).grammar)
        assert tokens(lines) == tokens(text)
        assert laid_out(lines, target_of(name).grammar) == lines
        assert lines.count("\n") > 3


def test_values_that_would_be_left_out_are_refused():
    select = sa.select(sa.column("x", sa.Integer)).where(sa.column("x", sa.Integer).is_distinct_from(1))
    with pytest.raises(sa.exc.CompileError, match="SQL Server: these values were not written out"):
        sql_for(select, "sqlserver")


def test_an_unknown_warehouse_is_refused():
    with pytest.raises(ValueError, match="SQL is not written for 'oracle', but for duckdb, postgresql"):
        readable_sql_for(sa.select(sa.literal(1)), "oracle")


def test_reserved_words_are_quoted():
    table = sa.table("rows", sa.column("lateral"), sa.column("Mixed"), sa.column("plain"))
    select = sa.select(table.c["lateral"], table.c.Mixed, table.c.plain)
    assert "rows.plain" in sql_for(select, "trino")
    assert '"rows"."lateral", "rows"."Mixed", "rows".plain' in sql_for(select, "snowflake")
    assert "`rows`.`lateral`, `rows`.`Mixed`, `rows`.`plain`" in sql_for(select, "bigquery")
    assert "rows.[Mixed]" in sql_for(select, "sqlserver")
