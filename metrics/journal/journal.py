"""The journal: what people write down about metrics, kept for good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from metrics.journal.database import Database
from metrics.journal.entry import Entry, author_name, words
from metrics.journal.errors import EntryRefusedError
from metrics.journal.reading import applying, entries_of, no_entries
from metrics.journal.tables import journal_entry, journal_retraction
from metrics.warehouse.frames import read_frame
from metrics.warehouse.settings import Settings, load_settings


class Journal:
    """What people write down. Rows are added and never changed: undoing adds a row too.

    Several threads and processes may use one journal. All methods raise `JournalUnusableError` when it cannot be read
    or written, and those that write `EntryRefusedError` when what is wanted cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, settings: Settings | None = None) -> Journal:
        """Returns the journal of the settings (None: those that hold here). Nothing is made before the first writing.

        It is the file `journal.sqlite` in the settings' home, or lies in tables `journal_*` beside a warehouse
        that is PostgreSQL.
        """
        return cls(Database(load_settings() if settings is None else settings))

    @property
    def place(self) -> str:
        """Returns where it is: a path, or a database's address without its password."""
        return self._database.place

    @property
    def version(self) -> str:
        """Returns a name of the journal's state, which every writing changes: for cache keys. Costs one small query."""
        with self._database.reading() as connection:
            if connection is None:
                return "0"
            both = [
                sa.select(sa.func.max(table.c.id), sa.func.max(table.c.written_at))
                for table in (journal_entry, journal_retraction)
            ]
            newest = [value for select in both for value in connection.execute(select).one()]
        return "-".join(f"{value:%Y%m%dT%H%M%S%f}" if isinstance(value, datetime) else str(value) for value in newest)

    def entries(
        self,
        metric_ids: Collection[str],
        *,
        organisation: str | None,
        service: str | None,
        with_retracted: bool = False,
    ) -> pl.DataFrame:
        """Returns the entries that count for the charts of metrics, of one organisation and service, by day.

        Columns: `id` Int64, `kind` String (annotation | phase), `metric` String, `organisation` String (null:
        everywhere), `service` String (null: all), `on_day` Date, `reason` String, `baseline_points` Int64 (null:
        limits from every point), `author` String, `written_at` Datetime (UTC), `is_retracted` Boolean; and who
        retracted or restored it last: `changed_by` String, `changed_at` Datetime (UTC), `changed_why` String, null
        when nobody did.

        Args:
            metric_ids: the charts' metrics.
            organisation: the charts' organisation: what is for everywhere counts too. None: only that.
            service: the charts' service: what is for all counts too. None, for charts of all services: only that.
            with_retracted: retracted entries too.
        """
        frame = self.everything(metric_ids, with_retracted=with_retracted)
        return applying(frame, organisation=organisation, service=service)

    def everything(self, metric_ids: Collection[str] | None = None, *, with_retracted: bool = False) -> pl.DataFrame:
        """Returns the entries of metrics (None: of all), whatever their organisation and service; columns as `entries`.

        `applying` picks from it what counts for one chart: many charts then cost one query.
        """
        with self._database.reading() as connection:
            if connection is None:
                return no_entries()
            found = read_frame(connection, entries_of(metric_ids, with_retracted=with_retracted))
        return found.cast(no_entries().schema)

    def write(self, entry: Entry, author: str, *, known_metrics: Collection[str]) -> int:
        """Adds an entry and returns its id.

        Args:
            entry: what to write.
            author: who writes.
            known_metrics: the ids of the catalogue in use.

        Raises:
            EntryRefusedError: there is no such metric, the day is far ahead, or another phase of the same metric,
                organisation and service starts on that day.
        """
        now, name = _now(), author_name(author)
        entry.check(known_metrics, now.date())
        values = {column: getattr(entry, column) for column in Entry.__slots__}
        with self._database.writing() as connection:
            _refuse_twin(connection, values)
            added = connection.execute(journal_entry.insert().values(**values, author=name, written_at=now))
            (entry_id,) = added.inserted_primary_key or (0,)
        return int(entry_id)

    def retract(self, entry_id: int, author: str, why: str) -> None:
        """Takes an entry off the charts; it stays in the journal, with who did it, when and why.

        Raises:
            EntryRefusedError: there is no such entry, or it is retracted already.
        """
        self._rule(entry_id, author, why, retracts=True)

    def restore(self, entry_id: int, author: str, why: str) -> None:
        """Brings a retracted entry back.

        Raises:
            EntryRefusedError: there is no such entry, it is not retracted, or another phase has taken its place.
        """
        self._rule(entry_id, author, why, retracts=False)

    def _rule(self, entry_id: int, author: str, why: str, *, retracts: bool) -> None:
        added = {"author": author_name(author), "why": words(why, "reason"), "written_at": _now(), "retracts": retracts}
        with self._database.writing() as connection:
            every = entries_of(None, with_retracted=True).where(journal_entry.c.id == entry_id)
            row = connection.execute(every).mappings().one_or_none()
            if row is None:
                raise EntryRefusedError(f"There is no entry {entry_id}. `bellwether journal list` shows them.")
            if bool(row["is_retracted"]) == retracts:
                state = "is retracted already" if retracts else "is not retracted"
                raise EntryRefusedError(f"Entry {entry_id} {state}. There is nothing to do.")
            if not retracts:
                _refuse_twin(connection, dict(row))
            connection.execute(journal_retraction.insert().values(entry_id=entry_id, **added))


def _refuse_twin(connection: sa.Connection, values: dict[str, object]) -> None:
    """Refuses a phase where another stands: two could not both set the limits."""
    if values["kind"] != "phase":
        return
    same = [
        journal_entry.c[name].is_not_distinct_from(values[name])
        for name in ("kind", "metric", "organisation", "service", "on_day")
    ]
    twin = connection.execute(entries_of(None, with_retracted=False).where(*same)).mappings().first()
    if twin is not None:
        day = twin["on_day"]
        raise EntryRefusedError(
            f"A phase begins there on {day.day} {day:%B %Y} already: entry {twin['id']} by {twin['author']} "
            f"('{twin['reason']}'). Retract that one first, or choose another day."
        )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
