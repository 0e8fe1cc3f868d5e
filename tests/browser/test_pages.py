"""Every page in a real browser: it renders, can be read by everybody, and a link reopens the same view."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.menu import ENTRIES
from metrics import MetricsLayer
from metrics.query.request import Request
from tests.browser.driving import DESKTOP, PHONE, axe, exceptions, open_page, wait_rendered

PATHS = [entry.path for entry in ENTRIES]
TRUST = "R0A"
TRUST_NAME = "Manchester University NHS Foundation Trust"
SIDEWAYS = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return [main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - window.innerWidth];
}"""


def address(dashboard, path, **query):
    return f"{dashboard}/{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def test_the_root_is_the_scorecard(dashboard, page):
    open_page(page, dashboard)
    assert page.locator("h1").inner_text() == "Scorecard: England"
    assert page.title() == "Scorecard \N{EN DASH} Bellwether"


@pytest.mark.parametrize("path", PATHS)
def test_a_page_renders_and_breaks_no_rule_of_wcag(dashboard, page, path):
    open_page(page, address(dashboard, path, org=TRUST))
    assert page.locator("h1").count() == 1
    assert page.locator(".bw-state h1").count() == 0, "the page shows an error"
    if path == "today":  # no trust's records are held here; where they are, each part says as of when it is
        state = page.locator(".bw-state")
        assert state.locator("h2").inner_text() == "No records of a trust are held"
        assert state.locator("code").inner_text() == "bellwether simulate --warehouse"
    else:
        assert page.get_by_test_id("freshness").inner_text().startswith("Data to ")
    assert axe(page) == []


@pytest.mark.parametrize("path", ["scorecard", "metric", "service", "people", "catalogue", "sources"])
def test_the_dark_theme_breaks_no_rule_of_wcag(dashboard, new_page, path):
    page = new_page(DESKTOP, dark=True)
    open_page(page, address(dashboard, path))
    assert axe(page) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_needs_no_sideways_scrolling(dashboard, new_page, path):
    page = new_page(PHONE)
    open_page(page, address(dashboard, path, org=TRUST))
    assert max(page.evaluate(SIDEWAYS)) <= 0


def test_the_phone_scorecard_breaks_no_rule_of_wcag(dashboard, new_page):
    page = new_page(PHONE)
    open_page(page, address(dashboard, "scorecard", org=TRUST))
    assert axe(page) == []


def test_a_link_reopens_the_same_view(dashboard, page, new_page):
    link = address(dashboard, "metric", metric="ae_attendances", org=TRUST, to="2025-12", span="1y")
    open_page(page, link)
    first = page.locator('[data-testid="value"]').inner_text()
    assert "December 2025" in page.locator(".bw-figure").inner_text()
    again = new_page()
    open_page(again, page.url)
    assert again.locator('[data-testid="value"]').inner_text() == first
    assert again.locator("h1").inner_text() == page.locator("h1").inner_text()


def test_the_filters_stay_when_the_page_changes_and_the_browser_goes_back(dashboard, page):
    open_page(page, address(dashboard, "scorecard", org=TRUST, to="2026-03"))
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="People").click()
    page.get_by_role("heading", level=1, name=f"People: {TRUST_NAME}").wait_for()
    wait_rendered(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["org"], query["to"]) == ([TRUST], ["2026-03"])
    assert urlsplit(page.url).path == "/people"
    page.go_back()
    page.get_by_role("heading", level=1, name=f"Scorecard: {TRUST_NAME}").wait_for()


def test_a_measure_of_the_scorecard_opens_its_page_without_loading_everything_again(dashboard, page):
    open_page(page, address(dashboard, "scorecard", org=TRUST))
    page.evaluate("() => { window.sameDocument = true; }")
    page.get_by_role("link", name="A&E attendances", exact=True).click()
    page.get_by_role("heading", level=1, name="A&E attendances").wait_for()
    wait_rendered(page)
    assert page.evaluate("() => window.sameDocument") is True
    query = parse_qs(urlsplit(page.url).query)
    assert (query["metric"], query["org"]) == (["ae_attendances"], [TRUST])
    assert exceptions(page) == []


def test_a_chosen_organisation_goes_into_the_link(dashboard, page):
    open_page(page, address(dashboard, "scorecard"))
    box = page.get_by_role("combobox", name="Organisation")
    box.click()
    box.fill("(R1H)")
    page.get_by_role("option").first.click()
    page.get_by_role("heading", level=1, name=re.compile("Barts Health")).wait_for()
    assert parse_qs(urlsplit(page.url).query)["org"] == ["R1H"]


def test_an_unknown_organisation_is_said_and_england_shown(dashboard, page):
    open_page(page, address(dashboard, "scorecard", org="ZZZ", to="1066"))
    assert page.locator("h1").inner_text() == "Scorecard: England"
    said = page.locator(".bw-banner").all_inner_texts()
    assert any("'ZZZ'" in text for text in said)
    assert any("'1066'" in text for text in said)


def test_an_unknown_measure_is_said_and_another_shown(dashboard, page):
    open_page(page, address(dashboard, "metric", metric="ae_for_hour"))
    assert "Did you mean 'ae_four_hour'" in page.locator(".bw-banner").inner_text()


def test_the_keyboard_reaches_the_filters(dashboard, page):
    open_page(page, address(dashboard, "scorecard"))
    reached = set()
    page.keyboard.press("Tab")
    for _ in range(40):
        label = page.evaluate(
            "() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''"
        )
        reached |= {name for name in ("Organisation", "Up to", "History", "Reset") if name in label}
        page.keyboard.press("Tab")
    assert reached == {"Organisation", "Up to", "History", "Reset"}


