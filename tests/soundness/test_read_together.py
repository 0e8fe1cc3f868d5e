"""What can be bettered at the other's cost is shown with it; what has no better direction claims none.

Four hours can be met by letting the rest wait twelve; a list can be shortened by not adding to it. More follow-ups are
neither good nor bad. A metric that is read beside another names it, so that every page can show both.
"""

from __future__ import annotations

import pytest

from metrics.catalogue import load

PAIRS = [
    ("ae_four_hour", "ae_dta_12h"),
    ("outpatient_dna", "outpatient_hospital_cancelled"),
    ("rtt_waiting_list", "rtt_over_52_weeks"),
    ("rtt_clock_starts", "rtt_clock_stops"),
]


@pytest.mark.parametrize(("metric", "beside"), PAIRS)
def test_a_metric_names_what_pays_for_it(metric: str, beside: str) -> None:
    catalogue = load()
    assert beside in catalogue.metric(metric).shown_with
    assert catalogue.metric(beside)


def test_what_has_no_better_direction_is_neutral() -> None:
    catalogue = load()
    for name in ("outpatient_follow_up_ratio", "ae_attendances", "rtt_clock_starts"):
        assert catalogue.metric(name).direction == "neutral", name
