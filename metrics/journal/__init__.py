"""What people write down about metrics: annotations and phases, with author, time and reason, never lost."""

from __future__ import annotations

from metrics.journal.entry import LEAST_BASELINE, LONGEST_REASON, Entry, Kind
from metrics.journal.errors import EntryRefusedError, JournalError, JournalUnusableError
from metrics.journal.journal import Journal
from metrics.journal.reading import applying
from metrics.journal.scenarios import Scenario, Scenarios

__all__ = [
    "LEAST_BASELINE",
    "LONGEST_REASON",
    "Entry",
    "EntryRefusedError",
    "Journal",
    "JournalError",
    "JournalUnusableError",
    "Kind",
    "Scenario",
    "Scenarios",
    "applying",
]
