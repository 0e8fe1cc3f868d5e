"""The feed in a warehouse: it ends as a simulation does, also when it was killed again and again on the way."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.live import opened
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.changes import meta_change, meta_feed, meta_feed_state
from metrics.warehouse.tables.operational.flow import fact_ed_attendance
from metrics.warehouse.tables.operational.provenance import meta_operational
from sample_data.simulator.feed.day import DayEvents, day_events
from sample_data.simulator.feed.feeding import AtOnce, AtRate, Feed, InRealTime, InTime, OtherEventsError
from sample_data.simulator.feed.place import NO_MISHAPS, Frames, Mishaps, NoFeedError, place_of
from tests.feed.conftest import held, many_mishaps, ordered
from tests.warehouse.operational import alerts, begun

PROJECT = Path(__file__).parents[2]
UNTIL = date(2026, 1, 31)
STANDS = (sa.select(meta_feed), sa.select(meta_feed_state))
at = datetime  # columns hold UTC without a zone


def feed(url: str, *, mishaps: Mishaps = NO_MISHAPS, until: date = UNTIL, most_events: int = 400) -> Feed:
    with opened(url, hot_limit=2**19) as live:
        feeding = Feed(live, AtOnce(), until=until, mishaps=mishaps, most_events=most_events)
        feeding.run()
    return feeding


@pytest.fixture(scope="module")
def embedded(trust_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A warehouse with the trust, fed for two days by a feed that nobody killed."""
    folder = tmp_path_factory.mktemp("unkilled") / "warehouse"
    shutil.copytree(trust_warehouse, folder)
    feed(embedded_url(folder), mishaps=many_mishaps())
    return embedded_url(folder)


def test_two_days_fed_are_what_a_simulation_gives(url, two_days_on):
    first = open_warehouse(url)
    at_first = sum(frame.height for frame in held(url).values())
    before = first.frame(sa.select(meta_operational)).row(0, named=True)
    feed(url)
    found, expected = held(url), ordered(two_days_on)
    for name, frame in expected.items():
        assert found[name].equals(frame.select(found[name].columns)), name
    after = open_warehouse(url).frame(sa.select(meta_operational)).row(0, named=True)
    assert after["last_day"] == UNTIL
    assert after["rows"] - before["rows"] == sum(frame.height for frame in found.values()) - at_first
    assert after["written_at"] == before["written_at"]


def test_the_log_names_every_day_whose_figures_changed(trust_warehouse, embedded):
    table = fact_ed_attendance.c
    figures = sa.select(table.arrived_on, sa.func.count().label("n"), sa.func.count(table.departed_at).label("m"))
    before, after = (
        {day: both for day, *both in open_warehouse(url).frame(figures.group_by(table.arrived_on)).rows()}
        for url in (embedded_url(trust_warehouse), embedded)
    )
    log = sa.select(meta_change.c.day).where(
        meta_change.c.table_name == "fact_ed_attendance", meta_change.c.column_name == "arrived_on"
    )
    logged = set(open_warehouse(embedded).frame(log)["day"])
    assert {day for day in after if after[day] != before.get(day)} <= logged
    assert len(logged) < len(after) / 2


KILLED = """
import sys
sys.path.insert(0, {project!r})
from tests.feed.conftest import many_mishaps
from tests.feed.test_feeding import *

with opened({url!r}, hot_limit=2**19) as live:
    tell = lambda written: print(written.commits, flush=True)
    Feed(live, AtOnce(), until=UNTIL, mishaps=many_mishaps(), most_events=150, tell=tell).run()
print("done", flush=True)
"""


