"""What is written down is read back, is never lost, and counts for the charts that it is for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.journal import Entry, EntryRefusedError, Journal
from metrics.journal.tables import journal_entry, journal_retraction
from metrics.warehouse.settings import Settings

KNOWN = {"dna_rate", "ae_four_hour"}
DAY = date(2026, 1, 1)
COLUMNS = {
    "id": pl.Int64,
    "kind": pl.String,
    "metric": pl.String,
    "organisation": pl.String,
    "service": pl.String,
    "on_day": pl.Date,
    "reason": pl.String,
    "baseline_points": pl.Int64,
    "author": pl.String,
    "written_at": pl.Datetime("us"),
    "is_retracted": pl.Boolean,
    "changed_by": pl.String,
    "changed_at": pl.Datetime("us"),
    "changed_why": pl.String,
}


def phase(metric: str = "dna_rate", on_day: date = DAY, reason: str = "A new booking system", **more: object) -> Entry:
    return Entry("phase", metric, on_day, reason, **more)


def write(journal: Journal, *entries: Entry) -> list[int]:
    return [journal.write(entry, "A. Reader", known_metrics=KNOWN) for entry in entries]


def test_a_journal_that_was_never_written_is_empty_and_makes_nothing(journal: Journal, settings: Settings) -> None:
    assert journal.everything(with_retracted=True).schema == COLUMNS
    assert journal.entries(["dna_rate"], organisation=None, service=None).is_empty()
    assert journal.version == "0"
    assert list(settings.home.iterdir()) == []


def test_an_entry_is_read_back_as_it_was_written(journal: Journal) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    made = phase(reason="  A new\n booking   system ", organisation=" R1H ", service="110", baseline_points=12)
    (entry_id,) = write(journal, made)
    frame = journal.everything()
    assert frame.schema == COLUMNS
    (row,) = frame.rows(named=True)
    written_at = row.pop("written_at")
    assert before <= written_at <= before + timedelta(minutes=1)
    assert row == {
        "id": entry_id, "kind": "phase", "metric": "dna_rate", "organisation": "R1H", "service": "110", "on_day": DAY,
        "reason": "A new booking system", "baseline_points": 12, "author": "A. Reader", "is_retracted": False,
        "changed_by": None, "changed_at": None, "changed_why": None,
    }  # fmt: skip


def test_another_process_of_later_reads_the_same(journal: Journal, settings: Settings) -> None:
    write(journal, phase())
    assert Journal.open(settings).everything().equals(journal.everything())


@pytest.mark.parametrize(
    ("organisation", "service", "counted"),
    [
        (None, None, ["all"]),
        ("R1H", None, ["all", "trust"]),
        ("R0A", None, ["all"]),
        ("R1H", "110", ["all", "trust", "service", "both"]),
        ("R0A", "110", ["all", "service"]),
        (None, "110", ["all", "service"]),
        ("R1H", "120", ["all", "trust"]),
    ],
)
def test_an_entry_counts_for_its_own_charts_only(journal: Journal, organisation, service, counted) -> None:
    write(
        journal,
        phase(reason="all"),
        phase(reason="trust", organisation="R1H"),
        phase(reason="service", service="110"),
        phase(reason="both", organisation="R1H", service="110"),
        phase("ae_four_hour", reason="another metric"),
    )
    frame = journal.entries(["dna_rate"], organisation=organisation, service=service)
    assert frame["reason"].to_list() == counted


def test_entries_come_by_day_and_of_the_metrics_asked_for(journal: Journal) -> None:
    write(
        journal,
        phase(on_day=date(2026, 3, 1), reason="March"),
        Entry("annotation", "ae_four_hour", date(2026, 2, 1), "February"),
        phase(on_day=date(2025, 12, 1), reason="December"),
    )
    assert journal.everything()["reason"].to_list() == ["December", "February", "March"]
    assert journal.everything({"ae_four_hour"})["reason"].to_list() == ["February"]
    assert journal.everything([]).is_empty()


def test_a_retracted_entry_is_off_the_charts_and_stays_in_the_journal(journal: Journal) -> None:
    (entry_id,) = write(journal, phase())
    journal.retract(entry_id, "B. Other", "The day was wrong")
    assert journal.everything().is_empty()
    (row,) = journal.everything(with_retracted=True).rows(named=True)
    assert (row["is_retracted"], row["changed_by"], row["changed_why"]) == (True, "B. Other", "The day was wrong")
    assert row["reason"] == "A new booking system"
    journal.restore(entry_id, "A. Reader", "It was right after all")
    (row,) = journal.everything().rows(named=True)
    assert (row["is_retracted"], row["changed_by"], row["changed_why"]) == (
        False, "A. Reader", "It was right after all",
    )  # fmt: skip
    assert row["changed_at"] >= row["written_at"]


def test_every_writing_changes_the_version_and_reading_does_not(journal: Journal) -> None:
    seen = [journal.version]
    (entry_id,) = write(journal, phase())
    seen.append(journal.version)
    journal.retract(entry_id, "A", "wrong")
    seen.append(journal.version)
    journal.restore(entry_id, "A", "right")
    seen.append(journal.version)
    journal.everything()
    assert journal.version == seen[-1]
    assert len(set(seen)) == 4


def test_what_is_refused_changes_nothing(journal: Journal) -> None:
    (first,) = write(journal, phase())
    version = journal.version
    with pytest.raises(EntryRefusedError, match=rf"1 January 2026 already: entry {first} by A\. Reader"):
        write(journal, phase(reason="Another cause"))
    with pytest.raises(EntryRefusedError, match="There is no metric 'dna_rat'"):
        write(journal, phase("dna_rat"))
    with pytest.raises(EntryRefusedError, match="There is no entry 99"):
        journal.retract(99, "A", "wrong")
    with pytest.raises(EntryRefusedError, match="is not retracted"):
        journal.restore(first, "A", "right")
    with pytest.raises(EntryRefusedError, match="reason is empty"):
        journal.retract(first, "A", "  ")
    with pytest.raises(EntryRefusedError, match="author's name is empty"):
        journal.write(phase("ae_four_hour"), " ", known_metrics=KNOWN)
    journal.retract(first, "A", "wrong")
    with pytest.raises(EntryRefusedError, match="retracted already"):
        journal.retract(first, "A", "wrong")
    assert journal.everything(with_retracted=True).height == 1
    assert journal.version.split("-")[0] == version.split("-")[0]


def test_phases_of_one_day_differ_in_scope_and_annotations_may_be_many(journal: Journal) -> None:
    write(journal, phase(), phase(organisation="R1H"), phase(service="110"), phase(organisation="R1H", service="110"))
    note = Entry("annotation", "dna_rate", DAY, "Heavy snow")
    write(journal, note, note)
    assert journal.everything().height == 6


def test_a_retracted_phase_gives_way_and_comes_back_only_to_an_empty_place(journal: Journal) -> None:
    (first,) = write(journal, phase(reason="First"))
    journal.retract(first, "A", "wrong")
    (second,) = write(journal, phase(reason="Second"))
    with pytest.raises(EntryRefusedError, match=rf"already: entry {second} "):
        journal.restore(first, "A", "right")
    journal.retract(second, "A", "wrong")
    journal.restore(first, "A", "right")
    assert journal.everything()["reason"].to_list() == ["First"]


def test_a_day_more_than_a_year_ahead_is_refused(journal: Journal) -> None:
    today = datetime.now(UTC).date()
    write(journal, phase(on_day=today + timedelta(days=360)))
    with pytest.raises(EntryRefusedError, match="more than a year away"):
        write(journal, phase(on_day=today + timedelta(days=370)))


@pytest.mark.parametrize("table", [journal_entry, journal_retraction])
@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_itself_refuses_to_change_what_was_written(journal: Journal, table: sa.Table, change: str) -> None:
    (entry_id,) = write(journal, phase())
    journal.retract(entry_id, "A", "wrong")
    before = journal.everything(with_retracted=True)
    statement = table.delete() if change == "delete" else table.update().values(author="Somebody else")
    with (
        pytest.raises(sa.exc.DBAPIError, match="the journal is only added to"),
        journal._database._engine.begin() as connection,
    ):
        connection.execute(statement)
    assert journal.everything(with_retracted=True).equals(before)
