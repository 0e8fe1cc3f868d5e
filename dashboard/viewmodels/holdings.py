"""What is held: the publications behind the metrics, their licences, files, age and caveats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from metrics.catalogue import Catalogue, Metric
from metrics.query.sources import Publication


class Sources(Protocol):
    """The part of the metrics layer that knows where its numbers come from."""

    @property
    def catalogue(self) -> Catalogue: ...

    def sources(self, metric: str) -> tuple[Publication, ...]: ...

    def last_day(self, metric: str) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """One publication with the metrics that it feeds. `last_day` is the last that its data cover."""

    publication: Publication
    metrics: tuple[Metric, ...]
    last_day: date | None
    stale: bool

    @property
    def rows_rejected(self) -> int:
        return sum(file.rows_rejected for file in self.publication.files)

    @property
    def covers(self) -> str:
        """Returns 'April 2019 to May 2026'."""
        starts = [file.period_from for file in self.publication.files if file.period_from]
        ends = [file.period_to for file in self.publication.files if file.period_to]
        last = self.last_day or max(ends, default=None)
        if not starts or last is None:
            return "No period of its own"
        return f"{min(starts):%B %Y} to {last:%B %Y}"

    @property
    def files(self) -> Table:
        """Returns the files that were read, newest first."""
        rows = tuple(
            (
                file.name,
                file.era,
                _span(file.period_from, file.period_to),
                words.number(file.rows_read),
                words.number(file.rows_rejected),
                words.moment_words(file.loaded_at),
            )
            for file in sorted(self.publication.files, key=lambda each: each.period_to or date.min, reverse=True)
        )
        columns = ("File", "Format", "Period", "Rows read", "Rows left out", "Loaded (UTC)")
        return Table(f"Files of {self.publication.title}", columns, rows, frozenset({3, 4}))


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that is held, and how new it is."""

    held: tuple[Held, ...]
    newest: date | None
    loaded_at: datetime | None
    licences: tuple[str, ...]
    provenances: tuple[str, ...]

    @property
    def provenance(self) -> str:
        """Returns 'published statistics', with anything else that is shown named."""
        names = {"published": "published statistics", "operational": "operational data", "simulated": "SIMULATED data"}
        return ", ".join(names[each] for each in self.provenances)


def build(layer: Sources, today: date) -> Holdings:
    """Returns the publications behind all metrics, by title."""
    catalogue = layer.catalogue
    publications: dict[str, Publication] = {}
    feeds: dict[str, list[Metric]] = {}
    last_days: dict[str, date] = {}
    limits: dict[str, int] = {}
    for metric in catalogue:
        last = layer.last_day(metric.id)
        for publication in layer.sources(metric.id):
            publications[publication.id] = publication
            feeds.setdefault(publication.id, []).append(metric)
            if last is not None:
                last_days[publication.id] = max(last, last_days.get(publication.id, last))
    for model in catalogue.models.values():
        limits[model.publication] = max(model.stale_after_days, limits.get(model.publication, 0))
    held = []
    for publication in sorted(publications.values(), key=lambda each: each.title.casefold()):
        last_day = last_days.get(publication.id)
        stale = last_day is not None and (today - last_day).days > limits.get(publication.id, 0)
        held.append(Held(publication, tuple(feeds[publication.id]), last_day, stale))
    loaded = [each.loaded_at for each in publications.values() if each.loaded_at]
    return Holdings(
        held=tuple(held),
        # A financial year that still runs ends after today, which says nothing about how new the data are.
        newest=max((day for day in last_days.values() if day <= today), default=None),
        loaded_at=max(loaded, default=None),
        licences=tuple(sorted({each.licence for each in publications.values()})),
        provenances=tuple(sorted({model.provenance for model in catalogue.models.values()})),
    )


def source_line(publications: Iterable[Publication]) -> str:
    """Returns the line under a chart: 'NHS England, A&E attendances (Open Government Licence v3.0)'."""
    return "; ".join(f"{each.title}, {each.publisher} ({each.licence})" for each in publications)


def _span(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    return (
        f"{first:%b %Y}" if (first.year, first.month) == (last.year, last.month) else f"{first:%b %Y} to {last:%b %Y}"
    )
