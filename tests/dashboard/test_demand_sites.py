"""A trust's demand by site and by service at a site: real forecasts of the simulated trust, and the page of them."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl
import pytest

from dashboard.forecast_parts import families_of, parts_of, splits_by_service, splits_by_site
from dashboard.layer import services_of
from dashboard.training_process import Wanted, work
from dashboard.viewmodels import demand
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Filter, Grain, MetricsLayer, Request, Status
from metrics.warehouse.settings import Settings, embedded_url
from models.families import LearntTogether, forecasts_of, learn_together, replays_together
from models.forecast_run import Made
from models.forecast_store import ForecastStore
from sample_data.simulator.trust import ORG_CODE

TODAY = date(2026, 11, 2)
METRIC, GENERAL, NORTH = "local_admissions", "ZZ101", "ZZ102"
TRAUMA = "110"
ALL = ["cutoff", "ahead"]


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def known(layer: MetricsLayer, places: Places) -> LearntTogether:
    (family,) = (each for each in families_of(layer.catalogue, places) if each.metric == METRIC)
    return learn_together(layer, family)


@pytest.fixture(scope="module")
def store(layer: MetricsLayer, tmp_path_factory: pytest.TempPathFactory) -> ForecastStore:
    """Made by the server's own process, from what a page waits for: a service at a site."""
    folder: Path = tmp_path_factory.mktemp("forecasts")
    made = ForecastStore.open(Settings(folder, embedded_url(folder / "warehouse")))
    said: list[object] = []
    asked = [[Wanted(METRIC, ORG_CODE, by_service=True, by_site=True)]]
    work(layer, made, said.append, lambda: asked.pop() if asked else (), only=METRIC)
    assert not [each for each in said if each["what"] == "failed"], said
    return made


@pytest.fixture
def view(layer: MetricsLayer, places: Places, store: ForecastStore):
    sites = demand.sites_of(layer, layer.catalogue.metric(METRIC), places.by_code[ORG_CODE])

    def build(site: str = "", service: str = "") -> demand.DemandView:
        return demand.build(
            layer, store, places, Filters(ORG_CODE, services=(service,) if service else ()), METRIC, today=TODAY,
            asked=demand.Asked(site=site), services={TRAUMA: "Trauma and Orthopaedics"}, sites=sites,
        )  # fmt: skip

    return build


def check(made: tuple[Made, ...]) -> None:
    """Trust, sites, services and services at sites add up at every period from every cut-off."""
    trust, sites, services, leaves = (each.values for each in made[:4])
    for whole, parts, keys in (
        (trust, sites, ALL), (trust, services, ALL), (trust, leaves, ALL), (sites, leaves, [*ALL, "site"]),
        (services, leaves, [*ALL, "service"]),
    ):  # fmt: skip
        summed = parts.group_by(keys).agg(told=pl.col("mean").sum())
        both = whole.join(summed, on=keys, how="full", coalesce=True)
        assert both.height == whole.height > 0
        assert both["told"].null_count() == 0, "nor is there a day of a sum without parts"
        assert np.abs((both["mean"] - both["told"]).to_numpy()).max() < 1e-6


def test_every_level_of_a_real_trust_adds_up_with_intervals(known: LearntTogether) -> None:
    made = forecasts_of(known)
    check(made)
    trust, sites, services, leaves = (each.values for each in made)
    assert set(sites["site"]) == {GENERAL, NORTH, "ZZ103"}
    assert leaves.select("site", "service").n_unique() > services["service"].n_unique() > 10
    for values in (trust, sites, services, leaves):
        bounds = values.select("lo95", "lo80", "lo50", "hi50", "hi80", "hi95").to_numpy()
        assert not np.isnan(bounds).any()
        assert (np.diff(bounds, axis=1) >= 0).all()


def test_every_level_has_a_record_that_adds_up(known: LearntTogether) -> None:
    made = replays_together(known)
    check(made)
    assert made[3].values["cutoff"].n_unique() == made[0].values["cutoff"].n_unique() > 5


def test_what_is_held_by_site_is_forecast_by_site(layer: MetricsLayer, places: Places) -> None:
    catalogue = layer.catalogue
    names = {
        metric: [part.name for part in parts_of(catalogue, places.owners) if part.metric == metric]
        for metric in ("local_ed_attendances", METRIC, "local_rtt_clock_starts", "ae_attendances")
    }
    assert names["local_ed_attendances"] == ["organisation", "site of ZZ1"], "it is not held by service"
    assert names[METRIC] == ["organisation", "site of ZZ1", "service of ZZ1", "service by site of ZZ1"]
    assert names["local_rtt_clock_starts"] == ["organisation", "service of ZZ1"], "it is not held by site"
    assert not any("site" in name for name in names["ae_attendances"])
    both = catalogue.metric(METRIC)
    assert (splits_by_site(catalogue, both), splits_by_service(catalogue, both)) == (True, True)
    assert not splits_by_site(catalogue, catalogue.metric("ae_attendances"))


def test_all_services_of_a_trusts_demand_can_be_chosen(layer: MetricsLayer, known: LearntTogether) -> None:
    services = services_of(layer)
    assert set(known.parts[2].training["series"]) <= set(services)
    assert services["501"] == "Obstetrics", "which no list is published of"
    assert list(services.values()) == sorted(services.values())


