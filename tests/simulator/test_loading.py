"""The simulated trust in a warehouse, beside the published data, which it changes nothing of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import Grain, MetricsLayer, Request
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables import metadata as published
from metrics.warehouse.tables.dimensions import dim_organisation, ref_organisation
from metrics.warehouse.tables.operational import metadata
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import writing
from sample_data.simulator.loading import OwnRecordsError, write_warehouse
from sample_data.simulator.trust import ORG_CODE
from tests.simulator.scenarios import short

SCENARIO = short(date(2024, 2, 1), date(2024, 3, 10), seed=5, scale=0.05)
METRICS = ("ae_four_hour", "rtt_within_18_weeks")
SPAN = {"grain": Grain.MONTH, "period_from": date(2026, 1, 1), "period_to": date(2026, 3, 31)}


@pytest.fixture(params=["embedded", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a warehouse that holds nothing, embedded and on a real PostgreSQL server."""
    if request.param == "embedded":
        return embedded_url(tmp_path / "warehouse")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


def counted(url: str) -> dict[str, int]:
    with writing(url) as writer:
        return {
            name: int(writer.frame(sa.select(sa.func.count().label("n")).select_from(table))["n"][0])
            for name, table in metadata.tables.items()
            if not name.startswith("meta_")
        }


def test_all_rows_are_there_and_a_second_simulation_takes_their_place(url):
    rows = write_warehouse(SCENARIO, url)
    assert {name: count for name, count in counted(url).items() if count} == rows
    shorter = short(date(2024, 2, 1), date(2024, 2, 20), seed=6, scale=0.05)
    assert {name: count for name, count in counted(url).items() if count} == rows
    rows = write_warehouse(shorter, url)
    assert {name: count for name, count in counted(url).items() if count} == rows
    with writing(url) as writer:
        held = writer.frame(sa.select(meta_operational))
    assert held["scenario"].to_list() == [shorter.to_json()]
    assert held["rows"].to_list() == [sum(rows.values())]


def test_a_stopped_simulation_leaves_the_warehouse_as_it_was(url):
    write_warehouse(SCENARIO, url)
    before = counted(url)

    def stop(day: date, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_warehouse(short(date(2024, 2, 1), date(2024, 2, 20), seed=6, scale=0.05), url, stop)
    assert counted(url) == before


def test_a_trust_s_own_records_are_left_alone(url):
    write_warehouse(SCENARIO, url)
    with writing(url) as writer:
        writer.execute(sa.update(meta_operational).values(provenance="operational"))
    before = counted(url)
    with pytest.raises(OwnRecordsError, match="own records"):
        write_warehouse(SCENARIO, url)
    assert counted(url) == before


@pytest.fixture(scope="module")
def beside(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of the shipped warehouse with the simulated trust in it."""
    folder = tmp_path_factory.mktemp("beside") / "warehouse"
    shutil.copytree(shipped_home / "warehouse", folder)
    url = embedded_url(folder)
    write_warehouse(SCENARIO, url)
    return url


def test_its_code_is_no_real_organisation_s(shipped_warehouse):
    held = open_warehouse(shipped_warehouse)
    for table in (ref_organisation, dim_organisation):
        assert held.frame(sa.select(table.c.org_code).where(table.c.org_code.startswith(ORG_CODE))).is_empty()
    names = held.frame(sa.select(dim_organisation.c.name).where(dim_organisation.c.name.icontains("sample")))
    assert names.is_empty()


def test_it_is_of_its_own_type_and_of_no_board_and_no_region(beside):
    found = open_warehouse(beside).frame(sa.select(dim_organisation).where(dim_organisation.c.org_code == ORG_CODE))
    assert found.select("name", "org_type", "trust_type", "icb_code", "region_code").rows() == [
        ("Sample Trust", "simulated", None, None, None)
    ]


def test_no_published_table_has_a_row_of_it(beside):
    held = open_warehouse(beside)
    facts = [table for table in published.tables.values() if table.name.startswith("fact_") and "org_code" in table.c]
    assert len(facts) > 30
    for table in facts:
        assert held.frame(sa.select(table.c.org_code).where(table.c.org_code == ORG_CODE).limit(1)).is_empty()


@pytest.mark.parametrize(
    "by", [(), ("region",), ("icb",), ("organisation",)], ids=lambda by: by[0] if by else "england"
)
def test_no_total_of_published_data_changes(shipped_warehouse, beside, by):
    requests = [Request.of(name, by=by, **SPAN) for name in METRICS]
    before, after = (MetricsLayer.open(url, today=lambda: date(2026, 11, 1)) for url in (shipped_warehouse, beside))
    for request in requests:
        frame = after.ask(request).frame
        assert frame.equals(before.ask(request).frame)
        assert frame.height > 0
        for level in by:
            assert ORG_CODE not in set(frame[level])
    assert isinstance(frame, pl.DataFrame)
