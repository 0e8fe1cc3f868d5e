"""Opening the warehouse to read it."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.embedded import current_version, history_of, snapshot_path
from metrics.warehouse.errors import TookTooLongError, WarehouseNotBuiltError, WarehouseUnreachableError
from metrics.warehouse.frames import Compiled, Select, compiled, read_compiled
from metrics.warehouse.hot import attach
from metrics.warehouse.schema import check_tables
from metrics.warehouse.settings import checked_url, file_url, load_settings
from metrics.warehouse.spark.url import DIALECT as SPARK
from metrics.warehouse.spark.url import is_spark, look_again
from metrics.warehouse.tables.forecasts import meta_forecast_outcome
from metrics.warehouse.tables.meta import meta_load
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.provenance import meta_operational

_THREADS = 2
_CONNECT_SECONDS = 15
_STATEMENT_SECONDS = 120
# A server that has gone without a word, as one that lost its power or is cut off, is noticed by these; without them its
# answer is waited for for hours. One that works on a statement still acknowledges, and is given the time.
_SILENT_PEER = {
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """The warehouse at one data version. Frames of one snapshot belong together."""

    engine: sa.Engine
    data_version: str

    @property
    def pinned(self) -> bool:
        """Whether it never moves, as a file does not; a server answers of now, which may be newer than the version."""
        return self.engine.dialect.name == "duckdb"

    def frame(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select; see `metrics.warehouse.frames.read_frame` for the types.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer, or not in time.
        """
        return self.run(compiled(select, self.engine.dialect))

    def run(self, statement: Compiled) -> pl.DataFrame:
        """Returns the rows of a compiled select; raises as `frame`."""
        try:
            return self._read(statement)
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated or isinstance(error.orig, TookTooLongError):
                raise
            # The connection broke. Reading changes nothing, so that a fresh one may be asked again, once.
            return self._read(statement)

    def _read(self, statement: Compiled) -> pl.DataFrame:
        with self.engine.connect() as connection:
            return read_compiled(connection, statement)


class Warehouse:
    """The warehouse, to be read from many threads.

    `engine`, `data_version` and `frame` are those of the newest snapshot that `refresh` has seen. Whoever
    asks several questions that must agree takes `snapshot()` once and asks that.
    """

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._current = source.newest(None)

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine; read-only when embedded."""
        return self._current.engine

    @property
    def dialect(self) -> str:
        """The name of the SQL dialect: `duckdb`, `postgresql` ..."""
        return self._current.engine.dialect.name

    @property
    def data_version(self) -> str:
        """Names the state of the data: a cache key."""
        return self._current.data_version

    def snapshot(self) -> Snapshot:
        """Returns the newest snapshot seen, which stays as it is while the warehouse moves on."""
        return self._current

    def frame(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select from the newest snapshot seen."""
        return self._current.frame(select)

    def refresh(self) -> bool:
        """Looks for newer data and returns whether there is any. Costs one small file or query."""
        with self._lock:
            seen = self._current
            self._current = self._source.newest(seen)
            return self._current is not seen

    def is_built(self) -> bool:
        """Returns whether anything is loaded."""
        return self._source.is_built()


class _Source(Protocol):
    def newest(self, seen: Snapshot | None) -> Snapshot: ...
    def is_built(self) -> bool: ...


class _EmbeddedSource:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, seen: Snapshot | None) -> Snapshot:
        version = current_version(self._folder)
        if version is None:
            if seen is not None:
                return seen
            raise WarehouseNotBuiltError.at(str(self._folder))
        if seen is not None and seen.data_version == version:
            return seen
        try:
            engine = self._opened(version)
        except (OSError, sa.exc.DBAPIError):
            moved = current_version(self._folder)
            if moved == version:
                raise
            return self.newest(seen)  # the writer was faster: that one was cleared away before it was opened
        snapshot = Snapshot(engine, version)
        # An engine is part of a circle: left alone it would keep its files open, and its memory, for a long time.
        weakref.finalize(snapshot, engine.dispose)
        return snapshot

    def _opened(self, version: str) -> sa.Engine:
        engine = read_only_engine(snapshot_path(self._folder, version))
        with engine.connect() as connection:
            check_tables(connection, str(self._folder))
        return engine

    def is_built(self) -> bool:
        return current_version(self._folder) is not None


