"""No total row is a fact; the parts of RTT are never mixed; the bands add up to the total."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import MetricsLayer, Request
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.access import fact_rtt_band_month, fact_rtt_provider_month

JANUARY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse)


def test_no_fact_stands_on_a_total(layer: MetricsLayer) -> None:
    for name, table in metadata.tables.items():
        if not name.startswith("fact_"):
            continue
        codes = set(layer.warehouse.frame(sa.select(table.c.org_code).distinct())["org_code"])
        assert not codes & {"TOTAL", "Total", "-", "NAN", "", "England", "ENGLAND"}, name
        if "service_code" in table.c:
            services = set(layer.warehouse.frame(sa.select(table.c.service_code).distinct())["service_code"])
            assert "999" not in services, name


def test_the_waiting_list_is_the_incomplete_part_alone(layer: MetricsLayer) -> None:
    band = fact_rtt_band_month.c
    parts = dict(
        layer.warehouse.frame(
            sa.select(band.part, sa.func.sum(band.pathways).label("n"))
            .where(band.period == JANUARY)
            .group_by(band.part)
        ).iter_rows()
    )
    assert set(parts) == {"Part_1A", "Part_1B", "Part_2", "Part_2A", "Part_3"}
    assert parts["Part_2"] == 7_187_677
    answered = layer.ask(Request.of("rtt_waiting_list", period_from=JANUARY, period_to=JANUARY)).frame
    assert answered["value"].to_list() == [7_187_677]
    by_service = layer.ask(
        Request.of("rtt_waiting_list", by=("service",), period_from=JANUARY, period_to=JANUARY)
    ).frame
    assert by_service["value"].sum() == 7_187_677


def test_the_bands_add_up_to_the_provider_total(layer: MetricsLayer) -> None:
    band, provider = fact_rtt_band_month.c, fact_rtt_provider_month.c
    bands = layer.warehouse.frame(
        sa.select(band.org_code, sa.func.sum(band.pathways).label("bands"))
        .where(band.period == JANUARY, band.part == "Part_2")
        .group_by(band.org_code)
    )
    totals = layer.warehouse.frame(sa.select(provider.org_code, provider.incomplete).where(provider.period == JANUARY))
    joined = bands.join(totals, on="org_code", how="full", coalesce=True)
    assert joined.height > 400
    assert joined.filter(pl.col("bands").fill_null(0) != pl.col("incomplete").fill_null(0)).is_empty()
