"""Times warm page switches in a real Chromium: `python -m benchmarks.page_switch [--rounds N] [--url URL]`.

A switch runs from the click in the navigation until the new page's address is shown, the script has finished, nothing
is stale or loading, and every chart is drawn. Each page is opened once before, so that caches are warm.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.measuring import Spread, spread, write
from tests.browser.driving import RENDERED, chromium_browser, exceptions, new_context, open_page, wait_rendered
from tests.server import running_dashboard

LINKS = 'nav[aria-label="Pages"] a'
PATIENCE_MS = 60_000

# Timed inside the page, frame by frame, so that the driver's own round trips do not count. Just after the click the
# old page still looks finished, so that the address must have moved on; and a page that is finished must stay so.
SWITCH = (
    """async ([link, patience]) => {
  const rendered = """
    + RENDERED
    + """;
  const from = location.pathname, start = performance.now();
  link.click();
  let done = null;
  while (performance.now() - start < patience) {
    await new Promise(requestAnimationFrame);
    if (location.pathname === from || !rendered()) { done = null; continue; }
    done = done ?? performance.now();
    if (performance.now() - done > 150) return done - start;
  }
  return null;
}"""
)


def page_names(page: Page) -> list[str]:
    """Returns the pages of the navigation, in its order."""
    return [text.strip() for text in page.locator(LINKS).all_inner_texts()]


def switch(page: Page, name: str) -> float:
    """Returns the milliseconds from the click on a page's name to the finished page.

    Raises:
        TimeoutError: the page did not finish, or shows an exception.
    """
    link = page.locator(LINKS).filter(has_text=re.compile(f"^{re.escape(name)}$"))
    taken = page.evaluate(SWITCH, [link.element_handle(), PATIENCE_MS])
    shown = exceptions(page)
    if taken is None or shown:
        raise TimeoutError(f"{name}: {shown[0][:500] if shown else 'not finished in a minute'}")
    return float(taken)


def measure(url: str, rounds: int) -> dict[str, Spread]:
    """Returns the spread of each page's warm switches, and of all together under "All pages"."""
    with chromium_browser() as browser:
        page = new_context(browser).new_page()
        open_page(page, url)
        names = page_names(page)
        if len(names) < 2:
            raise SystemExit("The dashboard shows fewer than two pages: there is nothing to switch between.")
        for name in [*names[1:], names[0]]:
            switch(page, name)
            wait_rendered(page)
        times: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in [*names[1:], names[0]]:
                times[name].append(switch(page, name))
    every = [taken for taken_times in times.values() for taken in taken_times]
    return {"All pages": spread(every), **{name: spread(taken) for name, taken in times.items()}}


@contextmanager
def _served(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, running_dashboard(Path(folder) / "log") as dashboard:
        yield dashboard.url


def main() -> int:
    """Measures, writes the results, and returns 1 when a warm switch takes a second or more at p95."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="times that each page is opened (10)")
    parser.add_argument("--url", help="a dashboard that runs already; without it one is started")
    options = parser.parse_args()
    with _served(options.url) as url:
        rows = measure(url, options.rounds)
    intro = (
        "From the click in the navigation to the finished page, charts drawn, in headless Chromium on the machine that "
        "also serves; every page had been opened once. The aim is under 1,000 ms."
    )
    written = write("page_switch", "Warm page switches", intro, rows, rounds=options.rounds)
    print(written.read_text(encoding="utf-8"))
    return 0 if rows["All pages"].p95 < 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
