"""Where the journal is kept, and connections to it: SQLite beside the warehouse, or the warehouse's PostgreSQL."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from metrics.journal.errors import JournalUnusableError
from metrics.journal.tables import VERSION, journal_version, metadata
from metrics.warehouse.connect import server_engine
from metrics.warehouse.settings import Settings

FILE: Final = "journal.sqlite"
_BUSY_SECONDS: Final = 30
_LOCK_KEY: Final = 0x4A4F5552  # 'JOUR'
_WRITES: Final = "bellwether_writes"
_NOT_A_JOURNAL: Final = ("file is not a database", "malformed", "no such table", "no such column")


class Database:
    """The journal's database, to be used from many threads and processes.

    Attributes:
        place: how messages call it.
    """

    def __init__(self, settings: Settings) -> None:
        if sa.make_url(settings.warehouse).get_backend_name() == "postgresql":
            self._file: Path | None = None
            self._engine = server_engine(settings.warehouse)
            self.place = self._engine.url.render_as_string()
        else:
            self._file = settings.home / FILE
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
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
                if not self._is_begun(connection):
                    metadata.create_all(connection)
                    connection.execute(journal_version.insert().values(version=VERSION))
                yield connection

    def _is_begun(self, connection: sa.Connection) -> bool:
        if not sa.inspect(connection).has_table(journal_version.name):
            return False
        if (connection.scalar(sa.select(journal_version.c.version)) or 0) > VERSION:
            raise JournalUnusableError.newer(self.place)
        return True

    @contextlib.contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            said = error.orig or error
            if self._file is None:
                raise JournalUnusableError.unreachable(self.place, said) from error
            broken = any(words in str(said) for words in _NOT_A_JOURNAL)
            raise (JournalUnusableError.broken if broken else JournalUnusableError.closed)(self.place, said) from error
        except OSError as error:
            raise JournalUnusableError.closed(self.place, error.strerror or error) from error


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
