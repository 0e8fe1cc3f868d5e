"""The hot part of an embedded snapshot: what changed since the history file was written, in a small file of its own.

A hot part holds, for each operational table, new and corrected rows (schema `hot`) and the keys of rows of the history
that are not to be seen any more (schema `gone`). Its views carry the tables' names, so that whoever reads it need not
know: the history without what is gone, and what is hot. Other tables are shown as they stand in the history.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb
import sqlalchemy as sa

from metrics.warehouse.settings import file_url
from metrics.warehouse.tables.operational import metadata

HISTORY: Final = "history"
_BLOCK: Final = 16384  # bytes: a small file of many small tables, copied with every commit


def hot(table: sa.Table) -> sa.Table:
    """Returns the table that holds an operational table's new and corrected rows."""
    return _HOT[table.name]


def gone(table: sa.Table) -> sa.Table:
    """Returns the table that holds the keys of an operational table's rows of the history that are gone."""
    return _GONE[table.name]


def old(table: sa.Table) -> sa.TableClause:
    """Returns an operational table as it stands in the history."""
    return sa.table(table.name, *(sa.column(c.name, c.type) for c in table.columns), schema=f"{HISTORY}.main")


def _without_constraints(table: sa.Table, schema: str, names: list[str]) -> sa.Table:
    columns = [sa.Column(name, table.c[name].type, nullable=table.c[name].nullable) for name in names]
    return sa.Table(table.name, sa.MetaData(), *columns, schema=schema)


_HOT: Final = {
    table.name: _without_constraints(table, "hot", table.columns.keys()) for table in metadata.tables.values()
}
_GONE: Final = {
    table.name: _without_constraints(table, "gone", table.primary_key.columns.keys())
    for table in metadata.tables.values()
}


def attach(connection: Any, history: Path) -> None:
    """Makes the history known to a DuckDB connection to a hot part; costs nothing when it is already."""
    connection.execute(f"ATTACH IF NOT EXISTS '{_quoted(history)}' AS {HISTORY} (READ_ONLY)")


def begin(part: Path, history: Path) -> None:
    """Makes an empty hot part of a history."""
    with duckdb.connect(str(part), config={"default_block_size": str(_BLOCK)}) as native:
        attach(native, history)
        found = native.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'", [HISTORY]
        )
        names = sorted(name for (name,) in found.fetchall())
        native.execute("CREATE SCHEMA hot; CREATE SCHEMA gone")
    engine = sa.create_engine(file_url(part), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            attach(connection.connection.driver_connection, history)
            for name in names:
                connection.exec_driver_sql(_view(connection, name))
    finally:
        engine.dispose()


def _view(connection: sa.Connection, name: str) -> str:
    quote = connection.dialect.identifier_preparer.quote
    table = metadata.tables.get(name)
    if table is None:
        return f"CREATE VIEW {quote(name)} AS SELECT * FROM {HISTORY}.main.{quote(name)}"
    for made in (hot(table), gone(table)):
        made.create(connection)
    columns = ", ".join(quote(column.name) for column in table.columns)
    same = " AND ".join(f"away.{quote(c.name)} = held.{quote(c.name)}" for c in table.primary_key.columns)
    return (
        f"CREATE VIEW {quote(name)} AS SELECT {columns} FROM {HISTORY}.main.{quote(name)} AS held "
        f"WHERE NOT EXISTS (SELECT 1 FROM gone.{quote(name)} AS away WHERE {same}) "
        f"UNION ALL SELECT {columns} FROM hot.{quote(name)}"
    )


def fold(connection: sa.Connection, part: Path) -> None:
    """Brings what a hot part holds into a copy of its history, which is whole afterwards."""
    quote = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(f"ATTACH '{_quoted(part)}' AS part (READ_ONLY)")
    found = connection.exec_driver_sql(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'part' AND schema_name = 'hot' ORDER BY 1"
    )
    for (name,) in found.fetchall():
        keys = [quote(column.name) for column in gone(metadata.tables[name]).columns]
        columns = ", ".join(quote(column.name) for column in hot(metadata.tables[name]).columns)
        same = " AND ".join(f"away.{key} = held.{key}" for key in keys)
        connection.exec_driver_sql(
            f"DELETE FROM {quote(name)} AS held USING part.gone.{quote(name)} AS away WHERE {same}"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {quote(name)} ({columns}) SELECT {columns} FROM part.hot.{quote(name)}"
        )
    connection.exec_driver_sql("DETACH part")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
