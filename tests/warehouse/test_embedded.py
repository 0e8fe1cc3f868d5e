"""Snapshots: finished files under new names, a pointer that moves last, one writer, readers undisturbed."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.embedded import KEPT_SNAPSHOTS, current_version, snapshot_path
from metrics.warehouse.errors import WarehouseBusyError, WarehouseNotBuiltError
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.dimensions import dim_staff_group
from metrics.warehouse.writing import writing

PROJECT = Path(__file__).parents[2]
NAMES = sa.select(dim_staff_group.c.name)
COUNT = sa.select(sa.func.count().label("n")).select_from(dim_staff_group)


def groups(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"staff_group_code": names, "name": names, "is_administrative": [False] * len(names)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def url(folder: Path) -> str:
    with writing(embedded_url(folder)) as writer:
        writer.insert(dim_staff_group, groups("first"))
    return embedded_url(folder)


def test_nothing_is_there_before_the_first_load(folder):
    with pytest.raises(WarehouseNotBuiltError, match="bellwether load --shipped"):
        open_warehouse(embedded_url(folder))


def test_a_writer_that_writes_nothing_publishes_nothing(folder):
    with writing(embedded_url(folder)):
        pass
    assert current_version(folder) is None


def test_a_reader_stays_on_its_snapshot_until_it_refreshes(url):
    warehouse = open_warehouse(url)
    old = warehouse.snapshot()
    with writing(url) as writer:
        writer.insert(dim_staff_group, groups("second"))

    assert warehouse.frame(COUNT).item() == 1
    assert warehouse.refresh()
    assert not warehouse.refresh()
    assert warehouse.frame(COUNT).item() == 2
    assert old.frame(COUNT).item() == 1
    assert old.data_version < warehouse.data_version


def test_the_data_version_names_the_snapshot(url, folder):
    version = open_warehouse(url).data_version
    assert version == current_version(folder)
    assert snapshot_path(folder, version).exists()


def test_readers_cannot_write(url):
    with open_warehouse(url).engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only"):
        connection.execute(dim_staff_group.delete())


def test_old_snapshots_go_and_their_readers_still_read(url, folder):
    first = open_warehouse(url).snapshot()
    for number in range(KEPT_SNAPSHOTS + 1):
        with writing(url) as writer:
            writer.insert(dim_staff_group, groups(f"more {number}"))
    kept = sorted(path.stem for path in (folder / "snapshots").iterdir())
    assert len(kept) == KEPT_SNAPSHOTS
    assert kept[-1] == current_version(folder)
    assert first.frame(NAMES)["name"].to_list() == ["first"]


def test_a_killed_writer_leaves_the_published_snapshot(url, folder):
    script = f"""
import os, signal
import polars as pl
from metrics.warehouse.tables.dimensions import dim_staff_group
from metrics.warehouse.writing import writing
with writing({url!r}) as writer:
    writer.insert(dim_staff_group, pl.DataFrame(
        {{"staff_group_code": ["half"], "name": ["half"], "is_administrative": [True]}}))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(folder.glob("writing-*")) != []
    assert open_warehouse(url).frame(NAMES)["name"].to_list() == ["first"]

    with writing(url) as writer:
        writer.insert(dim_staff_group, groups("second"))
    assert sorted(open_warehouse(url).frame(NAMES)["name"]) == ["first", "second"]
    assert list(folder.glob("writing-*")) == []


def test_another_process_cannot_write_meanwhile(url):
    script = f"""
from metrics.warehouse.errors import WarehouseBusyError
from metrics.warehouse.writing import writing
try:
    with writing({url!r}):
        print("wrote")
except WarehouseBusyError as error:
    print(error)
"""
    with writing(url):
        done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "is already loading into" in done.stdout
    assert "nothing was changed" in done.stdout


def test_an_interrupted_writer_frees_its_place(url):
    with pytest.raises(KeyboardInterrupt), writing(url):
        raise KeyboardInterrupt
    with writing(url) as writer, pytest.raises(WarehouseBusyError), writing(url):
        writer.changed = True


def test_many_threads_read_while_snapshots_change(url):
    warehouse, wrong, stop = open_warehouse(url), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            warehouse.refresh()
            snapshot = warehouse.snapshot()
            # Each load adds one row, so that a version and its row count go together.
            expected = int(snapshot.data_version.split("-", 1)[0])
            if snapshot.frame(COUNT).item() != expected:
                wrong.append(snapshot.data_version)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(8):
            with writing(url) as writer:
                writer.insert(dim_staff_group, groups(f"more {number}"))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert warehouse.refresh() in {True, False}
    assert warehouse.frame(COUNT).item() == 9


def test_a_full_disk_leaves_no_half_copy(folder, url):
    before = sorted(path.name for path in folder.rglob("*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"), writing(url):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in folder.rglob("*")) == before
