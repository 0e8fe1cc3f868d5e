"""A real Chromium for each module, and fresh pages in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.driving import DESKTOP, chromium_browser, new_context

ARTIFACTS = Path("test-artifacts")
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before the items are shared out by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as a browser test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Keeps a picture of every open page of a test that fails, in test-artifacts/."""
    report = yield
    if report.when == "call" and report.failed:
        for number, page in enumerate(item.stash.get(OPEN_PAGES, [])):
            ARTIFACTS.mkdir(exist_ok=True)
            name = re.sub(r"[^A-Za-z0-9]+", "-", item.name).strip("-")
            page.screenshot(path=ARTIFACTS / f"{name}-{number}.png")
    return report


OPEN_PAGES = pytest.StashKey[list[Page]]()


# A module's own browser: Playwright leaves an event loop running, which other tests must not find.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium with an empty profile."""
    with chromium_browser() as chromium:
        yield chromium


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Makes a page with a profile of its own: `new_page(PHONE, dark=True)`."""
    contexts: list[BrowserContext] = []
    pages = request.node.stash.setdefault(OPEN_PAGES, [])

    def make(size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> Page:
        contexts.append(new_context(browser, size, dark=dark))
        pages.append(contexts[-1].new_page())
        return pages[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of desktop size in the light theme."""
    return new_page()
