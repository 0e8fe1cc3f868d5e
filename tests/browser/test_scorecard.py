"""The scorecard of a board in a real browser: the matrix narrows the list, by keyboard too, and says so."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.driving import DESKTOP, PHONE, axe, exceptions, open_page, wait_rendered

TRUST = "R0A"
LAPTOP = (1280, 800)
SIDEWAYS = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return [main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - window.innerWidth];
}"""


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def measures(page):
    return page.locator("table.bw-board tbody tr").count()


def counts(page):
    """The matrix as numbers: rows of four."""
    rows = page.locator("table.bw-matrix tbody tr")
    return [
        [int(cell.split()[0].rstrip(":")) for cell in rows.nth(place).locator("td").all_inner_texts()]
        for place in range(rows.count())
    ]


def focused(page):
    return page.evaluate("() => document.activeElement.getAttribute('href') || ''")


def test_the_counts_add_up_to_the_measures_listed(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}")
    judged = sum(map(sum, counts(page)))
    caption = page.locator("table.bw-matrix caption").inner_text()
    assert caption.startswith(f"{judged} measures judged")
    left = int(page.locator(".bw-matrix-frame > .bw-note").first.inner_text().split()[0])
    assert judged + left == measures(page)
    assert page.get_by_test_id("told").inner_text() == f"All {judged + left} measures."


def test_a_cell_narrows_the_list_by_keyboard_is_announced_and_show_all_leads_back(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}")
    every = measures(page)
    cell = page.locator("table.bw-matrix td a").first
    wanted = int(cell.inner_text().split(":")[0].split()[0])
    address = cell.get_attribute("href")
    page.locator("h1").click()
    for _ in range(80):
        page.keyboard.press("Tab")
        if focused(page) == address:
            break
    assert focused(page) == address, "the keyboard reaches the cell"
    page.evaluate("() => { window.sameDocument = true; }")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Show all", exact=True).wait_for()
    wait_rendered(page)
    assert page.evaluate("() => window.sameDocument") is True
    assert measures(page) == wanted
    told = page.get_by_test_id("told")
    assert told.get_attribute("role") == "status"
    assert told.inner_text() == f"{wanted} of {every} measures: improvement and failing."
    assert query(page) == {"cell": "improvement-fail", "org": TRUST}
    assert page.locator("table.bw-matrix a[aria-current]").count() == 1
    page.get_by_role("link", name="Show all", exact=True).click()
    page.get_by_text(f"All {every} measures.").wait_for()
    wait_rendered(page)
    assert measures(page) == every
    assert "cell" not in query(page)


