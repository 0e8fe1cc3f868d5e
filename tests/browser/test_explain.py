"""The explanation of a number on the page of a measure: it opens, can be read by everybody, and its choices work."""

from __future__ import annotations

import pytest

from tests.browser.driving import DESKTOP, PHONE, axe, exceptions, open_page, wait_rendered

SIDEWAYS = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return [main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - window.innerWidth];
}"""


def explained(page, dashboard, **query):
    parts = "&".join(f"{name}={value}" for name, value in {"to": "2026-03", **query}.items())
    open_page(page, f"{dashboard}/metric?{parts}")
    page.get_by_text("Explain this number", exact=True).click()
    page.get_by_role("heading", name="Why it moved").wait_for()
    wait_rendered(page)
    return page


def choose(page, label, option):
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option").first.click()
    wait_rendered(page)


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_it_breaks_no_rule_of_wcag_and_needs_no_sideways_scrolling(dashboard, new_page, size, dark):
    page = explained(new_page(size, dark=dark), dashboard, metric="ae_four_hour")
    assert exceptions(page) == []
    assert axe(page) == []
    assert max(page.evaluate(SIDEWAYS)) <= 0


def test_the_change_is_shared_out_by_the_dimension_and_since_the_period_that_are_chosen(dashboard, page):
    explained(page, dashboard, metric="ae_four_hour")
    table = page.locator(".bw-effects")
    assert "The change from February 2026 to March 2026 by region" in table.inner_text()
    assert [text.strip() for text in table.locator("tr").last.locator("th, td").all_inner_texts()][:3] == [
        "All", "74.1%", "77.1%",
    ]  # fmt: skip
    choose(page, "Shared out by", "Department type")
    choose(page, "Compared with", "The same period of the year before")
    assert "The change from March 2025 to March 2026 by department type" in table.inner_text()
    assert page.get_by_text("1,875,561: Attendances that ended within four hours").is_visible()


def test_the_statement_can_be_read_as_another_warehouse_would_be_sent_it(dashboard, page):
    explained(page, dashboard, metric="ae_four_hour", org="Y56")
    sql = page.get_by_test_id("stCode").first
    assert "FROM fact_ae_month AS f" in sql.inner_text()
    choose(page, "In the SQL of", "SQL Server")
    assert "CAST('2026-03-01' AS DATE)" in page.get_by_test_id("stCode").first.inner_text()


def test_an_index_says_that_its_change_cannot_be_shared_out(dashboard, page):
    explained(page, dashboard, metric="shmi", org="R0A", to="2026-03")
    assert page.get_by_text("There is no value to compare").is_visible()
    assert page.locator(".bw-effects").count() == 0
