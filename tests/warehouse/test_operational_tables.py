"""The operational tables: apart from the published ones, each with a key, a watermark and words."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from metrics.warehouse.tables import metadata as published
from metrics.warehouse.tables.operational import metadata

FACTS = [table for table in metadata.sorted_tables if table.name.startswith("fact_")]


def test_no_name_is_a_published_table_s():
    assert not set(published.tables) & set(metadata.tables)


def test_published_tables_are_as_they_were():
    assert not [name for name in published.tables if name.startswith(("fact_ed_", "fact_spell", "dim_ward"))]


@pytest.mark.parametrize("table", FACTS, ids=lambda table: table.name)
def test_every_fact_has_key_organisation_and_watermark(table: sa.Table):
    assert table.primary_key.columns
    assert not table.c.org_code.nullable
    assert not table.c.changed_at.nullable


@pytest.mark.parametrize("table", FACTS, ids=lambda table: table.name)
def test_names_say_what_kind_of_time_a_column_holds(table: sa.Table):
    for column in table.columns:
        assert isinstance(column.type, sa.DateTime) == column.name.endswith("_at"), column.name
        assert (type(column.type) is sa.Date) == (column.name.endswith("_on") or column.name == "period"), column.name


def test_they_can_be_made_in_a_database():
    engine = sa.create_engine("duckdb:///:memory:")
    with engine.connect() as connection:
        metadata.create_all(connection)
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())
    engine.dispose()