def test_killed_at_random_moments_it_goes_on_without_gap_or_double(url, embedded):
    choice, kills, done = random.Random(7), 0, False  # noqa: S311
    wanted = 3 if url.startswith("duckdb") else 2
    while not done:
        command = [sys.executable, "-c", KILLED.format(project=str(PROJECT), url=url)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(choice.randint(1, 3) if kills < wanted else 10_000):
                done = process.stdout.readline() in {"done\n", ""}
                if done:
                    break
            if not done:
                time.sleep(choice.uniform(0, 0.3))
                process.kill()
                kills += 1
        assert process.returncode in {0, -signal.SIGKILL}
    assert process.returncode == 0
    assert kills == wanted
    found, expected = held(url), held(embedded)
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        assert found[name].equals(frame), name
    places = [place_of(*(open_warehouse(each).frame(select) for select in STANDS)) for each in (url, embedded)]
    assert places[0].morning.digest() == places[1].morning.digest()
    assert (places[0].day, places[0].position) == (places[1].day, places[1].position) == (date(2026, 2, 1), 0)
    assert places[0].pending.keys() == places[1].pending.keys() > set()


def test_two_feeds_at_once_write_nothing_twice(tmp_path, trust_warehouse, embedded):
    shutil.copytree(trust_warehouse, tmp_path / "warehouse")
    url = embedded_url(tmp_path / "warehouse")
    with opened(url) as one, opened(url) as other:
        feeds = [Feed(live, AtOnce(), until=UNTIL, mishaps=many_mishaps(), most_events=600) for live in (one, other)]
        threads = [threading.Thread(target=each.run) for each in feeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = held(embedded)
    for name, frame in held(url).items():
        assert frame.equals(expected[name]), name


def test_a_day_begun_by_another_version_is_not_gone_on_with(tmp_path, trust_warehouse):
    shutil.copytree(trust_warehouse, tmp_path / "warehouse")
    url, stop = embedded_url(tmp_path / "warehouse"), threading.Event()
    with opened(url) as live:
        Feed(live, AtOnce(), most_events=50, tell=lambda _: stop.set()).run(stop)
        with live.commit() as changes:
            row = changes.frame(sa.select(meta_feed))
            changes.put(meta_feed, row.with_columns(pl.col("settings").str.replace('"events": "', '"events": "0')))
        with pytest.raises(OtherEventsError, match=r"30/01/2026.*bellwether simulate"):
            Feed(live, AtOnce(), days=1).run()


def test_it_stops_between_commits_when_it_is_told(tmp_path, trust_warehouse):
    shutil.copytree(trust_warehouse, tmp_path / "warehouse")
    stop = threading.Event()
    with opened(embedded_url(tmp_path / "warehouse")) as live:
        feeding = Feed(live, AtOnce(), most_events=50, tell=lambda written: written.commits == 2 and stop.set())
        feeding.run(stop)
    assert feeding.written.commits == 2
    stands = open_warehouse(embedded_url(tmp_path / "warehouse")).frame(sa.select(meta_feed.c.position))
    assert stands.item() == feeding.written.events == 100


def test_without_a_simulated_trust_it_says_what_to_do(tmp_path):
    begun(embedded_url(tmp_path), alerts([1]))
    with opened(embedded_url(tmp_path)) as live, pytest.raises(NoFeedError, match="bellwether simulate"):
        Feed(live, AtOnce()).run()


@pytest.fixture(scope="module")
def day(trust: tuple[Frames, object]) -> DayEvents:
    return day_events(trust[1])


def test_paces(day):
    clock = iter([0.0, 1.0, 1.5, 100.0])
    rate = AtRate(40, clock=lambda: next(clock))
    reached = [0]
    for _ in range(3):
        reached.append(rate.due(day, reached[-1]))
    assert reached == [0, 40, 60, 140]  # two seconds are made up for, not 98
    seconds = iter([0.0, 0.0, 60.0, 1e9])
    in_time = InTime(60, clock=lambda: next(seconds))
    begins = day.at(0)
    assert in_time.due(day, 0) == day.until(begins)
    assert in_time.due(day, 0) == day.until(begins.replace(hour=begins.hour + 1)) > 0
    assert in_time.due(day, 0) == len(day)
    noon = InRealTime(now=lambda: at(2026, 1, 30, 12))
    assert day.at(noon.due(day, 0) - 1) <= at(2026, 1, 30, 12) < day.at(noon.due(day, 0))
    assert noon.due(day, len(day)) == len(day)
