"""One view of one page: what was chosen, and the means to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from dashboard.layer import answer, definitions_of
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.holdings import Holdings, own_source, source_line
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.subjects import Context
from dashboard.written import Written
from metrics import MetricsLayer

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is drawn from.

    Attributes:
        layer: the metrics layer as it stands: everything on the page comes from one state of it.
        services: treatment function code to name.
        written: what the journal holds.
    """

    layer: MetricsLayer
    places: Places
    services: Mapping[str, str]
    filters: Filters
    holdings: Holdings
    today: date
    written: Written = field(default_factory=Written)

    @property
    def version(self) -> str:
        """Returns the data version."""
        return self.layer.data_version

    @property
    def place(self) -> Place:
        """Returns the chosen organisation."""
        return self.places.by_code[self.filters.organisation]

    @property
    def context(self) -> Context:
        """Returns what control charts are judged with."""
        today = self.today if self.filters.month is None else None
        return Context(self.layer.catalogue, self.written.entries, self.layer.successions(), today)

    @property
    def key(self) -> tuple[str, ...]:
        """Returns the filters, the day and the versions of data, definitions and journal as plain values."""
        chosen = "&".join(f"{name}={value}" for name, value in self.filters.query().items())
        return (chosen, str(self.today), self.version, definitions_of(self.layer), self.written.version)

    def answer(self, build: Callable[[], Kept], name: str, *more: object) -> Kept:
        """Returns a view model, built once for these filters, this day, these data, definitions and journal."""
        return answer(self.layer, build, name, self.key[0], self.written.version, *more)

    def link(self, page: str, **more: str) -> str:
        """Returns the address of another page with the filters kept."""
        return link(page, self.filters, **more)

    def source_of(self, *metrics: str) -> str:
        """Returns the source line of metrics."""

        def lines() -> str:
            published = {each.id: each for name in metrics for each in self.layer.sources(name)}
            own = any(self.layer.provenance(name) != "published" for name in metrics)
            owners = [own_source(each.name for each in self.places.owners)] if own else []
            return "; ".join([*([source_line(published.values())] if published else []), *owners])

        return answer(self.layer, lines, "source", *metrics)
