"""Pages that end before their data begin: nothing is shown, and nothing fails."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.viewmodels import capability, holdings, metric, scorecard, service
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer

TODAY = date(2026, 11, 22)
EARLY = date(1999, 1, 1)


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def test_the_first_day_of_all_data_is_that_of_the_workforce(layer: MetricsLayer) -> None:
    assert holdings.build(layer, TODAY).oldest == date(2009, 9, 1)


@pytest.mark.parametrize("organisation", ["ENG", "R0A"])
def test_a_month_before_all_data_shows_nothing_and_fails_nowhere(
    layer: MetricsLayer, places: Places, organisation: str
) -> None:
    filters = Filters(organisation, month=EARLY)
    assert scorecard.build(layer, places, filters, TODAY).rows == ()
    assert metric.build(layer, places, filters, "ae_four_hour", TODAY).history is None
    assert metric.build(layer, places, filters, "dma_overall", TODAY).history is None
    assert service.build(layer, places, filters, {}).overview is None
    assert capability.build(layer, places, filters, "impact", TODAY).charts == ()


def test_a_metric_made_from_others_passes_on_what_is_known_of_them(layer: MetricsLayer, places: Places) -> None:
    view = metric.build(layer, places, Filters(), "emergency_admissions", TODAY)
    assert any("Booked appointments were counted apart" in note for note in view.notes)
