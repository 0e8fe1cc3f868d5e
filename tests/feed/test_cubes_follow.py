"""While a feed is killed and started again, cubes give what the rows of the same state give; so they do at the end."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.catalogue import SHIPPED, Catalogue, load
from metrics.warehouse.connect import open_warehouse

PROJECT = Path(__file__).parents[2]
TODAY = date(2026, 2, 2)
MODELS = ("local_ed", "local_appointments", "local_discharges", "today_ed_hours", "local_beds")
ASKED = (
    Request(("local_ed_attendances", "local_ed_within_4h"), by=("site",), grain=Grain.DAY),
    Request(("local_dna", "local_attended"), by=("service",), grain=Grain.DAY, totals=True),
    Request(("local_bed_occupancy",), grain=Grain.DAY, window="7 days"),
)
FEEDING = """
import sys
sys.path.insert(0, {project!r})
from tests.feed.conftest import many_mishaps
from tests.feed.test_feeding import *

with opened({url!r}, hot_limit=2**19) as live:
    tell = lambda written: print(written.commits, flush=True)
    Feed(live, AtOnce(), until=UNTIL, mishaps=many_mishaps(), most_events=60, tell=tell).run()
print("done", flush=True)
"""


def commits(url: str) -> Iterator[int]:
    """Gives a number after every commit of a feed that is killed every few of them and started again."""
    choice, kills = random.Random(3), 0  # noqa: S311
    while True:
        command = [sys.executable, "-c", FEEDING.format(project=str(PROJECT), url=url)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for number in range(choice.randint(2, 4) if kills < 3 else 10_000):
                if process.stdout.readline() in {"done\n", ""}:
                    process.wait()
                    assert (kills, process.returncode) == (3, 0)
                    return
                yield number
            process.kill()
            kills += 1
        assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The definitions that ship, read once for every layer."""
    return load(SHIPPED)


def layer_over(url: str, catalogue: Catalogue) -> MetricsLayer:
    return MetricsLayer(open_warehouse(url), catalogue, lambda: TODAY)


def answers(layer: MetricsLayer) -> list[list[tuple[object, ...]]]:
    return [layer.ask(request).frame.rows() for request in ASKED]


def test_they_follow_through_every_kill(url: str, catalogue: Catalogue) -> None:
    embedded = url.startswith("duckdb")
    layer = layer_over(url, catalogue)
    layer.keep_cubes(of=lambda model: model.name in MODELS)
    while layer.build_cube():
        pass
    kept, moved = set(layer.cubes.held), 0
    for _ in commits(url):
        moved += layer.refresh()
        assert set(layer.cubes.held) == kept, "a cube was given up in place of being refreshed"
        if moved % 8 == 1:
            assert layer.sweep_cubes() == ()
        if embedded and moved % 10 == 1:  # a server's rows move on between two questions
            rows = layer_over(url, catalogue)
            if rows.data_version == layer.data_version:
                for ours, theirs in zip(answers(layer), answers(rows), strict=True):
                    same(ours, theirs)
    layer.refresh()
    assert moved > 5
    assert not any(layer.cubes.differing(*part) for part in layer.cubes.partitions())
    for ours, theirs in zip(answers(layer), answers(layer_over(url, catalogue)), strict=True):
        same(ours, theirs)


def same(ours: list[tuple[object, ...]], theirs: list[tuple[object, ...]]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert [each if not isinstance(each, float) else pytest.approx(each) for each in one] == list(other)
