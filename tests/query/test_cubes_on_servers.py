"""Cubes of PostgreSQL and of a Spark cluster: built and refreshed as those of the embedded warehouse are."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from metrics.warehouse.changing import changing
from metrics.warehouse.connect import open_warehouse, server_engine
from metrics.warehouse.settings import checked_url
from metrics.warehouse.spark.publish import publish
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.flow import fact_ed_attendance as table
from metrics.warehouse.tables.operational.provenance import meta_operational
from tests.query import attendances
from tests.query.attendances import drawn
from tests.query.test_cubes import assert_same, requests, with_cubes
from tests.spark import SparkCluster

ASKED = [request for number, request in enumerate(requests()) if number % 47 == 0]
COPIED = (*metadata.sorted_tables, table, meta_change, meta_operational)


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
    commit(url, dice, range(601, 631))
    with changing(url) as changes:
        changes.delete(table, pl.DataFrame({"attendance_id": [601, 604]}))
    before = dict(layer.cubes.held)
    assert layer.refresh()
    assert set(layer.cubes.held) == set(before), "a cube was given up in place of being refreshed"
    assert_same(layer, attendances.opened(url, folder), ASKED)
    assert all(layer.sweep_cubes() == () for _ in layer.cubes.partitions())


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
    assert_same(layer, attendances.opened(home, folder), ASKED[:4])
    before = dict(layer.cubes.held)
    commit(home, drawn(6), range(601, 631))
    publish(open_warehouse(home).snapshot(), copies, database, COPIED)
    assert layer.refresh()
    assert set(layer.cubes.held) == set(before), "a cube was given up in place of being refreshed"
    assert_same(layer, attendances.opened(home, folder), ASKED[:4])
