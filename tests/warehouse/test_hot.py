"""A process opens many hot parts of one history, one after the other and at once, and each is there."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from metrics.warehouse.hot import HISTORY, attach

MANY = 600
LONGEST_SECONDS = 120.0


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.duckdb"
    with duckdb.connect(str(path)) as native:
        native.execute("CREATE TABLE counted AS SELECT 7 AS number")
    return path


def test_a_history_is_known_to_each_of_many_parts_however_many_were_closed(tmp_path: Path, history: Path) -> None:
    dice, opened, read = random.Random(1), [], []  # noqa: S311 - the same course each time

    def work() -> None:
        for number in range(MANY):
            part = duckdb.connect(str(tmp_path / f"part{number}.duckdb"))
            attach(part, history)
            attach(part, history)
            read.append(part.execute(f"SELECT number FROM {HISTORY}.main.counted").fetchone())
            opened.append(part)
            if len(opened) > 3:
                opened.pop(dice.randrange(len(opened))).close()

    working = threading.Thread(target=work, daemon=True)
    working.start()
    working.join(LONGEST_SECONDS)
    assert read == [(7,)] * MANY  # whoever waits for ever stops short


def test_connections_to_one_part_know_it_once(tmp_path: Path, history: Path) -> None:
    with duckdb.connect(str(tmp_path / "part.duckdb")) as part, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: attach(part.cursor(), history), range(200)))
        assert part.execute(f"SELECT number FROM {HISTORY}.main.counted").fetchone() == (7,)
