"""Sentences say what the statistics say, and no more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.spc import PROFILES, chart, profile_of, xmr
from metrics.spc.narrative import Narrative, Terms, narrative
from tests.spc.test_states import UP_AND_DOWN, frame

TERMS = Terms(lambda value: f"{value:.1f} %", lambda value: f"{value:.1f}", lambda day: f"{day:%B %Y}", "month")


def told(values: list[float | None], profile: str = "mdc", strength: str = "", **columns: Any) -> Narrative:
    row = xmr(frame(values, **columns), profile).series.row(0, named=True)
    return narrative(row, TERMS, profile_of(profile), strength)


def test_a_shift_in_the_wrong_direction() -> None:
    values = [*UP_AND_DOWN, *[15.0, 16.0, 15.5, 15.0, 16.0, 15.5, 15.0, 15.5]]
    said = told(values, improvement_direction="decrease", target=5.0)
    assert said.variation.startswith("Special cause of a concerning nature: ")
    assert "the last 8 months are above the mean of 12.7 %" in said.variation
    assert said.assurance == "The target of 5.0 % will not be met by this process: it must change first."


def test_strength_of_evidence_is_told_of_signals_alone() -> None:
    values = [*UP_AND_DOWN, 40.0]
    said = told(values, strength="strong", improvement_direction="increase")
    assert said.variation == (
        "Special cause of an improving nature: March 2025, at 40.0 %, is above the upper process limit of 23.3 %. "
        "The evidence is strong."
    )
    assert "evidence" not in told(list(UP_AND_DOWN), strength="strong").variation


def test_a_trend_counts_its_months() -> None:
    values = [10.0, 14.0, 9.0, 13.0, 15.0, 9.0, 14.0, 10.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0]
    said = told(values, improvement_direction="increase").variation
    assert said == ("Special cause of an improving nature: the last 7 months rose one after the other, to 14.0 %.")


def test_common_cause_claims_no_change() -> None:
    said = told(list(UP_AND_DOWN), improvement_direction="increase", target=12.0)
    assert said.text == (
        "Common cause: no significant change. The months vary around a mean of 11.1, between about 5.8 and 16.5 %. "
        "The target of 12.0 % lies within the limits: some months meet it and others miss it, by chance."
    )


def test_a_measure_without_a_better_direction() -> None:
    assert told([*UP_AND_DOWN, 40.0]).variation.startswith("Special cause, of a measure that is neither better high")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([None], "No final value is held, so nothing can be said."),
        ([*UP_AND_DOWN, None], "The newest month was not reported, so nothing is said of it."),
        (
            [1.0, 2.0],
            "Too few months for limits: 2, and 13 are needed before signal and noise can be told apart.",
        ),
        ([4.0] * 14, "No variation: every month is 4.0 %."),
        ([4.0] * 7 + [9.0] + [4.0] * 8, "No variation to speak of: nearly every month is 4.0 %."),
    ],
)
def test_states_are_told_for_what_they_are(values: list[float | None], said: str) -> None:
    assert told(values).text == said


def test_a_stale_value_says_nothing_of_now() -> None:
    said = told(list(UP_AND_DOWN), due=date(2026, 1, 1)).text
    assert said == "The newest value is of February 2025; newer data are due, and nothing is said of now."


def test_a_value_shown_like_its_limit_is_just_beyond_it() -> None:
    row = xmr(frame([*UP_AND_DOWN, 40.0])).series.row(0, named=True)
    beside = row | {"latest_value": row["upl"] + 0.001}
    said = narrative(beside, TERMS, profile_of("mdc")).variation
    assert "March 2025, at 23.3 %, is just above the upper process limit of 23.3 %." in said


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 30).map(float)), min_size=1, max_size=40),
    st.sampled_from(sorted(PROFILES)),
    st.sampled_from(["increase", "decrease", "neutral"]),
)
def test_improving_is_said_with_a_signal_of_it_and_never_else(
    values: list[float | None], profile: str, direction: str
) -> None:
    chart = xmr(frame(values, improvement_direction=direction, target=11.0), profile)
    row = chart.series.row(0, named=True)
    text = narrative(row, TERMS, profile_of(profile)).text
    assert ("improving" in text) == (row["variation_type"] == "special_cause_improvement")
    assert ("concerning" in text) == (row["variation_type"] == "special_cause_concern")
    assert text.endswith(".")
    assert "None" not in text


def test_signals_both_ways_are_not_told_as_one() -> None:
    """A list that rose far and has fallen for seven months: falling counts, and what is above is not called better."""
    values = [*[10.0, 12.0] * 10, *[60.0, 58.0, 56.0, 54.0, 52.0, 50.0, 48.0]]
    said = told(values, improvement_direction="decrease", strength="very strong").variation
    first, second = said.split("; on the other side, ")
    assert first == "Special cause of an improving nature: the last 7 months fell one after the other, to 48.0 %"
    assert second.startswith("March 2026, at 48.0 %, is above the upper process limit")
    assert second.endswith(" Signals point both ways: these rules count improvement.")
    assert "very strong" not in said, "the strength of which of them?"


def told_of(kind: str, values: list[float | None], **columns: Any) -> str:
    row = chart(frame(values, **columns), kind).series.row(0, named=True)
    return narrative(row, TERMS, profile_of("mdc"), kind=kind).text


def test_a_run_chart_tells_of_runs_about_its_median() -> None:
    assert told_of("run", list(UP_AND_DOWN)) == (
        "The newest month is part of no unusually long run about the median of 11.0 %."
    )
    low_then_high: list[float | None] = [*map(float, range(1, 11)), *map(float, range(30, 20, -1))]
    assert told_of("run", [*low_then_high, 5.0, 27.0]) == (
        "The newest month is part of no unusually long run about the median of 15.5 %. Over all months, runs are longer "
        "or crossings of the median fewer than chance would have."
    )
    assert "the last 10 months are above the median of 15.5 %" in told_of("run", low_then_high)
    assert told_of("run", [1.0, 2.0]) == ("Too few months to judge runs: 10 that are not on the median are needed.")


def test_a_centre_line_that_is_no_mean_is_not_called_one() -> None:
    assert "around a median of 11.0" in told_of("g", list(UP_AND_DOWN))
    assert "around a centre of 11.1" in told_of("t", list(UP_AND_DOWN))
    assert "around a mean of 11.1" in told_of("c", list(UP_AND_DOWN))
