"""The entry script: menu, filter bar, the line that says how fresh the data are, and the page, in an error boundary."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:  # run as a script, the packages beside this one must be found
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from dashboard import layer as data  # noqa: E402
from dashboard.components import filters as filter_bar  # noqa: E402
from dashboard.components import live_bar, shell, states  # noqa: E402
from dashboard.components.live_bar import stamp_of  # noqa: E402
from dashboard.menu import Entry, entries  # noqa: E402
from dashboard.viewmodels import holdings  # noqa: E402
from dashboard.visit import Visit  # noqa: E402
from dashboard.written import written  # noqa: E402
from metrics.catalogue import CatalogueError  # noqa: E402
from metrics.query.errors import QueryError  # noqa: E402
from metrics.warehouse.errors import WarehouseError, WarehouseNotBuiltError  # noqa: E402

_SIDEBAR = 224


def main() -> None:
    """Draws the chosen page."""
    pages = [_page(entry) for entry in entries()]
    # A page answers at the root as well as under its own name. Nobody is met by simulated figures.
    first = entries(records=data.holds_real_records())[0]
    chosen = st.navigation([_page(first, default=True), *pages], position="hidden")
    st.set_page_config(
        page_title=f"{chosen.title} \N{EN DASH} Bellwether", page_icon=shell.ICON, layout="wide",
        initial_sidebar_state=_SIDEBAR,
    )  # fmt: skip
    shell.dress()
    chosen.run()


def _page(entry: Entry, *, default: bool = False) -> st.Page:
    def run() -> None:
        guarded(entry)

    run.__name__ = "home" if default else entry.path
    return st.Page(run, title=entry.title, url_path=None if default else entry.path, default=default)


def guarded(entry: Entry) -> None:
    """Draws a page; whatever goes wrong becomes words that say what to do, never a traceback."""
    shell.menu(
        entries(records=data.holds_records()), entry, st.session_state.get("filters", {}) | dict(st.query_params)
    )
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
    except CatalogueError as error:
        states.wrong_definitions(error.findings)
        _look_again()
    except QueryError as error:
        states.state("This cannot be answered", str(error), level=2)
    except Exception as error:  # noqa: BLE001 - nobody shall see a traceback; it is logged with the reference
        states.failed(entry.path, error, level=2)  # the page has its own first heading


def draw(entry: Entry) -> None:
    """Draws the shared top and the page."""
    metrics = data.metrics_layer().as_it_stands()
    today = data.today()
    problems = metrics.definition_problems
    with st.spinner("Reading the published figures. The first time this takes some seconds."):
        places, services = data.places(metrics), data.services(metrics)
        held = data.answer(metrics, lambda: holdings.build(metrics, today), "holdings")
    filters, messages = filter_bar.current(places, services, today, held.oldest)
    visit = Visit(metrics, places, services, filters, held, today, written())
    watched = entry.watched(visit)
    live_bar.draw(metrics, watched, stamp_of(visit, watched))
    if not entry.of_records:
        shell.header(held)
    with st.container():  # a place of their own: what comes and goes here moves nothing that a reader has open below
        states.unreachable_banner()
        states.definitions_banner(metrics.definitions_read_at, problems)
    if entry.with_filters:
        filter_bar.bar(filters, places, services if entry.offers_services(metrics.catalogue) else {}, held.newest)
    with st.container():
        states.messages(messages)
        if visit.written.problem:
            states.messages((f"Annotations and phases are not shown: {visit.written.problem}",))
    with st.spinner("Working out the figures"):
        entry.draw()(visit)


@st.fragment(run_every=4)
def _look_again() -> None:
    if st.session_state.get("looked"):
        st.session_state["looked"] = False
        data.reachability().lost_at = None
        st.rerun()
    st.session_state["looked"] = True


if __name__ == "__main__":
    main()
