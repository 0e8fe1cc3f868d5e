"""What may be written down, and what a mistake says."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.journal import Entry, EntryRefusedError

DAY = date(2026, 1, 1)


def test_empty_codes_mean_everywhere_and_all():
    entry = Entry("annotation", " dna_rate ", DAY, "Snow", organisation=" ", service="")
    assert (entry.metric, entry.organisation, entry.service) == ("dna_rate", None, None)


def test_a_reason_may_have_500_characters_and_any_letters():
    assert len(Entry("annotation", "m", DAY, "x" * 500).reason) == 500
    said = "Zo\u00eb\u2019s ward \u2013 team \U0001f469\u200d\u2695\ufe0f"
    assert Entry("annotation", "m", DAY, said).reason == said


@pytest.mark.parametrize("points", [None, 12, 24, 1000])
def test_a_baseline_has_at_least_12_points(points):
    assert Entry("phase", "m", DAY, "why", baseline_points=points).baseline_points == points


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "narrative"}, "'narrative' is no kind of entry. Write one of: annotation, phase."),
        ({"reason": " \n\t"}, "The reason is empty."),
        ({"reason": "x" * 501}, "The reason has 501 characters. Keep it to 500."),
        ({"reason": "a\x00b"}, "The reason holds control characters."),
        ({"reason": "a\ud800b"}, "The reason holds control characters."),
        ({"baseline_points": 11}, "A baseline of 11 points gives no sound limits. Write 12 to 1000"),
        ({"baseline_points": 0}, "A baseline of 0 points"),
        ({"baseline_points": 1001}, "A baseline of 1001 points"),
        ({"kind": "annotation", "baseline_points": 12}, "Only a phase has baseline points."),
        ({"organisation": "R" * 41}, "is no code"),
        ({"service": "a\x00"}, "is no code"),
        ({"on_day": date(1926, 1, 1)}, "1 January 1926 is before the NHS began."),
    ],
)
def test_a_mistake_says_what_to_write(more, said):
    with pytest.raises(EntryRefusedError) as error:
        Entry(**({"kind": "phase", "metric": "m", "on_day": DAY, "reason": "why"} | more))
    assert said in str(error.value)
