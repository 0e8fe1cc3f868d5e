"""The pages that look ahead: a lever moves the answer and the address, and a link reopens what was tried."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from metrics import Filter, Grain, MetricsLayer
from metrics.warehouse.settings import Settings
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up, learn
from tests.browser.driving import axe, exceptions, open_page, wait_rendered


def test_a_lever_of_the_waiting_list_goes_into_the_address(dashboard, page, new_page):
    open_page(page, f"{dashboard}/waiting-list?org=R0A&service=110")
    headline = page.get_by_test_id("list-headline")
    assert "13,103 pathways waited on 31 January 2026" in headline.inner_text()
    assert "if all goes on as it did" in headline.inner_text()
    box = page.get_by_role("spinbutton", name="Extra treatments a week")
    box.fill("150")
    box.press("Enter")
    page.get_by_text("150 treatments a week more").first.wait_for()
    wait_rendered(page)
    assert parse_qs(urlsplit(page.url).query)["extra"] == ["150"]
    again = new_page()
    open_page(again, page.url)
    assert again.get_by_test_id("list-headline").inner_text() == headline.inner_text()
    page.get_by_role("button", name="Back to as it went").click()
    page.get_by_text("if all goes on as it did").wait_for()
    assert "extra" not in parse_qs(urlsplit(page.url).query)
    assert not exceptions(page)


def test_the_waiting_list_breaks_no_rule_of_wcag_in_the_dark(dashboard, new_page):
    page = new_page(dark=True)
    open_page(page, f"{dashboard}/waiting-list?org=R0A&service=110&extra=100")
    assert axe(page) == []


@pytest.fixture(scope="module")
def discharges_forecast(shipped_home: Path, shipped_warehouse: str) -> None:
    """A published forecast of the discharges of one trust, as a server that makes forecasts would have made it."""
    where = (Filter("organisation", ("R0A",)),)
    part = Part("discharges_daily", "organisation", Grain.DAY, "organisation", where=where)
    store = ForecastStore.open(Settings(shipped_home, shipped_warehouse))
    bring_up(store, learn(MetricsLayer.open(shipped_warehouse), part))


@pytest.mark.usefixtures("discharges_forecast")
def test_a_lever_of_the_beds_goes_into_the_address(dashboard, page):
    open_page(page, f"{dashboard}/capacity-what-if?org=R0A")
    assert "26 forecasts missed by" in page.get_by_test_id("record").first.inner_text()
    box = page.get_by_role("spinbutton", name="Beds opened")
    box.fill("24")
    box.press("Enter")
    page.get_by_text("with what is chosen below").wait_for()
    wait_rendered(page)
    assert parse_qs(urlsplit(page.url).query)["open"] == ["24"]
    assert not exceptions(page)
