"""A small trust of a few weeks, simulated once; each test goes on with a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.engine import begun, simulate, unfinished
from sample_data.simulator.feed.place import NO_MISHAPS, Frames, Mishaps, Place
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import Scenario
from tests.simulator.scenarios import short

FIRST, LAST = date(2026, 1, 5), date(2026, 1, 29)
LOST = {"meta_change", "meta_feed", "meta_feed_state", "meta_operational"}
SCENARIO = short(FIRST, LAST, seed=9, scale=0.05)


def many_mishaps() -> Mishaps:
    return Mishaps(seed=4, late=0.2, wrong=0.2, erroneous=0.2)


def simulated(scenario: Scenario) -> tuple[Frames, Place]:
    """Returns all rows of a scenario, and where a feed goes on after them."""
    state = begun(scenario)
    parts: dict[str, list[pl.DataFrame]] = {}
    for tables in [*(batch.tables for batch in simulate(scenario, state)), unfinished(scenario, state)]:
        for name, frame in tables.items():
            parts.setdefault(name, []).append(frame)
    place = Place(scenario.last_day.fromordinal(scenario.last_day.toordinal() + 1), 0, NO_MISHAPS, scenario, state)
    return {name: pl.concat(frames) for name, frames in parts.items()}, place


@pytest.fixture(scope="session")
def trust() -> tuple[Frames, Place]:
    """All rows of the trust up to the last day, and where a feed goes on."""
    return simulated(SCENARIO)


@pytest.fixture(scope="session")
def two_days_on() -> Frames:
    """All rows that a simulation of two days more gives."""
    return simulated(replace(SCENARIO, last_day=date(2026, 1, 31)))[0]


@pytest.fixture(scope="session")
def trust_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded warehouse with the trust. Copy it."""
    folder = tmp_path_factory.mktemp("trust") / "warehouse"
    write_warehouse(SCENARIO, embedded_url(folder))
    return folder


@pytest.fixture(params=["embedded", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path, trust_warehouse: Path) -> str:
    """A warehouse with the trust, to feed."""
    if request.param == "embedded":
        shutil.copytree(trust_warehouse, tmp_path / "warehouse")
        return embedded_url(tmp_path / "warehouse")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    url = new_database()
    write_warehouse(SCENARIO, url)
    return url


def held(url: str) -> Frames:
    """Returns all rows of the operational tables, in the order of their keys."""
    warehouse = open_warehouse(url)
    names = sorted(set(metadata.tables) - LOST)
    return ordered({name: warehouse.frame(sa.select(metadata.tables[name])) for name in names})


def ordered(frames: Frames) -> Frames:
    """Returns rows in the order of their keys, whole numbers of one type."""
    found = {}
    for name, frame in frames.items():
        keys = [column.name for column in metadata.tables[name].primary_key.columns]
        found[name] = frame.with_columns(pl.col(pl.Int16, pl.Int32).cast(pl.Int64)).sort(keys)
    return {name: frame for name, frame in sorted(found.items()) if frame.height}
