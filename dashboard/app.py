"""The entry script: menu, filter bar, the line that says how fresh the data are, and the page inside an error boundary."""

from __future__ import annotations

import logging
import sys
import uuid
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:  # run as a script, the packages beside this one must be found
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from dashboard import layer as data  # noqa: E402
from dashboard.components import filters as filter_bar  # noqa: E402
from dashboard.components import shell, states  # noqa: E402
from dashboard.menu import Entry, entries  # noqa: E402
from dashboard.viewmodels import holdings  # noqa: E402
from dashboard.visit import Visit  # noqa: E402
from metrics.warehouse.errors import WarehouseError, WarehouseNotBuiltError  # noqa: E402

_log = logging.getLogger("dashboard")


def main() -> None:
    """Draws the chosen page."""
    st.set_page_config(page_title="Bellwether", layout="wide", initial_sidebar_state="auto")
    shell.dress()
    pages = {entry.path: _page(entry) for entry in entries()}
    menu: dict[str, list[st.Page]] = {}
    for entry in entries():
        menu.setdefault(entry.section, []).append(pages[entry.path])
    chosen = st.navigation(menu, position="sidebar", expanded=True)
    chosen.run()


def _page(entry: Entry) -> st.Page:
    def run() -> None:
        guarded(entry)

    run.__name__ = entry.path
    first = entry == entries()[0]
    return st.Page(run, title=entry.title, url_path=entry.path, default=first)


def guarded(entry: Entry) -> None:
    """Draws a page; whatever goes wrong becomes words that say what to do, never a traceback."""
    try:
        draw(entry)
    except WarehouseNotBuiltError:
        states.state(
            "There is no data yet",
            "Bellwether has not loaded its published data on this machine. Loading takes a few minutes and needs no "
            "network. This page opens by itself when it is done.",
            command="bellwether load --shipped",
            level=1,
        )
        _look_again()
    except data.UNREACHABLE:
        states.state(
            "The warehouse does not answer",
            "The database that holds the figures cannot be reached, and there is no earlier answer to show for this "
            "view. Nothing is lost. The page tries again every few seconds.",
            level=1,
        )
        _look_again()
    except WarehouseError as error:
        states.state("The warehouse cannot be opened", str(error), level=1)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        _log.exception("Page %s failed (reference %s)", entry.path, reference)
        states.state(
            "This page could not be drawn",
            "Something went wrong on our side. Other pages still work. If it happens again, tell whoever looks after "
            f"Bellwether and give the reference {reference}.",
            level=1,
        )


def draw(entry: Entry) -> None:
    """Draws the shared top and the page."""
    metrics = data.metrics_layer()
    today = data.today()
    version = metrics.data_version
    places, services = data.places(), data.services()
    held = data.answer(lambda: holdings.build(metrics, today), "holdings")
    filters, messages = filter_bar.current(places, services, today)
    shell.header(held)
    states.unreachable_banner()
    if entry.with_filters:
        filter_bar.bar(filters, places, services, held.newest, with_services=entry.with_services)
    states.messages(messages)
    visit = Visit(metrics, places, services, filters, held, today, version)
    entry.draw()(visit)
    shell.watch(version)


@st.fragment(run_every=4)
def _look_again() -> None:
    if st.session_state.get("looked"):
        st.session_state["looked"] = False
        data.reachability().lost_at = None
        st.rerun()
    st.session_state["looked"] = True


if __name__ == "__main__":
    main()
