"""Committing often: a warehouse that stays open for writing, and publishes every commit at once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from metrics.warehouse import embedded
from metrics.warehouse.changing import Changes, check_operational
from metrics.warehouse.connect import embedded_folder, server_engine
from metrics.warehouse.errors import WarehouseNotBuiltError, WarehouseReadOnlyError, WarehouseUnreachableError
from metrics.warehouse.frames import read_frame
from metrics.warehouse.hot import attach, begin, fold, statements
from metrics.warehouse.notices import tell
from metrics.warehouse.settings import checked_url, file_url, load_settings
from metrics.warehouse.spark.url import is_spark
from metrics.warehouse.writing import Writer, lock_server

HOT_LIMIT = 64 * 2**20
"""Bytes of a hot part beyond which it is folded into a new history."""
_log = logging.getLogger(__name__)


class Live(Protocol):
    """A warehouse open for commits, one after another."""

    def commit(self) -> Any:
        """Gives `Changes` in a `with` block: committed and published when it ends well, else undone."""
        ...

    def close(self) -> None:
        """Gives back what it holds; what was committed stays."""
        ...


@contextmanager
def opened(url: str | None = None, *, hot_limit: int = HOT_LIMIT) -> Iterator[Live]:
    """Gives a warehouse that is open for commits. Between commits other writers may write.

    Raises:
        WarehouseReadOnlyError: Bellwether does not write to databases of this kind.
    """
    url = load_settings().warehouse if url is None else checked_url(url)
    if is_spark(url):
        raise WarehouseReadOnlyError.at(sa.make_url(url).render_as_string())
    folder = embedded_folder(url)
    live: Live = LiveServer(url) if folder is None else LiveFolder(folder, hot_limit)
    try:
        yield live
    finally:
        live.close()


class LiveServer:
    """A database server."""

    def __init__(self, url: str) -> None:
        self._engine = server_engine(url)

    @contextmanager
    def commit(self) -> Iterator[Changes]:
        """Gives changes that are one transaction; listeners are told when it is committed."""
        try:
            connection = self._engine.connect()
        except sa.exc.OperationalError as error:
            raise WarehouseUnreachableError.at(self._engine.url.render_as_string(), error.orig or error) from error
        with connection, connection.begin():
            lock_server(connection)
            check_operational(connection, self._engine.url.render_as_string())
            changes = Changes(_Server(connection))
            yield changes
            if changes.changed:
                changes.write_log()
                tell(connection)

    def close(self) -> None:
        """Closes its connections."""
        self._engine.dispose()


class _Server:
    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._writer = Writer(connection)

    def held(self, table: sa.Table, keys: pl.DataFrame) -> pl.DataFrame:
        return read_frame(self.connection, sa.select(table).where(self._among(table, keys)))

    def remove(self, table: sa.Table, keys: pl.DataFrame) -> None:
        self.connection.execute(table.delete().where(self._among(table, keys)))

    def add(self, table: sa.Table, rows: pl.DataFrame) -> None:
        self._writer.insert(table, rows)

    @staticmethod
    def _among(table: sa.Table, keys: pl.DataFrame) -> sa.ColumnElement[bool]:
        # Arrays, so that a statement has as many parameters as the key has columns, however many rows.
        arrays = [sa.bindparam(None, keys[name].to_list(), type_=sa.ARRAY(table.c[name].type)) for name in keys.columns]
        if len(arrays) == 1:
            return table.c[keys.columns[0]] == sa.func.any(arrays[0])
        these = sa.func.unnest(*arrays).table_valued(*keys.columns, name="these").render_derived()
        return sa.tuple_(*(table.c[name] for name in keys.columns)).in_(sa.select(*these.c))


class LiveFolder:
    """An embedded warehouse: a private hot part, of which every commit publishes a copy."""

    def __init__(self, folder: Path, hot_limit: int) -> None:
        self._folder = folder
        self._limit = hot_limit
        self._part: _Part | None = None

    @contextmanager
    def commit(self) -> Iterator[Changes]:
        """Gives changes that are published as a new snapshot."""
        with embedded.writer_lock(self._folder, brief=embedded.FEED):
            part = self._ready()
            try:
                part.connection.exec_driver_sql("BEGIN TRANSACTION")
                changes = Changes(part)
                yield changes
                if not changes.changed:
                    part.connection.exec_driver_sql("ROLLBACK")
                    return
                changes.write_log()
                part.connection.exec_driver_sql("COMMIT")
                part.connection.exec_driver_sql("CHECKPOINT")
                copy = embedded.copied(part.path, embedded.private_path(self._folder))
                part.version = embedded.publish(self._folder, copy, on=part.history)
            except BaseException:
                self._drop()  # whatever was undone or not published: the next commit starts from what readers see
                raise
            if part.path.stat().st_size > self._limit:
                self._compact()

    def close(self) -> None:
        """Removes its private file."""
        self._drop()

    def _ready(self) -> _Part:
        """Returns the private part, made anew when somebody else published or cleared it away meanwhile."""
        version = embedded.current_version(self._folder)
        if version is None:
            raise WarehouseNotBuiltError.at(str(self._folder))
        part = self._part
        if part is not None and part.version == version and part.path.exists():
            return part
        self._drop()
        embedded.clear(self._folder)
        newest = embedded.snapshot_path(self._folder, version)
        history = embedded.history_of(newest)
        path = embedded.private_path(self._folder)
        try:
            if history is None:
                begin(path, newest)
            else:
                embedded.copied(newest, path)
            self._part = _Part(path, history or newest, version)
        except BaseException:
            _remove(path)
            raise
        return self._part

    def _compact(self) -> None:
        """Folds the published hot part into a new history. Readers keep what they have until it is published."""
        try:
            compact(self._folder)
        except OSError as error:  # a full disk: the commit itself is published, and the next one tries again
            _log.warning("The hot part of %s could not be folded into its history: %s", self._folder, error)
        self._drop()

    def _drop(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.close()


def compact(folder: Path) -> str | None:
    """Folds the newest hot part into a new history and returns its name; None when the newest snapshot is whole.

    Call it with the writer's lock held. Whoever is killed on the way leaves the previous snapshot current.
    """
    version = embedded.current_version(folder)
    newest = None if version is None else embedded.snapshot_path(folder, version)
    if newest is None or embedded.history_of(newest) is None:
        return None
    path = embedded.private_copy(folder)
    engine = sa.create_engine(file_url(path), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            fold(connection, newest)
            connection.exec_driver_sql("CHECKPOINT")
        engine.dispose()
        return embedded.publish(folder, path)
    finally:
        engine.dispose()
        _remove(path)


class _Part:
    """A private hot part, open."""

    def __init__(self, path: Path, history: Path, version: str) -> None:
        self.path = path
        self.history = history
        self.version = version
        self._engine = sa.create_engine(file_url(path), isolation_level="AUTOCOMMIT")
        self.connection = self._engine.connect()
        self._native: Any = self.connection.connection.driver_connection
        attach(self._native, history)
        try:
            check_operational(self.connection, str(path.parent))
        except BaseException:
            self.close()
            raise

    def held(self, table: sa.Table, keys: pl.DataFrame) -> pl.DataFrame:
        with self._given(keys) as given:
            found = pl.from_arrow(self._native.sql(statements(table).held.format(given=given)).to_arrow_table())
        assert isinstance(found, pl.DataFrame)  # noqa: S101 (from_arrow gives a Series only for arrays)
        return found

    def remove(self, table: sa.Table, keys: pl.DataFrame) -> None:
        with self._given(keys) as given:
            for statement in (statements(table).mark, statements(table).remove):
                self._native.execute(statement.format(given=given))

    def add(self, table: sa.Table, rows: pl.DataFrame) -> None:
        with self._given(rows) as given:
            self._native.execute(statements(table).add(rows.columns).format(given=given))

    def close(self) -> None:
        self.connection.close()
        self._engine.dispose()
        _remove(self.path)

    @contextmanager
    def _given(self, rows: pl.DataFrame) -> Iterator[str]:
        name = f"given_{uuid.uuid4().hex}"
        self._native.register(name, rows.to_arrow())
        try:
            yield name
        finally:
            self._native.unregister(name)


def _remove(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
