"""Totals on either side of the day from which a publication covers more are not one series."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.viewmodels.places import Place
from dashboard.viewmodels.scope import widening_of
from dashboard.viewmodels.series import target_of
from metrics.catalogue import Metric, Target, load

CATALOGUE = load()
PLACES = {kind: Place("X", "X", kind) for kind in ("england", "region", "icb", "trust")}


@pytest.mark.parametrize(
    ("metric", "by_service", "kinds", "day"),
    [
        ("rtt_median_wait", False, {"england", "region", "icb"}, date(2026, 1, 1)),
        ("rtt_waiting_list", False, set(), None),
        ("rtt_waiting_list", True, {"england", "region", "icb"}, date(2026, 1, 1)),
        ("gp_appointments", False, {"england", "region"}, date(2020, 1, 1)),
        ("ae_four_hour", False, set(), None),
        ("rtt_net_flow", False, set(), None),
    ],
)
def test_it_is_told_for_the_totals_that_the_definition_names(metric: str, by_service: bool, kinds, day) -> None:
    found = {
        kind: widening_of(CATALOGUE, CATALOGUE.metric(metric), place, by_service=by_service)
        for kind, place in PLACES.items()
    }
    assert {kind for kind, widening in found.items() if widening} == kinds
    assert {widening.day for widening in found.values() if widening} == ({day} if day else set())


def test_the_nearest_target_counts_a_services_own_first() -> None:
    def target(value: float, **whose: str) -> Target:
        return Target(value=value, kind="plan", valid_from=date(2025, 4, 1), source="Plan", **whose)

    metric: Metric = CATALOGUE.metric("rtt_within_18_weeks").model_copy(
        update={
            "targets": (
                target(0.6),
                target(0.65, organisation="R1H"),
                target(0.7, service="110"),
                target(0.75, organisation="R1H", service="110"),
            )
        }
    )
    day = date(2026, 1, 1)
    asked = [("R0A", None), ("R1H", None), ("R0A", "110"), ("R1H", "110"), ("R1H", "120")]
    assert [target_of(metric, day, *each).value for each in asked] == [0.6, 0.65, 0.7, 0.75, 0.65]
