"""The Demand page of a service that is shut at weekends: its days are left out, and everything else goes on."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest

from dashboard.components.fan import fan_figure
from dashboard.viewmodels import demand
from dashboard.viewmodels.demand import Asked, DemandView
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import Context
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.published_paths import published_paths
from metrics import Grain, MetricsLayer, Request
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up, learn
from models.training import training_frame

TODAY = date(2026, 11, 2)
METRIC = "local_attended"


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def store(layer: MetricsLayer, tmp_path_factory: pytest.TempPathFactory) -> ForecastStore:
    folder = tmp_path_factory.mktemp("forecasts")
    made = ForecastStore.open(Settings(folder, embedded_url(folder / "warehouse")))
    bring_up(made, learn(layer, Part(METRIC, "organisation", Grain.DAY, "organisation")))
    return made


@pytest.fixture(scope="module")
def view(layer: MetricsLayer, store: ForecastStore, places: Places) -> DemandView:
    return demand.build(layer, store, places, Filters(places.owners[0].code), METRIC, today=TODAY)


def test_no_weekend_is_shown_and_the_page_says_why(view: DemandView) -> None:
    assert view.chart is not None, view.refused
    periods = [each.period for each in view.chart.expected]
    assert len(periods) == 20  # four weeks
    assert {day.weekday() for day in periods} == {0, 1, 2, 3, 4}
    assert len(view.chart.table.rows) == 20
    assert "an open day expected" in view.chart.title
    assert "than in the 20 open days before" in view.chart.title
    assert any(note.startswith("Only 0 was reported on Saturdays and Sundays") for note in view.notes)


def test_no_line_and_no_band_crosses_a_weekend(view: DemandView) -> None:
    fan = fan_figure(view.chart)
    (line,) = (trace for trace in fan.data if trace.name == "Expected")
    assert [day for day in line.x if day is not None] == [each.period for each in view.chart.expected]
    runs = [trace for trace in fan.data if trace.name == "80% interval"]
    assert [trace.showlegend for trace in runs].count(True) == 1
    assert list(line.x).count(None) == len(runs) - 1 >= 3
    assert all((max(trace.x) - min(trace.x)).days < 5 for trace in runs)


def test_files_have_the_open_days_and_their_parts(view: DemandView) -> None:
    ahead = [row for row in csv.DictReader(io.StringIO(view.chart.download.text())) if row["kind"] == "forecast"]
    assert [row["period"] for row in ahead] == [str(each.period) for each in view.chart.expected]
    parts = list(csv.DictReader(io.StringIO(view.explained.download.text())))
    assert [row["period"] for row in parts] == [str(each.period) for each in view.chart.expected]
    for row, each in zip(parts, view.chart.expected, strict=True):
        told = sum(float(row[name]) for name in ("level", "trend", "weekday", "season", "holiday", "recent"))
        assert told == pytest.approx(each.mean)


def test_a_day_is_explained_by_its_own_parts_and_a_closed_one_by_the_next(
    layer: MetricsLayer, store: ForecastStore, places: Places, view: DemandView
) -> None:
    filters = Filters(places.owners[0].code)
    open_day = view.chart.expected[7]
    found = demand.build(layer, store, places, filters, METRIC, today=TODAY, asked=Asked(period=open_day.period))
    assert found.explained.period == open_day.period
    row = next(
        each for each in csv.DictReader(io.StringIO(view.explained.download.text()))
        if each["period"] == str(open_day.period)
    )  # fmt: skip
    assert f"of which {float(row['level']):,.0f} is the usual level" in found.explained.sentence
    saturday = next(
        day for day in (open_day.period + timedelta(days=n) for n in range(7)) if day.weekday() == 5
    )  # fmt: skip
    other = demand.build(layer, store, places, filters, METRIC, today=TODAY, asked=Asked(period=saturday))
    assert other.explained.period == view.explained.period


def test_paths_have_every_day_and_nothing_on_closed_ones(
    layer: MetricsLayer, store: ForecastStore, places: Places
) -> None:
    owner, metric = places.owners[0], layer.catalogue.metric(METRIC)
    result = layer.ask(Request((METRIC,), grain=Grain.DAY))
    context = Context(metric, owner.name, owner.code, Grain.DAY, layer.catalogue.version_of(metric), "v", TODAY)
    for days in (28, 56):
        found = published_paths(
            layer, store, context, owner, training_frame(result, METRIC), days=days, draws=50, seed=1
        )  # fmt: skip
        starts = found.paths.starts
        assert starts == tuple(starts[0] + timedelta(days=number) for number in range(days))
        closed = [day.weekday() > 4 for day in starts]
        assert (found.paths.values[:, closed] == 0).all()
        assert found.paths.values[:, [not each for each in closed]].mean() > 1
