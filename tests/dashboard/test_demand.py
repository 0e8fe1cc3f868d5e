"""The Demand page's view model on the data that ship with the project, through the real engine."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from dashboard.components.fan import fan_figure
from dashboard.viewmodels import demand
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Filter, MetricsLayer, Request, Status

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def view(layer: MetricsLayer, places: Places, metric: str, organisation: str, **more: object) -> demand.DemandView:
    ahead = more.pop("ahead", None)
    return demand.build(layer, places, Filters(organisation, **more), metric, TODAY, ahead=ahead)


def rows(download: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download.text())))


def test_demand_is_what_comes_and_never_a_stock(layer: MetricsLayer) -> None:
    offered = [metric.id for metric in demand.demand_metrics(layer.catalogue)]
    assert {"ae_attendances", "emergency_admissions", "discharges_daily", "nhs_app_logins", "rtt_clock_starts"} <= set(
        offered
    )
    assert not {"rtt_waiting_list", "diagnostics_waiting_list", "gp_referrals", "outpatient_appointments"} & set(
        offered
    )


@pytest.mark.parametrize("organisation", ["ENG", "Y62", "QOP", "R0A"])
def test_attendances_are_forecast_at_every_level(layer: MetricsLayer, places: Places, organisation: str) -> None:
    found = view(layer, places, "ae_attendances", organisation)
    assert found.reach.is_own
    assert found.refused == ""
    chart = found.chart
    last = chart.history[-1].period
    assert chart.expected[0].period == date(last.year + last.month // 12, last.month % 12 + 1, 1)
    assert len(chart.expected) == 6
    for each in chart.expected:
        assert each.lo95 <= each.lo80 <= each.mean <= each.hi80 <= each.hi95


def test_seasonal_naive_is_the_same_month_of_the_year_before_as_the_engine_has_it(
    layer: MetricsLayer, places: Places
) -> None:
    where = (Filter("organisation", ("R0A",)),)
    frame = layer.ask(Request(("ae_attendances",), where=where)).frame
    values = dict(frame.select("period", "value").iter_rows())
    found = view(layer, places, "ae_attendances", "R0A")
    for each in found.chart.expected:
        assert each.naive == pytest.approx(values[each.period.replace(year=each.period.year - 1)])


def test_only_final_periods_train_and_the_page_says_how_many(layer: MetricsLayer, places: Places) -> None:
    where = (Filter("organisation", ("R0A",)),)
    frame = layer.ask(Request(("discharges_daily",), where=where)).frame
    final = frame.filter(status=Status.FINAL.value)
    found = view(layer, places, "discharges_daily", "R0A")
    said = dict(found.seen)
    assert said["Final periods"] == f"{final.height:,} days"
    assert said["Training window"] == "1 April 2022 to 31 August 2025"
    assert found.chart.expected[0].period == date(2025, 9, 1)
    assert len(found.chart.expected) == 28


def test_the_sentence_gives_the_errors_of_the_file_behind_it(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "ae_attendances", "ENG")
    missed = {}
    for model in ("calendar regression", "seasonal naive"):
        tests = [row for row in rows(found.record.download) if row["model"] == model and row["actual"]]
        assert len({row["cutoff"] for row in tests}) == 12
        actual = sum(float(row["actual"]) for row in tests)
        missed[model] = sum(abs(float(row["actual"]) - float(row["mean"])) for row in tests) / actual
    ours, naive = missed.values()
    assert found.record.sentences[0] == (
        f"In 12 tests on past data the forecast missed by {ours:.1%} on average; "
        f"repeating last year missed by {naive:.1%}."
    )
    assert ours < naive


def test_errors_are_told_by_week_ahead_for_days(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "discharges_daily", "R0A")
    assert [row[0] for row in found.record.table.rows] == [
        "Days 1 to 7", "Days 8 to 14", "Days 15 to 21", "Days 22 to 28",
    ]  # fmt: skip
    tests = [row for row in rows(found.record.download) if row["model"] == "seasonal naive" and row["actual"]]
    first_week = [row for row in tests if int(row["ahead"]) <= 7]
    missed = sum(abs(float(row["actual"]) - float(row["mean"])) for row in first_week)
    assert found.record.table.rows[0][2] == f"{missed / sum(float(row['actual']) for row in first_week):.1%}"
    assert found.record.table.rows[0][-1] == str(len(first_week))


def test_an_earlier_month_shows_the_forecast_of_that_time(layer: MetricsLayer, places: Places) -> None:
    """What the page of December 2025 foresaw is what the back-test holds for that cut-off."""
    then = view(layer, places, "ae_attendances", "ENG", month=date(2025, 11, 1))
    assert then.chart.history[-1].period == date(2025, 11, 1)
    now = view(layer, places, "ae_attendances", "ENG")
    tests = [
        float(row["mean"])
        for row in rows(now.record.download)
        if row["cutoff"] == "2025-12-01" and row["model"] == "calendar regression"
    ]
    assert [each.mean for each in then.chart.expected] == pytest.approx(tests, rel=1e-6)


def test_a_history_that_is_too_short_is_refused_in_words(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "ae_attendances", "ENG", month=date(2016, 10, 1))
    assert found.chart is None
    assert found.record is None
    assert found.refused == "Its history is too short: 7 months, and a forecast needs 12."
    assert dict(found.seen)["Final periods"] == "7 months"


def test_a_place_without_figures_is_refused_in_words(layer: MetricsLayer, places: Places) -> None:
    ambulance = next(each for each in places if each.trust_type == "Ambulance")
    found = view(layer, places, "ae_attendances", ambulance.code)
    assert found.chart is None
    assert found.refused == "There is no final period to learn from."


def test_demand_that_is_not_published_locally_is_that_of_the_level_above(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "nhs_app_logins", "R0A")
    assert not found.reach.is_own
    assert found.reach.label
    assert found.chart or found.refused


def test_another_horizon_can_be_chosen_and_an_unknown_one_is_the_default(layer: MetricsLayer, places: Places) -> None:
    assert len(view(layer, places, "ae_attendances", "R0A", ahead=12).chart.expected) == 12
    assert view(layer, places, "ae_attendances", "R0A", ahead=7).ahead == 6


def test_the_file_holds_history_and_forecast_with_what_made_them(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "ae_attendances", "R0A", span="1y")
    held = rows(found.chart.download)
    assert [row["kind"] for row in held].count("forecast") == 6
    assert {row["data_version"] for row in held} == {layer.data_version}
    assert {row["organisation"] for row in held} == {"R0A"}
    reported = [row for row in held if row["kind"] == "reported"]
    assert len(reported) == len(found.chart.history) == 12


def test_the_figure_draws_what_the_view_holds(layer: MetricsLayer, places: Places) -> None:
    chart = view(layer, places, "ae_attendances", "R0A").chart
    traces = {trace.name: trace for trace in fan_figure(chart).data if trace.name}
    assert list(traces) == ["95% interval", "80% interval", "Reported", "Repeating last year", "Expected"]
    assert list(traces["Expected"].y) == [each.mean for each in chart.expected]
    assert list(traces["80% interval"].y) == [each.hi80 for each in chart.expected]
    assert list(traces["Reported"].y) == [point.value for point in chart.history]


def test_a_forecast_names_its_months_and_how_old_its_start_is(layer: MetricsLayer, places: Places) -> None:
    """A&E figures are held to May 2026: on 22 November 2026 all but the sixth month have passed."""
    found = view(layer, places, "ae_attendances", "ENG")
    assert "attendances a month expected for June to November 2026" in found.chart.title
    assert found.age == (
        "The newest final figure is of May 2026, 6 months old: of the forecast, June to October 2026 have already "
        "passed."
    )
    assert not found.passed
    assert "for June to November 2026" in found.chart.summary
    assert found.age in found.chart.summary
    assert dict(found.seen)["Newest final period"] == "May 2026, 6 months old"


def test_a_forecast_of_months_that_have_passed_is_no_outlook(layer: MetricsLayer, places: Places) -> None:
    """GP appointments by status end in June 2022."""
    found = view(layer, places, "gp_appointments", "ENG")
    assert found.passed
    assert "no outlook, as the data are too old; from data to June 2022" in found.chart.title
    assert "were expected for July to December 2022" in found.chart.title
    assert "next" not in found.chart.title
    assert found.age == (
        "The newest final figure is of June 2022, 4 years old, and nothing newer is held. July to December 2022 have "
        "already passed: what follows is what one would have expected then, and no outlook."
    )
    assert any("only 34 of 42 systems" in note for note in found.notes)
    assert "None" not in dict(found.seen).values()


def test_a_chosen_month_looks_back_and_blames_no_publication(layer: MetricsLayer, places: Places) -> None:
    found = view(layer, places, "ae_attendances", "ENG", month=date(2024, 6, 1))
    assert found.passed
    assert "looking back; from data to June 2024" in found.chart.title
    assert "nothing newer" not in found.age
    assert "July to December 2024 have passed." in found.age


@pytest.mark.parametrize(
    ("first", "last", "grain", "said"),
    [
        (date(2022, 7, 1), date(2022, 12, 1), "month", "July to December 2022"),
        (date(2025, 11, 1), date(2026, 4, 1), "month", "November 2025 to April 2026"),
        (date(2025, 9, 1), date(2025, 9, 28), "day", "1 to 28 September 2025"),
        (date(2025, 12, 20), date(2026, 1, 3), "day", "20 December 2025 to 3 January 2026"),
        (date(2026, 7, 6), date(2026, 8, 24), "week", "the weeks of 6 July to 24 August 2026"),
    ],
)
def test_the_span_of_a_forecast_in_words(first: date, last: date, grain: str, said: str) -> None:
    assert demand.span_words(first, last, grain) == said