class _ServerSource:
    def __init__(self, url: str) -> None:
        self._engine = server_engine(url)
        weakref.finalize(self, self._engine.dispose)  # idle connections end with whoever asked for them

    def newest(self, seen: Snapshot | None) -> Snapshot:
        if not self.is_built():
            raise self._not_built()
        place = self._engine.url.render_as_string()
        version = sa.select(sa.func.max(meta_load.c.load_id), sa.func.count(), sa.func.max(meta_load.c.loaded_at))
        with self._engine.connect() as connection:
            if self._engine.dialect.name == SPARK:
                look_again(connection, meta_load)
            if seen is None:
                check_tables(connection, place)
            last, loads, at = connection.execute(version).one()
            own, forecasts = self._own_records(connection), self._forecasts_record(connection)
        if last is None and not own:
            raise self._not_built()
        published = "000000-0" if last is None else f"{last:06d}-{loads}-{at:%Y%m%dT%H%M%S}"
        name = f"{published}{own}{forecasts}"
        if seen is not None and seen.data_version == name:
            return seen
        if seen is not None and self._engine.dialect.name == SPARK:
            self._engine.dispose()  # a session keeps reading the files that a table had when it first read it
        return Snapshot(self._engine, name)

    @staticmethod
    def _own_records(connection: sa.Connection) -> str:
        """Names the state of the operational tables: when they were written, and the newest change since then."""
        inspector = sa.inspect(connection)
        if not (inspector.has_table(meta_operational.name) and inspector.has_table(meta_change.name)):
            return ""
        if connection.dialect.name == SPARK:
            for table in (meta_operational, meta_change):
                look_again(connection, table)
        written = connection.scalar(sa.select(sa.func.max(meta_operational.c.written_at)))
        change = connection.scalar(sa.select(sa.func.max(meta_change.c.change_id)))
        return "" if written is None else f"-{written:%Y%m%dT%H%M%S%f}-{change or 0}"

    @staticmethod
    def _forecasts_record(connection: sa.Connection) -> str:
        """Names the state of the outcomes of forecasts; empty where none are written."""
        if not sa.inspect(connection).has_table(meta_forecast_outcome.name):
            return ""
        if connection.dialect.name == SPARK:
            look_again(connection, meta_forecast_outcome)
        written = connection.scalar(sa.select(sa.func.max(meta_forecast_outcome.c.written_at)))
        return "" if written is None else f"-f{written:%Y%m%dT%H%M%S%f}"

    def _not_built(self) -> WarehouseNotBuiltError:
        read_only = self._engine.dialect.name == SPARK
        return WarehouseNotBuiltError.at(self._engine.url.render_as_string(), read_only=read_only)

    def is_built(self) -> bool:
        try:
            return sa.inspect(self._engine).has_table(meta_load.name)
        except sa.exc.OperationalError as error:
            place = self._engine.url.render_as_string()
            raise WarehouseUnreachableError.at(place, error.orig or error) from error


def server_engine(url: str) -> sa.Engine:
    """Returns an engine for a database server, which gives up what takes too long.

    A PostgreSQL server that is gone without a word is given up after 25 seconds; the URL may say otherwise, by
    `keepalives_idle=SECONDS` and the like.

    A statement may take as long as the URL says: `deadline=SECONDS` for Spark, the server's own
    `options=-c statement_timeout=...` for PostgreSQL.
    """
    arguments: dict[str, object] = {}
    query = sa.make_url(url).query
    if not is_spark(url):
        arguments["connect_timeout"] = query.get("connect_timeout", _CONNECT_SECONDS)
        if sa.make_url(url).get_backend_name() == "postgresql":
            arguments |= {name: query.get(name, value) for name, value in _SILENT_PEER.items()}
        arguments["options"] = query.get("options", f"-c statement_timeout={_STATEMENT_SECONDS * 1000}")
    return sa.create_engine(url, pool_pre_ping=True, connect_args=arguments)


def read_only_engine(path: Path) -> sa.Engine:
    """Returns an engine that reads one snapshot and cannot write it; a hot part is read with its history."""
    history = history_of(path)
    engine = sa.create_engine(
        file_url(path),
        connect_args={"read_only": True, "config": {"threads": _THREADS}},
        pool_size=16,
        max_overflow=32,
    )
    if history is not None:

        @sa.event.listens_for(engine, "connect")
        def connected(native: Any, _record: Any) -> None:
            attach(native, history)

    return engine


def holds_own_files(url: str | None = None) -> bool:
    """Returns whether files of the user's own were loaded, even into tables of another version.

    True when that cannot be told any more.
    """
    url = load_settings().warehouse if url is None else checked_url(url)
    folder = embedded_folder(url)
    version = None if folder is None else current_version(folder)
    if folder is not None and version is None:
        return False
    engine = server_engine(url) if folder is None else read_only_engine(snapshot_path(folder, version or ""))
    own = sa.select(sa.func.count()).select_from(meta_load).where(meta_load.c.origin == "file")
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(own))
    except sa.exc.DBAPIError:
        return True
    finally:
        engine.dispose()


def embedded_folder(url: str) -> Path | None:
    """Returns the folder of an embedded warehouse's URL; None for a database server."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "duckdb" else None


def open_warehouse(url: str | None = None) -> Warehouse:
    """Returns the warehouse at `url`, or the one that the settings name.

    Raises:
        WarehouseNotBuiltError: nothing was loaded yet; says what to run.
        WarehouseUnreachableError: the server does not answer.
        SettingsError: a setting cannot be used.
    """
    url = load_settings().warehouse if url is None else checked_url(url)
    folder = embedded_folder(url)
    return Warehouse(_ServerSource(url) if folder is None else _EmbeddedSource(folder))
