"""The newest final day of a trust's own records beside the interval that was published before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboard.viewmodels import today_unusual
from dashboard.viewmodels.now import Now
from metrics import Filter, Grain, MetricsLayer, Request
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_store import ForecastStore
from models.publishing import Part, forecast_of, learn

METRIC = "local_admissions"


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse)


@pytest.fixture(scope="module")
def now(layer: MetricsLayer) -> Now:
    clock = layer.clock()
    assert clock is not None
    return Now(layer, clock)


@pytest.fixture
def store(tmp_path: Path) -> ForecastStore:
    return ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))


def test_before_anything_was_published_nothing_is_said_of_yesterday(now: Now, store: ForecastStore) -> None:
    found = today_unusual.build(now, store)
    assert found.days.rows == ()
    assert found.note.startswith("No forecast of the newest final day was published before it.")


@pytest.mark.parametrize(
    ("changed", "said"), [((1.0, 0), "As expected"), ((1.0, 1_000), "Unusually low"), ((0.2, 0), "Unusually high")]
)
def test_the_newest_day_stands_against_the_interval_from_before_it(
    layer: MetricsLayer, now: Now, store: ForecastStore, changed: tuple[float, int], said: str
) -> None:
    code, (times, more) = now.clock.organisations[0], changed
    frame = layer.ask(Request((METRIC,), grain=Grain.DAY, where=(Filter("organisation", (code,)),))).frame
    final = frame.filter(status="final").sort("period")
    newest = final["period"][-1]
    learnt = learn(layer, Part(METRIC, "organisation", Grain.DAY, "organisation"))
    before = learnt.training.filter(pl.col("date") < newest).with_columns(pl.col("value") * times + more)
    late = forecast_of(learnt)  # knows the day itself, and so says nothing of it
    store.publish(forecast_of(replace(learnt, training=before, key=replace(learnt.key, learnt="before"))))
    store.publish(late)
    found = today_unusual.build(now, store)
    (row,) = found.days.rows
    value = final["value"][-1]
    expected = store.values(METRIC, code).filter(pl.col("period") == newest)["mean"][0]
    assert row[2:4] == (f"{value:,.0f}", f"{expected:,.0f}")
    assert row[5] == said
    assert (newest + timedelta(days=8)) > now.day


def test_what_is_kept_for_the_hour_is_made_anew_when_a_forecast_comes(now: Now, store: ForecastStore) -> None:
    asked: list[tuple[str, ...]] = []

    def keep(name, make):
        asked.append(name)
        return make()

    watched = replace(now, keep=keep)
    today_unusual.build(watched, store)
    store.publish(forecast_of(learn(now.layer, Part(METRIC, "organisation", Grain.DAY, "organisation"))))
    today_unusual.build(watched, store)
    assert asked[0] != asked[1]
