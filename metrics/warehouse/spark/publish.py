"""Copying the warehouse's tables to Spark: `python -m metrics.warehouse.spark.publish FOLDER hive://...`."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import polars as pl
import sqlalchemy as sa
import typer

from metrics.warehouse.connect import Snapshot, open_warehouse, server_engine
from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.settings import checked_url
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.meta import meta_load

_FILE = "part-0.parquet"
_TYPES = {
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.String: "STRING",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP_NTZ",
}
_KEPT_COPIES = 2  # the newest, and the one that queries under way may still read


_PATTERN = frozenset("*?[]{}\\")


class UnusableFolderError(WarehouseError):
    """A folder that Spark does not see, or takes for a pattern."""


def publish(
    snapshot: Snapshot, folder: Path, url: str, tables: Iterable[sa.Table] = metadata.sorted_tables
) -> tuple[str, ...]:
    """Returns the names of the tables, copied to Spark as Parquet files.

    Each table changes over in one step, `meta_load` as the last: with it changes the data version that readers go by.

    Args:
        snapshot: the state of a warehouse that is copied.
        folder: where the files go, each copy in a folder of its own; every node of Spark must see it under the same
            path. Copies before the last two are removed.
        url: the Spark Thrift server and its database, `hive://host:10000/database`.
        tables: those copied, `meta_load` among them.

    Raises:
        DatabaseUrlError: the URL cannot be used.
        UnusableFolderError: Spark does not see the folder; nothing was changed in Spark.
        sqlalchemy.exc.DBAPIError: Spark refuses; the data version stays as it was.
        OSError: the folder cannot be written.
    """
    if _PATTERN & set(str(folder.resolve())):
        raise UnusableFolderError(
            f"Spark would take {folder.resolve()} for a pattern. Name a folder without any of *?[]{{}}\\"
        )
    engine = server_engine(checked_url(url))
    copy = folder.resolve() / f"{snapshot.data_version}-{uuid.uuid4().hex[:8]}"
    copy.mkdir(parents=True)
    ordered = sorted(tables, key=lambda table: table is meta_load)
    frames = ((table.name, snapshot.frame(sa.select(table))) for table in ordered)
    schemas = {name: _write(frame, copy / name) for name, frame in frames}
    try:
        with engine.connect() as connection:
            _check_seen(connection, copy / meta_load.name, _rows(copy / meta_load.name))
            held = {name.lower() for name in sa.inspect(connection).get_table_names()}
            for name, columns in schemas.items():
                _change_over(connection, name, columns, copy / name, is_held=name in held)
    finally:
        engine.dispose()
    copies = {path.parent.parent for path in folder.resolve().glob(f"*/{meta_load.name}/{_FILE}")}
    for old in sorted(copies, key=lambda path: path.stat().st_mtime)[:-_KEPT_COPIES]:
        shutil.rmtree(old)
    return tuple(schemas)


def _write(frame: pl.DataFrame, folder: Path) -> dict[str, str]:
    folder.mkdir()
    frame.write_parquet(folder / _FILE)
    return {name: _TYPES[dtype.base_type()] for name, dtype in frame.schema.items()}


def _rows(folder: Path) -> int:
    return int(pl.scan_parquet(folder / _FILE).select(pl.len()).collect().item())


def _change_over(connection: sa.Connection, name: str, columns: dict[str, str], folder: Path, *, is_held: bool) -> None:
    quote = connection.dialect.identifier_preparer.quote_identifier
    place = {"place": _place(folder)}
    if is_held:
        described = connection.exec_driver_sql(f"DESCRIBE TABLE {quote(name)}").fetchall()
        if {row[0]: row[1].upper() for row in described} == columns:
            connection.exec_driver_sql(f"ALTER TABLE {quote(name)} SET LOCATION %(place)s", place)
            return
        connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
    listed = ", ".join(f"{quote(column)} {kind}" for column, kind in columns.items())
    connection.exec_driver_sql(f"CREATE TABLE {quote(name)} ({listed}) USING parquet LOCATION %(place)s", place)


def _check_seen(connection: sa.Connection, folder: Path, rows: int) -> None:
    """Checks that Spark sees the folder: a table on files that it does not see is empty, and says nothing."""
    path = connection.dialect.identifier_preparer.quote_identifier(_place(folder))
    try:
        seen = connection.exec_driver_sql(f"SELECT count(*) FROM parquet.{path}").scalar()
    except sa.exc.ProgrammingError:
        seen = None
    if seen != rows:
        raise UnusableFolderError(
            f"Spark does not see what was written to {folder}. Name a folder that this machine and every node of Spark "
            "see under the same path. Nothing was changed in Spark."
        )


def _place(folder: Path) -> str:
    return f"file:{folder}"  # not a URI: Spark takes a percent sign as it is


def main(
    folder: Annotated[Path, typer.Argument(help="Folder that every node of Spark sees under this path.")],
    url: Annotated[str, typer.Argument(help="The Thrift server: hive://user@host:10000/database?auth=NOSASL")],
    warehouse: Annotated[
        str | None, typer.Option(help="Database URL to copy from, in place of BELLWETHER_WAREHOUSE.")
    ] = None,
) -> None:
    """Copy the warehouse's tables to Spark. What Spark held under the same names is replaced."""
    try:
        names = publish(open_warehouse(warehouse).snapshot(), folder, url)
    except (WarehouseError, sa.exc.DBAPIError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{len(names)} tables copied to {sa.make_url(checked_url(url)).render_as_string()}")


if __name__ == "__main__":
    typer.run(main)
