"""The embedded warehouse that is written to all the time: a hot part beside its history, folded now and then."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse import live as live_module
from metrics.warehouse.changing import changing
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.embedded import current_version, history_of, snapshot_path, writer_lock
from metrics.warehouse.live import compact, opened
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.writing import writing
from tests.warehouse.operational import alerts, begun

PROJECT = Path(__file__).parents[2]
NUMBERS = sa.select(fact_alert.c.alert_id).order_by(fact_alert.c.alert_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def url(folder: Path) -> str:
    begun(embedded_url(folder), alerts([1, 2, 3]))
    return embedded_url(folder)


def held(url: str) -> list[int]:
    return open_warehouse(url).frame(NUMBERS)["alert_id"].to_list()


def is_hot(folder: Path) -> bool:
    return history_of(snapshot_path(folder, current_version(folder) or "")) is not None


def changed(url: str) -> None:
    with changing(url) as changes:
        changes.insert(fact_alert, alerts([4]))
        changes.correct(fact_alert, pl.DataFrame({"alert_id": [2], "severity": ["medium"]}))
        changes.delete(fact_alert, pl.DataFrame({"alert_id": [1]}))


def test_a_commit_writes_a_small_file_and_leaves_the_history(url, folder):
    history = snapshot_path(folder, current_version(folder) or "")
    before = history.read_bytes()
    changed(url)
    part = snapshot_path(folder, current_version(folder) or "")
    assert history_of(part) == history
    assert history.read_bytes() == before
    assert list(folder.glob("writing-*")) == []


def test_an_old_reader_keeps_its_rows_while_commits_and_foldings_go_on(url, folder):
    snapshots = [open_warehouse(url).snapshot()]
    with opened(url) as live:
        for number in range(4, 10):
            with live.commit() as changes:
                changes.insert(fact_alert, alerts([number]))
            snapshots.append(open_warehouse(url).snapshot())
            if number == 6:
                with writer_lock(folder):
                    compact(folder)
    for last, snapshot in enumerate(snapshots, 3):
        assert snapshot.frame(NUMBERS)["alert_id"].to_list() == list(range(1, last + 1))


@pytest.mark.parametrize("how", ["fold", "load"])
def test_what_is_hot_is_carried_into_the_next_whole_snapshot(url, folder, how):
    changed(url)
    select = sa.select(fact_alert).order_by(fact_alert.c.alert_id)
    log = sa.select(meta_change).order_by(meta_change.c.change_id)
    before = open_warehouse(url).snapshot()
    if how == "fold":
        with writer_lock(folder):
            assert compact(folder) == current_version(folder)
            assert compact(folder) is None
    else:
        with writing(url) as writer:
            assert writer.frame(NUMBERS)["alert_id"].to_list() == [2, 3, 4]
            writer.changed = True
    assert not is_hot(folder)
    after = open_warehouse(url).snapshot()
    assert after.data_version > before.data_version
    assert after.frame(select).equals(before.frame(select))
    assert after.frame(log).equals(before.frame(log))
    changed_again = pl.DataFrame({"alert_id": [2]})
    with changing(url) as changes:
        changes.delete(fact_alert, changed_again)
    assert held(url) == [3, 4]


def test_without_its_pointer_no_snapshot_is_taken_away_or_written_over(url, folder):
    version = current_version(folder) or ""
    before = snapshot_path(folder, version).read_bytes()
    (folder / "CURRENT").unlink()
    begun(url, alerts([7]))
    assert snapshot_path(folder, version).read_bytes() == before
    changed_after = current_version(folder) or ""
    assert changed_after.split("-")[0] > version.split("-")[0]
    assert held(url) == [7]


def test_a_writer_that_writes_nothing_leaves_what_is_hot(url, folder):
    changed(url)
    version = current_version(folder)
    with writing(url):
        pass
    assert current_version(folder) == version
    assert held(url) == [2, 3, 4]


def test_the_hot_part_is_folded_when_it_has_grown(url, folder):
    with opened(url, hot_limit=1) as live:
        for number in (4, 5):
            with live.commit() as changes:
                changes.insert(fact_alert, alerts([number]))
            assert not is_hot(folder)
    assert held(url) == [1, 2, 3, 4, 5]


def test_another_writer_may_write_between_commits(url, folder):
    with opened(url) as live:
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([4]))
        with writing(url) as writer:
            writer.insert(fact_alert, alerts([5]))
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([6]))
        with writing(url):  # publishes nothing, and clears the private file away
            pass
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([7]))
    assert held(url) == [1, 2, 3, 4, 5, 6, 7]
    assert list(folder.glob("writing-*")) == []


def test_a_load_waits_for_a_commit_of_a_feed(url):
    begins, wrote = threading.Event(), threading.Event()

    def load() -> None:
        begins.wait()
        with writing(url) as writer:
            writer.insert(fact_alert, alerts([5]))
        wrote.set()

    loading = threading.Thread(target=load)
    loading.start()
    with opened(url) as live, live.commit() as changes:
        changes.insert(fact_alert, alerts([4]))
        begins.set()
        assert not wrote.wait(0.3)
    loading.join()
    assert held(url) == [1, 2, 3, 4, 5]


def test_a_full_disk_changes_nothing_and_the_next_commit_goes_on(url, folder, monkeypatch):
    with opened(url) as live:
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([4]))

        def full(*_: object, **__: object) -> str:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(live_module.embedded, "publish", full)
            with pytest.raises(OSError, match="No space"), live.commit() as changes:
                changes.insert(fact_alert, alerts([5]))
        assert held(url) == [1, 2, 3, 4]
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([5]))
    assert held(url) == [1, 2, 3, 4, 5]
    assert list(folder.glob("writing-*")) == []


KILLED = """
import os, signal, sys
sys.path.insert(0, {project!r})
from metrics.warehouse import embedded, live
from metrics.warehouse.tables.operational.flow import fact_alert
from tests.warehouse.operational import alerts

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def second(path, sync=embedded._sync):
    embedded._sync = die
    sync(path)

