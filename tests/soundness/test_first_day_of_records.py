"""Before the first day of a trust's records only what was still open then is held: such months are no small months."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import Grain, MetricsLayer, Request
from metrics.warehouse.tables.operational.flow import fact_spell
from metrics.warehouse.tables.operational.provenance import meta_operational


@pytest.fixture(scope="module")
def layer(trust_warehouse) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse)


@pytest.fixture(scope="module")
def first_day(layer) -> date:
    return layer.warehouse.frame(sa.select(meta_operational.c.first_day))["first_day"].item()


def admitted(layer, first: date, last: date) -> int:
    rows = sa.select(sa.func.count().label("n")).where(fact_spell.c.admitted_on.between(first, last))
    return layer.warehouse.frame(rows)["n"].item()


def by(layer, metric: str, grain: Grain, first: date, last: date) -> pl.DataFrame:
    return layer.ask(Request((metric,), grain=grain, period_from=first, period_to=last)).frame


def test_who_was_in_hospital_on_the_first_day_makes_no_admissions_of_the_months_before(layer, first_day):
    before = first_day - timedelta(days=120)
    assert admitted(layer, before, first_day - timedelta(days=1)) > 0
    found = by(layer, "local_admissions", Grain.DAY, before, first_day - timedelta(days=1))
    assert found["status"].unique().to_list() == ["no data"]
    assert found["value"].null_count() == found.height


def test_from_the_first_day_on_every_admission_counts(layer, first_day):
    last = first_day + timedelta(days=13)
    found = by(layer, "local_admissions", Grain.DAY, first_day, last)
    assert found["status"].unique().to_list() == ["final"]
    assert found["value"].sum() == admitted(layer, first_day, last)


def test_a_cube_tells_the_same(layer, trust_warehouse, first_day):
    kept = MetricsLayer.open(trust_warehouse)
    kept.keep_cubes(of=lambda model: model.name == "local_admissions")
    while kept.build_cube():
        pass
    span = (first_day - timedelta(days=120), first_day + timedelta(days=60))
    for grain in (Grain.DAY, Grain.MONTH):
        assert by(kept, "local_admissions", grain, *span).equals(by(layer, "local_admissions", grain, *span))


def test_programmes_have_a_history_before_the_records(layer, first_day):
    found = by(layer, "local_milestones_on_time", Grain.MONTH, first_day - timedelta(days=365), first_day)
    assert found["value"].drop_nulls().len() > 0
