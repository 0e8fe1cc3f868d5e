"""Definitions that are edited while the dashboard runs and a page is open, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.driving import axe, exceptions, open_page, wait_rendered
from tests.server import running_dashboard

PATIENCE = 60_000
FILE = "ours.yml"
DEFINITION = """\
metrics:
  - id: our_attendances
    title: Our attendances
    description: People who came to an emergency department.
    model: ae
    type: simple
    measure: {agg: sum, expr: attendances, words: attendances}
    unit: count
    noun: attendances
    direction: neutral
    capability: operations
    owner: The tests
    source: By hand
"""


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("definitions")


@pytest.fixture(scope="module")
def followed(shipped_home: Path, definitions: Path) -> Iterator[str]:
    """The address of a dashboard that reads a folder of definitions beside the shipped ones."""
    log = Path("test-artifacts") / f"reload-{os.getpid()}.log"
    log.parent.mkdir(exist_ok=True)
    write(definitions, DEFINITION)
    environment = {"BELLWETHER_HOME": str(shipped_home), "BELLWETHER_DEFINITIONS": str(definitions)}
    with running_dashboard(log, environment=environment) as dashboard:
        yield dashboard.url


@pytest.fixture
def ours(followed: str, definitions: Path) -> Iterator[str]:
    """The address of the page of our own measure, whose definition every test finds as it was at the start."""
    yield f"{followed}/metric?metric=our_attendances&org=R0A&to=2025-12"
    write(definitions, DEFINITION)


def write(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text, encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert DEFINITION.count(old) == 1
    return DEFINITION.replace(old, new)


def heading(page, text):
    return page.get_by_role("heading", level=1, name=text, exact=True)


def test_an_open_page_shows_a_changed_definition_and_a_banner_while_it_is_bad(ours, page, definitions):
    open_page(page, ours)
    expect(heading(page, "Our attendances")).to_be_visible(timeout=PATIENCE)
    page.evaluate("() => { window.sameDocument = true; }")

    write(definitions, changed("title: Our attendances", "title: Our arrivals"))
    expect(heading(page, "Our arrivals")).to_be_visible(timeout=PATIENCE)
    wait_rendered(page)
    value = page.get_by_test_id("value").inner_text()

    write(definitions, changed("direction: neutral", "direction: sideways"))
    banner = page.get_by_test_id("definition-problems")
    expect(banner).to_contain_text("ours.yml, line 10", timeout=PATIENCE)
    expect(banner).to_contain_text("direction")
    wait_rendered(page)
    assert axe(page) == []
    assert heading(page, "Our arrivals").is_visible()
    assert page.get_by_test_id("value").inner_text() == value

    write(definitions, changed("title: Our attendances", "title: Our visits"))
    expect(banner).to_have_count(0, timeout=PATIENCE)
    expect(heading(page, "Our visits")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("() => window.sameDocument") is True
    assert exceptions(page) == []


def test_the_number_follows_the_definition(ours, page, definitions):
    open_page(page, ours)
    whole = page.get_by_test_id("value").inner_text()
    write(definitions, changed("expr: attendances", "expr: attendances * 0"))
    expect(page.get_by_test_id("value")).to_have_text("0", timeout=PATIENCE)
    write(definitions, DEFINITION)
    expect(page.get_by_test_id("value")).to_have_text(whole, timeout=PATIENCE)


def test_the_banner_is_on_every_page(ours, followed, page, definitions):
    write(definitions, changed("type: simple", "type: ratio"))
    open_page(page, f"{followed}/about")
    expect(page.get_by_test_id("definition-problems")).to_contain_text("ours.yml, line ", timeout=PATIENCE)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Catalogue").click()
    expect(heading(page, "Catalogue")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("definition-problems")).to_contain_text("ours.yml, line ")


def test_a_new_measure_is_listed_and_can_be_chosen_and_a_removed_one_is_told(ours, followed, page, definitions):
    another = DEFINITION.removeprefix("metrics:\n").replace("our_", "other_").replace("Our att", "Other att")
    open_page(page, f"{followed}/catalogue")
    write(definitions, DEFINITION + another)
    expect(page.get_by_role("link", name="Other attendances", exact=True)).to_be_visible(timeout=PATIENCE)
    wait_rendered(page)

    open_page(page, ours)
    box = page.get_by_role("combobox", name="Measure")
    box.click()
    box.fill("Other attendances")
    page.get_by_role("option").first.click()
    expect(heading(page, "Other attendances")).to_be_visible(timeout=PATIENCE)
    wait_rendered(page)

    write(definitions, DEFINITION)
    expect(page.locator(".bw-banner")).to_contain_text("There is no measure 'other_attendances'", timeout=PATIENCE)


def test_a_link_to_a_view_says_when_the_definition_has_changed_since(ours, page, new_page, definitions):
    open_page(page, f"{ours}&grain=quarter")
    link = page.get_by_role("link", name="Link to this view")
    saved = link.evaluate("node => node.href")
    query = {name: values[0] for name, values in parse_qs(urlsplit(saved).query).items()}
    version = query.pop("definition")
    assert query == {"metric": "our_attendances", "org": "R0A", "to": "2025-12", "grain": "quarter"}

    again = new_page()
    open_page(again, saved)
    assert again.locator(".bw-banner").count() == 0
    figure = again.get_by_test_id("value").inner_text()
    assert figure == page.get_by_test_id("value").inner_text()

    write(definitions, changed("expr: attendances", "expr: attendances * 0"))
    expect(again.locator(".bw-banner")).to_contain_text(f"it was version {version}", timeout=PATIENCE)
    expect(again.get_by_test_id("value")).to_have_text("0", timeout=PATIENCE)
    wait_rendered(again)  # the link stands further down, and is drawn after the value
    newest = parse_qs(urlsplit(again.get_by_role("link", name="Link to this view").evaluate("node => node.href")).query)
    assert newest["definition"] != [version]
    assert f"is version {newest['definition'][0]} now" in again.locator(".bw-banner").inner_text()
