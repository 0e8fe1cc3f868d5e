"""Driving a Streamlit page: opening it, waiting until it has finished, and looking for what is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from re import Pattern

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

from tests.browser.chromium import require_chromium

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
DESKTOP = (1440, 900)
PHONE = (390, 844)
PATIENCE_SECONDS = 60.0
CALM_MILLISECONDS = 100
OPEN_MILLISECONDS = 5_000
CALM_ROUNDS = 3
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

# The front end marks its own state on stApp, and what is stale, loading or not drawn yet.
RENDERED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app) return false;
  if (app.getAttribute('data-test-connection-state') !== 'CONNECTED') return false;
  if (app.getAttribute('data-test-script-state') !== 'notRunning') return false;
  const loading = ['[data-stale="true"]', '[data-testid="stSkeleton"]', '[data-testid="stAppSkeleton"]',
                   '[data-testid="stSpinner"]'];
  if (document.querySelector(loading.join(','))) return false;
  const plots = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  return plots.every(plot => plot.querySelector('.main-svg, canvas'));
}"""
SHAPE = "() => document.body.innerText.length + ':' + document.querySelectorAll('*').length"
# Streamlit scrolls inside stMain, so the whole page needs a viewport as tall as its content.
CONTENT_HEIGHT = """() => {
  const main = document.querySelector('[data-testid="stMain"]') || document.body;
  return Math.ceil(main.scrollHeight + main.getBoundingClientRect().top);
}"""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of WCAG that the page breaks, and where."""

    rule: str
    impact: str
    help: str
    where: tuple[str, ...]


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    """Yields a headless Chromium with an empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_chromium(), headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> BrowserContext:
    """Returns a browser context as a reader in the United Kingdom has it, without motion."""
    return browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
        accept_downloads=True,
    )


def open_page(page: Page, url: str, *, patience: float = PATIENCE_SECONDS) -> None:
    """Opens the address, waits until the page has finished, and fails if it shows an exception."""
    page.goto(url, wait_until="domcontentloaded", timeout=patience * 1000)
    wait_rendered(page, patience=patience)
    shown = exceptions(page)
    assert not shown, f"{url} shows an exception: {shown[0][:1000]}"


def wait_rendered(page: Page, *, patience: float = PATIENCE_SECONDS) -> None:
    """Waits until the script is idle, nothing is stale, charts are drawn and the layout is calm.

    Raises:
        playwright.sync_api.TimeoutError: the page has not finished in `patience` seconds.
    """
    deadline = time.monotonic() + patience
    calm, last = 0, None
    while calm < CALM_ROUNDS:
        left = max(deadline - time.monotonic(), 0.001)
        page.wait_for_function(RENDERED, timeout=left * 1000)
        now = page.evaluate(SHAPE)
        calm, last = (calm + 1 if now == last else 0), now
        page.wait_for_timeout(CALM_MILLISECONDS)


def choose(page: Page, name: str, option: str | Pattern[str], *, patience: float = PATIENCE_SECONDS) -> None:
    """Opens the list of a name and chooses from it; opens it again where the page was drawn anew just then.

    Raises:
        playwright.sync_api.TimeoutError: the option was not there in `patience` seconds.
    """
    box, wanted = page.get_by_role("combobox", name=name), page.get_by_role("option", name=option)
    box.scroll_into_view_if_needed()  # a list that is opened while the page still scrolls is closed again
    wait_rendered(page)
    deadline = time.monotonic() + patience
    while True:
        box.click()
        try:
            wanted.first.click(timeout=OPEN_MILLISECONDS)
        except NotInTimeError:
            if time.monotonic() >= deadline:
                raise
            page.keyboard.press("Escape")
        else:
            return


def exceptions(page: Page) -> list[str]:
    """Returns the text of every exception box on the page."""
    return page.locator('[data-testid="stException"]').all_inner_texts()


def show_whole_page(page: Page) -> None:
    """Makes the viewport as tall as the page's content."""
    size = page.viewport_size or {"width": DESKTOP[0], "height": DESKTOP[1]}
    height = max(size["height"], int(page.evaluate(CONTENT_HEIGHT)))
    page.set_viewport_size({"width": size["width"], "height": height})
    wait_rendered(page)


def axe(page: Page) -> list[Violation]:
    """Returns what axe-core finds against WCAG 2.2, levels A and AA."""
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": list(WCAG)}})
    return [
        Violation(
            rule=found["id"],
            impact=found["impact"] or "",
            help=found["help"],
            where=tuple(" ".join(map(str, node["target"])) for node in found["nodes"]),
        )
        for found in results.response["violations"]
    ]
