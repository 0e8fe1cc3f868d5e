"""A filter of a definition may name dimensions of joined tables: from rows and from cubes, who reported, and cohorts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from metrics import Grain, MetricsLayer, Request
from metrics.catalogue import CatalogueError, load
from metrics.query.errors import FanOutError
from metrics.query.plan import plan
from metrics.query.sql import Reach, statement
from metrics.warehouse.writing import writing
from tests.query import events
from tests.query.test_cubes import with_cubes
from tests.query.test_record_level import PATIENTS, REFERRALS, VISITS

GROWN = "{words: w, expr: visit, agg: count, filter: age_band = '18-64'}"
DEFINITIONS = (
    events.DEFINITIONS.replace(
        "    dimensions: [{name: source, column: source, title: Source}]",
        "    joins: [{to: patients, keys: {patient: patient}}]\n    dimensions:\n"
        "      - {name: source, column: source, title: Source}\n"
        "      - {name: decile, column: decile, join: patients, title: Deprivation decile}",
    ).replace(
        "    dimensions: [{name: clinic, column: clinic, title: Clinic}]\nmetrics:",
        "    joins: [{to: patients, keys: {patient: patient}}]\n    dimensions:\n"
        "      - {name: clinic, column: clinic, title: Clinic}\n"
        "      - {name: band, column: age_band, join: patients, title: Age band}\nmetrics:",
    )
    + events.metric("grown", f"type: simple, model: visits, measure: {GROWN}")
    + events.metric(
        "share_grown",
        f"type: ratio, model: visits, numerator: {GROWN}, denominator: {{words: w, expr: visit, agg: count}}", "percent",
    )
    + events.metric(
        "of_known",
        f"type: ratio, model: visits, numerator: {GROWN}, "
        "denominator: {words: w, expr: visit, agg: count, filter: decile is not null}", "percent",
    )
    + events.metric(
        "people", "type: simple, model: visits, measure: {words: w, expr: patient, agg: count_distinct, filter: decile >= 5}"
    )
    + events.metric(
        "wait", "type: percentile, percentile: 0.5, model: visits, measure: {words: w, expr: wait_days, filter: decile > 1}",
        "days",
    )
    + events.metric(
        "poor", "type: simple, model: referrals, measure: {words: w, expr: referral, agg: count, filter: decile <= 5}"
    )
    + events.metric(
        "adult", "type: simple, model: visit_days, measure: {words: w, expr: visit, agg: count, filter: band = '18-64'}"
    )
    + events.metric(
        "poor_seen",
        "type: conversion, base_metric: poor, conversion_metric: adult, entity: patient, window: 14 days", "percent",
    )
)  # fmt: skip
TABLES = {"visits": VISITS, "patients": PATIENTS, "referrals": REFERRALS}


@pytest.fixture(scope="module", params=[False, True], ids=["rows", "cubes"])
def layer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("joined")
    found = events.build(f"duckdb:///{folder / 'warehouse'}", TABLES, folder / "definitions", DEFINITIONS)
    return with_cubes(found) if request.param else found


NEVER_FROM_CUBES = {"people", "poor_seen"}  # distinct counts and cohorts are read from the rows
BY_HAND = {
    "grown": "select {m}, count(*) filter (where age_band = '18-64') from {v} group by m",
    "share_grown": ("select {m}, count(*) filter (where age_band = '18-64') / count(*) from {v} group by m"),
    "of_known": (
        "select {m}, count(*) filter (where age_band = '18-64' and decile is not null) "
        "/ count(*) filter (where decile is not null) from {v} group by m"
    ),
    "people": "select {m}, count(distinct patient) filter (where decile >= 5) from {v} group by m",
    "wait": "select {m}, median(wait_days) from {v} where decile > 1 group by m",
    "poor_seen": (
        "select {r}, count(*) filter (where exists (select 1 from {v} s where s.patient = "
        "r.patient and s.age_band = '18-64' and cast(s.\"at\" as date) between r.on_day and r.on_day + 14)) / count(*) "
        "from referrals r join patients p using (patient) where p.decile <= 5 and r.on_day <= date '2026-04-16' group by m"
    ),
}
MONTH = "date_trunc('month', {}) as m"
# No visit is near a midnight that London and UTC disagree on across a month.
JOINED = "(select x.*, p.age_band, p.decile from visits x left join patients p on p.patient = x.patient)"


@pytest.mark.parametrize("metric", BY_HAND)
def test_a_filter_reads_a_joined_dimension(metric: str, layer: MetricsLayer) -> None:
    with layer.warehouse.engine.connect() as connection:
        rows = connection.execute(
            sa.text(BY_HAND[metric].format(v=JOINED, m=MONTH.format('"at"'), r=MONTH.format("on_day")))
        ).all()
    by_hand = {date(m.year, m.month, 1): float(value) for m, value in rows if value is not None}
    answer = layer.ask(Request.of(metric, grain=Grain.MONTH))
    assert answer.queries[0].from_cube == (layer.cubes is not None and metric not in NEVER_FROM_CUBES)
    found = answer.frame
    ours = {period: value for period, value in found.select("period", "value").iter_rows() if value is not None}
    assert by_hand
    assert {period: ours.get(period) for period in by_hand} == pytest.approx(by_hand)


def test_two_models_of_one_statement_join_tables_of_their_own(layer: MetricsLayer) -> None:
    (scan,) = plan(Request.of("poor_seen", grain=Grain.MONTH), layer.catalogue).scans
    made = statement(scan, layer.catalogue, Reach(date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 1)))
    text = str(made.compile(layer.warehouse.engine))
    assert text.count("patients AS j1") == text.count("patients AS cj1") == 1


def test_a_cube_follows_the_joined_table(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'w'}"
    definitions = DEFINITIONS.replace(
        "primary_key: [visit]\n    joins", "primary_key: [visit]\n    cube: {dimensions: [clinic]}\n    joins"
    )
    layer = with_cubes(events.build(url, TABLES, tmp_path / "d", definitions))
    asked = Request.of("grown", grain=Grain.MONTH)
    before = layer.ask(asked).frame["value"].sum()
    with writing(url) as writer:
        table = layer.catalogue.table("patients")
        assert table is not None
        writer.execute(sa.update(table).where(table.c.patient == 10).values(age_band="18-64"))
    layer.refresh()
    with_cubes(layer)
    answer = layer.ask(asked)
    assert answer.queries[0].from_cube
    assert answer.frame["value"].sum() == before + 2


def test_what_would_count_rows_twice_is_refused(tmp_path: Path) -> None:
    twice = events.patients([(10, "0-17", 1), (10, "18-64", 2)])
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {**TABLES, "patients": twice}, tmp_path / "d", DEFINITIONS)
    with pytest.raises(FanOutError, match="several rows for 1 values of patient"):
        layer.ask(Request.of("grown", grain=Grain.MONTH))
    with pytest.raises(FanOutError, match="several rows for 1 values of patient"):
        layer.ask(Request.of("poor_seen", grain=Grain.MONTH))


def test_what_is_added_up_stays_a_column_of_its_own_table(tmp_path: Path) -> None:
    (tmp_path / "d.yml").write_text(
        DEFINITIONS.replace("{words: w, expr: visit, agg: count}", "{words: w, expr: decile}"), encoding="utf-8"
    )
    with pytest.raises(CatalogueError, match="there is no column 'decile'"):
        load(tmp_path)
