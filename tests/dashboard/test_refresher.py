"""The refresher: newer data are taken, a warehouse that tells wakes it, one that is gone is noticed, and found again."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from dashboard import refresher
from dashboard.refresher import Reachability, follow
from metrics import MetricsLayer
from metrics.warehouse.changing import changing
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.flow import fact_alert
from tests.warehouse.operational import alerts, begun

AT = datetime(2026, 7, 1, 18)  # noqa: DTZ001 - UTC, as the tables hold it
PATIENCE = 60.0


def until(holds: Callable[[], bool]) -> None:
    """Waits until it holds; the test fails when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = embedded_url(tmp_path / "warehouse")
    begun(found, alerts([1, 2]))
    return found


def opened(url: str) -> MetricsLayer:
    return MetricsLayer.open(url)


def add(url: str, number: int) -> None:
    with changing(url) as changes:
        changes.insert(fact_alert, alerts([number], AT))


def test_a_commit_is_taken_and_the_version_of_what_it_touched_moves(url):
    layer = opened(url)
    layer.keep_cubes()
    follow(layer, Reachability(), url)
    alerts_before, beds_before = layer.version_of(["today_alerts_open"]), layer.version_of(["today_beds_open"])
    add(url, 3)
    until(lambda: layer.version_of(["today_alerts_open"]) != alerts_before)
    assert layer.version_of(["today_beds_open"]) == beds_before


def test_a_warehouse_that_is_gone_is_noted_with_since_when_and_forgotten_when_it_is_back(url, tmp_path):
    layer, state = opened(url), Reachability()
    follow(layer, state, url)
    warehouse, away = tmp_path / "warehouse", tmp_path / "away"
    warehouse.rename(away)
    until(lambda: state.lost_at is not None)
    since = state.lost_at
    time.sleep(3 * refresher.EMBEDDED_SECONDS)
    assert state.lost_at == since, "it was lost then, not again and again"
    away.rename(warehouse)
    until(lambda: state.lost_at is None)
    add(url, 3)
    until(lambda: layer.clock().now.hour == AT.hour)


def test_what_failed_a_moment_ago_is_not_believed_to_answer_again():
    state = Reachability()
    state.lost()
    state.answers()
    assert state.lost_at is not None


def test_postgresql_wakes_it_where_it_tells(new_database, monkeypatch):
    url = new_database()
    begun(url, alerts([1, 2]))
    monkeypatch.setattr(refresher, "TOLD_SECONDS", 3600.0)
    layer = opened(url)
    following = follow(layer, Reachability(), url)
    until(lambda: following.listens)
    before = layer.data_version
    time.sleep(1.0)  # the look that it begins with has been taken: the next would be in an hour
    add(url, 3)
    until(lambda: layer.data_version != before)


def test_postgresql_that_refuses_to_tell_is_looked_at(new_database, monkeypatch):
    url = new_database()
    begun(url, alerts([1, 2]))
    monkeypatch.setattr(refresher, "listen", lambda _url: None)
    layer = opened(url)
    following = follow(layer, Reachability(), url)
    before = layer.data_version
    add(url, 3)
    until(lambda: layer.data_version != before)
    assert not following.listens


def test_cubes_are_built_beside_and_answer(url):
    layer = opened(url)
    layer.keep_cubes()
    follow(layer, Reachability(), url)
    until(lambda: not layer.cubes.waiting)
    assert layer.cubes.held or layer.cubes.refused


def test_its_threads_end_with_the_layer(url):
    others = set(threading.enumerate())
    layer = opened(url)
    follow(layer, Reachability(), url)
    own = [each for each in threading.enumerate() if each not in others and each.name in ("look", "cubes", "catch-up")]
    assert own
    del layer
    gc.collect()
    for each in own:
        each.join(PATIENCE)
        assert not each.is_alive()