def test_a_single_letter_runs_no_command(dashboard, page):
    open_page(page, address(dashboard, "scorecard"))
    # Streamlit listens on the document; ours stops the letter on its way there.
    page.evaluate("() => { window.heard = []; document.addEventListener('keydown', (e) => window.heard.push(e.key)); }")
    page.locator("h1").click()
    for key in ("r", "c", "x"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.heard") == ["x"]


@pytest.mark.parametrize("metric", ["ae_four_hour", "rtt_waiting_list", "sickness_absence"])
def test_the_number_on_the_page_is_the_engines(dashboard, page, shipped_warehouse, metric):
    layer = MetricsLayer.open(shipped_warehouse)
    frame = layer.ask(Request.of(metric, where={"organisation": TRUST})).frame.drop_nulls("value")
    value = frame.sort("period")["value"][-1]
    decimals = layer.catalogue.metric(metric).decimals
    share = layer.catalogue.metric(metric).unit == "percent"
    expected = f"{value * 100:.{decimals}f}%" if share else f"{value:,.{decimals}f}"
    open_page(page, address(dashboard, "metric", metric=metric, org=TRUST))
    assert page.locator('[data-testid="value"]').inner_text() == expected


def test_a_chart_has_a_description_a_table_and_a_file(dashboard, page):
    open_page(page, address(dashboard, "metric", metric="ae_four_hour", org=TRUST))
    chart = page.locator('[data-testid="stPlotlyChart"]').first
    described = chart.evaluate("node => (node.closest('[aria-label]') || node.querySelector('[aria-label]')).ariaLabel")
    assert "Lowest" in described
    page.get_by_text("View as table").first.click()
    region = page.get_by_role("region", name=re.compile("^Table: A&E"))
    region.first.wait_for()
    assert region.first.locator("tbody tr").count() > 12
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download CSV").first.click()
    lines = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("metric,definition_version,series,filters,period")
    assert lines[1].startswith("ae_four_hour,")


def test_chart_colours_follow_the_theme(dashboard, new_page):
    seen = {}
    for dark in (False, True):
        page = new_page(DESKTOP, dark=dark)
        open_page(page, address(dashboard, "metric", metric="ae_four_hour"))
        line = page.locator('[data-testid="stPlotlyChart"] path.js-line').first
        seen[dark] = line.evaluate("node => getComputedStyle(node).stroke")
    assert seen == {False: "rgb(33, 43, 50)", True: "rgb(240, 244, 245)"}, "the line of the mean, in ink"


def background(page):
    return page.evaluate("() => getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor")


def test_the_theme_is_chosen_by_keyboard_and_holds_on_every_page(dashboard, page):
    open_page(page, address(dashboard, "scorecard", org=TRUST))
    device = background(page)
    for choice, pressed in (("Dark", "rgb(16, 24, 31)"), ("Light", "rgb(255, 255, 255)")):
        button = page.get_by_role("button", name=choice, exact=True)
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        wait_rendered(page)
        assert background(page) == pressed
        assert button.get_attribute("aria-pressed") == "true"
        for path in ("metric", ""):
            open_page(page, address(dashboard, path, org=TRUST))
            assert background(page) == pressed
    with page.expect_navigation():
        page.get_by_role("button", name="Device", exact=True).click()
    wait_rendered(page)
    assert background(page) == device


def test_a_printed_scorecard_is_light_and_without_controls(dashboard, new_page):
    page = new_page(DESKTOP, dark=True)
    open_page(page, address(dashboard, "scorecard", org=TRUST))
    assert page.get_by_role("navigation", name="Pages").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.get_by_role("navigation", name="Pages").is_visible()
    assert not page.get_by_role("combobox", name="Organisation").is_visible()
    assert page.get_by_test_id("freshness").is_visible()
    assert page.get_by_test_id("summary").is_visible()
    assert background(page) == "rgb(255, 255, 255)"
    ink = page.locator("table.bw-card .bw-value").first.evaluate("node => getComputedStyle(node).color")
    assert ink == "rgb(33, 43, 50)"
    pdf = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841.91998 594.95996]" in pdf, "A4, landscape"


def test_a_link_with_a_code_of_old_shows_who_answers_today(dashboard, page):
    """Central Manchester (RW3) became part of Manchester University on 1 October 2017."""
    open_page(page, address(dashboard, "scorecard", org="RW3"))
    assert page.locator("h1").inner_text() == f"Scorecard: {TRUST_NAME}"
    assert f"is now part of {TRUST_NAME} (R0A), which is shown" in page.locator(".bw-banner").inner_text()


def test_rows_left_out_are_shown_with_reasons_and_a_file(dashboard, page):
    open_page(page, address(dashboard, "sources"))
    page.get_by_text("Rows left out of NHS App management information").click()
    region = page.get_by_role("region", name="Table: Rows left out of NHS App management information")
    region.wait_for()
    wait_rendered(page)
    assert "no integrated care board known" in region.inner_text()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download all as CSV").click()
    lines = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + region.locator("tbody tr").count()
    assert axe(page) == []


def test_the_explanation_names_parts_files_and_sql(dashboard, page):
    open_page(page, address(dashboard, "metric", metric="ae_four_hour", org=TRUST))
    page.get_by_text("Explain this number").click()
    page.get_by_text("Sent to the warehouse").first.wait_for()
    wait_rendered(page)
    shown = page.locator('[data-testid="stMain"]').inner_text()
    assert "Definition version" in shown
    assert "SELECT" in shown
    assert axe(page) == []


def test_nothing_is_fetched_from_elsewhere(dashboard, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, address(dashboard, "metric", metric="ae_four_hour"))
    elsewhere = {
        url for url in asked if not url.startswith((dashboard, "data:", "blob:", dashboard.replace("http", "ws")))
    }
    assert elsewhere == set()
