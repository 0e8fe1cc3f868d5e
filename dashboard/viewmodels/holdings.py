"""What is held: the publications behind the metrics, their licences, files, age and caveats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from metrics.catalogue import Catalogue, Metric
from metrics.query.errors import QueryError
from metrics.query.sources import Publication

MOST_REJECTIONS: Final = 100
OPEN_LICENCE: Final = "Open Government Licence v3.0"
OPEN_LICENCE_ADDRESS: Final = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


class Sources(Protocol):
    """The part of the metrics layer that knows where its numbers come from."""

    @property
    def catalogue(self) -> Catalogue: ...

    def sources(self, metric: str) -> tuple[Publication, ...]: ...

    def last_day(self, metric: str) -> date | None: ...

    def provenance(self, metric: str) -> str: ...

    def publications(self) -> tuple[Publication, ...]: ...

    def rejections(self, publication: str) -> pl.DataFrame: ...

    def revisions(self, publication: str) -> pl.DataFrame: ...


@dataclass(frozen=True, slots=True)
class Held:
    """One publication with the metrics that it feeds, none for reference data.

    Attributes:
        last_day: the last that its data cover.
    """

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
                words.moment_words(words.in_london(file.loaded_at)),
            )
            for file in sorted(self.publication.files, key=lambda each: each.period_to or date.min, reverse=True)
        )
        columns = ("File", "Format", "Period", "Rows read", "Rows left out", "Loaded (UK time)")
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
    def oldest(self) -> date | None:
        """Returns the first day that the data of any metric cover."""
        files = (file for each in self.held if each.metrics for file in each.publication.files)
        return min((file.period_from for file in files if file.period_from), default=None)

    @property
    def provenance(self) -> str:
        """Returns 'published statistics', with anything else that is shown named."""
        names = {"published": "published statistics", "operational": "operational data", "simulated": "SIMULATED data"}
        return ", ".join(names[each] for each in self.provenances)


def build(layer: Sources, today: date) -> Holdings:
    """Returns all publications, those of reference data too, by title."""
    catalogue = layer.catalogue
    publications = layer.publications()
    feeds: dict[str, list[Metric]] = {}
    last_days: dict[str, date] = {}
    own: list[date] = []
    limits: dict[str, int] = {}
    for metric in catalogue:
        last = _last_day(layer, metric)
        if last is not None and layer.provenance(metric.id) != "published":
            own.append(last)
        for publication in layer.sources(metric.id):
            feeds.setdefault(publication.id, []).append(metric)
            if last is not None:
                last_days[publication.id] = max(last, last_days.get(publication.id, last))
    for model in catalogue.models.values():
        if model.publication is None:
            continue
        limits[model.publication] = max(model.stale_after_days, limits.get(model.publication, 0))
    held = []
    for publication in sorted(publications, key=lambda each: each.title.casefold()):
        last_day = last_days.get(publication.id)
        stale = last_day is not None and (today - last_day).days > limits.get(publication.id, 0)
        held.append(Held(publication, tuple(feeds.get(publication.id, ())), last_day, stale))
    loaded = [each.loaded_at for each in publications if each.loaded_at]
    return Holdings(
        held=tuple(held),
        # A financial year that still runs ends after today, which says nothing about how new the data are.
        newest=max((day for day in (*last_days.values(), *own) if day <= today), default=None),
        loaded_at=max(loaded, default=None),
        licences=tuple(sorted({each.licence for each in publications})),
        provenances=tuple(sorted({layer.provenance(metric.id) for metric in catalogue})),
    )


def _last_day(layer: Sources, metric: Metric) -> date | None:
    """Returns the last day held; None of a table that the warehouse lacks, which is said to who asks for it."""
    try:
        return layer.last_day(metric.id)
    except QueryError:
        return None


def attribution(publication: Publication) -> str:
    """Returns the sentence that the licence asks for, empty for another licence."""
    if publication.licence != OPEN_LICENCE:
        return ""
    return f"Contains public sector information from {publication.publisher}, licensed under the {OPEN_LICENCE}."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out of a publication's files, with reasons. Files with very many list their first ones."""

    table: Table
    download: Download


def left_out(layer: Sources, held: Held) -> LeftOut | None:
    """Returns the rows that were left out of the publication's files, None when none are listed."""
    frame = layer.rejections(held.publication.id)
    if frame.is_empty():
        return None
    columns = ("file", "row_number", "column_name", "value", "reason")
    rows = tuple(frame.select(columns).iter_rows())
    shown = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows[:MOST_REJECTIONS])
    more = f"{len(rows):,} of the {held.rows_rejected:,} rows left out are listed"
    if len(rows) > len(shown):
        more += f". The first {MOST_REJECTIONS} are shown; the file has all that are listed"
    title = f"Rows left out of {held.publication.title}"
    return LeftOut(
        Table(title, ("File", "Row", "Column", "Value", "Why"), shown, frozenset({1}), f"{more}."),
        Download(f"{held.publication.id}-rows-left-out.csv", columns, rows),
    )


def changes(layer: Sources, publication: str) -> tuple[str, ...]:
    """Returns what later files changed in periods that were held already, a sentence each, newest first."""
    frame = layer.revisions(publication)
    said = []
    for row in frame.filter(pl.col("measure").is_null()).iter_rows(named=True):
        same = frame.filter(
            pl.col("measure").is_not_null(), pl.col("file") == row["file"], pl.col("period") == row["period"],
            pl.col("table_name") == row["table_name"],
        )  # fmt: skip
        parts = [
            f"{words.counted(row[name], noun)} {verb}"
            for name, noun, verb in (
                ("cells_changed", "figure", "changed"), ("organisations_added", "organisation", "came in"),
                ("organisations_removed", "organisation", "went out"),
            ) if row[name]
        ]  # fmt: skip
        parts += [
            f"{measure.replace('_', ' ')} {_amount(before)} to {_amount(after)}"
            for measure, before, after in same.select("measure", "sum_before", "sum_after").iter_rows()
        ]
        when = words.moment_words(words.in_london(row["loaded_at"]))
        said.append(
            f"{when}, {row['period']:%B %Y}: {row['file']} took the place of "
            f"{row['replaced_file'] or 'earlier rows'}; {'; '.join(parts) or 'nothing changed'}."
        )
    return tuple(said)


def _amount(value: float | None) -> str:
    if value is None:
        return words.NOT_REPORTED.lower()
    return words.number(value, 0 if value == round(value) else 2)


def source_line(publications: Iterable[Publication]) -> str:
    """Returns the line under a chart: 'NHS England, A&E attendances (Open Government Licence v3.0)'."""
    return "; ".join(f"{each.title}, {each.publisher} ({each.licence})" for each in publications)


def own_source(trusts: Iterable[str]) -> str:
    """Returns the line under a chart of own records: 'Own records of Sample Trust (simulated)'."""
    return f"Own records of {', '.join(trusts)}"


def _span(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    return (
        f"{first:%b %Y}" if (first.year, first.month) == (last.year, last.month) else f"{first:%b %Y} to {last:%b %Y}"
    )
