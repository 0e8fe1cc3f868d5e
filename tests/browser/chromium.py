"""Where Chromium is. `python -m tests.browser.chromium` installs the system's package when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system_packages import install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


class NoChromiumError(RuntimeError):
    """No Chromium could be found or installed. Says what to install."""


def find_chromium() -> str | None:
    """Returns the path of Chromium or Chrome: `BELLWETHER_CHROMIUM` if set, else the first one found."""
    chosen = os.environ.get("BELLWETHER_CHROMIUM")
    if chosen:
        return chosen
    on_path = next((path for path in map(shutil.which, NAMES) if path), None)
    return on_path or next((path for path in MACOS if Path(path).exists()), None)


def require_chromium() -> str:
    """Returns the path of Chromium.

    Raises:
        NoChromiumError: there is none.
    """
    found = find_chromium()
    if found is None:
        raise NoChromiumError(
            "The browser tests need Chromium or Chrome, and none was found on PATH. Install it (on Debian: "
            "apt-get install chromium), or set BELLWETHER_CHROMIUM to its path."
        )
    return found


def main() -> int:
    """Prints which browser the tests will use, installing one if need be; returns 1 when there is none."""
    if find_chromium() is None:
        install("chromium")
    try:
        path = require_chromium()
    except NoChromiumError as error:
        print(error, file=sys.stderr)
        return 1
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    print(f"Tests use {version.stdout.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