def test_a_chosen_cell_stays_when_the_filters_and_the_order_change(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=improvement")
    page.get_by_role("link", name="By capability").click()
    page.get_by_role("heading", name="Access and waiting").wait_for()
    wait_rendered(page)
    assert (query(page)["cell"], query(page)["order"]) == ("improvement", "capability")
    box = page.get_by_role("combobox", name="Organisation")
    box.click()
    box.fill("(R1H)")
    page.get_by_role("option").first.click()
    page.get_by_role("heading", level=1, name="Scorecard: Barts Health NHS Trust").wait_for()
    wait_rendered(page)
    assert query(page) == {"cell": "improvement", "order": "capability", "org": "R1H"}
    assert page.get_by_test_id("told").inner_text().endswith("measures: improvement.")
    page.go_back()
    page.get_by_role("heading", level=1, name="Manchester").wait_for()


def test_a_cell_that_there_is_not_is_said_and_all_is_shown(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=red-fail")
    assert "'red-fail' is not one of the matrix" in page.locator(".bw-banner").inner_text()
    assert page.get_by_test_id("told").inner_text().startswith("All ")


def test_an_icon_is_an_image_with_words_and_leads_to_its_chart(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&order=capability")
    row = page.locator("table.bw-board tr", has=page.get_by_role("link", name="A&E within 4 hours", exact=True))
    said = [
        [each.get_attribute("aria-label") for each in row.locator("td.bw-icon").nth(place).get_by_role("img").all()]
        for place in range(2)
    ]
    assert said == [
        ["Improvement, high: special cause of improving nature due to higher values"],
        ["Failing: the process consistently fails the target"],
    ]
    assert "newer data due" in row.locator("td.bw-side").last.inner_text(), "in words, and no clock beside the icon"
    row.locator("a.bw-to-chart").first.click()
    page.get_by_role("heading", level=1, name="A&E").wait_for()
    wait_rendered(page)
    assert (query(page)["metric"], query(page)["org"]) == ("ae_four_hour", TRUST)
    assert urlsplit(page.url).fragment == "chart"
    assert page.get_by_role("heading", name="Over time").bounding_box()["y"] < 120, "the chart is in view"
    assert exceptions(page) == []


@pytest.mark.parametrize(("size", "dark"), [(LAPTOP, False), (DESKTOP, True), (PHONE, False), (PHONE, True)])
def test_a_narrowed_scorecard_with_its_legend_breaks_no_rule_of_wcag(dashboard, new_page, size, dark):
    page = new_page(size, dark=dark)
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=improvement")
    page.get_by_text("What the icons mean").click()
    page.locator(".bw-legend").wait_for()
    wait_rendered(page)
    if size == PHONE:
        page.locator("table.bw-board summary").first.click()
    assert axe(page) == []
    assert max(page.evaluate(SIDEWAYS)) <= 0


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_what_is_not_judged_stands_closed_with_its_count_until_it_is_asked_for(dashboard, new_page, size):
    page = new_page(size)
    open_page(page, f"{dashboard}/scorecard?org={TRUST}")
    folded = page.get_by_test_id("folded")
    hidden = folded.locator("table.bw-board tbody tr")
    left = page.locator(".bw-matrix-frame > .bw-note").first.inner_text().split()[0]
    assert folded.locator("summary").first.inner_text() == f"Not judged: {left} measures"
    assert (hidden.count(), hidden.first.is_visible()) == (int(left), False)
    folded.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert hidden.first.is_visible()
    assert axe(page) == []
    assert max(page.evaluate(SIDEWAYS)) <= 0
    page.get_by_role("link", name="yearly, too few points").click()
    page.get_by_role("link", name="Show all", exact=True).wait_for()
    wait_rendered(page)
    assert page.get_by_test_id("folded").count() == 0
    assert page.locator("table.bw-board tbody tr").first.is_visible(), "asked for by its reason, it stands open"


def test_that_newer_data_are_due_is_said_once_a_row(dashboard, new_page):
    for size, shown in ((LAPTOP, False), (PHONE, True)):
        page = new_page(size)
        open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=due")
        assert page.locator(".bw-aged > svg:nth-child(2)").first.is_visible() is shown
        assert page.get_by_text("newer data due", exact=True).first.is_visible() is not shown


@pytest.mark.parametrize("width", [320, 390, 600, 768, 1024, 1280])
def test_nothing_is_cut_off_or_needs_sideways_scrolling_at_any_width(dashboard, new_page, width):
    page = new_page((width, 900))
    open_page(page, f"{dashboard}/scorecard?org={TRUST}")
    assert max(page.evaluate(SIDEWAYS)) <= 0
    wider = """() => [...document.querySelectorAll('.bw-board tbody :is(td, th), .bw-matrix :is(td, th)')]
      .filter((cell) => cell.clientWidth > 1 && cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.innerText)"""
    assert page.evaluate(wider) == []


def test_a_phone_shows_name_value_and_icons_and_the_rest_behind_one_word(dashboard, new_page):
    page = new_page(PHONE)
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=improvement")
    row = page.locator("table.bw-board tbody tr").first
    boxes = [row.locator("td.bw-icon").nth(place).bounding_box() for place in range(2)]
    assert boxes[0]["y"] == boxes[1]["y"], "the two icons stand on one line"
    value = row.locator("td.bw-latest").bounding_box()
    assert value["x"] < boxes[0]["x"] < boxes[1]["x"]
    assert abs(value["y"] - boxes[0]["y"]) < 8, "beside the value"
    assert row.bounding_box()["height"] < 150
    assert not row.get_by_text("Mean and process limits").is_visible()
    row.locator("summary").click()
    assert row.get_by_text("Mean and process limits").is_visible()
    assert row.locator("details").get_by_text("improving nature").first.is_visible()


def test_the_whole_scorecard_can_be_downloaded(dashboard, page):
    open_page(page, f"{dashboard}/scorecard?org={TRUST}&cell=concern")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download the scorecard (CSV)").click()
    assert downloading.value.suggested_filename == f"scorecard-{TRUST}.csv"
    lines = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("organisation_code,organisation,metric,measure")
    assert lines[0].endswith("data_version,read_at")
    assert sum(line.startswith("R0A,") for line in lines) > 48, "every measure, whatever is listed"


def test_signals_are_weighed_together_when_asked_and_the_address_says_so(dashboard, page):
    """University Hospitals Birmingham (RRK) has one signal that is as good as its cell, and one that chance may explain."""
    open_page(page, f"{dashboard}/scorecard?org=RRK&cell=concern")
    assert "by chance alone" in page.get_by_test_id("chance").inner_text()
    assert page.get_by_text("Weak signal").count() == 0
    page.get_by_role("link", name="Weigh them together").click()
    page.get_by_role("link", name="Take each signal by itself").wait_for()
    wait_rendered(page)
    assert query(page) == {"cell": "concern", "fdr": "1", "org": "RRK"}
    assert "marked weak" in page.get_by_test_id("chance").inner_text()
    assert page.get_by_text("Weak signal").count() == 1
