"""The Service page says what its lines are, where they do not compare, and why there are none."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard import format as words
from dashboard.viewmodels import metric, scorecard, service
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer, Request

TODAY = date(2026, 11, 22)
BOTH = "From January 2026 the figures are of every provider and commissioner"


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def names(layer: MetricsLayer) -> dict[str, str]:
    return dict(layer.members("service").select("code", "name").iter_rows())


def chart_of(view: service.ServiceView, metric_id: str) -> service.LineChart:
    return next(chart for chart in view.charts if chart.metric.id == metric_id)


@pytest.mark.parametrize("organisation", ["ENG", "Y62", "QOP"])
def test_no_extreme_is_told_across_the_widening_of_the_publication(
    layer: MetricsLayer, places: Places, names: dict[str, str], organisation: str
) -> None:
    view = service.build(layer, places, Filters(organisation, services=("502",)), names)
    chart = chart_of(view, "rtt_waiting_list")
    held = {point.period: point.value for point in chart.lines[0].points if point.value is not None}
    newest = held.pop(date(2026, 1, 1))
    assert max(held) == date(2025, 3, 1)
    high = max(held.values())
    assert f"highest {high:,.0f} pathways" in chart.summary
    assert "of those to March 2025." in chart.summary
    assert f"January 2026: {newest:,.0f} pathways." in chart.summary
    assert BOTH in chart.summary
    assert any("NHS trusts and English commissioners" in note for note in view.notes)


def test_a_trusts_own_months_are_told_together_and_england_beside_it_is_not(
    layer: MetricsLayer, places: Places, names: dict[str, str]
) -> None:
    view = service.build(layer, places, Filters("R0A", services=("502",)), names)
    assert BOTH not in chart_of(view, "rtt_waiting_list").summary
    assert "latest" in chart_of(view, "rtt_waiting_list").summary
    assert "England: from January 2026" in chart_of(view, "rtt_within_18_weeks").summary


def test_an_england_wait_is_not_judged_against_a_year_of_fewer_providers(layer: MetricsLayer, places: Places) -> None:
    view = metric.build(layer, places, Filters(), "rtt_median_wait", TODAY)
    assert view.row.period == "January 2026"
    assert view.row.change is None
    assert "than in" not in view.history.title
    assert BOTH in view.history.summary
    row = next(row for row in scorecard.build(layer, places, Filters(), TODAY, ("access",), headlines_only=False).rows
               if row.metric.id == "rtt_median_wait")  # fmt: skip
    assert row.change is None
    assert row.spark == ()
    by_service = metric.build(layer, places, Filters(services=("502",)), "rtt_waiting_list", TODAY)
    assert by_service.row.change is None
    # Before the widening, months compare as ever; a trust's own do throughout.
    assert metric.build(layer, places, Filters(month=date(2025, 3, 1)), "rtt_median_wait", TODAY).row.change is not None
    assert metric.build(layer, places, Filters("R0A"), "rtt_median_wait", TODAY).row.change is not None


def test_every_chosen_service_is_in_the_title_and_the_words(
    layer: MetricsLayer, places: Places, names: dict[str, str]
) -> None:
    view = service.build(layer, places, Filters("R0A", services=("502", "320")), names)
    for chart in view.charts:
        frame = layer.ask(
            Request.of(chart.metric.id, by=("service",), where={"organisation": "R0A", "service": ("502", "320")},
                       period_from=date(2026, 1, 1), period_to=date(2026, 1, 31))
        ).frame  # fmt: skip
        for code, value in frame.select("service", "value").iter_rows():
            assert f"{names[code]} {words.value_words(value, chart.metric)}" in chart.title
            assert f"{names[code]}: 13 months, April 2024 to January 2026." in chart.summary


def test_a_month_before_the_services_gives_the_right_reason(
    layer: MetricsLayer, places: Places, names: dict[str, str]
) -> None:
    view = service.build(layer, places, Filters("R0A", month=date(2019, 1, 1)), names)
    assert view.overview is None
    assert view.reason == "Services are held from April 2024. Choose that month or a later one in 'Up to'."
    ambulance = next(each for each in places if each.trust_type == "Ambulance")
    assert "have none" in service.build(layer, places, Filters(ambulance.code), names).reason
