"""Everything behind one number: parts, rows, coverage, filters, definitions, SQL, tables, files and status."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa
import yaml
from sqlalchemy.sql import visitors

from metrics.catalogue import Catalogue, Metric, Model, parse_window
from metrics.query import earlier
from metrics.query.buckets import Buckets
from metrics.query.cell import Cell
from metrics.query.coverage import Presence
from metrics.query.dialects import Select, readable_sql_for
from metrics.query.errors import QueryError
from metrics.query.holdings import Holdings
from metrics.query.own_records import provenance_of, worst
from metrics.query.periods import day_of, end_of
from metrics.query.plan import dimensions_of
from metrics.query.preparing import Prepared, prepared
from metrics.query.reporting import local_periods
from metrics.query.request import Filter, Request
from metrics.query.result import Note, Query, Result, Status
from metrics.query.shareable import title_of
from metrics.query.source import Source
from metrics.query.sources import Publication, everything_in, publications_of
from metrics.query.sql import LOWER, PERIOD, UPPER

_SUBJECTS = ("none", "staff", "patient")
_SUPPRESSION = {
    "published": "No suppression is applied to this number. It is added up from rows as they were published: what the "
    "publisher withheld arrives as not reported.",
    "operational": "No suppression is applied to this number: small numbers are shown as they are.",
    "simulated": "No suppression is applied to this number: its rows are simulated and about nobody.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one number.

    Attributes:
        at: the members that make the cell: dimension to code, None for what is not known.
        reporting, expected: how many organisations reported, of how many expected; of several native periods, in the
            least complete one.
        coverage_of, coverage_grain: that native period's first day and length, where there are several; else None.
        absent: organisations that were expected and did not report, code to name; of several native periods, in the
            least complete one.
        absent_elsewhere: those that reported then and missed another of the native periods, code to name.
        filters, filters_in_words: all that narrow the rows, those of `at` among them.
        reads_from, reads_to: the first and last day whose rows count; of a level, those of the period that it shows;
            of a window, those that it reaches back to. None for a metric made of others.
        rows: how many rows of the warehouse passed all conditions and went into it; None for a metric made of others.
        bins: of a percentile: `bin_from`, `bin_to` (null: open) and `count` Float64; None for others.
        definition_version: a hash that changes when what the number means can have changed.
        definition_text: the metric as written in YAML.
        defined_in: file and line.
        versions: `metric:id` and `model:name` of everything that it is made of, to their versions.
        texts: the same names to what is written of each (a model: what is not left at its default).
        queries: what was sent to the warehouse; `statements` are the same, for `sql`.
        tables, columns: of the warehouse that were read; table to its columns.
        publications: with the files that cover the period.
        final_from: the day from which the period counts as final; None while that cannot be told.
        disclosure: whom the rows are about: `none`, `staff` or `patient`.
        suppression: what was suppressed, in words.
        inputs: the explanations of the metrics that it is made of, by their name in the formula.
    """

    metric: str
    title: str
    kind: str
    at: Mapping[str, str | None]
    period: date
    period_end: date
    grain: str
    value: float | None
    numerator: float | None
    denominator: float | None
    numerator_words: str | None
    denominator_words: str | None
    formula: str | None
    status: str
    reporting: int
    expected: int
    coverage_of: date | None
    coverage_grain: str | None
    absent: Mapping[str, str]
    absent_elsewhere: Mapping[str, str]
    filters: tuple[Filter, ...]
    filters_in_words: tuple[str, ...]
    reads_from: date | None
    reads_to: date | None
    rows: int | None
    bins: pl.DataFrame | None
    definition_version: str
    definition_text: str
    defined_in: str
    versions: Mapping[str, str]
    texts: Mapping[str, str]
    queries: tuple[Query, ...]
    statements: tuple[Select, ...] = field(repr=False)
    tables: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    publications: tuple[Publication, ...]
    provenance: str
    notes: tuple[Note, ...]
    as_of: date | None
    maturity_days: int
    final_from: date | None
    disclosure: str
    suppression: str
    data_version: str
    inputs: Mapping[str, Explanation]

    @property
    def loaded_at(self) -> datetime | None:
        """Returns when the newest file that covers the period was loaded, UTC."""
        return max((each.loaded_at for each in self.publications if each.loaded_at is not None), default=None)

    @property
    def is_provisional(self) -> bool:
        """Returns whether the number may still change as the period matures."""
        return self.status in (Status.PROVISIONAL.value, Status.INCOMPLETE.value)

    def sql(self, backend: str) -> tuple[str, ...]:
        """Returns the statements as written for a kind of warehouse (see `dialects.TARGETS`), values as literals.

        Raises:
            ValueError: there is no such kind; says which there are.
            sqlalchemy.exc.CompileError: its SQL cannot say the statement.
        """
        return tuple(readable_sql_for(each, backend) for each in self.statements)


