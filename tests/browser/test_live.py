"""Pages that follow their data, in a real browser: what is committed appears, what is paused stays, ages never lie."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, WebSocket, WebSocketRoute, expect

from metrics.warehouse.settings import embedded_url
from tests.browser.driving import PHONE, axe, choose, open_page, show_whole_page, wait_rendered
from tests.records import arrival, arrive
from tests.server import running_dashboard

PATIENCE = 60_000
AT = datetime(2026, 11, 2, 14, 20)  # noqa: DTZ001 - UTC, as the tables hold it
NUMBERS = count(10**12)


@pytest.fixture(scope="module")
def home(trust_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a copy of the simulated trust, to which a first patient of the Monday has come."""
    folder = tmp_path_factory.mktemp("live") / "home"
    shutil.copytree(trust_home, folder, ignore=shutil.ignore_patterns("done"))
    someone_arrives(folder)
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    log = Path("test-artifacts") / f"live-{os.getpid()}.log"
    log.parent.mkdir(exist_ok=True)
    with running_dashboard(log, environment={"BELLWETHER_HOME": str(home)}) as dashboard:
        yield dashboard.url


@pytest.fixture
def today(address: str, page: Page) -> Page:
    open_page(page, f"{address}/today")
    page.evaluate("() => { window.sameDocument = true; }")
    return page


def someone_arrives(home: Path, minutes: int = 5) -> None:
    arrive(embedded_url(home / "warehouse"), arrival(next(NUMBERS), AT - timedelta(minutes=minutes), changed_at=AT))


def tile(page: Page, label: str):
    return page.locator(".bw-now > div", has=page.locator("dt", has_text=re.compile(f"^{label}$"))).locator("dd").first


def present(page: Page) -> int:
    return int(tile(page, "In the department").inner_text())


def test_a_commit_appears_without_a_reload_and_other_parts_stay_as_they_are(today, home):
    before = present(today)
    beds = today.get_by_test_id("part-beds").element_handle()
    today.evaluate("() => { document.querySelector('[data-testid=part-beds]').dataset.kept = 'yes'; }")
    someone_arrives(home)
    expect(tile(today, "In the department")).to_have_text(str(before + 1), timeout=PATIENCE)
    expect(today.get_by_test_id("live-word")).to_have_text("Live")
    expect(today.get_by_test_id("live-as-of")).to_have_text("Data as of 2 November 2026, 14:20:00")
    assert today.evaluate("() => window.sameDocument") is True
    assert beds.evaluate("each => each.isConnected && each.dataset.kept === 'yes'")


def test_a_paused_page_keeps_its_numbers_says_so_and_goes_on(today, home):
    before = present(today)
    today.get_by_test_id("live-pause").click()
    expect(today.get_by_test_id("live-word")).to_have_text("Paused")
    someone_arrives(home)
    expect(today.get_by_test_id("live-note")).to_have_text("Newer data are there.", timeout=PATIENCE)
    assert present(today) == before
    expect(today.get_by_test_id("live-age")).to_contain_text("received")
    today.get_by_test_id("live-pause").click()
    expect(tile(today, "In the department")).to_have_text(str(before + 1), timeout=PATIENCE)
    expect(today.get_by_test_id("live-word")).to_have_text("Live")
    expect(today.get_by_test_id("live-note")).to_be_hidden()


def test_when_the_warehouse_is_gone_a_banner_says_since_when_and_goes_when_it_is_back(today, home):
    before = present(today)
    warehouse, away = home / "warehouse", home / "away"
    warehouse.rename(away)
    banner = today.get_by_role("alert")
    expect(banner).to_contain_text("The warehouse has not answered since", timeout=PATIENCE)
    expect(today.get_by_test_id("live-word")).to_have_text("Warehouse not answering", timeout=PATIENCE)
    assert present(today) == before
    away.rename(warehouse)
    expect(banner).to_be_hidden(timeout=PATIENCE)
    expect(today.get_by_test_id("live-word")).to_have_text("Live", timeout=PATIENCE)
    someone_arrives(home)
    expect(tile(today, "In the department")).to_have_text(str(before + 1), timeout=PATIENCE)


