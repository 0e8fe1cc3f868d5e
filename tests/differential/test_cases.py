"""The engine's answers, cell by cell, against SQL written by hand, on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from metrics import Filter, Grain, MetricsLayer
from metrics.catalogue import Model
from metrics.query.plan import plan
from sample_data.published.load import load_shipped
from tests.differential.cases import AS_AT, COMPARED, DEFINITIONS, Case, load
from tests.spark import SparkCluster

CASES = load()
TOLERANCE = 1e-9
PARTS = ("value", "numerator", "denominator", *COMPARED)

Cell: TypeAlias = tuple[object, ...]
Cells: TypeAlias = dict[Cell, Mapping[str, Any]]


@pytest.fixture(scope="module")
def on_duckdb(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, definitions=DEFINITIONS, today=lambda: AS_AT)


@pytest.fixture(scope="module")
def on_postgresql(new_database: Callable[[], str]) -> MetricsLayer:
    url = new_database()
    load_shipped(url=url)
    return MetricsLayer.open(url, definitions=DEFINITIONS, today=lambda: AS_AT)


@pytest.fixture(scope="module")
def on_spark(spark_url: str) -> MetricsLayer:
    return MetricsLayer.open(spark_url, definitions=DEFINITIONS, today=lambda: AS_AT)


@pytest.fixture(scope="module")
def from_cubes(shipped_warehouse: str) -> MetricsLayer:
    layer = MetricsLayer.open(shipped_warehouse, definitions=DEFINITIONS, today=lambda: AS_AT)
    return _with_cubes(layer, lambda _: True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cube_gives_what_hand_written_sql_gives(case: Case, from_cubes: MetricsLayer) -> None:
    _compare(case, from_cubes)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_duckdb_gives_what_hand_written_sql_gives(case: Case, on_duckdb: MetricsLayer) -> None:
    _compare(case, on_duckdb)


@pytest.mark.postgresql
@pytest.mark.parametrize("case", CASES, ids=str)
def test_postgresql_gives_what_hand_written_sql_gives(case: Case, on_postgresql: MetricsLayer) -> None:
    _compare(case, on_postgresql)


@pytest.mark.postgresql
@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_databases_give_the_same_frame(case: Case, on_duckdb: MetricsLayer, on_postgresql: MetricsLayer) -> None:
    ours, theirs = on_duckdb.ask(case.request).frame, on_postgresql.ask(case.request).frame
    assert_frame_equal(theirs, ours, check_exact=False, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


@pytest.mark.spark
@pytest.mark.parametrize("case", CASES, ids=str)
def test_spark_gives_what_hand_written_sql_gives(case: Case, on_spark: MetricsLayer) -> None:
    _compare(case, on_spark)


@pytest.mark.spark
@pytest.mark.parametrize("case", CASES, ids=str)
def test_spark_gives_the_frame_of_duckdb(case: Case, on_duckdb: MetricsLayer, on_spark: MetricsLayer) -> None:
    ours, theirs = on_duckdb.ask(case.request).frame, on_spark.ask(case.request).frame
    assert_frame_equal(theirs, ours, check_exact=False, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


@pytest.mark.spark
def test_spark_shared_the_work_among_its_executors(on_spark: MetricsLayer, spark_cluster: SparkCluster) -> None:
    on_spark.ask(CASES[0].request)
    done = sorted((each["completedTasks"] for each in spark_cluster.executors()), reverse=True)
    assert len(done) >= 2
    assert done[1] >= sum(done) // 5, "one of them had next to nothing to do"


def test_every_model_metric_type_grain_and_level_has_a_case(on_duckdb: MetricsLayer) -> None:
    catalogue = on_duckdb.catalogue
    models: set[str] = set()
    types: set[str] = set()
    grains: set[Grain | None] = set()
    dimensions: set[str] = set()
    for case in CASES:
        grains.add(case.request.grain)
        dimensions.update(case.request.by)
        for name in case.request.metrics:
            types.add(catalogue.metric(name).type)
        models.update(source.model.name for source in plan(case.request, catalogue).sources.values())
    derived = {
        each.model
        for case in CASES
        for name in case.request.metrics
        for each in catalogue.inputs(catalogue.metric(name))
    }
    assert set(catalogue.models) - models - derived == set()
    assert types == {metric.type for metric in catalogue}
    assert grains == set(Grain) - {Grain.HOUR}  # nothing published is by the hour
    assert dimensions >= {"region", "icb", "organisation", "service", "department", "staff_group"}
    assert sum(case.request.totals for case in CASES) >= 8
    assert sum(bool(case.request.where) for case in CASES) >= 10
    assert sum(bool(case.request.subtotals) for case in CASES) >= 5
    assert sum(case.request.top is not None for case in CASES) >= 5
    assert {str(case.request.compare.to) for case in CASES if case.request.compare} == {"previous", "last_year", "4"}
    assert sum(bool(case.request.window) for case in CASES) >= 8
    assert sum(case.request.to_date is not None for case in CASES) >= 3
    assert {_kind(each) for case in CASES for each in case.request.where} >= {
        "values", "not values", "range", "null", "not null",
    }  # fmt: skip
    assert len(CASES) >= 120


def _kind(each: Filter) -> str:
    kind = "values" if each.values else "range" if each.has_range else "null"
    return f"not {kind}" if each.negate else kind


def _compare(case: Case, layer: MetricsLayer) -> None:
    dimensions = case.request.by
    given = _given(layer, case, case.check_query, dimensions)
    assert given, "the check query gives nothing, so it checks nothing"
    answered = _answered(layer, case, dimensions, total=False)
    _same(answered, given)
    if case.request.sort:
        assert list(answered) == list(given), "in another order"
    if case.check_totals is not None:
        _same(_answered(layer, case, (), total=True), _given(layer, case, case.check_totals, ()))
    for names, query in case.check_subtotals.items():
        kept = tuple(names.split(","))
        subtotals = _given(layer, case, query, kept)
        assert subtotals, "the check of the subtotals gives nothing"
        _same(_answered(layer, case, kept, total=True), subtotals)


def _same(answered: Cells, given: Cells) -> None:
    assert sorted(answered, key=str) == sorted(given, key=str)
    for cell, parts in given.items():
        for part, theirs in parts.items():
            ours = answered[cell][part]
            if theirs is None:
                continue
            if isinstance(theirs, date):
                assert ours == theirs, (cell, part)
            else:
                assert ours == pytest.approx(float(theirs), rel=TOLERANCE, abs=TOLERANCE), (cell, part)


def _answered(layer: MetricsLayer, case: Case, dimensions: tuple[str, ...], *, total: bool) -> Cells:
    frame = layer.ask(case.request).frame
    over = ",".join(name for name in case.request.by if name not in dimensions)
    return {
        (row["metric"], row["period"], *(row[name] for name in dimensions)): row
        for row in frame.iter_rows(named=True)
        if row["is_total"] == total and row.get("over", over) == over and row["value"] is not None
    }


def _given(layer: MetricsLayer, case: Case, query: str, dimensions: tuple[str, ...]) -> Cells:
    if layer.warehouse.dialect == "spark":
        query = query.replace("double precision", "double")  # all else is written as all three understand it
    text = sa.text(query).columns(period=sa.Date, compared_period=sa.Date)
    with layer.warehouse.engine.connect() as connection:
        rows = connection.execute(text).mappings().all()
    cells: Cells = {}
    for row in rows:
        assert set(row) <= {"metric", "period", *dimensions, *PARTS}, "a column that nothing compares"
        if row["value"] is None:
            continue
        assert isinstance(row["period"], date)
        cell = (row.get("metric", case.request.metrics[0]), row["period"], *(row[name] for name in dimensions))
        assert cell not in cells, f"the check query gives {cell} twice"
        cells[cell] = {part: row[part] for part in PARTS if part in row}
    return cells


def _with_cubes(layer: MetricsLayer, of: Callable[[Model], bool]) -> MetricsLayer:
    layer.keep_cubes(of=of)
    while layer.build_cube():
        pass
    return layer