def explain(cell: Cell, ask: Callable[[Request], Result], holdings: Holdings, today: date) -> Explanation:
    """Returns the explanation of the cell.

    Raises:
        QueryError: it cannot be asked, or the metric holds nothing in that period.
    """
    result = ask(cell.request)
    row = next(result.frame.filter(pl.col("period") == cell.period).iter_rows(named=True), None)
    if row is None:
        raise QueryError(f"'{cell.metric.id}' holds nothing in {earlier.named(cell.period, cell.grain)}.")
    catalogue, metric = holdings.catalogue, cell.metric
    behind = _Behind.of(prepared(holdings, cell.request, today), cell, holdings)
    missed = behind.missed(result.request.where) if behind else _NOBODY
    inputs = dict(_inputs(cell, ask, holdings, today))
    source = behind.source if behind else None
    made_of = list(everything_in(metric, catalogue))
    models = _models(made_of, catalogue) if source is None else _read_by(source)
    statements: tuple[Select, ...] = tuple(each for one in inputs.values() for each in one.statements)
    if behind is not None:
        statements = (behind.select,)
    elif metric.paired:  # its parts are of the organisations that have both
        both = replace(cell.request, metrics=tuple(each.metric for each in inputs.values()), by=("organisation",))
        statements = tuple(_selects(both, holdings, today))
    columns = columns_of(statements)
    place = catalogue.places[f"metric:{metric.id}"]
    end = end_of(cell.period, cell.grain)
    maturity = max(model.maturity_days for model in models)
    provenance = worst(provenance_of(model, holdings.owners) for model in models)
    return Explanation(
        metric=metric.id,
        title=metric.title,
        kind=metric.type,
        at=cell.at,
        period=cell.period,
        period_end=end,
        grain=str(cell.grain),
        value=row["value"],
        numerator=row["numerator"],
        denominator=row["denominator"],
        numerator_words=source.numerator.words if source else None,
        denominator_words=source.denominator.words if source and source.denominator else None,
        formula=metric.formula,
        status=row["status"],
        reporting=row["reporting"],
        expected=row["expected"],
        coverage_of=missed.period,
        coverage_grain=str(behind.source.native) if behind and missed.period else None,
        absent=missed.then,
        absent_elsewhere=missed.elsewhere,
        filters=result.request.where,
        filters_in_words=tuple(filter_words(each, models, holdings) for each in result.request.where),
        reads_from=behind.days[0] if behind and behind.days else None,
        reads_to=behind.days[1] if behind and behind.days else None,
        rows=behind.rows() if behind else None,
        bins=behind.bins() if behind else None,
        definition_version=catalogue.version_of(metric),
        definition_text=catalogue.texts[metric.id],
        defined_in=f"{place.file.name}:{place.line}",
        versions=versions_of(made_of, models, catalogue),
        texts={f"metric:{each.id}": catalogue.texts[each.id] for each in made_of}
        | {f"model:{model.name}": _model_text(model) for model in models},
        queries=result.queries,
        statements=statements,
        tables=tuple(columns),
        columns=columns,
        publications=publications_of(
            metric, holdings, (behind.days[0] if behind and behind.days else cell.period, end)
        ),
        provenance=provenance,
        notes=result.notes,
        as_of=result.as_of.get(metric.id),
        maturity_days=maturity,
        final_from=end + timedelta(days=maturity + 1) if row["value"] is not None else None,
        disclosure=max((model.disclosure for model in models), key=_SUBJECTS.index),
        suppression=_SUPPRESSION[provenance],
        data_version=result.data_version,
        inputs=inputs,
    )


