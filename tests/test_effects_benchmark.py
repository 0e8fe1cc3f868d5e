"""What the benchmark of known effects reads off a chart, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from benchmarks.effects.looks import Look
from benchmarks.effects.reading import Signal, Step, signal, step
from benchmarks.effects.reads import Read
from benchmarks.effects.report import markdown
from dashboard.viewmodels.series import Point, Series
from metrics.catalogue import load
from sample_data.simulator.scenario import Initiative, Lever

MISSED, REST = Look("local_dna", "service"), Look("local_dna", "service", of_rest=True)
REMINDERS = Initiative("X", "x", Lever.DNA, -0.2, date(2024, 3, 11), "x")


def monthly(values: list[float]) -> Series:
    months = [date(2023 + at // 12, at % 12 + 1, 1) for at in range(len(values))]
    points = tuple(Point(month, value) for month, value in zip(months, values, strict=True))
    return Series(load().metric("local_dna"), "month", points)


BEFORE, AFTER = [0.09, 0.11] * 7, [0.07, 0.09] * 6
SERIES = monthly([*BEFORE, 0.02, *AFTER])


def test_the_step_leaves_out_the_month_of_the_go_live():
    found = step(SERIES, MISSED, REMINDERS)
    assert (found.before, found.after) == (14, 12)
    assert found.change == pytest.approx(-0.2)
    sigma = 0.02 / 1.128
    assert found.error == pytest.approx(0.8 * ((sigma / 0.10) ** 2 / 14 + (sigma / 0.08) ** 2 / 12) ** 0.5)


def test_of_the_rest_the_step_is_that_of_what_is_left():
    assert step(SERIES, REST, REMINDERS).change == pytest.approx(0.92 / 0.90 - 1)


def test_a_signal_is_the_first_point_on_the_side_of_the_effect():
    # Limits of the months before are 0.10 and 2.66 times 0.02 to either side: 0.047.
    assert signal(SERIES, MISSED, REMINDERS).periods == 0
    late = signal(monthly([*BEFORE, 0.12, *AFTER[:4], 0.03]), MISSED, REMINDERS)
    assert (late.periods, late.before) == (5, 0)
    assert late.rules.startswith("below the lower process limit")
    assert signal(monthly([*BEFORE, 0.10, *BEFORE]), MISSED, REMINDERS) == Signal(None, "", 0)
    worse = replace(REMINDERS, effect=0.2)
    assert signal(SERIES, MISSED, worse).periods is None


def read(change: float, others: float, *, identity: str = "X") -> Read:
    return Read(
        1, identity, "Reminders", "local_dna", of_rest=False, effect=-0.2, size=-0.2, low=-0.24, high=-0.16, error=0.02,
        own=Step(change, 0.02, 14, 12), others=Step(others, 0.0, 14, 12), signal=Signal(1, "x", 0), nearest=None,
        page=(2, 3),
    )  # fmt: skip


def test_beside_the_others_what_both_share_cancels_out():
    assert read(-0.2, 0.0).is_within
    drifted = read(0.88 * 0.8 - 1, -0.12)
    assert not drifted.is_within
    assert drifted.beside == pytest.approx(-0.2)
    assert drifted.is_within_beside


def test_the_page_names_what_is_lost():
    text = markdown([read(-0.21, 0.0), read(-0.3, -0.125, identity="Y")], {"seeds": 1})
    assert "**1 of 2 readings of real effects are within the stated uncertainty on the one chart, 2 beside" in text
    assert "- **Lost on the one chart: Y Reminders**, 0 of 1 within (1 of 1 beside others)." in text
    assert "| X Reminders | `local_dna` | -20.0 % | -24.0 % to -16.0 % | -21.0 % |" in text
