"""National totals tie to the publications' own, month by month, or the cause is stated; the report is pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.warehouse.connect import Snapshot, open_warehouse
from sample_data.published.reconcile import Line, reconcile, report, unstated

REPORT = Path(__file__).parents[2] / "docs" / "reconciliation.md"


@pytest.fixture(scope="module")
def snapshot(shipped_warehouse: str) -> Snapshot:
    return open_warehouse(shipped_warehouse).snapshot()


@pytest.fixture(scope="module")
def lines(snapshot: Snapshot) -> tuple[Line, ...]:
    return reconcile(snapshot)


def test_every_difference_has_a_cause(lines: tuple[Line, ...]) -> None:
    assert [line for line in lines if not line.is_explained] == []
    assert len(lines) > 8000


@pytest.mark.parametrize(
    ("publication", "measure", "ties"),
    [
        ("ae_attendances", "attendances+attendances_booked", 122),
        ("cancer_waits", "total_treated [standard=day_31]", 16),
        ("cancer_waits", "within_standard [standard=day_62]", 16),
        ("diagnostics", "waiting", 11),
        ("diagnostics", "waiting_over_6_weeks", 11),
        ("rtt", "pathways [part=Part_2, commissioning=english]", 13),
        ("workforce", "fte [org_code=ENG]", 189),
    ],
)
def test_the_totals_tie(lines: tuple[Line, ...], publication: str, measure: str, ties: int) -> None:
    held = [line for line in lines if (line.publication, line.measure) == (publication, measure)]
    assert sum(line.ties for line in held if line.facts is not None) == ties


def test_a_changed_fact_would_show(lines: tuple[Line, ...]) -> None:
    line = next(line for line in lines if line.publication == "ae_attendances" and line.facts is not None)
    moved = Line(line.publication, line.period, line.measure, line.stated, line.stated + 1, line.stated_in, None)
    assert not moved.ties
    assert not moved.is_explained


def test_the_report_is_the_one_that_is_kept(snapshot: Snapshot, lines: tuple[Line, ...]) -> None:
    """Make it anew with: bellwether check --reconcile --out docs/reconciliation.md."""
    assert report(lines, unstated(snapshot, lines)) == REPORT.read_text(encoding="utf-8")
