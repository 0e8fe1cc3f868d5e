"""The hot part of an embedded snapshot: what changed since the history file was written, in a small file of its own.

A hot part holds, for each operational table, new and corrected rows (schema `hot`) and the keys of rows of the history
that are not to be seen any more (schema `gone`). Its views carry the tables' names, so that whoever reads it need not
know: the history without what is gone, and what is hot. Other tables are shown as they stand in the history.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import sqlalchemy as sa

from metrics.warehouse.tables.operational import metadata

HISTORY: Final = "history"
_ATTACHING: Final = threading.Lock()
_DIALECT: Final = sa.make_url("duckdb://").get_dialect()()
_BLOCK: Final = 16384  # bytes: a small file of many small tables, copied with every commit


@dataclass(frozen=True, slots=True)
class Statements:
    """What a commit sends for one table; `{given}` stands for the rows or keys that it is about.

    Attributes:
        held: the whole rows of the keys, hot ones and those of the history that are not gone.
        mark: a row that is there and not hot is of the history; one that is hot is of it no more, or never was.
        remove: takes hot rows away.
    """

    table: str
    held: str
    mark: str
    remove: str

    def add(self, columns: list[str]) -> str:
        """Returns what puts rows of these columns in."""
        names = ", ".join(_name(column) for column in columns)
        return f"INSERT INTO hot.{self.table} ({names}) SELECT {names} FROM {{given}}"


@cache
def statements(table: sa.Table) -> Statements:
    """Returns what a commit sends for an operational table."""
    name = _name(table.name)
    columns = ", ".join(_name(column.name) for column in table.columns)
    keys = ", ".join(_name(key.name) for key in table.primary_key.columns)
    asked = f"({keys}) IN (SELECT ({keys}) FROM {{given}})"
    if len(table.primary_key.columns) == 1:
        asked = f"{keys} IN (SELECT {keys} FROM {{given}})"
    history = f"SELECT {columns} FROM {HISTORY}.main.{name} AS held WHERE {asked} AND {_apart(table)}"
    return Statements(
        name,
        f"SELECT {columns} FROM hot.{name} WHERE {asked} UNION ALL {history}",
        f"INSERT INTO gone.{name} SELECT {keys} FROM {{given}} ANTI JOIN hot.{name} USING ({keys})",
        f"DELETE FROM hot.{name} WHERE {asked}",
    )


def _apart(table: sa.Table) -> str:
    """Returns the condition that a row of the history is not gone."""
    same = " AND ".join(f"away.{_name(key)} = held.{_name(key)}" for key in _keys(table))
    return f"NOT EXISTS (SELECT 1 FROM gone.{_name(table.name)} AS away WHERE {same})"


def _keys(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _name(name: str) -> str:
    return f'"{name}"'


def _apart_from(table: sa.Table, schema: str, names: list[str]) -> sa.Table:
    columns = [sa.Column(name, table.c[name].type, nullable=table.c[name].nullable) for name in names]
    return sa.Table(table.name, sa.MetaData(), *columns, schema=schema)


def attach(connection: Any, history: Path) -> None:
    """Makes the history known to a DuckDB connection to a hot part; costs nothing when it is already.

    Looked up first, one at a time: `ATTACH IF NOT EXISTS` of one file in many databases, one after the other, waits for
    ever once one of them stands in memory where a closed one stood.
    """
    with _ATTACHING:
        known = connection.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [HISTORY]).fetchall()
        if not known:
            connection.execute(f"ATTACH '{_quoted(history)}' AS {HISTORY} (READ_ONLY)")


def begin(part: Path, history: Path) -> None:
    """Makes an empty hot part of a history."""
    with duckdb.connect(str(part), config={"default_block_size": str(_BLOCK)}) as native:
        attach(native, history)
        found = native.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'", [HISTORY]
        )
        names = sorted(name for (name,) in found.fetchall())
        native.execute(";".join(["CREATE SCHEMA hot; CREATE SCHEMA gone", *(_made(name) for name in names)]))


@cache
def _made(name: str) -> str:
    """Returns what makes a table's hot part and its view."""
    table = metadata.tables.get(name)
    if table is None:
        return f"CREATE VIEW {_name(name)} AS SELECT * FROM {HISTORY}.main.{_name(name)}"
    columns = ", ".join(_name(column.name) for column in table.columns)
    parts = [_apart_from(table, "hot", table.columns.keys()), _apart_from(table, "gone", _keys(table))]
    made = [str(sa.schema.CreateTable(each).compile(dialect=_DIALECT)) for each in parts]
    view = (
        f"CREATE VIEW {_name(name)} AS SELECT {columns} FROM {HISTORY}.main.{_name(name)} AS held "
        f"WHERE {_apart(table)} UNION ALL SELECT {columns} FROM hot.{_name(name)}"
    )
    return ";".join([*made, view])


def fold(connection: sa.Connection, part: Path) -> None:
    """Brings what a hot part holds into a copy of its history, which is whole afterwards."""
    connection.exec_driver_sql(f"ATTACH '{_quoted(part)}' AS part (READ_ONLY)")
    found = connection.exec_driver_sql(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'part' AND schema_name = 'hot' ORDER BY 1"
    )
    for (name,) in found.fetchall():
        table = metadata.tables[name]
        columns = ", ".join(_name(column.name) for column in table.columns)
        keys = _keys(table)
        same = " AND ".join(f"away.{_name(key)} = held.{_name(key)}" for key in keys)
        connection.exec_driver_sql(
            f"DELETE FROM {_name(name)} AS held USING part.gone.{_name(name)} AS away WHERE {same}"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {_name(name)} ({columns}) SELECT {columns} FROM part.hot.{_name(name)}"
        )
    connection.exec_driver_sql("DETACH part")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