with live.opened({url!r}, hot_limit=1 if {name!r} == "fold" else 2**30) as warehouse:
    # When the file has its name and before the pointer moves, after it did, and while the part is folded.
    module, name, instead = {{"pointer": (embedded, "_sync", second), "after": (embedded, "_prune", die),
                              "fold": (live, "fold", die)}}[{name!r}]
    setattr(module, name, instead)
    with warehouse.commit() as changes:
        changes.insert(fact_alert, alerts([4]))
"""


@pytest.mark.parametrize(
    ("moment", "kept"),
    [("pointer", [1, 2, 3]), ("after", [1, 2, 3, 4]), ("fold", [1, 2, 3, 4])],
)
def test_a_writer_killed_at_any_moment_leaves_a_whole_snapshot(url, folder, moment, kept):
    script = KILLED.format(project=str(PROJECT), url=url, name=moment)
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert held(url) == kept
    with changing(url) as changes:
        changes.insert(fact_alert, alerts([9]))
    assert held(url) == [*kept, 9]
    assert list(folder.glob("writing-*")) == []
    assert list(folder.glob("CURRENT.*")) == []


def test_many_threads_read_whole_commits_while_parts_and_histories_change(url):
    warehouse, wrong, stop = open_warehouse(url), [], threading.Event()
    first = datetime(2026, 7, 1, 12)  # noqa: DTZ001
    same = sa.select(sa.func.count().label("n"), sa.func.count(fact_alert.c.severity.distinct()).label("kinds"))

    def read() -> None:
        while not stop.wait(0.05):
            warehouse.refresh()
            count, kinds = warehouse.snapshot().frame(same).row(0)
            if count % 3 or kinds != 1:
                wrong.append((count, kinds))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        with opened(url, hot_limit=2**16) as live:
            for number in range(1, 7):
                severity = "high" if number % 2 else "medium"
                every = pl.DataFrame({"alert_id": list(range(1, number * 3 + 1))})
                with live.commit() as changes:
                    changes.correct(fact_alert, every.with_columns(severity=pl.lit(severity)))
                    new = alerts([number * 3 + each for each in (1, 2, 3)], first)
                    changes.insert(fact_alert, new.with_columns(severity=pl.lit(severity)))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert held(url) == list(range(1, 22))
