"""The shipped warehouse: every organisation named, placed and answered for exactly once on any date."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import Warehouse, open_warehouse
from metrics.warehouse.organisations import ORG_TYPES, REGIONS
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.base import is_fact
from metrics.warehouse.tables.dimensions import (
    dim_date,
    dim_organisation,
    dim_organisation_identity,
    dim_service,
    dim_staff_group,
)
from metrics.warehouse.tables.meta import meta_load, meta_publication
from sample_data.published.registry import PUBLICATIONS

FACTS = sorted(name for name, table in metadata.tables.items() if is_fact(table))


@pytest.fixture(scope="module")
def warehouse(shipped_warehouse: str) -> Warehouse:
    return open_warehouse(shipped_warehouse)


@pytest.fixture(scope="module")
def organisations(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.frame(sa.select(dim_organisation))


@pytest.fixture(scope="module")
def identity(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.frame(sa.select(dim_organisation_identity))


def test_all_publications_are_loaded(warehouse):
    assert set(warehouse.frame(sa.select(meta_publication))["publication"]) == set(PUBLICATIONS)


@pytest.mark.parametrize("name", FACTS)
def test_every_row_has_its_load_and_a_known_organisation(warehouse, organisations, name):
    table = metadata.tables[name]
    codes = warehouse.frame(sa.select(table.c.org_code).distinct())["org_code"]
    loads = warehouse.frame(sa.select(table.c.load_id, table.c.source_file).distinct())
    known = warehouse.frame(sa.select(meta_load.c.load_id, meta_load.c.source_file))
    assert codes.len() > 0
    assert set(codes) <= set(organisations["org_code"])
    assert loads.join(known, on=["load_id", "source_file"], how="anti").height == 0


def test_loads_without_rows_are_not_current(warehouse):
    with_rows = {
        load_id
        for name in FACTS
        for load_id in warehouse.frame(sa.select(metadata.tables[name].c.load_id).distinct())["load_id"]
    }
    loads = warehouse.frame(sa.select(meta_load).where(meta_load.c.period_from.is_not(None)))
    current = set(loads.filter(pl.col("is_current"))["load_id"])
    assert current == with_rows


@pytest.mark.parametrize(
    "day", [date(1995, 1, 1), date(2018, 3, 31), date(2022, 7, 1), date(2026, 4, 1), date(2050, 1, 1)]
)
def test_exactly_one_organisation_answers_for_a_code(organisations, identity, day):
    holding = identity.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") >= day))
    assert holding["org_code"].is_unique().all()
    assert set(holding["org_code"]) == set(organisations["org_code"])
    assert set(holding["current_code"]) <= set(organisations["org_code"])


@pytest.mark.parametrize(
    ("code", "day", "answers"),
    [
        ("RDD", date(2020, 3, 31), "RDD"),  # Basildon and Thurrock, into Mid and South Essex
        ("RDD", date(2020, 4, 1), "RAJ"),
        ("RAP", date(2025, 1, 1), "RAL"),  # North Middlesex, into the Royal Free
        ("RRP", date(2026, 1, 1), "G6V2S"),  # Barnet, Enfield and Haringey, into North London
        ("RW6", date(2026, 1, 1), "RW6"),  # Pennine was divided
        ("QH8", date(2026, 3, 31), "QH8"),
        ("QH8", date(2026, 4, 1), "D7T5G"),
        ("QNQ", date(2026, 4, 1), "QNQ"),  # Frimley was divided
        ("RBZ", date(2026, 1, 1), "RH8"),  # Northern Devon, into Royal Devon
    ],
)
def test_mergers_hold_from_their_day(identity, code, day, answers):
    row = identity.filter((pl.col("org_code") == code) & (pl.col("valid_from") <= day) & (pl.col("valid_to") >= day))
    assert row["current_code"].item() == answers


def test_the_hierarchy_is_whole(organisations):
    kinds = dict(organisations.group_by("org_type").len().iter_rows())
    assert set(kinds) == set(ORG_TYPES)
    assert (kinds["england"], kinds["region"], kinds["icb"], kinds["sub_icb"]) == (1, 7, 48, 106)
    boards = organisations.filter(pl.col("org_type") == "icb")
    assert set(boards["region_code"]) == set(REGIONS)
    assert boards.filter(pl.col("close_date").is_null()).height == 36
    # A provider sits in the region of its board.
    regions = dict(boards.select("org_code", "region_code").iter_rows())
    placed = organisations.filter(pl.col("icb_code").is_not_null())
    assert [
        row["org_code"] for row in placed.iter_rows(named=True) if regions[row["icb_code"]] != row["region_code"]
    ] == []


def test_open_trusts_have_a_type_a_board_and_a_region(warehouse, organisations):
    """Every trust in the two newest monthly returns; Bassetlaw's old code is a slip in the ward return."""
    codes = set()
    for name, since in (("fact_ae_month", date(2026, 5, 1)), ("fact_sickness_month", date(2025, 3, 1))):
        table = metadata.tables[name]
        codes |= set(warehouse.frame(sa.select(table.c.org_code).where(table.c.period == since))["org_code"])
    trusts = organisations.filter(pl.col("org_code").is_in(sorted(codes)) & (pl.col("org_type") == "trust"))
    assert trusts.height >= 200
    assert trusts.filter(pl.any_horizontal(pl.col("trust_type", "icb_code", "region_code").is_null())).rows() == []
    closed = trusts.filter(pl.col("icb_code").is_in(["QM7", "QJG", "QNQ", "QH8", "QMJ", "QRV"]))
    assert closed.rows() == []


