"""A trust's demand by site: a reader goes from the trust to a site, and to a service there, and a link reopens it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.training_process import work
from metrics import MetricsLayer
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_store import ForecastStore
from tests.browser.driving import PHONE, axe, choose, exceptions, open_page, wait_rendered
from tests.server import RunningDashboard, running_dashboard


@pytest.fixture(scope="module")
def trust(trust_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDashboard]:
    """A dashboard on the simulated trust, whose admissions another process has forecast."""
    home = tmp_path_factory.mktemp("sites")
    shutil.copytree(trust_home / "warehouse", home / "warehouse")
    warehouse = embedded_url(home / "warehouse")
    store = ForecastStore.open(Settings(home, warehouse))
    work(MetricsLayer.open(warehouse), store, lambda _said: None, only="local_admissions")
    environment = {"BELLWETHER_HOME": str(home), "BELLWETHER_FORECASTS": "no"}
    with running_dashboard(home / "dashboard.log", environment=environment) as dashboard:
        yield dashboard


def test_from_the_trust_to_a_site_and_to_a_service_there(trust, page, new_page):
    open_page(page, f"{trust.url}/demand?org=ZZ1&metric=local_admissions")
    assert "the sum of the forecasts of 3 sites, and also of" in page.get_by_test_id("summing").inner_text()
    choose(page, "Site", "Sample North Hospital (ZZ102)")
    page.get_by_text("one of 3 forecasts that sum to that of Sample Trust (simulated).").wait_for()
    wait_rendered(page)
    assert parse_qs(urlsplit(page.url).query)["site"] == ["ZZ102"]
    page.get_by_text("What it is the sum of").click()
    page.get_by_role("link", name="Trauma and Orthopaedics").click()
    page.get_by_text("one of 3 forecasts that sum to that of Trauma and Orthopaedics.").wait_for()
    wait_rendered(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["site"], asked["service"]) == (["ZZ102"], ["110"])
    again = new_page()
    open_page(again, page.url)
    title = "Admissions, Trauma and Orthopaedics, Sample North Hospital, Sample Trust (simulated): about"
    again.get_by_text(title).first.wait_for()
    with again.expect_download() as downloading:
        again.get_by_role("button", name="Download forecasts beside what happened as CSV").click()
    head, line, *_ = downloading.value.path().read_text(encoding="utf-8").splitlines()
    named = dict(zip(head.split(","), line.split(","), strict=True))
    assert (named["organisation"], named["site"], named["service"]) == ("ZZ1", "ZZ102", "110")
    assert not exceptions(page)


def test_a_measure_without_sites_shows_the_whole_and_says_so(trust, page):
    open_page(page, f"{trust.url}/demand?org=ZZ1&metric=local_rtt_clock_starts&site=ZZ102")
    page.get_by_text("is not forecast by site. The whole is shown.").wait_for()
    assert page.get_by_text("All sites").count() == 0
    assert "site" not in parse_qs(urlsplit(page.url).query)
    assert not exceptions(page)


def test_sites_on_a_phone_break_no_rule_of_wcag(trust, new_page):
    page = new_page(PHONE, dark=True)
    open_page(page, f"{trust.url}/demand?org=ZZ1&metric=local_admissions&site=ZZ101")
    page.get_by_text("What it is the sum of").click()
    wait_rendered(page)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
