"""The control chart of a measure in a real browser: writing beneath it, choosing how it is drawn, reading it anywhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, PHONE, axe, choose, exceptions, open_page, wait_rendered
from tests.server import running_dashboard

SIDEWAYS = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return [main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - window.innerWidth];
}"""
USUAL = "Mean and limits from the 36 months June 2023 to May 2026."
ANEW = "Mean and limits from the 14 months April 2025 to May 2026, the newest phase."


@pytest.fixture(scope="module")
def home(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: what is written here stands in no other test's journal."""
    own = tmp_path_factory.mktemp("written") / "home"
    shutil.copytree(shipped_home, own)
    return own


@pytest.fixture(scope="module")
def written(home: Path) -> Iterator[str]:
    """The address of a dashboard whose journal may be written."""
    log = Path("test-artifacts") / f"journal-{os.getpid()}.log"
    log.parent.mkdir(exist_ok=True)
    with running_dashboard(log, environment={"BELLWETHER_HOME": str(home)}) as dashboard:
        yield dashboard.url


def made_of(page: Page):
    return page.get_by_test_id("made-of")


def day(page: Page, digits: str) -> None:
    page.get_by_role("spinbutton", name="day, On, or from").click()
    page.keyboard.type(digits)
    page.keyboard.press("Tab")
    wait_rendered(page)


def fill(page: Page, box: str, text: str) -> None:
    page.get_by_role("textbox", name=box).fill(text)
    page.get_by_role("textbox", name=box).press("Tab")
    wait_rendered(page)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    wait_rendered(page)


def open_form(page: Page, url: str) -> None:
    open_page(page, url)
    page.get_by_text("Add a note or a phase").click()
    wait_rendered(page)


def test_a_phase_is_written_seen_retracted_and_restored(written, page):
    open_form(page, f"{written}/metric?metric=ae_four_hour&org=R0A")
    expect(made_of(page)).to_contain_text(USUAL)
    press(page, "Write it")
    expect(page.get_by_test_id("journal-problem")).to_contain_text("Nothing was written. The reason is empty.")
    page.get_by_text("A phase: mean and limits are set anew").click()
    wait_rendered(page)
    day(page, "01042025")
    fill(page, "Reason", "A new front door")
    press(page, "Write it")
    expect(page.get_by_test_id("journal-said")).to_contain_text("Written: New phase from 1 April 2025.")
    expect(made_of(page)).to_contain_text(ANEW)
    entry = page.locator(".bw-mark").filter(has_text="New phase from 1 April 2025")
    expect(entry).to_contain_text("A new front door")
    expect(entry).to_contain_text("Written by")
    assert entry.locator(".bw-mark-number").inner_text() == "1"
    assert page.locator('[data-testid="stPlotlyChart"]').first.locator(".annotation").get_by_text("1", exact=True).count() == 1  # fmt: skip

    fill(page, "Reason", "The same day again")
    press(page, "Write it")
    expect(page.get_by_test_id("journal-problem")).to_contain_text("A phase begins there on 1 April 2025 already")
    expect(page.locator(".bw-mark")).to_have_count(1)

    press(page, "Retract")
    fill(page, "Why is it withdrawn?", "It was another site")
    press(page, "Retract this entry")
    expect(made_of(page)).to_contain_text(USUAL)
    page.get_by_text("Withdrawn (1)").click()
    gone = page.locator(".bw-mark").filter(has_text="Withdrawn by")
    expect(gone).to_contain_text("It was another site")
    press(page, "Restore")
    fill(page, "Why is it restored?", "It was this one after all")
    press(page, "Restore this entry")
    expect(made_of(page)).to_contain_text(ANEW)
    assert exceptions(page) == []


def test_a_note_for_everywhere_is_on_every_chart_and_changes_no_limit(written, page, new_page):
    open_form(page, f"{written}/metric?metric=ae_dta_12h&org=R0A")
    before = made_of(page).inner_text()
    day(page, "17012025")
    fill(page, "Reason", "Counting began to follow the arrival")
    choose(page, "Where", "Everywhere")
    wait_rendered(page)
    press(page, "Write it")
    expect(page.locator(".bw-mark")).to_contain_text("Note, 17 January 2025")
    assert made_of(page).inner_text() == before
    other = new_page()
    open_page(other, f"{written}/metric?metric=ae_dta_12h&org=RYR")
    expect(other.locator(".bw-mark")).to_contain_text("Counting began to follow the arrival")


def test_a_suggested_phase_is_put_into_the_form_and_not_written(written, page):
    open_page(page, f"{written}/metric?metric=ae_four_hour_type1&org=R0A")
    expect(page.get_by_test_id("suggestion")).to_contain_text("Suggested: a new phase from March 2025.")
    press(page, "Put it into the form")
    assert page.get_by_role("radio", name="A phase: mean and limits are set anew").is_checked()
    assert page.get_by_role("textbox", name="Reason").input_value().startswith("The level went from 54.3% to 60.6%")
    assert page.get_by_role("spinbutton", name="month, On, or from").inner_text() == "03"
    expect(made_of(page)).to_contain_text(USUAL)
    expect(page.locator(".bw-mark")).to_have_count(0)


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
@pytest.mark.parametrize(
    "address", ["metric=ae_four_hour&org=R0A&peers=funnel&span=5y", "metric=rtt_waiting_list&org=RYR"]
)
def test_with_everything_open_it_breaks_no_rule_of_wcag_and_needs_no_sideways_scrolling(
    written, new_page, size, dark, address
):
    page = new_page(size, dark=dark)
    open_form(page, f"{written}/metric?{address}")
    for closed in ("What the icons mean", "View as table", "Show 10 more"):
        for each in page.get_by_text(closed, exact=True).all():
            each.click()
            wait_rendered(page)
    assert axe(page) == []
    assert max(page.evaluate(SIDEWAYS)) <= 0


def test_rules_and_baseline_are_chosen_kept_in_the_address_and_left_again(written, page):
    open_page(page, f"{written}/metric?metric=ae_dta_12h&org=ENG")
    usual = made_of(page).inner_text()
    for box, option in (
        ("Rules of the chart", "NHSRplotthedots 0.2.2"),
        ("Limits are made from", "The first 12 shown"),
    ):
        choose(page, box, re.compile(f"^{re.escape(option)}"))
        wait_rendered(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["profile"], query["baseline"]) == (["plotthedots"], ["first12"])
    expect(page.get_by_test_id("profile-words")).to_contain_text("NHSRplotthedots 0.2.2: limits at 2.66")
    expect(made_of(page)).to_contain_text("12 months June 2023 to May 2024, frozen there.")
    saved = page.get_by_test_id("saved").get_by_role("link").get_attribute("href")
    assert "profile=plotthedots" in saved
    assert "baseline=first12" in saved
    press(page, "As defined")
    assert made_of(page).inner_text() == usual
    assert "profile" not in parse_qs(urlsplit(page.url).query)


def test_the_funnel_stands_beside_the_rank(written, page):
    open_page(page, f"{written}/metric?metric=ae_four_hour&org=R0A")
    page.get_by_text("Funnel, by size").click()
    wait_rendered(page)
    assert parse_qs(urlsplit(page.url).query)["peers"] == ["funnel"]
    expect(page.get_by_test_id("funnel-words")).to_contain_text("8 of 123 acute trusts lie outside the 99.8% limits")
    page.get_by_text("Ranked", exact=True).click()
    wait_rendered(page)
    assert "peers" not in parse_qs(urlsplit(page.url).query)


def test_a_small_chart_leads_to_its_service_and_back(written, page):
    open_page(page, f"{written}/metric?metric=rtt_waiting_list&org=RYR")
    cards = page.get_by_test_id("multiples").locator("li")
    assert cards.count() == 12
    name = cards.first.get_by_role("link").inner_text()
    cards.first.get_by_role("link").click()
    page.get_by_text(f"Narrowed to {name}").wait_for()
    wait_rendered(page)
    assert len(parse_qs(urlsplit(page.url).query)["service"]) == 1
    page.get_by_role("link", name="All services").click()
    page.get_by_test_id("multiples").wait_for()


def test_an_icon_of_the_scorecard_leads_to_the_chart(written, page):
    open_page(page, f"{written}/metric?metric=ae_four_hour&org=R0A#chart")
    heading = page.get_by_role("heading", name="Over time")
    expect(heading).to_be_in_viewport()


def test_an_icon_opens_the_page_at_the_chart(written, page):
    open_page(page, f"{written}/scorecard?org=R0A")
    page.locator("a.bw-to-chart").first.click()
    page.get_by_role("heading", name="Over time").wait_for()
    wait_rendered(page)
    assert urlsplit(page.url).path == "/metric"
    expect(page.get_by_role("heading", name="Over time")).to_be_in_viewport()


def test_those_who_come_from_elsewhere_read_why_they_cannot_write(written, page):
    page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    open_form(page, f"{written}/metric?metric=ae_four_hour&org=R0A")
    expect(page.get_by_test_id("why-not")).to_contain_text("Nobody can write from here: there is no sign-in")
    assert page.get_by_role("button", name="Write it").count() == 0
    assert page.get_by_role("button", name="Retract").count() == 0
    assert page.get_by_role("button", name="Put it into the form").count() == 0
