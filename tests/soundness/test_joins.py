"""A join never fans a fact out: every published code has exactly one identity on any day."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import MetricsLayer, Request
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.dimensions import dim_organisation, dim_organisation_identity

DAYS = [date(2012, 7, 1), date(2019, 4, 1), date(2022, 7, 1), date(2024, 11, 1), date(2026, 4, 1), date(2026, 11, 22)]


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse)


@pytest.mark.parametrize("day", DAYS)
def test_one_identity_a_code_on_any_day(layer: MetricsLayer, day: date) -> None:
    identity = dim_organisation_identity.c
    held = layer.warehouse.frame(
        sa.select(identity.org_code, sa.func.count().label("identities"))
        .where(identity.valid_from <= day, identity.valid_to >= day)
        .group_by(identity.org_code)
    )
    codes = layer.warehouse.frame(sa.select(dim_organisation.c.org_code))
    assert held["identities"].max() == 1
    assert set(held["org_code"]) == set(codes["org_code"])


def test_every_code_of_every_fact_is_a_known_organisation(layer: MetricsLayer) -> None:
    known = set(layer.warehouse.frame(sa.select(dim_organisation.c.org_code))["org_code"])
    facts = [table for name, table in metadata.tables.items() if name.startswith("fact_")]
    assert len(facts) >= 20
    for table in facts:
        used = layer.warehouse.frame(sa.select(table.c.org_code).distinct())["org_code"]
        assert set(used) <= known, table.name


@pytest.mark.parametrize("by", [("region",), ("icb",), ("organisation",), ("region", "icb", "organisation")])
def test_splitting_by_any_level_adds_up_to_england(layer: MetricsLayer, by: tuple[str, ...]) -> None:
    asked = ("ae_attendances", "rtt_waiting_list", "cancelled_operations")
    split = layer.ask(Request.of(*asked, by=by)).frame.group_by("metric", "period").agg(pl.col("value").sum())
    whole = layer.ask(Request.of(*asked)).frame.filter(pl.col("value").is_not_null())
    joined = whole.join(split, on=["metric", "period"], suffix="_split")
    assert joined.height == whole.height
    assert joined.filter(pl.col("value") != pl.col("value_split")).is_empty()