@dataclass(frozen=True, slots=True)
class _Missed:
    """Who did not report, code to name: in the least complete native period, if there are several, and in others."""

    period: date | None
    then: Mapping[str, str]
    elsewhere: Mapping[str, str]


_NOBODY = _Missed(None, {}, {})


@dataclass(frozen=True, slots=True)
class _Behind:
    """The one statement behind a cell, and the native periods that count."""

    source: Source
    select: sa.Select[Any]
    buckets: Buckets
    presence: Presence
    cell: Cell
    holdings: Holdings

    @classmethod
    def of(cls, ready: Prepared, cell: Cell, holdings: Holdings) -> _Behind | None:
        """Returns what is behind the cell; None for a metric that is made of others."""
        for scan in ready.scans:
            for source in scan.scan.sources:
                if source.key == cell.metric.id:
                    key = source.key
                    select = scan.rounds[0].compiled.select
                    assert isinstance(select, sa.Select)  # noqa: S101 - a scan is one grouped select
                    presence = holdings.presence(source, ready.as_at)
                    return cls(source, select, scan.laid[key], presence, cell, holdings)
        return None

    @property
    def natives(self) -> pl.Series:
        """Returns the native periods whose rows count, in order; of a level, the one that is shown."""
        shown = self.buckets.shown
        return shown.filter(pl.col("bucket") == self.cell.period)["period"].sort()

    @property
    def days(self) -> tuple[date, date] | None:
        """Returns the first and last day whose rows count; None when none are held."""
        periods = self.natives.to_list()
        return (day_of(periods[0]), end_of(periods[-1], self.source.native)) if periods else None

    def missed(self, where: tuple[Filter, ...]) -> _Missed:
        """Returns who was expected and did not report in the least complete native period, and who in another."""
        periods = self.natives.to_list()
        if not periods or self.source.model.organisation is None:
            return _NOBODY
        names = self.holdings.organisations.names
        ever = {code: names.get(code, code) for code in self.presence.absent(periods[0], periods[-1], where)}
        share = (pl.col("reporting") / pl.col("expected")).alias("share")
        counts = self.presence.counts((), where).filter(pl.col("period").is_in(periods), pl.col("expected") > 0)
        if len(periods) == 1 or counts.is_empty():
            return _Missed(None, ever, {})
        # As the coverage of a longer period is that of its least complete native one: of equals, the newest.
        least = counts.with_columns(share).sort("share", "period", descending=[False, True])["period"][0]
        then = set(self.presence.absent(day_of(least), day_of(least), where))
        return _Missed(
            day_of(least),
            {code: name for code, name in ever.items() if code in then},
            {code: name for code, name in ever.items() if code not in then},
        )

    def rows(self) -> int:
        """Returns how many rows of the warehouse passed the statement's conditions in the periods that count."""
        period = self.select.selected_columns[PERIOD]
        period = period.element if isinstance(period, sa.Label) else period
        counted = sa.func.count().label("rows")
        select = self.select.with_only_columns(period.label(PERIOD), counted, maintain_column_froms=True)
        return int(self._counting(self.holdings.read(select.group_by(None).group_by(period)))["rows"].sum())

    def bins(self) -> pl.DataFrame | None:
        """Returns the distribution behind a percentile; None for other metrics."""
        if self.source.histogram is None:
            return None
        count = pl.col(f"{self.source.key}__num").sum().cast(pl.Float64).alias("count")
        read = self._counting(self.holdings.read(self.select))
        return read.group_by(LOWER, UPPER).agg(count).sort(LOWER, UPPER, nulls_last=True)

    def _counting(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns the rows of a statement's answer that are of the periods that count."""
        if self.source.counts_distinct:
            return frame  # its periods are those asked for
        local = frame.with_columns(local_periods(frame[PERIOD], self.source.native))
        return local.filter(pl.col(PERIOD).is_in(self.natives.implode()))


def columns_of(statements: tuple[Select, ...]) -> dict[str, tuple[str, ...]]:
    """Returns the tables that the statements read, and the columns of each."""
    found: dict[str, dict[str, None]] = {}
    for statement in statements:
        for element in visitors.iterate(statement):
            if isinstance(element, sa.Column) and element.table is not None:
                table: Any = element.table
                while isinstance(table, sa.Alias):
                    table = table.element
                if isinstance(table, sa.Table):
                    found.setdefault(table.fullname, {})[element.name] = None
    return {table: tuple(columns) for table, columns in found.items()}


def filter_words(each: Filter, models: list[Model], holdings: Holdings) -> str:
    """Returns a filter in plain words: 'Region is London (Y56)'."""
    title = title_of(each.dimension, models)
    model = next((model for model in models if each.dimension in dimensions_of(model)), None)
    names = holdings.names(model, each.dimension) if model is not None else {}
    parts = [f"{names[code]} ({code})" if names.get(code, code) != code else code for code in each.values]
    if each.null:
        parts.append("not known")
    if each.has_range:
        low, high = (None if bound is None else str(bound) for bound in (each.low, each.high))
        parts.append(f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less")
    return f"{title} is {'not ' if each.negate else ''}{' or '.join(parts) or 'not known'}"


def versions_of(made_of: list[Metric], models: list[Model], catalogue: Catalogue) -> dict[str, str]:
    """Returns `metric:id` and `model:name` to the version of each."""
    versions = {f"metric:{metric.id}": catalogue.version_of(metric) for metric in made_of}
    digests = {f"model:{model.name}": hashlib.sha256(_model_text(model).encode()).hexdigest()[:12] for model in models}
    return versions | digests


def _model_text(model: Model) -> str:
    written = model.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
    return text


def _selects(request: Request, holdings: Holdings, today: date) -> Iterator[Select]:
    """Yields the statements that the request needs, those of the inputs of derived metrics too."""
    ready = prepared(holdings, request, today)
    yield from (step.compiled.select for scan in ready.scans for step in scan.rounds)
    for metric in ready.plan.derived:
        inputs = tuple(each.id for each in holdings.catalogue.inputs(metric))
        yield from _selects(replace(request, metrics=inputs), holdings, today)


def _read_by(source: Source) -> list[Model]:
    outcome = [source.outcome.source.model] if source.outcome else []
    return list({model.name: model for model in (source.model, *outcome)}.values())


def _models(metrics: list[Metric], catalogue: Catalogue) -> list[Model]:
    return list({metric.model: catalogue.models[metric.model] for metric in metrics if metric.model}.values())


def _inputs(
    cell: Cell, ask: Callable[[Request], Result], holdings: Holdings, today: date
) -> Iterator[tuple[str, Explanation]]:
    """Yields the explanations of what the cell is made of, each of its own time, by the name in the formula."""
    for name, term in holdings.catalogue.terms(cell.metric).items():
        period = cell.period
        if term.offset_window is not None:
            period = earlier.before(period, parse_window(term.offset_window), cell.grain)
        metric = holdings.catalogue.metric(term.metric)
        yield name, explain(replace(cell, metric=metric, period=period), ask, holdings, today)
