"""Whether a database holds the tables that this version of Bellwether works with."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from metrics.warehouse.errors import WarehouseOutdatedError
from metrics.warehouse.spark.url import DIALECT as SPARK
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.meta import meta_load, meta_schema


def fingerprint() -> str:
    """Returns a digest of all tables, their columns and types."""
    columns = sorted(
        f"{table.name}.{column.name} {column.type!r} {column.nullable} {column.primary_key}"
        for table in metadata.tables.values()
        for column in table.columns
    )
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()


def create_tables(connection: sa.Connection, place: str) -> None:
    """Creates the tables in an empty database; leaves those alone that are there.

    Raises:
        WarehouseOutdatedError: they are those of another version.
    """
    check_tables(connection, place)
    if not sa.inspect(connection).has_table(meta_schema.name):
        metadata.create_all(connection)
        connection.execute(meta_schema.insert().values(fingerprint=fingerprint()))


def check_tables(connection: sa.Connection, place: str) -> None:
    """Checks that the tables, where there are any, are those of this version.

    Raises:
        WarehouseOutdatedError: they are not.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(meta_load.name):
        return
    if (
        not inspector.has_table(meta_schema.name)
        or connection.scalar(sa.select(meta_schema.c.fingerprint)) != fingerprint()
    ):
        raise WarehouseOutdatedError.at(place, read_only=connection.dialect.name == SPARK)
