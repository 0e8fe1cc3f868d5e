"""The funnel of likes and the small charts by service, on the warehouse that ships."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboard.components.funnel_chart import funnel_figure
from dashboard.components.multiples import grid
from dashboard.viewmodels import metric, multiples
from dashboard.viewmodels.charts import Scope
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.funnel_view import funnel_chart, funnel_kind, standing
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.spc_choice import SpcChoice
from dashboard.viewmodels.subjects import Context
from metrics import MetricsLayer
from metrics.journal.reading import no_entries
from metrics.query.request import Request
from metrics.spc.funnel import funnel

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def layer(shipped_warehouse):
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer):
    return Places.of(layer.organisations())


class Counting:
    """A layer that counts what it is asked."""

    def __init__(self, layer):
        self._layer, self.catalogue, self.asked = layer, layer.catalogue, 0

    def ask(self, request):
        self.asked += 1
        return self._layer.ask(request)


def page_of(layer, places, name, organisation):
    return metric.build(layer, places, Filters(organisation=organisation), name, TODAY)


def funnel_of(view):
    scope = Scope(view.period, view.series.grain, {"organisation": "ENG"})
    return funnel_chart(view.peers, "acute trust", "May 2026", "v", scope)


@pytest.fixture(scope="module")
def four_hours(layer, places):
    return funnel_of(page_of(layer, places, "ae_four_hour", "R0A"))


def test_the_funnel_judges_as_the_method_does(layer, places, four_hours):
    codes = [point.code for point in four_hours.points]
    rows = layer.ask(
        Request.of(
            "ae_four_hour", by=("organisation",), period_from=date(2026, 5, 1), period_to=date(2026, 5, 31),
            where={"organisation": codes},
        )
    ).frame  # fmt: skip
    found = funnel(rows.select("numerator", "denominator", group="organisation"))
    outside = set(found.points.filter("outlier")["group"])
    assert {point.code for point in four_hours.points if point.outside_998} == outside
    assert len(outside) == 8
    assert four_hours.title == (
        "Manchester University NHS Foundation Trust: 74.4%, within the limits; 8 of 123 acute trusts lie outside the "
        "99.8% limits, May 2026"
    )
    assert "8 of 123 acute trusts lie outside the 99.8% limits: 6 above, 2 below." in four_hours.summary
    theta = rows["numerator"].sum() / rows["denominator"].sum()
    assert set(four_hours.curve["theta"]) == {theta}


def test_those_outside_are_named_first_in_the_table_and_in_the_file(four_hours):
    standings = [row[-1] for row in four_hours.table.rows]
    assert all(text.startswith("Outside the 99.8% limits") for text in standings[:8])
    assert standings[8].startswith("Outside the 95% limits")
    lines = pl.read_csv(four_hours.download.text(data_version="x").encode())
    assert lines.filter("outside_998").height == 8
    assert lines.height == len(four_hours.points)


def test_the_chosen_trust_is_named_in_the_figure(four_hours):
    texts = [each.text for each in funnel_figure(four_hours).layout.annotations]
    assert "<b>Manchester University NHS<br>Foundation Trust</b>" in texts, "in lines that a phone has room for"


def test_what_is_not_reported_is_listed_and_not_drawn(four_hours):
    silent = [point for point in four_hours.points if point.value is None]
    assert silent
    assert {standing(point) for point in silent} == {"Not judged"}
    drawn = funnel_figure(four_hours).data[-1]
    assert len(drawn.x) == len(four_hours.points) - len(silent)


@pytest.mark.parametrize(
    ("name", "organisation"), [("ae_dta_12h", "R0A"), ("ambulance_cat2_mean", "RX7"), ("shmi", "R0A")]
)
def test_counts_times_and_indices_have_no_funnel(layer, places, name, organisation):
    view = page_of(layer, places, name, organisation)
    assert view.peers is not None
    assert funnel_of(view) is None


def test_a_share_above_one_and_a_scaled_value_are_no_proportions(layer, places):
    view = page_of(layer, places, "ae_four_hour", "R0A")
    items = [item for item in view.peers.items if item.value is not None]
    assert funnel_kind(view.series.metric, items) == "proportion"
    over = replace(items[0], numerator=20.0, denominator=10.0, value=2.0)
    assert funnel_kind(view.series.metric, [over, *items[1:]]) == "ratio"
    scaled = replace(items[0], value=(items[0].value or 0.0) * 100)
    assert funnel_kind(view.series.metric, [scaled, *items[1:]]) is None


@pytest.fixture(scope="module")
def services(layer, places):
    view = page_of(layer, places, "rtt_waiting_list", "RYR")
    counting = Counting(layer)
    context = Context(layer.catalogue, no_entries(), layer.successions(), TODAY)
    found = multiples.build(
        counting, view, Filters(organisation="RYR"), context, names={}, choice=SpcChoice()
    )  # fmt: skip
    return found, counting.asked


def test_every_service_is_charted_by_one_question(layer, services):
    found, asked = services
    assert asked == 1
    frame = layer.ask(Request.of("rtt_waiting_list", by=("service",), where={"organisation": "RYR"})).frame
    held = frame.drop_nulls(["value", "service"])
    assert found.services == held["service"].n_unique() == 22
    assert {each.code for each in found.charts} == set(held["service"])
    for each in found.charts:
        newest = held.filter(service=each.code).sort("period").row(-1, named=True)
        assert each.latest.value == newest["value"]


def test_a_services_small_chart_is_that_of_its_own_page(layer, places, services):
    from dashboard.viewmodels import metric_spc

    found, _ = services
    code = "110"
    chosen = Filters(organisation="RYR", services=(code,))
    view = metric.build(layer, places, chosen, "rtt_waiting_list", TODAY)
    context = Context(layer.catalogue, no_entries(), layer.successions(), TODAY)
    alone = metric_spc.build(view, chosen, context).variation
    small = next(each for each in found.charts if each.code == code).variation
    assert (small.mean, small.lower, small.upper, small.variation_icon) == (
        alone.mean, alone.lower, alone.upper, alone.variation_icon,
    )  # fmt: skip


def test_those_that_stand_out_come_first_the_largest_before_the_others(services):
    found, _ = services
    ranks = [each.verdict.rank for each in found.charts]
    assert ranks == sorted(ranks)
    first = [each.latest.value for each in found.charts if each.verdict.rank == ranks[0]]
    assert first == sorted(first, reverse=True)
    assert found.summary == "22 services, those that stand out first: 5 concern, 10 improvement, 6 common cause, 1 not judged."  # fmt: skip


def test_the_cards_link_to_their_service_and_can_share_a_scale(services):
    found, _ = services
    own = grid(found, lambda code: f"metric?service={code}", same_scale=False)
    same = grid(found, lambda code: f"metric?service={code}", same_scale=True)
    assert own.count("<svg") == same.count("<svg") >= 2 * len(found.charts)
    for each in found.charts:
        assert f'href="metric?service={each.code}"' in own
    assert own != same


def test_a_measure_that_is_not_held_by_service_has_no_small_charts(layer, places):
    context = Context(layer.catalogue, no_entries(), layer.successions(), TODAY)
    for name, organisation in (("ae_four_hour", "R0A"), ("outpatient_dna", "RYR")):
        view = page_of(layer, places, name, organisation)
        chosen = Filters(organisation=organisation)
        assert multiples.build(layer, view, chosen, context, names={}, choice=SpcChoice()) is None
