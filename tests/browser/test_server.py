"""What `bellwether run` serves, whatever the page."""

from __future__ import annotations

import json
import urllib.request

from tests.browser.driving import DESKTOP, PHONE, exceptions, open_page, wait_rendered


def test_the_first_page_renders_and_asks_nothing_of_other_machines(page, dashboard):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    open_page(page, dashboard)
    page.wait_for_timeout(1000)

    inside = (dashboard, dashboard.replace("http", "ws", 1), "data:", "blob:")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(inside)] == []


def test_a_page_opened_by_its_address_asks_for_nothing_that_is_not_there(page, dashboard):
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.on("console", lambda message: missing.append(message.text) if message.type == "error" else None)
    open_page(page, f"{dashboard}/scorecard")
    assert missing == []


def test_each_size_and_theme_renders_without_an_exception(new_page, dashboard):
    for size in (DESKTOP, PHONE):
        for dark in (False, True):
            page = new_page(size, dark=dark)
            page.goto(dashboard, wait_until="domcontentloaded")
            wait_rendered(page)
            assert exceptions(page) == []


def test_the_health_of_a_dashboard_with_data_is_ok(dashboard):
    with urllib.request.urlopen(f"{dashboard}/healthz", timeout=30) as answer:
        health = json.load(answer)
    assert health["status"] == "ok"
    assert health["data_version"]