def test_without_its_server_a_page_does_not_look_live_and_its_age_grows_through_a_sleep(address, page):
    page.clock.install()
    open_page(page, f"{address}/today")
    expect(page.get_by_test_id("live-age")).to_contain_text("received")
    page.context.set_offline(True)
    page.clock.run_for(20_000)
    expect(page.get_by_test_id("live-word")).to_have_text("Not connected", timeout=PATIENCE)
    expect(page.get_by_test_id("live-note")).to_contain_text("No connection to the server since")
    page.clock.fast_forward("03:00:00")  # the tab slept: its timers stood still, then fire once
    expect(page.get_by_test_id("live-age")).to_have_text(re.compile(r"received 3 h \d+ min ago"), timeout=PATIENCE)
    page.context.set_offline(False)


def test_the_line_stays_open_while_it_is_answered(address, page):
    opened, closed = [], []

    def follow(line: WebSocket) -> None:
        if urlsplit(line.url).path.endswith("/live"):
            opened.append(line)
            line.on("close", lambda _: closed.append(line))

    page.on("websocket", follow)
    open_page(page, f"{address}/today")
    expect(page.get_by_test_id("live-word")).to_have_text("Live", timeout=PATIENCE)
    before = len(closed)
    page.evaluate("""() => {
      window.words = [];
      const word = document.querySelector('[data-word]');
      const note = () => window.words.push(word.textContent);
      new MutationObserver(note).observe(word, { childList: true, characterData: true, subtree: true });
    }""")
    page.wait_for_timeout(9_000)  # longer than a line may be silent
    assert page.evaluate("() => window.words") == []
    assert (len(closed), len(opened)) == (before, before + 1)


def test_a_page_to_which_no_record_came_for_half_an_hour_is_not_called_live(address, page):
    later = timedelta(minutes=31)

    def by_a_later_clock(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def tell(text: str) -> None:
            said = json.loads(text)
            line.send(json.dumps({**said, "now": (datetime.fromisoformat(said["now"]) + later).isoformat()}))

        server.on_message(tell)

    page.route_web_socket(re.compile("/live$"), by_a_later_clock)
    open_page(page, f"{address}/today")
    expect(page.get_by_test_id("live-word")).to_have_text("No new records", timeout=PATIENCE)
    expect(page.get_by_test_id("live-age")).to_have_text(re.compile(r"received (3\d|[4-9]\d) min ago|received 1 h .*"))
    expect(page.get_by_test_id("live-note")).to_have_text("The figures are the last that came.")


def test_a_page_of_published_figures_is_not_drawn_again_when_the_trusts_records_move(address, home, page):
    open_page(page, f"{address}/metric?metric=ae_four_hour&org=R0A")
    page.get_by_test_id("value").evaluate("each => { each.dataset.kept = 'yes'; }")
    today = page.context.new_page()
    open_page(today, f"{address}/today")
    before = present(today)
    someone_arrives(home)
    expect(tile(today, "In the department")).to_have_text(str(before + 1), timeout=PATIENCE)
    assert page.get_by_test_id("value").evaluate("each => each.dataset.kept") == "yes"


def test_a_site_is_chosen_kept_in_the_address_and_left_again(today, address):
    choose(today, "Site", "Sample North Hospital")
    wait_rendered(today)
    assert "site=ZZ102" in today.url
    expect(
        today.get_by_role("region", name="Table: Patients in the emergency departments now, by site").locator(
            "tbody tr"
        )
    ).to_have_count(1)


@pytest.mark.parametrize(("size", "dark"), [((1440, 900), False), (PHONE, True)])
def test_it_breaks_no_rule_of_wcag_and_needs_no_sideways_scrolling(address, new_page, size, dark):
    page = new_page(size, dark=dark)
    open_page(page, f"{address}/today")
    page.get_by_text("View as table").first.click()
    show_whole_page(page)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
