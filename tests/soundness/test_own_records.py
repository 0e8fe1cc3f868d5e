"""A trust's own records are of that trust alone: no total of England, a region or a board has them, under any name."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import concerns, reach
from metrics import MetricsLayer, Request
from metrics.catalogue import load
from metrics.query.errors import QueryError
from metrics.query.request import Grain
from sample_data.simulator.trust import ORG_CODE

TODAY = date(2026, 11, 2)
CATALOGUE = load().without_forecast_record
PUBLISHED = CATALOGUE.without_own_records
OWN = [metric for metric in CATALOGUE if metric.id not in PUBLISHED.metrics]
TWINS = sorted({metric.twin for metric in OWN if metric.twin})


@pytest.fixture(scope="module")
def beside(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def alone(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.mark.parametrize("by", [(), ("region",), ("icb",)], ids=lambda by: by[0] if by else "england")
def test_published_totals_are_the_same_beside_a_simulated_trust(
    beside: MetricsLayer, alone: MetricsLayer, by: tuple[str, ...]
) -> None:
    for twin in TWINS:
        request = Request((twin,), by=by, period_from=date(2024, 4, 1))
        try:
            expected = alone.ask(request).frame
        except QueryError:  # it is not held by that level
            continue
        assert beside.ask(request).frame.equals(expected), twin


@pytest.mark.parametrize("level", ["region", "icb"])
def test_own_records_cannot_be_asked_for_by_region_or_board(beside: MetricsLayer, level: str) -> None:
    for metric in OWN:
        with pytest.raises(QueryError):
            beside.ask(Request((metric.id,), by=(level,), grain=Grain.FINANCIAL_YEAR))


def test_no_page_shows_own_records_under_another_s_name(beside: MetricsLayer) -> None:
    places = Places.of(beside.organisations())
    kinds = {place.kind: place for place in places}
    assert {"england", "region", "icb", "trust", "simulated"} <= set(kinds)
    for metric in OWN:
        for place in kinds.values():
            found = reach(beside.catalogue, metric, place, places)
            assert found.shown.code == ORG_CODE
            assert found.is_own == (place.code == ORG_CODE)
            assert found.is_own or "from its own records" in found.label
            assert place.code == ORG_CODE or not concerns(beside.catalogue, metric, place)


def test_asked_without_an_organisation_the_figure_is_the_trust_s_and_says_that_it_is_simulated(
    beside: MetricsLayer,
) -> None:
    for name in ("local_dna", "local_bed_occupancy", "local_rtt_list", "local_readmissions", "local_sickness"):
        whole = beside.ask(Request((name,), grain=Grain.MONTH))
        own = beside.ask(Request((name,), by=("organisation",), grain=Grain.MONTH))
        assert set(own.frame["organisation"]) == {ORG_CODE}
        assert whole.frame["value"].to_list() == own.frame["value"].to_list()
        assert any(note.code == "simulated" for note in whole.notes)
