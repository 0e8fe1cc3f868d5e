"""Takes a picture of a finished page: `python -m benchmarks.screenshot URL OUT.png [--phone] [--dark] [--full]`."""

from __future__ import annotations

import argparse
import sys
import time

from playwright.sync_api import Page

from tests.browser.driving import (
    DESKTOP,
    PHONE,
    chromium_browser,
    exceptions,
    new_context,
    show_whole_page,
    wait_rendered,
)


def main() -> int:
    """Writes the picture, prints what is wrong with the page, and returns 1 when it shows an exception."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("out")
    parser.add_argument("--phone", action="store_true", help="the size of a phone")
    parser.add_argument("--dark", action="store_true", help="the dark theme")
    parser.add_argument("--full", action="store_true", help="the whole page, as tall as it is")
    parser.add_argument(
        "--click", action="append", default=[], metavar="TEXT", help="click this text first (repeatable)"
    )
    options = parser.parse_args()

    start = time.perf_counter()
    with chromium_browser() as browser:
        page = new_context(browser, PHONE if options.phone else DESKTOP, dark=options.dark).new_page()
        errors = _console_errors(page)
        page.goto(options.url, wait_until="domcontentloaded")
        wait_rendered(page)
        taken = time.perf_counter() - start
        for text in options.click:
            page.get_by_text(text, exact=True).first.click()
            page.wait_for_timeout(200)
            wait_rendered(page)
        if options.full:
            show_whole_page(page)
        page.screenshot(path=options.out)
        shown = exceptions(page)
    print(f"{options.out}: rendered in {taken:.1f} s, {len(shown)} exceptions, {len(errors)} console errors")
    for text in [*shown, *errors]:
        print("  " + text.replace("\n", " ")[:300])
    return 1 if shown else 0


def _console_errors(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


if __name__ == "__main__":
    sys.exit(main())
