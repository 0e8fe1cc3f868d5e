"""The Demand page's view model on the data that ship with the project: real forecasts in a store of their own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from dashboard.components.fan import fan_figure
from dashboard.forecast_parts import demand_metrics, families_of, part_of, parts_of
from dashboard.viewmodels import demand
from dashboard.viewmodels.demand_chart import span_words
from dashboard.viewmodels.demand_sums import ALONE, Summing
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Filter, Grain, MetricsLayer, Request, Status
from metrics.warehouse.settings import Settings, embedded_url
from models.families import bring_up_together, learn_together
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up, fingerprint, forecast_of, learn

TODAY = date(2026, 11, 22)
MONTH, DAY = Grain.MONTH, Grain.DAY
# As the server's parts, but narrowed to the organisations that tests look at.
PARTS = (
    Part("ae_attendances", "england", MONTH, organisation="ENG"),
    Part("ae_attendances", "region", MONTH, "region", where=(Filter("region", ("Y62",)),)),
    Part("ae_attendances", "icb", MONTH, "icb", where=(Filter("icb", ("QOP",)),)),
    Part("ae_attendances", "organisation", MONTH, "organisation", where=(Filter("organisation", ("R0A", "RM3")),)),
    Part("discharges_daily", "organisation", DAY, "organisation", where=(Filter("organisation", ("R0A", "RM3")),)),
    Part("gp_appointments", "england", MONTH, organisation="ENG"),
    Part("nhs_app_logins", "icb", MONTH, "icb", where=(Filter("icb", ("QOP",)),)),
)


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def store(layer: MetricsLayer, tmp_path_factory: pytest.TempPathFactory) -> ForecastStore:
    folder: Path = tmp_path_factory.mktemp("forecasts")
    store = ForecastStore.open(Settings(folder, embedded_url(folder / "warehouse")))
    for part in PARTS:
        assert bring_up(store, learn(layer, part))
    return store


@pytest.fixture
def view(layer: MetricsLayer, places: Places, store: ForecastStore):
    def build(metric: str, organisation: str, **more: object) -> demand.DemandView:
        asked = demand.Asked(more.pop("ahead", None), more.pop("lead", ""), more.pop("period", None))
        return demand.build(layer, store, places, Filters(organisation, **more), metric, today=TODAY, asked=asked)

    return build


def test_a_forecast_says_whether_it_adds_up_and_with_what(
    layer: MetricsLayer, places: Places, view, tmp_path: Path
) -> None:
    assert view("ae_attendances", "ENG").summing.sentences == (ALONE,)
    whole = next(each for each in families_of(layer.catalogue, places) if each.metric == "nhs111_calls")
    parts = tuple(part for part in whole.parts if part.name in ("england", "region"))
    store = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    bring_up_together(store, learn_together(layer, replace(whole, parts=parts)))

    def summing(code: str) -> Summing:
        return demand.build(layer, store, places, Filters(code), "nhs111_calls", today=TODAY).summing

    england = summing("ENG")
    assert england.sentences == ("It adds up: it is the sum of the forecasts of 7 regions.",)
    assert england.tables[0].caption == "What sums to it in the 28 days ahead"
    amounts = [int(row[1].replace(",", "")) for row in england.tables[0].rows]
    assert amounts == sorted(amounts, reverse=True)
    ahead = demand.build(layer, store, places, Filters("ENG"), "nhs111_calls", today=TODAY).chart.expected
    assert sum(amounts) == pytest.approx(sum(each.mean for each in ahead), abs=7)
    london = summing("Y56")
    assert london.sentences == ("It adds up: it is one of 7 forecasts that sum to that of England.",)
    assert not london.tables


def rows(download: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download.text())))


def test_demand_is_what_comes_and_never_a_stock(layer: MetricsLayer) -> None:
    offered = [metric.id for metric in demand_metrics(layer.catalogue)]
    assert {"ae_attendances", "emergency_admissions", "discharges_daily", "nhs_app_logins", "rtt_clock_starts"} <= set(
        offered
    )
    assert not {"rtt_waiting_list", "diagnostics_waiting_list", "gp_referrals", "outpatient_appointments"} & set(
        offered
    )


@pytest.mark.parametrize("organisation", ["ENG", "Y62", "QOP", "R0A"])
def test_attendances_are_forecast_at_every_level(view, organisation: str) -> None:
    found = view("ae_attendances", organisation)
    assert found.reach.is_own
    assert found.refused == ""
    chart = found.chart
    last = chart.history[-1].period
    assert chart.expected[0].period == date(last.year + last.month // 12, last.month % 12 + 1, 1)
    assert len(chart.expected) == 6
    for each in chart.expected:
        assert each.lo95 <= each.lo80 <= each.mean <= each.hi80 <= each.hi95


def test_seasonal_naive_is_the_same_month_of_the_year_before_as_the_engine_has_it(
    layer: MetricsLayer, places: Places, view
) -> None:
    where = (Filter("organisation", ("R0A",)),)
    frame = layer.ask(Request(("ae_attendances",), where=where)).frame
    values = dict(frame.select("period", "value").iter_rows())
    found = view("ae_attendances", "R0A")
    for each in found.chart.expected:
        assert each.naive == pytest.approx(values[each.period.replace(year=each.period.year - 1)])


def test_only_final_periods_train_and_the_page_says_how_many(layer: MetricsLayer, places: Places, view) -> None:
    where = (Filter("organisation", ("R0A",)),)
    frame = layer.ask(Request(("discharges_daily",), where=where)).frame
    final = frame.filter(status=Status.FINAL.value)
    found = view("discharges_daily", "R0A")
    said = dict(found.seen)
    assert said["Final periods"] == f"{final.height:,} days"
    assert said["Training window"] == "1 April 2022 to 31 August 2025"
    assert found.chart.expected[0].period == date(2025, 9, 1)
    assert len(found.chart.expected) == 28


def test_the_sentence_gives_the_errors_of_the_file_behind_it(view) -> None:
    found = view("ae_attendances", "ENG")
    held = rows(found.record.download)
    assert {row["kind"] for row in held} == {"replayed"}
    assert len({row["cutoff"] for row in held}) == 24
    actual = sum(float(row["actual"]) for row in held)
    ours, naive = (
        sum(abs(float(row["actual"]) - float(row[name])) for row in held) / actual for name in ("mean", "naive")
    )
    assert found.record.sentences[0] == (
        f"24 forecasts missed by {ours:.1%} on average; repeating last year missed by {naive:.1%}."
    )
    assert ours < naive
    assert found.record.sentences[-1] == (
        "None of them was published before its periods were known: 24 made again for earlier dates, as they would have "
        "been made then, from figures as they are known now."
    )


def test_errors_are_told_by_week_ahead_for_days(view) -> None:
    found = view("discharges_daily", "R0A")
    table = found.record.table
    assert [row[0] for row in table.rows] == ["Days 1 to 7", "Days 8 to 14", "Days 15 to 21", "Days 22 to 28"]
    first_week = [row for row in rows(found.record.download) if int(row["ahead"]) <= 7]
    actual = sum(float(row["actual"]) for row in first_week)
    missed = sum(abs(float(row["actual"]) - float(row["naive"])) for row in first_week)
    assert table.rows[0][2] == f"{missed / actual:.1%}"
    assert table.rows[0][-1] == str(len(first_week))


def test_the_record_is_charted_by_month_for_the_distance_that_is_chosen(view) -> None:
    whole, first = view("discharges_daily", "R0A").record, view("discharges_daily", "R0A", lead="1").record
    assert [each.key for each in whole.leads] == ["", "1", "8", "15", "22"]
    assert first.lead.words == "Days 1 to 7"
    for record, furthest in ((whole, 28), (first, 7)):
        error, bias, coverage = record.charts
        held = [row for row in rows(record.download) if int(row["ahead"]) <= furthest]
        for chart, point in ((error, error.points[3]), (bias, bias.points[3]), (coverage, coverage.points[3])):
            month = [row for row in held if row["period"][:7] == f"{point.period:%Y-%m}"]
            actual = sum(float(row["actual"]) for row in month)
            misses = [float(row["mean"]) - float(row["actual"]) for row in month]
            within = [float(row["lo80"]) <= float(row["actual"]) <= float(row["hi80"]) for row in month]
            wanted = {
                "forecast_error": sum(map(abs, misses)) / actual, "forecast_bias": sum(misses) / actual,
                "forecast_coverage": sum(within) / len(within),
            }  # fmt: skip
            assert point.value == pytest.approx(wanted[chart.metric.id])
        assert coverage.variation.kind == "pp"
        assert error.variation.mean is not None


def test_the_parts_of_a_day_add_up_and_past_days_are_like_it(view) -> None:
    found = view("discharges_daily", "R0A", period=date(2025, 9, 6)).explained
    assert found.period == date(2025, 9, 6)
    held = rows(found.download)
    assert len(held) == 28
    for row in held:
        parts = sum(float(row[name]) for name in ("level", "trend", "weekday", "season", "holiday", "recent"))
        assert parts == pytest.approx(float(row["expected"]))
    assert {row[2] for row in found.comparable.rows} == {"Saturday"}
    assert found.parts.rows[-1][0] == "Expected"
    assert "Saturday 6 September 2025" in found.sentence


def test_months_are_set_beside_the_same_months_of_earlier_years(layer: MetricsLayer, view) -> None:
    found = view("ae_attendances", "R0A").explained
    assert found.parts is None
    assert found.period == date(2026, 11, 1), "the first month that has not passed"
    frame = layer.ask(Request(("ae_attendances",), where=(Filter("organisation", ("R0A",)),))).frame
    values = dict(frame.select("period", "value").iter_rows())
    assert found.comparable.rows[0][:2] == ("November 2025", f"{values[date(2025, 11, 1)]:,.0f}")


def test_an_earlier_month_shows_the_forecast_of_that_time(layer: MetricsLayer, places: Places, view) -> None:
    """What the page of December 2025 foresaw is what the record holds for that cut-off."""
    then = view("ae_attendances", "ENG", month=date(2025, 11, 1))
    assert then.chart.history[-1].period == date(2025, 11, 1)
    assert "as at the end of November 2025, as chosen above. It was made again later" in then.age
    now = view("ae_attendances", "ENG")
    tests = [float(row["mean"]) for row in rows(now.record.download) if row["cutoff"] == "2025-12-01"]
    assert [each.mean for each in then.chart.expected] == tests


def test_a_history_that_is_too_short_is_refused_in_words(view) -> None:
    found = view("nhs_app_logins", "QOP")
    assert found.chart is None
    assert not found.waits
    assert found.refused == "Its history is too short: 6 months, and a forecast needs 12."
    assert found.record is None


def test_of_a_time_before_any_forecast_none_is_shown(view) -> None:
    found = view("ae_attendances", "ENG", month=date(2016, 10, 1))
    assert (found.chart, found.waits) == (None, False)
    assert found.refused == "No forecast is kept that was made from figures up to then."


def test_what_has_not_been_forecast_yet_is_waited_for(view) -> None:
    found = view("emergency_admissions", "ENG")
    assert (found.chart, found.waits, found.refused) == (None, True, "")
    assert dict(found.seen)["Newest final period"] == "May 2026, 6 months old"


def test_a_place_without_figures_is_refused_in_words(layer: MetricsLayer, places: Places, view) -> None:
    ambulance = next(each for each in places if each.trust_type == "Ambulance")
    found = view("ae_attendances", ambulance.code)
    assert found.chart is None
    assert found.refused == "There is no final period to learn from."
    assert not found.waits


def test_demand_that_is_not_published_locally_is_that_of_the_level_above(
    layer: MetricsLayer, places: Places, view
) -> None:
    found = view("nhs_app_logins", "R0A")
    assert not found.reach.is_own
    assert found.reach.label
    assert found.refused


def test_another_horizon_can_be_chosen_and_an_unknown_one_is_the_default(
    layer: MetricsLayer, places: Places, view
) -> None:
    assert len(view("ae_attendances", "R0A", ahead=12).chart.expected) == 12
    assert view("ae_attendances", "R0A", ahead=7).ahead == 6


def test_the_file_holds_history_and_forecast_with_what_made_them(layer: MetricsLayer, places: Places, view) -> None:
    found = view("ae_attendances", "R0A", span="1y")
    held = rows(found.chart.download)
    ahead = [row for row in held if row["kind"] == "forecast"]
    assert len(ahead) == 6
    assert all(row["made_at"] and row["model_version"].startswith("calendar regression") for row in ahead)
    assert {row["data_version"] for row in held} == {layer.data_version}
    assert {row["organisation"] for row in held} == {"R0A"}
    reported = [row for row in held if row["kind"] == "reported"]
    assert len(reported) == len(found.chart.history) == 12


def test_the_figure_draws_what_the_view_holds(layer: MetricsLayer, places: Places, view) -> None:
    chart = view("ae_attendances", "R0A").chart
    traces = {trace.name: trace for trace in fan_figure(chart).data if trace.name}
    assert list(traces) == ["95% interval", "80% interval", "Reported", "Repeating last year", "Expected"]
    assert list(traces["Expected"].y) == [each.mean for each in chart.expected]
    assert list(traces["80% interval"].y) == [each.hi80 for each in chart.expected]
    assert list(traces["Reported"].y) == [point.value for point in chart.history]


def test_a_forecast_names_its_months_and_how_old_its_start_is(layer: MetricsLayer, places: Places, view) -> None:
    """A&E figures are held to May 2026: on 22 November 2026 all but the sixth month have passed."""
    found = view("ae_attendances", "ENG")
    assert "attendances a month expected for June to November 2026" in found.chart.title
    assert found.age.endswith(
        ", from final figures up to May 2026, which are 6 months old: of the forecast, June to October 2026 have "
        "already passed."
    )
    assert not found.passed
    assert "for June to November 2026" in found.chart.summary
    assert found.age in found.chart.summary
    assert dict(found.seen)["Newest final period"] == "May 2026, 6 months old"


def test_a_forecast_of_months_that_have_passed_is_no_outlook(layer: MetricsLayer, places: Places, view) -> None:
    """GP appointments by status end in June 2022."""
    found = view("gp_appointments", "ENG")
    assert found.passed
    assert "no outlook, as the data are too old; from data to June 2022" in found.chart.title
    assert "were expected for July to December 2022" in found.chart.title
    assert "next" not in found.chart.title
    assert found.age.endswith(
        "from final figures up to June 2022, which are 4 years old, and nothing newer is held. July to December 2022 have "
        "already passed: what follows is what one would have expected then, and no outlook."
    )
    assert any("only 34 of 42 systems" in note for note in found.notes)
    assert "None" not in dict(found.seen).values()


def test_a_chosen_month_looks_back_and_blames_no_publication(layer: MetricsLayer, places: Places, view) -> None:
    found = view("ae_attendances", "ENG", month=date(2024, 6, 1))
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
    assert span_words(first, last, grain) == said


def test_a_published_forecast_stays_as_it_was_and_is_held_against_what_came(
    layer: MetricsLayer, places: Places, tmp_path: Path
) -> None:
    part = next(each for each in PARTS if each.metric == "discharges_daily")
    now = learn(layer, part)
    training = now.training.filter(pl.col("date") < date(2025, 7, 1))
    then = replace(now, training=training, key=replace(now.key, learnt=fingerprint(training)))
    store = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    store.publish(forecast_of(then), at=datetime(2025, 7, 1, 5))  # noqa: DTZ001 - kept as UTC without a zone

    def view() -> demand.DemandView:
        return demand.build(layer, store, places, Filters("R0A"), "discharges_daily", today=TODAY)

    early = view()
    assert early.chart.expected[0].period == date(2025, 7, 1)
    assert early.age.startswith("Made on 1 July 2025, 06:00, from final figures up to 30 June 2025")
    assert early.newer.startswith("62 newer days of final figures, up to 31 August 2025, came after this forecast")
    held = rows(early.record.download)
    assert [row["kind"] for row in held] == ["published"] * 56
    assert [float(row["mean"]) for row in held] == store.values("discharges_daily", "R0A")["mean"].to_list()
    assert early.record.sentences[-1] == "All were published before their periods were known."
    assert early.record.charts == (), "two months are too few to chart"
    bring_up(store, now)
    late = view()
    assert (late.newer, late.chart.expected[0].period) == ("", date(2025, 9, 1))
    assert "1 published before its periods were known, and 26 made again" in late.record.sentences[-1]
    after = [row for row in rows(late.record.download) if row["kind"] == "published"]
    assert [(row["period"], row["mean"]) for row in after] == [(row["period"], row["mean"]) for row in held]


def test_parts_cover_every_metric_and_level_once(layer: MetricsLayer, places: Places) -> None:
    found = parts_of(layer.catalogue, places.owners)
    assert len({(part.metric, part.name) for part in found}) == len(found)
    for metric in demand_metrics(layer.catalogue):
        assert any(part.metric == metric.id and part.name == "england" for part in found)
    for part in PARTS:
        place = {"england": "ENG", "region": "Y62", "icb": "QOP", "organisation": "R0A"}[part.name]
        wanted = part_of(layer.catalogue, layer.catalogue.metric(part.metric), places.by_code[place])
        assert wanted in found
        assert (wanted.name, wanted.by, wanted.grain) == (part.name, part.by, part.grain)
