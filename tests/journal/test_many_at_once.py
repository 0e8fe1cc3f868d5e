"""Several threads and processes write to one journal: nothing is lost, and nothing is written twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import polars as pl

from metrics.journal import Entry, EntryRefusedError, Journal
from metrics.warehouse.settings import Settings

PROJECT = Path(__file__).parents[2]
EACH = 6


def test_processes_that_begin_and_fill_one_journal_together(journal: Journal, settings: Settings) -> None:
    names = ["one", "two", "three"]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.journal.writer_process", settings.home, settings.warehouse, name, str(EACH)],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    frame = journal.everything()
    notes = frame.filter(kind="annotation")
    assert sorted(notes["reason"]) == sorted(f"{name} {index}" for name in names for index in range(EACH))
    phases = frame.filter(kind="phase")
    assert phases["on_day"].to_list() == [date(2020 + index, 1, 1) for index in range(EACH)]
    assert frame["id"].n_unique() == frame.height


def test_of_threads_that_want_the_same_phase_one_gets_it(journal: Journal) -> None:
    gate = threading.Barrier(8)

    def attempt(number: int) -> int | None:
        gate.wait()
        try:
            return journal.write(
                Entry("phase", "dna_rate", date(2026, 1, 1), f"{number}"), "A", known_metrics={"dna_rate"}
            )
        except EntryRefusedError:
            return None

    with ThreadPoolExecutor(8) as threads:
        got = [entry for entry in threads.map(attempt, range(8)) if entry is not None]
    assert journal.everything()["id"].to_list() == got
    assert len(got) == 1


def test_versions_differ_whenever_what_is_read_differs(journal: Journal) -> None:
    seen: dict[str, pl.DataFrame] = {}
    done = threading.Event()

    def write() -> None:
        try:
            for index in range(20):
                journal.write(
                    Entry("annotation", "dna_rate", date(2026, 1, 1), f"{index}"), "A", known_metrics={"dna_rate"}
                )
        finally:
            done.set()

    with ThreadPoolExecutor(2) as threads:
        for writer in [threads.submit(write), threads.submit(write)]:
            while not done.is_set():
                before = journal.version
                frame = journal.everything()
                if journal.version == before:  # nothing came between
                    assert seen.setdefault(before, frame).equals(frame)
            writer.result()
    assert journal.everything().height == 40