def test_a_reader_chooses_among_the_sites_that_the_trust_has_figures_of(layer: MetricsLayer, places: Places) -> None:
    trust, metric = places.by_code[ORG_CODE], layer.catalogue.metric(METRIC)
    assert demand.sites_of(layer, metric, trust) == {
        GENERAL: "Sample General Hospital", NORTH: "Sample North Hospital", "ZZ103": "Sample Treatment Centre",
    }  # fmt: skip
    assert demand.sites_of(layer, layer.catalogue.metric("local_rtt_clock_starts"), trust) == {}
    assert demand.sites_of(layer, layer.catalogue.metric("ae_attendances"), places.by_code["R0A"]) == {}


def test_a_service_at_a_site_is_shown_with_its_own_figures(layer: MetricsLayer, view) -> None:
    found = view(NORTH, TRAUMA)
    assert (found.site, found.service, found.refused) == (NORTH, TRAUMA, "")
    assert "Trauma and Orthopaedics, Sample North Hospital, Sample Trust (simulated): about" in found.chart.title
    where = (Filter("organisation", (ORG_CODE,)), Filter("site", (NORTH,)), Filter("service", (TRAUMA,)))
    frame = layer.ask(Request((METRIC,), grain=Grain.DAY, where=where)).frame
    final = dict(frame.filter(pl.col("status") == Status.FINAL).select("period", "value").iter_rows())
    shown = [point for point in found.chart.history if point.status == Status.FINAL]
    assert shown
    assert all(point.value == final[point.period] for point in shown)
    assert found.record is not None, "it has a record as other forecasts have"
    assert all(each.lo80 is not None for each in found.chart.expected)


@pytest.mark.parametrize(
    ("site", "service", "said"),
    [
        ("", "", "the sum of the forecasts of 3 sites, and also of the forecasts of {services} services."),
        (GENERAL, "", "the sum of the forecasts of {here} services, and one of 3 forecasts that sum to that of {trust}."),
        ("", TRAUMA, "the sum of the forecasts of 3 sites, and one of {services} forecasts that sum to that of {trust}."),
        (GENERAL, TRAUMA, "one of {here} forecasts that sum to that of {general}, and one of 3 forecasts that sum to that of {trauma}."),
    ],
)  # fmt: skip
def test_the_page_says_what_each_level_is_the_sum_of(
    view, known: LearntTogether, site: str, service: str, said: str
) -> None:
    leaves = known.parts[3].training["series"].unique().to_list()
    counts = {"services": known.parts[2].training["series"].n_unique(),
              "here": len([name for name in leaves if name.startswith(GENERAL)])}  # fmt: skip
    names = {"trust": "Sample Trust (simulated)", "general": "Sample General Hospital",
             "trauma": "Trauma and Orthopaedics"}  # fmt: skip
    summing = view(site, service).summing
    assert summing.sentences == (f"It adds up: it is {said.format(**counts, **names)}",)
    captions = {("", ""): ["site", "service"], (GENERAL, ""): ["service"], ("", TRAUMA): ["site"]}
    assert [each.caption for each in summing.tables] == [
        f"What sums to it in the 28 days ahead, by {by}" for by in captions.get((site, service), [])
    ]


def test_the_tables_lead_from_trust_to_site_to_service(view) -> None:
    sites, services = view().summing.tables
    assert {row[0] for row in sites.rows} == {
        "Sample General Hospital", "Sample North Hospital", "Sample Treatment Centre",
    }  # fmt: skip
    first = parse_qs(urlsplit(sites.links[0]).query)
    assert first == {"metric": [METRIC], "org": [ORG_CODE], "site": [GENERAL]}
    led = {row[0]: link for row, link in zip(services.rows, services.links, strict=True)}
    assert parse_qs(urlsplit(led["Trauma and Orthopaedics"]).query)["service"] == [TRAUMA]
    assert led["100"] == "", "a service that the filters do not offer"
    (within,) = view(GENERAL).summing.tables
    at = {row[0]: link for row, link in zip(within.rows, within.links, strict=True)}
    assert parse_qs(urlsplit(at["Trauma and Orthopaedics"]).query) == {
        "metric": [METRIC], "org": [ORG_CODE], "site": [GENERAL], "service": [TRAUMA],
    }  # fmt: skip


def test_files_name_the_site(view) -> None:
    found = view(GENERAL, TRAUMA)
    for file in (found.chart.download, found.explained.download, found.record.download):
        assert file.file_name.startswith("local_admissions-ZZ1-ZZ101-110-")
        rows = list(csv.DictReader(io.StringIO(file.text())))
        assert {(row["organisation"], row["site"], row["service"]) for row in rows} == {(ORG_CODE, GENERAL, TRAUMA)}
    whole = list(csv.DictReader(io.StringIO(view().chart.download.text())))
    assert {row["site"] for row in whole} == {""}


def test_a_site_that_is_not_there_is_the_whole_trust(view) -> None:
    assert view("ZZ999").site == ""
    assert view("ZZ999").chart.expected == view().chart.expected


def test_what_a_site_never_does_is_refused_in_words(layer: MetricsLayer, known: LearntTogether, view) -> None:
    leaves = set(known.parts[3].training["series"])
    services = known.parts[2].training["series"].unique()
    never = next(code for code in sorted(services) if f"ZZ103 / {code}" not in leaves)
    found = view("ZZ103", never)
    assert (found.chart, found.waits) == (None, False)
    assert found.refused == "There is no final period to learn from."


def test_alerts_are_of_the_trust_and_its_services(store: ForecastStore) -> None:
    standing = store.standing_of_all(METRIC)
    assert standing["site"].unique().to_list() == [""]
    assert standing["service"].n_unique() > 10
