"""The Capacity what-if page's view model, on published figures and on the simulated trust's own records."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dashboard.components.beds_fan import beds_figure
from dashboard.viewmodels import capacity_whatif as model
from dashboard.viewmodels import capacity_words as said
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Filter, MetricsLayer, Request
from metrics.query.request import Grain
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up
from models.publishing import learn as forecast_basis

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def store_in(folder: Path) -> ForecastStore:
    return ForecastStore.open(Settings(folder, embedded_url(folder / "warehouse")))


@pytest.fixture(scope="module")
def store(layer: MetricsLayer, tmp_path_factory: pytest.TempPathFactory) -> ForecastStore:
    """Forecasts of the discharges of one trust."""
    made = store_in(tmp_path_factory.mktemp("forecasts"))
    where = (Filter("organisation", ("R0A",)),)
    bring_up(
        made, forecast_basis(layer, Part("discharges_daily", "organisation", Grain.DAY, "organisation", where=where))
    )
    return made


@pytest.fixture(scope="module")
def trust(layer: MetricsLayer, places: Places, store: ForecastStore) -> model.Facts:
    return model.learn(layer, store, places, Filters("R0A"), TODAY)


def test_published_beds_follow_from_discharges_by_littles_law(layer: MetricsLayer, trust: model.Facts) -> None:
    where = (Filter("organisation", ("R0A",)),)
    beds = layer.ask(Request(("acute_bed_occupancy",), where=where, period_to=trust.since)).frame
    newest = beds.filter(pl.col("status") == "final").drop_nulls("numerator").sort("period").row(-1, named=True)
    days = layer.ask(Request(("discharges_daily",), grain=Grain.DAY, where=where)).frame
    month = days.filter(pl.col("period").dt.truncate("1mo") == newest["period"], pl.col("status") == "final")
    came = month["value"].mean()
    assert trust.since == date(2025, 8, 31)
    assert (trust.present, trust.beds) == (newest["numerator"], newest["denominator"])
    assert trust.came == pytest.approx(came)
    assert trust.stays is not None
    assert trust.stays.mean_nights == pytest.approx(newest["numerator"] / came, rel=1e-6)
    assert trust.paths is not None
    assert trust.paths.starts[0] == date(2025, 9, 1)
    assert not trust.is_simulated


def test_the_days_are_told_as_they_are_worked_out(trust: model.Facts) -> None:
    view = model.build(trust, model.Choices())
    assert len(view.days) == 28
    assert view.as_now is view.changed
    assert view.changed.ever >= view.changed.exceeds.max()
    assert view.changed.short == pytest.approx(view.changed.exceeds.sum())
    # In balance the beds stay near those occupied at the start.
    assert view.changed.quantiles[1].mean() == pytest.approx(trust.present, rel=0.1)
    table = said.days_table(view)
    assert table.rows[0][0] == "Mon 1 September 2025"
    assert table.rows[0][1] == f"{view.changed.quantiles[1, 0]:,.0f}"
    assert "have passed" in said.age(trust, TODAY)


def test_levers_lower_and_raise_the_chance(trust: model.Facts) -> None:
    as_now = model.build(trust, model.Choices()).changed
    for choices in (
        model.Choices(open=40),
        model.Choices(stay=-10),
        model.Choices(demand=-10),
        model.Choices(admitted=-10),
    ):
        view = model.build(trust, choices)
        assert view.changed.short <= as_now.short
        assert view.as_now.short == as_now.short
        assert view.effects[-1] == ("What is chosen above", view.changed.ever, view.changed.short)
    assert model.build(trust, model.Choices(demand=20)).changed.short > as_now.short


def test_the_beds_that_suffice_do(trust: model.Facts) -> None:
    view = model.build(trust, model.Choices(sure=90))
    assert 1 - view.changed.need.ever_exceeds(view.changed.least) >= 0.9
    opened = int(view.changed.least - trust.beds) + 1
    assert model.build(trust, model.Choices(open=opened)).changed.ever <= 0.1


def test_nurses_follow_the_ratio(trust: model.Facts) -> None:
    view = model.build(trust, model.Choices(ratio=6))
    assert view.nurses == -(-view.changed.capacity // 6)
    fixed = model.build(trust, model.Choices(ratio=6, nurses=1))
    assert fixed.nurses_ever == 1


def test_the_file_and_the_figure_hold_both_cases(trust: model.Facts) -> None:
    view = model.build(trust, model.Choices(open=24))
    rows = list(csv.DictReader(io.StringIO(said.download(view).text())))
    assert [row["case"] for row in rows].count("changed") == 28
    assert {row["levers"] for row in rows if row["case"] == "changed"} == {"open=24"}
    traces = {trace.name: trace for trace in beds_figure(view, ("test",)).data if trace.name}
    assert set(traces) == {"80% interval", "As it is", "Needed", "Open"}
    assert list(traces["Needed"].y) == list(view.changed.quantiles[1])


def test_the_forecast_is_the_published_one_and_brings_its_record(
    layer: MetricsLayer, places: Places, trust: model.Facts, store: ForecastStore, tmp_path: Path
) -> None:
    expected = store.values("discharges_daily", "R0A").filter(pl.col("period") >= date(2025, 9, 1)).head(28)
    assert trust.paths is not None
    assert trust.paths.values.mean(axis=0).sum() == pytest.approx(expected["mean"].sum(), rel=0.01)
    assert trust.record[0].startswith("26 forecasts missed by")
    assert f"; forecast on {trust.made}." in said.age(trust, TODAY)
    waiting = model.learn(layer, store_in(tmp_path), places, Filters("R0A"), TODAY)
    assert (waiting.paths, waiting.waits, waiting.refused) == (None, True, "")


def test_a_place_without_beds_is_refused_in_words(layer: MetricsLayer, places: Places, store: ForecastStore) -> None:
    ambulance = next(each for each in places if each.trust_type == "Ambulance")
    found = model.learn(layer, store, places, Filters(ambulance.code), TODAY)
    assert found.paths is None
    assert found.refused
    with pytest.raises(ValueError, match=found.refused[:20]):
        model.build(found, model.Choices())


def test_an_address_is_read_and_written() -> None:
    asked = {"open": "24", "stay": "-5", "nurses": "30"}
    found, messages = model.read(asked)
    assert messages == ()
    assert found.query() == asked
    assert model.Choices().query() == {}


@pytest.mark.parametrize(("name", "text"), [("open", "many"), ("stay", "-61"), ("ratio", "0"), ("sure", "٩٠")])
def test_what_an_address_cannot_mean_is_told_and_left_out(name: str, text: str) -> None:
    found, messages = model.read({name: text})
    assert found == model.Choices()
    assert f"'{name}' is '{text}'" in messages[0]


def test_own_records_give_stays_and_beds_of_the_last_midnight(trust_warehouse: str, tmp_path: Path) -> None:
    layer = MetricsLayer.open(trust_warehouse)
    places = Places.of(layer.organisations())
    owner = places.owners[0]
    made = store_in(tmp_path)
    bring_up(made, forecast_basis(layer, Part("local_admissions", "organisation", Grain.DAY, "organisation")))
    found = model.learn(layer, made, places, Filters(owner.code), TODAY)
    assert found.is_simulated
    assert found.paths is not None, found.refused
    assert found.stays is not None
    view = model.build(found, model.Choices())
    assert view.changed.quantiles[1].mean() == pytest.approx(found.present, rel=0.15)
    assert found.share > 0
    every = layer.ask(Request(("today_beds_open",), by=("sector",), where=(Filter("organisation", (owner.code,)),)))
    newest = every.frame.filter(pl.col("period") == found.since)
    beds = dict(newest.select("sector", "value").iter_rows())
    assert found.beds == beds["medicine"] + beds["surgery"] < sum(beds.values())
    assert said.scope(found) == (
        "Beds here: Adult general and acute beds open at midnight, core and escalation. "
        "Today counts those of women and children too, and so has more."
    )


def test_published_beds_are_said_to_be_those_of_their_definition(trust: model.Facts) -> None:
    assert said.scope(trust) == "Beds here: General and acute beds available on the average day."
