"""The Demand page: it waits for the first forecast, shows it by itself, and explains it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.driving import PHONE, axe, choose, exceptions, open_page, wait_rendered
from tests.server import RunningDashboard, running_dashboard

PATIENCE = 240_000


@pytest.fixture(scope="module")
def forecasting(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDashboard]:
    """A dashboard that makes forecasts, with no forecast yet."""
    home = tmp_path_factory.mktemp("forecasting")
    shutil.copytree(shipped_home / "warehouse", home / "warehouse")
    environment = {"BELLWETHER_HOME": str(home), "BELLWETHER_FORECASTS": "yes"}
    with running_dashboard(home / "dashboard.log", environment=environment) as dashboard:
        yield dashboard


def test_the_first_forecast_comes_by_itself_and_is_explained(forecasting, page):
    open_page(page, f"{forecasting.url}/demand?metric=discharges_daily&org=Y62")
    # Regions are made last of all, so this one is waited for.
    assert "The first forecast is being made" in page.get_by_test_id("forecast-waits").inner_text()
    age = page.get_by_test_id("forecast-age")
    age.wait_for(timeout=PATIENCE)
    wait_rendered(page)
    assert re.search(r"Made on .* from final figures up to 31 August 2025", age.inner_text())
    page.get_by_test_id("record").get_by_text("26 forecasts missed by").wait_for(timeout=PATIENCE)
    wait_rendered(page)
    assert page.locator('[data-testid="stPlotlyChart"]').count() == 4, "the fan, and error, bias and coverage"
    choose(page, "Day to explain", "Saturday 6 September 2025")
    page.get_by_test_id("explained").get_by_text("Saturday 6 September 2025").wait_for()
    wait_rendered(page)
    assert parse_qs(urlsplit(page.url).query)["day"] == ["2025-09-06"]
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download the parts of every day as CSV").click()
    lines = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 28
    assert not exceptions(page)
    assert axe(page) == []


def test_a_phone_in_the_dark_breaks_no_rule_of_wcag(forecasting, new_page):
    page = new_page(PHONE, dark=True)
    open_page(page, f"{forecasting.url}/demand?metric=nhs111_calls")
    page.get_by_test_id("forecast-age").wait_for(timeout=PATIENCE)
    wait_rendered(page)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_a_server_that_makes_no_forecasts_says_who_does(dashboard, page):
    open_page(page, f"{dashboard}/demand?metric=emergency_admissions")
    assert "bellwether forecast emergency_admissions --publish" in page.locator(".bw-state").inner_text()
