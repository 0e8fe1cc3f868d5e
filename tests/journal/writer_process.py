"""One process that writes to a journal while others do: `python -m tests.journal.writer_process HOME URL NAME N`."""

from __future__ import annotations

import contextlib
import sys
from datetime import date
from pathlib import Path

from metrics.journal import Entry, EntryRefusedError, Journal
from metrics.warehouse.settings import Settings


def main(home: str, url: str, name: str, number: int) -> None:
    """Writes annotations of its own, and tries each month for the phase that only one process may get."""
    journal = Journal.open(Settings(Path(home), url))
    for index in range(number):
        known = {"dna_rate"}
        journal.write(Entry("annotation", "dna_rate", date(2026, 1, 1), f"{name} {index}"), name, known_metrics=known)
        try:
            entry_id = journal.write(
                Entry("phase", "dna_rate", date(2020 + index, 1, 1), name), name, known_metrics=known
            )
        except EntryRefusedError:
            continue
        journal.retract(entry_id, name, "a trial")
        # Another process may have taken the place meanwhile, and keeps it.
        with contextlib.suppress(EntryRefusedError):
            journal.restore(entry_id, name, "it was right")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
