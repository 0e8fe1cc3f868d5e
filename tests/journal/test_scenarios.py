"""Scenarios are read back as saved, are never lost, and names stand for one each."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from metrics.journal import Entry, EntryRefusedError, Journal, Scenarios
from metrics.journal.tables import journal_scenario
from metrics.warehouse.settings import Settings

CHOICES = {"open": "24", "stay": "-5"}


@pytest.fixture
def scenarios(settings: Settings) -> Scenarios:
    return Scenarios.open(settings)


def save(scenarios: Scenarios, name: str = "Winter ward", organisation: str = "R0A") -> int:
    return scenarios.save("capacity", organisation, name, CHOICES, "A. Reader")


def test_what_is_saved_is_read_back(scenarios: Scenarios) -> None:
    assert scenarios.of("capacity", "R0A") == ()
    saved = save(scenarios, "  Winter   ward & café ")
    (found,) = scenarios.of("capacity", "R0A")
    assert (found.id, found.name, found.choices, found.author) == (saved, "Winter ward & café", CHOICES, "A. Reader")
    assert not found.is_retracted
    assert found.changed_by is None


def test_a_scenario_is_of_its_page_and_organisation(scenarios: Scenarios) -> None:
    save(scenarios)
    assert scenarios.of("capacity", "RTH") == scenarios.of("waiting-list", "R0A") == ()


def test_retracted_is_off_the_list_and_can_be_restored(scenarios: Scenarios) -> None:
    saved = save(scenarios)
    scenarios.retract(saved, "B. Other")
    assert scenarios.of("capacity", "R0A") == ()
    (gone,) = scenarios.of("capacity", "R0A", with_retracted=True)
    assert (gone.is_retracted, gone.changed_by) == (True, "B. Other")
    scenarios.restore(saved, "C. Third")
    (back,) = scenarios.of("capacity", "R0A")
    assert (back.is_retracted, back.changed_by, back.author) == (False, "C. Third", "A. Reader")


def test_a_name_stands_for_one(scenarios: Scenarios) -> None:
    first = save(scenarios)
    with pytest.raises(EntryRefusedError, match=r"'Winter ward' is saved already, by A\. Reader"):
        save(scenarios, "winter WARD")
    save(scenarios, organisation="RTH")
    scenarios.retract(first, "A. Reader")
    save(scenarios)
    with pytest.raises(EntryRefusedError, match="is saved already"):
        scenarios.restore(first, "A. Reader")


def test_what_cannot_be_saved_is_told(scenarios: Scenarios) -> None:
    with pytest.raises(EntryRefusedError, match="Move a lever first"):
        scenarios.save("capacity", "R0A", "Nothing", {}, "A. Reader")
    with pytest.raises(EntryRefusedError, match="The name is empty"):
        save(scenarios, " ")
    with pytest.raises(EntryRefusedError, match="no scenario 77"):
        scenarios.retract(77, "A. Reader")
    saved = save(scenarios)
    with pytest.raises(EntryRefusedError, match="is not retracted"):
        scenarios.restore(saved, "A. Reader")
    scenarios.retract(saved, "A. Reader")
    with pytest.raises(EntryRefusedError, match="is retracted already"):
        scenarios.retract(saved, "A. Reader")


def test_a_journal_from_before_there_were_scenarios_takes_them(settings: Settings, journal: Journal) -> None:
    journal.write(Entry("annotation", "dna_rate", date(2026, 1, 1), "Before"), "A", known_metrics={"dna_rate"})
    scenarios = Scenarios.open(settings)
    with scenarios._database.writing() as connection:
        connection.execute(sa.text("DROP TABLE journal_scenario_retraction"))
        connection.execute(sa.text("DROP TABLE journal_scenario"))
    assert scenarios.of("capacity", "R0A") == ()
    save(scenarios)
    assert len(scenarios.of("capacity", "R0A")) == 1
    assert journal.everything().height == 1


def test_the_database_itself_refuses_changes(scenarios: Scenarios) -> None:
    save(scenarios)
    with (
        pytest.raises(Exception, match=r"only added to|cannot be opened"),
        scenarios._database.writing() as connection,
    ):
        connection.execute(journal_scenario.update().values(name="Other"))
    assert scenarios.of("capacity", "R0A")[0].name == "Winter ward"
