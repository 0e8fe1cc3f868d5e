"""The pages, in the order of the menu. A page is a module of `dashboard.views` with a `draw(visit)`.

A page that can be narrowed to services also has `offers_services(catalogue)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from dashboard.live import Watched, of_place
from dashboard.visit import Visit
from metrics.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu.

    Attributes:
        path: its address, which stays as it is when the title changes.
        view: the module of `dashboard.views`.
        argument: handed to the module's `draw`, for pages that share a module.
        with_filters: whether there is a filter bar.
        of_records: it is about a trust's own records: in the menu of a warehouse that holds some, and not about what
            is published.
    """

    section: str
    title: str
    path: str
    view: str
    argument: str | None = None
    with_filters: bool = True
    of_records: bool = False

    @property
    def exists(self) -> bool:
        """Returns whether the page's module is there."""
        return find_spec(f"dashboard.views.{self.view}") is not None

    def offers_services(self, catalogue: Catalogue) -> bool:
        """Returns whether the filter bar offers services: what the page's module says, no without a word of it."""
        asked = getattr(import_module(f"dashboard.views.{self.view}"), "offers_services", None)
        return bool(asked and asked(catalogue))

    def watched(self, visit: Visit) -> Watched:
        """Returns what the page depends on: what its module says, else all that is held of the place."""
        asked = getattr(import_module(f"dashboard.views.{self.view}"), "watched", None)
        found: Watched = asked(visit) if asked else of_place(visit.layer, visit.place.code)
        return found

    def draw(self) -> Callable[[Visit], None]:
        """Returns the function that draws the page."""
        found: Callable[..., None] = import_module(f"dashboard.views.{self.view}").draw
        return partial(found, capability=self.argument) if self.argument else found


ENTRIES: Final = (
    Entry("Overview", "Today", "today", "today", with_filters=False, of_records=True),
    Entry("Overview", "Scorecard", "scorecard", "scorecard"),
    Entry("Overview", "Metric", "metric", "metric"),
    Entry("Overview", "Service", "service", "service"),
    Entry("Overview", "Demand", "demand", "demand"),
    Entry("Overview", "Waiting list", "waiting-list", "waiting_list"),
    Entry("Overview", "Capacity what-if", "capacity-what-if", "capacity_whatif"),
    Entry("Capabilities", "Roadmap", "roadmap", "capability", "roadmap"),
    Entry("Capabilities", "People", "people", "capability", "people"),
    Entry("Capabilities", "Operations", "operations", "capability", "operations"),
    Entry("Capabilities", "Technology", "technology", "capability", "technology"),
    Entry("Capabilities", "Data", "data", "capability", "data"),
    Entry("Capabilities", "Change", "change", "capability", "change"),
    Entry("Capabilities", "Impact", "impact", "capability", "impact"),
    Entry("Reference", "Catalogue", "catalogue", "catalogue", with_filters=False),
    Entry("Reference", "Data and licences", "sources", "sources", with_filters=False),
    Entry("Reference", "About", "about", "about", with_filters=False),
)


def entries(*, records: bool = True) -> tuple[Entry, ...]:
    """Returns the pages that are there; without those about a trust's own records where none are held."""
    return tuple(entry for entry in ENTRIES if entry.exists and (records or not entry.of_records))
