"""Clinics on the Capacity what-if page, on the simulated trust's own records."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from dashboard.viewmodels import clinics_whatif as model
from dashboard.viewmodels import clinics_words as said
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.query.request import Grain
from metrics.warehouse.settings import Settings, embedded_url
from models.demand_paths import DemandPaths
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up
from models.publishing import learn as forecast_basis

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def store(layer: MetricsLayer, tmp_path_factory: pytest.TempPathFactory) -> ForecastStore:
    folder = tmp_path_factory.mktemp("forecasts")
    made = ForecastStore.open(Settings(folder, embedded_url(folder / "warehouse")))
    bring_up(made, forecast_basis(layer, Part(model.REFERRALS, "organisation", Grain.DAY, "organisation")))
    return made


@pytest.fixture(scope="module")
def facts(layer: MetricsLayer, places: Places, store: ForecastStore) -> model.ClinicFacts:
    return model.learn(layer, store, places, Filters(places.owners[0].code), TODAY)


def test_what_clinics_are_worked_out_from_is_what_sql_counts(layer: MetricsLayer, facts: model.ClinicFacts) -> None:
    assert facts.paths is not None, facts.refused
    year = f"between date '{facts.since - timedelta(days=363)}' and date '{facts.since}'"
    weeks = f"between date '{facts.since - timedelta(days=55)}' and date '{facts.since}'"
    counted = (
        f"select count(*) filter (where attended in ('5', '6')), count(*) filter (where attended in ('3', '7')), "
        f"count(*) filter (where attended in ('3', '5', '6', '7')) from fact_appointment where appointment_on {year}"
    )
    with layer.warehouse.engine.connect() as connection:
        attended, missed, both = connection.execute(sa.text(counted)).one()
        referred = connection.execute(
            sa.text(f"select count(*) from fact_referral where received_on {year}")
        ).scalar_one()
        held = connection.execute(
            sa.text(
                "select count(*) from fact_appointment where attended in ('3', '5', '6', '7') "
                f"and appointment_on {weeks}"
            )
        ).scalar_one()
    assert facts.each == pytest.approx(attended / referred)
    assert facts.missed == pytest.approx(missed / both)
    assert facts.held == pytest.approx(held / 8)


def test_weeks_are_sums_of_seven_days() -> None:
    days = tuple(date(2026, 11, 23) + timedelta(days=n) for n in range(30))
    found = model.weekly(DemandPaths(days, np.arange(60, dtype=float).reshape(2, 30)))
    assert found.starts == (days[0], days[7], days[14], days[21])
    assert found.values[0].tolist() == [21, 70, 119, 168]


def test_in_balance_the_middle_is_near_what_is_held(facts: model.ClinicFacts) -> None:
    view = model.build(facts, model.ClinicChoices())
    assert view.weeks == tuple(facts.since + timedelta(days=1 + 7 * n) for n in range(4))
    assert view.changed is view.as_now
    assert view.changed.quantiles[1].mean() == pytest.approx(view.changed.capacity, rel=0.35)
    assert view.changed.ever >= view.changed.exceeds.max()
    assert view.changed.short == pytest.approx(view.changed.exceeds.sum())


def test_levers_lower_and_raise_the_chance(facts: model.ClinicFacts) -> None:
    as_now = model.build(facts, model.ClinicChoices()).changed
    # Near what is needed, so that a lever shows.
    near = int(as_now.quantiles[1].mean()) - as_now.capacity
    plain = model.build(facts, model.ClinicChoices(clinics=near)).changed
    for less in ({"clinics": near + 10}, {"dna": -50, "clinics": near}, {"referred": -10, "clinics": near}):
        assert model.build(facts, model.ClinicChoices(**less)).changed.short < plain.short
    assert model.build(facts, model.ClinicChoices(clinics=near, referred=10)).changed.short > plain.short


def test_the_clinics_that_suffice_do(facts: model.ClinicFacts) -> None:
    view = model.build(facts, model.ClinicChoices(enough=95))
    more = int(view.changed.least) - view.changed.capacity
    assert model.build(facts, model.ClinicChoices(clinics=more)).changed.ever <= 0.05


def test_words_and_file_say_what_the_view_holds(facts: model.ClinicFacts) -> None:
    view = model.build(facts, model.ClinicChoices(clinics=5, slots=10))
    assert f"the {view.changed.capacity:,} held a week" in said.headline(view)
    assert said.headline(view).endswith("with what is chosen below")
    rows = said.weeks_table(view).rows
    assert len(rows) == 4
    assert rows[0][1] == f"{view.changed.quantiles[1, 0]:,.0f}"
    file = list(csv.DictReader(io.StringIO(said.download(view).text())))
    assert [row["case"] for row in file] == ["as it is"] * 4 + ["changed"] * 4
    assert {row["levers"] for row in file[4:]} == {"clinics=5; slots=10"}
    assert dict(said.seen(facts, 10))["In a clinic"] == "10 appointments: yours to set"


def test_an_address_is_read_and_what_it_cannot_mean_is_told() -> None:
    asked = {"clinics": "-5", "dna": "-25", "enough": "80"}
    found, messages = model.read(asked)
    assert (found.query(), messages) == (asked, ())
    found, messages = model.read({"slots": "0"})
    assert found == model.ClinicChoices()
    assert "'slots' is '0'" in messages[0]


def test_without_a_forecast_it_waits_and_without_records_there_are_no_clinics(
    layer: MetricsLayer, places: Places, tmp_path: Path
) -> None:
    owner = places.owners[0]
    empty = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    assert model.learn(layer, empty, places, Filters(owner.code), TODAY).waits
    assert model.offered(layer.catalogue, owner)
    assert not model.offered(layer.catalogue, places.by_code["R0A"])
