"""`bellwether run`: brings the data up to date and serves the dashboard."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dashboard.cli_trust import build_trust, feed_beside
from metrics.warehouse.connect import embedded_folder
from metrics.warehouse.embedded import current_version
from metrics.warehouse.errors import WarehouseBusyError, WarehouseError
from metrics.warehouse.settings import Settings, checked_url, load_settings
from sample_data.published.shipment import SHIPPED

PACKAGE = Path(__file__).parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FIRST_PORT = 8501
PORTS_TRIED = 50
HEALTH_SECONDS = 120.0
STAMP = "shipped.sha256"

console = Console(highlight=False, soft_wrap=True)


def run(
    port: Annotated[
        int | None,
        typer.Option(help=f"Port to serve on. The first free one from {FIRST_PORT} when left out.", min=1, max=65535),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on. Only this machine's own is allowed.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the dashboard in a browser.")] = True,
    warehouse: Annotated[
        str | None,
        typer.Option(help="Database URL, in place of BELLWETHER_WAREHOUSE: postgresql://user@host/database."),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust/--no-trust",
            help="Simulate a fictional trust beside the published data, where there are no records of a trust.",
        ),
    ] = True,
    live: Annotated[
        bool, typer.Option("--live", help="Let the simulated trust go on, a minute a second, while the dashboard runs.")
    ] = False,
) -> None:
    """Open the dashboard, on the published data that ship with Bellwether and a simulated trust.

    The first start builds the warehouse, which takes a minute or two; later starts find it built. Stop with Ctrl+C.

    For example: `bellwether run --live`, `bellwether run --port 8600 --no-browser`, or with the data on a server
    `bellwether run --warehouse postgresql://analyst@db.example.org/bellwether`.
    """
    if host not in LOOPBACK:
        _refuse(
            f"Bellwether does not listen on {host}: sign-in is not configured, so anybody who can reach that "
            "address would see everything. Leave --host out, and put a proxy that signs people in before it."
        )
    try:
        settings = load_settings()
        url = settings.warehouse if warehouse is None else checked_url(warehouse)
        filled = bring_up_to_date(url, settings.home)
        if trust:
            build_trust(url, console, filled=filled)
    except (WarehouseError, ValueError) as error:
        _refuse(str(error))
    chosen = _port(host, port)
    with feed_beside(url, wanted=live):
        _serve(replace(settings, warehouse=url), host, chosen, browser=browser and _has_display())


def bring_up_to_date(url: str, home: Path) -> bool:
    """Loads the data that ship, if the warehouse has none or older ones, and returns whether it did.

    A warehouse on a server is only ever filled when it is empty: it belongs to more people than one.
    """
    folder = embedded_folder(url)
    stamp = home / STAMP if folder is None else folder / STAMP
    shipped = shipped_digest()
    if _is_built(url, folder) and (folder is None or _stamped(stamp) == shipped):
        return False
    from sample_data.published.load import load_shipped  # noqa: PLC0415  only a first start pays for it

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Loading the published data")
        try:
            load_shipped(
                url=url,
                progress=lambda what, done, of: bar.update(task, description=what, completed=done, total=of),
            )
        except WarehouseBusyError:
            if not _is_built(url, folder):
                raise
            return False  # somebody else brings it up to date; what is there can be shown meanwhile
    if folder is not None:
        stamp.write_text(shipped, encoding="ascii")
    return True


def shipped_digest(folder: Path = SHIPPED) -> str:
    """Returns a digest of the names and contents of all files that ship."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _is_built(url: str, folder: Path | None) -> bool:
    if folder is not None:
        return current_version(folder) is not None
    from metrics.warehouse.connect import open_warehouse  # noqa: PLC0415
    from metrics.warehouse.errors import WarehouseNotBuiltError  # noqa: PLC0415

    try:
        return open_warehouse(url).is_built()
    except WarehouseNotBuiltError:
        return False


def _stamped(stamp: Path) -> str | None:
    return stamp.read_text(encoding="ascii").strip() if stamp.exists() else None


def _port(host: str, asked: int | None) -> int:
    if asked is not None:
        if not _is_free(host, asked):
            _refuse(f"Port {asked} is taken. Choose another, or leave --port out to get a free one.", code=1)
        return asked
    free = next((port for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if _is_free(host, port)), None)
    if free is None:
        _refuse(f"All ports from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are taken. Choose one with --port.")
    return free


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _serve(settings: Settings, host: str, port: int, *, browser: bool) -> None:
    """Serves until it is stopped; the server takes over this process."""
    os.environ["BELLWETHER_HOME"] = str(settings.home)
    os.environ["BELLWETHER_WAREHOUSE"] = settings.warehouse
    os.environ["BELLWETHER_DEFINITIONS"] = os.pathsep.join(map(str, settings.definitions))
    os.environ["BELLWETHER_SHIPPED_DEFINITIONS"] = "yes" if settings.shipped_definitions else "no"
    os.environ["BELLWETHER_WRITERS"] = ",".join(settings.writers)
    os.chdir(PACKAGE.parent)  # where Streamlit finds .streamlit/config.toml
    from streamlit.web import cli  # noqa: PLC0415  it reads its settings when it is imported

    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    threading.Thread(target=_announce, args=(address, browser), daemon=True).start()
    script = next(path for path in (PACKAGE / "asgi.py", PACKAGE / "app.py") if path.exists())
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "logger.hideWelcomeMessage": "true",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    sys.exit(cli.main(["run", str(script), *flags], prog_name="bellwether", standalone_mode=False))


def _announce(address: str, browser: bool) -> None:
    if not _healthy(address):
        console.print(f"The dashboard did not answer at {address} in {HEALTH_SECONDS:.0f} seconds.", style="red")
        return
    console.print(f"Bellwether is ready at {address}", style="bold")
    if browser:
        webbrowser.open(address)
    else:
        console.print("Stop it with Ctrl+C.", style="dim")


def _healthy(address: str) -> bool:
    deadline = time.monotonic() + HEALTH_SECONDS
    while time.monotonic() < deadline:
        try:
            # An unknown path answers 200 too, with the page: only the body tells.
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310  our own address
                if answer.read().strip() == b"ok":
                    return True
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    return False


def _has_display() -> bool:
    if os.environ.get("CI"):
        return False
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _refuse(message: str, code: int = 2) -> NoReturn:
    console.print(message, style="red")
    raise typer.Exit(code)
