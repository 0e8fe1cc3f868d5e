"""A journal that cannot be read or written says where it is and what to do, and loses nothing."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from metrics.journal import Entry, Journal, JournalError, JournalUnusableError
from metrics.journal.tables import journal_version
from metrics.warehouse.settings import Settings, embedded_url
from metrics.warehouse.writing import writing

NOTE = Entry("annotation", "dna_rate", date(2026, 1, 1), "Snow")
KNOWN = {"dna_rate"}


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    return Settings(tmp_path, embedded_url(tmp_path / "warehouse"))


def test_a_file_that_is_no_journal_is_told_and_left_as_it_is(kept: Settings) -> None:
    path = kept.home / "journal.sqlite"
    path.write_text("not a database, but more than a hundred bytes of somebody's notes\n" * 20)
    before = path.read_bytes()
    for use in (
        lambda: Journal.open(kept).everything(),
        lambda: Journal.open(kept).version,
        lambda: Journal.open(kept).write(NOTE, "A", known_metrics=KNOWN),
    ):
        with pytest.raises(JournalUnusableError, match="cannot be read") as error:
            use()
        assert str(path) in str(error.value)
        assert "backup" in str(error.value)
    assert path.read_bytes() == before


def test_a_damaged_journal_is_told(kept: Settings) -> None:
    journal = Journal.open(kept)
    journal.write(NOTE, "A", known_metrics=KNOWN)
    path = kept.home / "journal.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damaged = bytearray(path.read_bytes())
    damaged[100:] = b"\xff" * (len(damaged) - 100)
    path.write_bytes(damaged)
    with pytest.raises(JournalUnusableError, match="cannot be read"):
        journal.everything()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal.open(Settings(tmp_path / "file" / "home", embedded_url(tmp_path / "warehouse")))
    assert journal.everything().is_empty()
    with pytest.raises(JournalUnusableError, match="cannot be opened or written") as error:
        journal.write(NOTE, "A", known_metrics=KNOWN)
    assert str(tmp_path / "file" / "home" / "journal.sqlite") in str(error.value)


def test_a_folder_in_the_place_of_the_file_is_told(kept: Settings) -> None:
    (kept.home / "journal.sqlite").mkdir()
    with pytest.raises(JournalUnusableError, match="cannot be opened or written"):
        Journal.open(kept).everything()


def test_a_journal_without_its_tables_is_told_or_begun(kept: Settings) -> None:
    (kept.home / "journal.sqlite").touch()  # what a program leaves that was stopped before its first writing
    journal = Journal.open(kept)
    assert journal.everything().is_empty()
    assert journal.write(NOTE, "A", known_metrics=KNOWN) == 1
    assert journal.everything().height == 1


def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://reader:s3cret@127.0.0.1:1/none?connect_timeout=2"
    with pytest.raises(JournalError, match="cannot be reached") as error:
        Journal.open(Settings(tmp_path, url)).everything()
    assert "s3cret" not in str(error.value)


def test_a_journal_of_a_later_version_is_neither_read_nor_written(journal: Journal) -> None:
    journal.write(NOTE, "A", known_metrics=KNOWN)
    with journal._database._engine.begin() as connection:
        connection.execute(journal_version.update().values(version=2))
    for use in (journal.everything, lambda: journal.write(NOTE, "A", known_metrics=KNOWN)):
        with pytest.raises(JournalUnusableError, match="later version of Bellwether"):
            use()
    with journal._database._engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM journal_entry")) == 1


@pytest.mark.postgresql
def test_a_role_that_may_only_read_reads_and_is_told_why_it_cannot_write(new_database, tmp_path: Path) -> None:
    url = new_database()
    owner = Journal.open(Settings(tmp_path, url))
    owner.write(NOTE, "A", known_metrics=KNOWN)
    engine = sa.create_engine(url)
    role = f"reader_{sa.make_url(url).database}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(sa.text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
    engine.dispose()
    reader = Journal.open(Settings(tmp_path, sa.make_url(url).set(username=role).render_as_string(hide_password=False)))
    assert reader.everything().equals(owner.everything())
    with pytest.raises(JournalUnusableError, match="permission denied for table journal_entry") as error:
        reader.write(NOTE, "A", known_metrics=KNOWN)
    assert "add rows" in str(error.value)
    assert owner.everything().height == 1
    with engine.begin() as connection:
        connection.execute(sa.text(f"GRANT INSERT ON ALL TABLES IN SCHEMA public TO {role}"))
        connection.execute(sa.text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"))
    engine.dispose()
    assert reader.write(NOTE, "B", known_metrics=KNOWN) > 1
    assert owner.everything()["author"].to_list() == ["A", "B"]


def test_loading_afresh_leaves_the_journal_alone(settings: Settings, journal: Journal) -> None:
    journal.write(NOTE, "A", known_metrics=KNOWN)
    with writing(settings.warehouse, fresh=True):
        pass
    assert journal.everything().height == 1