@pytest.mark.parametrize(
    ("name", "share_with_region", "share_with_board"),
    [
        ("fact_ae_month", 0.998, 0.94),
        ("fact_rtt_band_month", 1.0, 1.0),
        ("fact_rtt_provider_month", 0.97, 0.96),
        ("fact_cancer_month", 0.998, 0.997),
        ("fact_diagnostics_month", 1.0, 0.96),
        ("fact_discharge_day", 1.0, 1.0),
        ("fact_sickness_month", 0.95, 0.95),  # the rest are national bodies and support units
        ("fact_beds_quarter", 1.0, 1.0),
    ],
)
def test_rows_are_placed_in_boards_and_regions(warehouse, organisations, name, share_with_region, share_with_board):
    table = metadata.tables[name]
    rows = warehouse.frame(sa.select(table.c.org_code, sa.func.count().label("n")).group_by(table.c.org_code))
    placed = rows.join(organisations, on="org_code").filter(~pl.col("org_type").is_in(["england", "region"]))

    def share(column: str) -> float:
        return placed.filter(pl.col(column).is_not_null())["n"].sum() / placed["n"].sum()

    assert share("region_code") >= share_with_region
    assert share("icb_code") >= share_with_board


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("R1H", ("Barts Health NHS Trust", "trust", "Acute", "QMF", "Y56")),
        ("R0A", ("Manchester University NHS Foundation Trust", "trust", "Acute", "QOP", "Y62")),
        ("RRU", ("London Ambulance Service NHS Trust", "trust", "Ambulance", "QKK", "Y56")),
        ("QOP", ("NHS Greater Manchester", "icb", None, "QOP", "Y62")),
        ("QMJ", ("NHS North Central London", "icb", None, "Z9B2Z", "Y56")),
        ("Y56", ("London", "region", None, None, "Y56")),
        ("ENG", ("England", "england", None, None, None)),
    ],
)
def test_organisations_are_shown_as_the_nhs_writes_them(organisations, code, shown):
    columns = ("name", "org_type", "trust_type", "icb_code", "region_code")
    assert organisations.filter(pl.col("org_code") == code).select(columns).row(0) == shown


def test_no_name_shouts(organisations):
    shouting = organisations.filter(pl.col("name").str.contains(r"[A-Z]{5,}") & (pl.col("org_type") == "trust"))
    assert shouting["name"].to_list() == []


def test_deprivation_reaches_the_trusts(organisations):
    assert organisations["deprivation_score"].count() == 133
    assert organisations.filter(pl.col("org_code") == "RAE")["deprivation_quintile"].item() == 1


def test_every_service_has_a_name(warehouse):
    services = warehouse.frame(sa.select(dim_service))
    used = set()
    for name in FACTS:
        table = metadata.tables[name]
        if "service_code" in table.columns:
            used |= set(warehouse.frame(sa.select(table.c.service_code).distinct())["service_code"])
    names = dict(services.select("service_code", "name").iter_rows())
    assert used <= set(names)
    assert names["110"] == "Trauma and Orthopaedics"
    assert names["X05"] == "Other - Surgical Services"
    assert sorted(code for code in used if names[code] == code) == ["111"]  # no publication names it
    assert services["service_group"].null_count() == 0


def test_administrative_staff_are_marked(warehouse):
    groups = warehouse.frame(sa.select(dim_staff_group).where(dim_staff_group.c.is_administrative))
    assert groups["name"].sort().to_list() == ["Central functions", "Managers", "Senior managers"]


def test_the_calendar_is_there(warehouse):
    year = warehouse.frame(sa.select(dim_date).where(dim_date.c.financial_year == "FY 2026/27"))
    assert (year.height, year["is_working_day"].sum(), year["bank_holiday"].count()) == (365, 251, 10)
