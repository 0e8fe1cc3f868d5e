"""Cubes of PostgreSQL and of a Spark cluster: built and refreshed as those of the embedded warehouse are."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from metrics.query.keeping import Keeping
from metrics.warehouse.changing import changing
from metrics.warehouse.connect import open_warehouse, server_engine
from metrics.warehouse.settings import checked_url
from metrics.warehouse.spark.publish import publish
from metrics.warehouse.tables.dimensions import (
    dim_organisation,
    dim_organisation_identity,
    dim_organisation_succession,
)
from metrics.warehouse.tables.meta import meta_load, meta_schema
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.flow import fact_ed_attendance as table
from metrics.warehouse.tables.operational.provenance import meta_operational
from tests.query import attendances
from tests.query.attendances import drawn
from tests.query.test_cubes import assert_same, requests, with_cubes
from tests.spark import SparkCluster

ASKED = [request for number, request in enumerate(requests()) if number % 23 == 0]
# What the engine reads for them: each table more is a statement or two that Spark takes its time over.
COPIED = (
    dim_organisation, dim_organisation_identity, dim_organisation_succession, meta_schema, meta_load,
    table, meta_change, meta_operational,
)  # fmt: skip


def commit(url: str, dice: random.Random, numbers: range) -> None:
    """Corrects and deletes some of the first 600 attendances, and adds these."""
    chosen = dice.sample(range(1, 601), 25)
    with changing(url) as changes:
        changes.insert(table, attendances.rows(dice, list(numbers)))
        changes.correct(table, attendances.rows(dice, chosen[:20]))


@pytest.mark.postgresql
def test_postgresql(new_database: Callable[[], str], tmp_path: Path) -> None:
    url, folder, dice = new_database(), tmp_path / "definitions", drawn(5)
    layer = with_cubes(attendances.build(url, folder, drawn(1)))
    for number in (601, 701):
        commit(url, dice, range(number, number + 30))
        with changing(url) as changes:
            changes.delete(table, pl.DataFrame({"attendance_id": [number, number + 3]}))
        before = dict(layer.cubes.held)
        assert layer.refresh()
        assert set(layer.cubes.held) == set(before), "a cube was given up in place of being refreshed"
        assert_same(layer, attendances.opened(url, folder), ASKED)
        assert all(layer.sweep_cubes() == () for _ in layer.cubes.partitions())


@pytest.mark.postgresql
def test_a_cube_that_takes_too_long_stops_neither_the_others_nor_the_sweep(
    new_database: Callable[[], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url, folder, clock = new_database(), tmp_path / "definitions", [0.0]
    attendances.build(url, folder, drawn(1))
    second = attendances.definitions().partition("metrics:")[0].replace("- name: arrivals", "- name: alerts")
    second = (
        second.partition("  - name: by_hour")[0].replace("arrived_at", "raised_at").replace("attendance_id", "alert_id")
    )
    (folder / "alerts.yml").write_text(
        second.replace("fact_ed_attendance", "fact_alert").partition("    dimensions:")[0], encoding="utf-8"
    )
    layer = attendances.opened(f"{url}?options=-c%20statement_timeout%3D200", folder)
    layer.keep_cubes()
    layer._keeping = Keeping(None, lambda: clock[0])
    engine = server_engine(url)
    with engine.connect() as other, caplog.at_level("WARNING"):
        other.exec_driver_sql("LOCK TABLE fact_ed_attendance IN ACCESS EXCLUSIVE MODE")
        for _ in range(3):
            while layer.build_cube():
                pass
            clock[0] += 60
        assert set(layer.cubes.held) == {"alerts"}
        assert layer.sweep_cubes() == ()
    engine.dispose()
    assert all("statement timeout" in words for words in layer.cube_failures)
    logged = [record.getMessage() for record in caplog.records if "could not be built" in record.getMessage()]
    assert len(logged) == len(layer.cube_failures) == 4, "each is said once"
    clock[0] += 900
    while layer.build_cube():
        pass
    assert (layer.cubes.waiting, layer.cube_failures) == ((), ())


@pytest.fixture
def database(spark_cluster: SparkCluster) -> Iterator[str]:
    """The URL of an empty database of Spark."""
    name = f"cubes_{uuid.uuid4().hex[:12]}"
    engine = server_engine(checked_url(spark_cluster.url))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield spark_cluster.url.replace("/default", f"/{name}")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} CASCADE")
    engine.dispose()


@pytest.mark.spark
def test_spark(database: str, tmp_path: Path) -> None:
    home, folder, copies = f"duckdb:///{tmp_path / 'warehouse'}", tmp_path / "definitions", tmp_path / "copies"
    attendances.build(home, folder, drawn(1))
    publish(open_warehouse(home).snapshot(), copies, database, COPIED)
    layer = with_cubes(attendances.opened(database, folder))
    assert_same(layer, attendances.opened(home, folder), ASKED[:6])
    before = dict(layer.cubes.held)
    commit(home, drawn(6), range(601, 631))
    publish(open_warehouse(home).snapshot(), copies, database, COPIED)
    assert layer.refresh()
    assert set(layer.cubes.held) == set(before), "a cube was given up in place of being refreshed"
    assert_same(layer, attendances.opened(home, folder), ASKED[:6])
