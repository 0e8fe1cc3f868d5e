"""Scenarios that people save under a name: what they chose on a what-if page, kept for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa

from metrics.journal.database import Database
from metrics.journal.entry import author_name, words
from metrics.journal.errors import EntryRefusedError
from metrics.journal.tables import journal_scenario, journal_scenario_retraction, metadata
from metrics.warehouse.settings import Settings, load_settings

LONGEST_NAME: Final = 120
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """What somebody saved.

    Attributes:
        choices: what was chosen: parameter of the page's address to its value.
        written_at: UTC.
        changed_by: who retracted or restored it last; None when nobody did.
    """

    id: int
    page: str
    organisation: str
    name: str
    choices: Mapping[str, str]
    author: str
    written_at: datetime
    is_retracted: bool
    changed_by: str | None = None
    changed_at: datetime | None = None


class Scenarios:
    """The saved scenarios of a journal. Rows are added and never changed: undoing adds a row too.

    All methods raise `JournalUnusableError` when the journal cannot be read or written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, settings: Settings | None = None) -> Scenarios:
        """Returns the scenarios of the settings' journal (None: of those that hold here)."""
        return cls(Database(load_settings() if settings is None else settings))

    def of(self, page: str, organisation: str, *, with_retracted: bool = False) -> tuple[Scenario, ...]:
        """Returns the scenarios of a page and an organisation, oldest first."""
        with self._database.reading() as connection:
            if connection is None or not sa.inspect(connection).has_table(journal_scenario.name):
                return ()
            where = (journal_scenario.c.page == page, journal_scenario.c.organisation == organisation)
            rows = connection.execute(_standing().where(*where).order_by(journal_scenario.c.id)).mappings().all()
        found = (_scenario(row) for row in rows)
        return tuple(each for each in found if with_retracted or not each.is_retracted)

    def save(self, page: str, organisation: str, name: str, choices: Mapping[str, str], author: str) -> int:
        """Adds a scenario and returns its id.

        Raises:
            EntryRefusedError: nothing is chosen, the name is empty or too long, or another stands under that name.
        """
        said = words(name, "name", LONGEST_NAME)
        text = urlencode(sorted(choices.items()))
        if not choices:
            raise EntryRefusedError("Nothing is changed, so there is nothing to save. Move a lever first.")
        if len(text) > _MOST:
            raise EntryRefusedError(f"What was chosen has {len(text)} characters. Keep it to {_MOST}.")
        values = {"page": page, "organisation": organisation, "name": said, "choices": text}
        with self._database.writing() as connection:
            metadata.create_all(connection)
            _refuse_twin(connection, page, organisation, said)
            added = connection.execute(
                journal_scenario.insert().values(**values, author=author_name(author), written_at=_now())
            )
            (scenario_id,) = added.inserted_primary_key or (0,)
        return int(scenario_id)

    def retract(self, scenario_id: int, author: str) -> None:
        """Takes a scenario off the list; it stays in the journal.

        Raises:
            EntryRefusedError: there is no such scenario, or it is retracted already.
        """
        self._rule(scenario_id, author, retracts=True)

    def restore(self, scenario_id: int, author: str) -> None:
        """Brings a retracted scenario back.

        Raises:
            EntryRefusedError: there is no such scenario, it is not retracted, or another has taken its name.
        """
        self._rule(scenario_id, author, retracts=False)

    def _rule(self, scenario_id: int, author: str, *, retracts: bool) -> None:
        with self._database.writing() as connection:
            metadata.create_all(connection)
            row = connection.execute(_standing().where(journal_scenario.c.id == scenario_id)).mappings().one_or_none()
            if row is None:
                raise EntryRefusedError(f"There is no scenario {scenario_id}.")
            held = _scenario(row)
            if held.is_retracted == retracts:
                state = "is retracted already" if retracts else "is not retracted"
                raise EntryRefusedError(f"The scenario '{held.name}' {state}. There is nothing to do.")
            if not retracts:
                _refuse_twin(connection, held.page, held.organisation, held.name)
            connection.execute(
                journal_scenario_retraction.insert().values(
                    scenario_id=scenario_id, retracts=retracts, author=author_name(author), written_at=_now()
                )
            )


def _standing() -> sa.Select[tuple[object, ...]]:
    """Returns the statement for every scenario with the newest word on whether it stands."""
    s, r = journal_scenario.c, journal_scenario_retraction.c
    later = journal_scenario_retraction.alias("later")
    last = sa.select(sa.func.max(later.c.id)).where(later.c.scenario_id == s.id).correlate(journal_scenario)
    return sa.select(
        s.id, s.page, s.organisation, s.name, s.choices, s.author, s.written_at,
        sa.func.coalesce(r.retracts, sa.false()).label("is_retracted"),
        r.author.label("changed_by"), r.written_at.label("changed_at"),
    ).select_from(journal_scenario.outerjoin(journal_scenario_retraction, r.id == last.scalar_subquery()))  # fmt: skip


def _scenario(row: sa.RowMapping) -> Scenario:
    return Scenario(**{**row, "choices": dict(parse_qsl(row["choices"])), "is_retracted": bool(row["is_retracted"])})


def _refuse_twin(connection: sa.Connection, page: str, organisation: str, name: str) -> None:
    where = (journal_scenario.c.page == page, journal_scenario.c.organisation == organisation)
    rows = connection.execute(_standing().where(*where)).mappings().all()
    for held in map(_scenario, rows):
        if held.name.casefold() == name.casefold() and not held.is_retracted:
            raise EntryRefusedError(
                f"'{held.name}' is saved already, by {held.author}. Choose another name, or retract that one first."
            )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
