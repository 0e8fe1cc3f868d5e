"""Writing to the warehouse: all of it, or nothing."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.connect import embedded_folder
from metrics.warehouse.embedded import (
    current_version,
    history_of,
    private_copy,
    publish,
    snapshot_path,
    writer_lock,
)
from metrics.warehouse.errors import WarehouseBusyError, WarehouseReadOnlyError, WarehouseUnreachableError
from metrics.warehouse.frames import Select, read_frame
from metrics.warehouse.hot import fold
from metrics.warehouse.notices import tell
from metrics.warehouse.schema import create_tables
from metrics.warehouse.settings import checked_url, file_url, load_settings
from metrics.warehouse.spark.url import is_spark
from metrics.warehouse.tables import forecasts, metadata

if TYPE_CHECKING:
    from pathlib import Path

_LOCK_KEY = 0x42454C4C  # 'BELL'
_COPY_ROWS = 100_000
_TIME = "%Y-%m-%dT%H:%M:%S%.6f"


class Writer:
    """Changes the warehouse inside `writing`. Nothing is seen by readers before that block ends well.

    Attributes:
        connection: the connection that everything goes through.
        changed: whether anything was written.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.changed = False

    def frame(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select, own changes included."""
        return read_frame(self.connection, select)

    def execute(self, statement: sa.Executable) -> int:
        """Runs an update or delete and returns the number of rows that it changed."""
        self.changed = True
        return int(self.connection.execute(statement).rowcount)

    def insert(self, table: sa.Table, frame: pl.DataFrame) -> None:
        """Adds the rows of a frame whose columns are the table's (those left out become null)."""
        if not frame.height:
            return
        self.changed = True
        match self.connection.dialect.name:
            case "duckdb":
                _insert_arrow(self.connection, table, frame)
            case "postgresql":
                _copy(self.connection, table, frame)
            case _:
                self.connection.execute(table.insert(), frame.to_dicts())

    def replace(self, table: sa.Table, frame: pl.DataFrame, by: Sequence[str]) -> None:
        """Puts the frame in the place of all rows that share their `by` values with one of its rows."""
        self.delete_slices(table, frame.select(by).unique())
        self.insert(table, frame)

    def rewrite(self, table: sa.Table, frame: pl.DataFrame) -> None:
        """Puts the frame in the place of all rows of the table."""
        self.execute(table.delete())
        self.insert(table, frame)

    def keep(self, table: sa.Table, frame: pl.DataFrame) -> None:
        """Puts the frame in the place of all rows of the table, unless they are the same already."""
        columns = [table.c[name] for name in frame.columns]
        if not self.frame(sa.select(*columns)).sort(frame.columns).equals(frame.sort(frame.columns)):
            self.rewrite(table, frame)

    def delete_slices(self, table: sa.Table, slices: pl.DataFrame) -> None:
        """Removes the rows that share their values with a row of `slices`; null matches null."""
        if not slices.height:
            return
        with self.staged(table, slices) as staged:
            same = [table.c[name].is_not_distinct_from(staged.c[name]) for name in slices.columns]
            self.execute(table.delete().where(sa.exists(sa.select(sa.literal(1)).where(*same))))

    @contextmanager
    def staged(self, table: sa.Table, frame: pl.DataFrame) -> Iterator[sa.Table]:
        """Gives a temporary table with the frame's rows; columns are typed as in `table`."""
        columns = [sa.Column(name, table.c[name].type) for name in frame.columns]
        staged = sa.Table(f"staged_{uuid.uuid4().hex[:12]}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
        staged.create(self.connection)
        self.insert(staged, frame)
        yield staged
        staged.drop(self.connection)  # after an error it goes with the transaction or the file


@contextmanager
def writing(url: str | None = None, *, fresh: bool = False, brief: str = "") -> Iterator[Writer]:
    """Gives a writer; when the block ends well its changes are published at once, else none of them.

    Args:
        url: the warehouse; None is the one that the settings name.
        fresh: starts from empty tables, whatever the warehouse held.
        brief: who writes, where it takes a moment only and others may wait for it; see `embedded.writer_lock`.

    Raises:
        WarehouseBusyError: another writer is at work.
        WarehouseReadOnlyError: Bellwether does not write to databases of this kind.
        WarehouseOutdatedError: the tables are those of another version, and `fresh` is not set.
    """
    url = load_settings().warehouse if url is None else checked_url(url)
    if is_spark(url):
        raise WarehouseReadOnlyError.at(sa.make_url(url).render_as_string())
    folder = embedded_folder(url)
    with _on_server(url, fresh=fresh) if folder is None else _on_file(folder, fresh=fresh, brief=brief) as writer:
        yield writer


@contextmanager
def _on_file(folder: Path, *, fresh: bool, brief: str) -> Iterator[Writer]:
    with writer_lock(folder, brief=brief):
        path = private_copy(folder, fresh=fresh)
        engine = sa.create_engine(file_url(path), isolation_level="AUTOCOMMIT")
        try:
            # The file is private until it is published, so that single statements may commit.
            with engine.connect() as connection:
                newest = None if fresh else current_version(folder)
                if newest is not None and history_of(snapshot_path(folder, newest)) is not None:
                    fold(connection, snapshot_path(folder, newest))
                create_tables(connection, str(folder))
                writer = Writer(connection)
                yield writer
                connection.exec_driver_sql("CHECKPOINT")
            engine.dispose()
            if writer.changed:
                publish(folder, path)
        finally:
            engine.dispose()
            for left in folder.glob(f"{path.name}*"):
                left.unlink()


@contextmanager
def _on_server(url: str, *, fresh: bool) -> Iterator[Writer]:
    engine = sa.create_engine(url)
    try:
        try:
            connection = engine.connect()
        except sa.exc.OperationalError as error:
            raise WarehouseUnreachableError.at(engine.url.render_as_string(), error.orig or error) from error
        with connection, connection.begin():
            if engine.dialect.name == "postgresql":
                lock_server(connection)
            if fresh:
                metadata.drop_all(connection)
                forecasts.metadata.drop_all(connection)
            create_tables(connection, engine.url.render_as_string())
            yield (writer := Writer(connection))
            if writer.changed:
                tell(connection)
    finally:
        engine.dispose()


def lock_server(connection: sa.Connection) -> None:
    """Takes the server's only writing place until the transaction ends.

    Raises:
        WarehouseBusyError: another writer holds it.
    """
    if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK_KEY))):
        place = connection.engine.url.render_as_string()
        raise WarehouseBusyError(
            f"Another load is writing to {place}. Wait until it has finished; nothing was changed."
        )


def _insert_arrow(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    native: Any = connection.connection.driver_connection
    view = f"arrow_{uuid.uuid4().hex}"
    native.register(view, frame.to_arrow())
    try:
        columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in frame.columns]
        rows = sa.select(*columns).select_from(sa.table(view))
        connection.execute(table.insert().from_select(frame.columns, rows))
    finally:
        native.unregister(view)


def _copy(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(name) for name in frame.columns)
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT csv)"
    native: Any = connection.connection.driver_connection
    with native.cursor() as cursor, cursor.copy(statement) as copy:
        for rows in frame.iter_slices(_COPY_ROWS):
            text = io.BytesIO()
            # Text in quotes, null without: COPY reads an empty cell without quotes as null.
            rows.write_csv(text, include_header=False, quote_style="non_numeric", datetime_format=_TIME)
            copy.write(text.getvalue())
