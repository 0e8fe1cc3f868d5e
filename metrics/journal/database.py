"""Where the journal, and other things only added to, are kept: SQLite beside the warehouse, or its PostgreSQL."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from metrics.journal.errors import JournalUnusableError
from metrics.journal.tables import VERSION, journal_version, metadata
from metrics.warehouse.connect import server_engine
from metrics.warehouse.settings import Settings

_BUSY_SECONDS: Final = 30
_WRITES: Final = "bellwether_writes"
_NOT_A_JOURNAL: Final = ("file is not a database", "malformed", "no such table", "no such column")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept together in a small database.

    Attributes:
        name: how messages call it: 'journal'.
        file: its name in the settings' home.
        metadata: its tables.
        versions: the table that says which version of the tables is there, in a column `version`.
        version: that of this program.
        lock: number of the lock under which PostgreSQL lets one write.
    """

    name: str
    file: str
    metadata: sa.MetaData
    versions: sa.Table
    version: int
    lock: int


JOURNAL: Final = Kept("journal", "journal.sqlite", metadata, journal_version, VERSION, 0x4A4F5552)  # 'JOUR'


class Database:
    """A small database, to be used from many threads and processes.

    Attributes:
        place: how messages call it.
    """

    def __init__(self, settings: Settings, kept: Kept = JOURNAL) -> None:
        self._kept = kept
        if sa.make_url(settings.warehouse).get_backend_name() == "postgresql":
            self._file: Path | None = None
            self._engine = server_engine(settings.warehouse)
            self.place = self._engine.url.render_as_string()
        else:
            self._file = settings.home / kept.file
            self._engine = _file_engine(self._file)
            self.place = str(self._file)
        weakref.finalize(self, self._engine.dispose)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """Gives a connection that sees one state; None while nothing was ever written.

        Raises:
            JournalUnusableError: see there.
        """
        with self._errors_told():
            if self._file is not None and not self._file.exists():
                yield None
                return
            with self._engine.connect() as connection:
                older = self._is_older(connection)
            if older:
                with self.writing():
                    pass  # which adds the tables and columns that it lacks
            with self._engine.connect() as connection:
                yield connection if self._is_begun(connection) else None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Gives a connection that alone may write until the block ends; when it ends well, all is kept, else nothing.

        Raises:
            JournalUnusableError: see there.
        """
        with self._errors_told():
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
                if self._file is None:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self._kept.lock)))
                if not self._is_begun(connection) or self._is_older(connection):
                    self._bring_up(connection)
                yield connection

    def _is_begun(self, connection: sa.Connection) -> bool:
        version = self._version(connection)
        if version > self._kept.version:
            raise JournalUnusableError.newer(self.place, self._kept.name)
        return version > 0

    def _is_older(self, connection: sa.Connection) -> bool:
        """Returns whether it was begun by an earlier program; later ones only add tables and columns."""
        return 0 < self._version(connection) < self._kept.version

    def _bring_up(self, connection: sa.Connection) -> None:
        """Makes the tables that are not there, and adds to those of an earlier program the columns that they lack.

        What was written before has the column's default there, which the database gives.
        """
        held = sa.inspect(connection)
        for table in self._kept.metadata.sorted_tables:
            if not held.has_table(table.name):
                continue
            names = {column["name"] for column in held.get_columns(table.name)}
            for column in table.columns:
                if column.name not in names:
                    told = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                    connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {told}")
        self._kept.metadata.create_all(connection)
        connection.execute(self._kept.versions.insert().values(version=self._kept.version))

    def _version(self, connection: sa.Connection) -> int:
        versions = self._kept.versions
        if not sa.inspect(connection).has_table(versions.name):
            return 0
        return int(connection.scalar(sa.select(sa.func.max(versions.c.version))) or 0)

    @contextlib.contextmanager
    def _errors_told(self) -> Iterator[None]:
        name = self._kept.name
        try:
            yield
        except sa.exc.DBAPIError as error:
            said = error.orig or error
            if self._file is None:
                raise JournalUnusableError.unreachable(self.place, said, name) from error
            broken = any(words in str(said) for words in _NOT_A_JOURNAL)
            told = JournalUnusableError.broken if broken else JournalUnusableError.closed
            raise told(self.place, said, name) from error
        except OSError as error:
            raise JournalUnusableError.closed(self.place, error.strerror or error, name) from error


def _file_engine(path: Path) -> sa.Engine:
    """Returns an engine of the file that opens it anew for each use, so that a file put in its place is seen."""
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _opened)
    sa.event.listen(engine, "begin", _begun)
    return engine


def _opened(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not at the driver's first change
    connection.execute("PRAGMA foreign_keys = ON")


def _begun(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("BEGIN")
        return
    # Readers are not kept waiting by a writer. While another program holds the file the mode stays as it was,
    # which is slower and no less safe; the next writer sets it.
    with contextlib.suppress(sa.exc.OperationalError):
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
