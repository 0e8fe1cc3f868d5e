"""A request made ready: filter values resolved, periods laid out, every statement ready to be written.

Nothing is read but what the state of the warehouse keeps anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial

import sqlalchemy as sa

from metrics.catalogue import Catalogue, Model
from metrics.query import sql
from metrics.query.buckets import Buckets, Span, months_later
from metrics.query.coverage import Ground, Presence
from metrics.query.errors import QueryError, UnknownValueError
from metrics.query.holdings import Holdings
from metrics.query.periods import day_of, end_of, start_of
from metrics.query.plan import LEVELS, Plan, Scan, dimensions_of, joined_tables, plan, told_by_filters
from metrics.query.request import Grain, Request
from metrics.query.result import Note
from metrics.query.source import Source
from metrics.warehouse.frames import Compiled, compiled

_KEPT = 500


@dataclass(frozen=True)
class Round:
    """One query of a scan: its dimensions, whether its rows are totals, and by metric id what they are laid out on."""

    by: tuple[str, ...]
    is_total: bool
    write: Callable[[], Compiled]
    grounds: Mapping[str, Ground]

    @cached_property
    def compiled(self) -> Compiled:
        """Returns the statement, written once and only when somebody needs it."""
        return self.write()


@dataclass(frozen=True, slots=True)
class Ready:
    """One scan made ready.

    Attributes:
        presences, laid: by metric id, who reported when and which native periods make each period asked for.
    """

    scan: Scan
    reach: sql.Reach
    presences: Mapping[str, Presence]
    laid: Mapping[str, Buckets]
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that only waits for the rows of the warehouse.

    Attributes:
        asked: the request as it came; `plan.request` has its filters resolved.
        as_at: the day as whose organisations the codes are read.
    """

    asked: Request
    plan: Plan
    as_at: date
    today: date
    scans: tuple[Ready, ...]
    rounds: tuple[tuple[tuple[str, ...], bool], ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as a warehouse would be sent it."""

    model: str
    sql: str
    parameters: Mapping[str, object]


def statements(holdings: Holdings, request: Request, today: date) -> tuple[Statement, ...]:
    """Returns the statements that the request needs; those of a derived metric's inputs at the time asked for too."""
    ready = prepared(holdings, request, today)
    own = [
        Statement(each.scan.model.name, step.compiled.text, step.compiled.parameters)
        for each in ready.scans
        for step in each.rounds
    ]
    for metric in ready.plan.derived:
        inputs = tuple(each.id for each in holdings.catalogue.inputs(metric))
        own += statements(holdings, replace(request, metrics=inputs, compare=None), today)
    return tuple(own)


def prepared(holdings: Holdings, request: Request, today: date) -> Prepared:
    """Returns the request made ready, kept for the next who asks the same of the same data.

    Raises:
        UnknownMetricError, QueryError: the request cannot be answered; the message says what to ask.
    """
    return holdings.keep_recent((request, today), lambda: prepare(holdings, request, today), _KEPT)


def prepare(holdings: Holdings, request: Request, today: date) -> Prepared:
    """Returns the request made ready; see `prepared`."""
    return _Preparing(holdings, request, today).done()


class _Preparing:
    def __init__(self, holdings: Holdings, request: Request, today: date) -> None:
        self.holdings = holdings
        self.today = today
        self.as_at = request.as_at or today
        self.notes: list[Note] = []
        self.asked = request
        asked = plan(request, holdings.catalogue)
        resolved = self._resolved(asked)
        self.plan = self._followed(asked if resolved == asked.request else plan(resolved, holdings.catalogue))

    def done(self) -> Prepared:
        rounds = self._rounds()
        for source in self.plan.sources.values():
            if source.accumulates and source.picks_a_period:
                text = "A level is never added up over time: a window shows the last period that it reaches."
                self.notes.append(Note("window-of-a-level", text, source.key))
        scans = tuple(self._ready(scan, rounds) for scan in self.plan.scans)
        return Prepared(self.asked, self.plan, self.as_at, self.today, scans, rounds, tuple(self.notes))

    def _ready(self, scan: Scan, rounds: tuple[tuple[tuple[str, ...], bool], ...]) -> Ready:
        self._check_joins(scan)
        presences = {source.key: self.holdings.presence(source, self.as_at) for source in scan.sources}
        version = self.holdings.catalogue.version
        laid = {
            source.key: presences[source.key].laid_out(source, self._span(source), version) for source in scan.sources
        }
        reach, dialect = self._reach(scan, laid), self.holdings.snapshot.engine.dialect
        steps = []
        for by, is_total in rounds:
            write = partial(_written, scan, self.holdings.catalogue, reach, by, dialect)
            levels, where = tuple(name for name in by if name in LEVELS), self.plan.request.where
            grounds = {key: presences[key].ground(buckets, levels, where) for key, buckets in laid.items()}
            steps.append(Round(by, is_total, write, grounds))
        return Ready(scan, reach, presences, laid, tuple(steps))

    def _rounds(self) -> tuple[tuple[tuple[str, ...], bool], ...]:
        """Returns the dimensions of each query, and whether its rows are totals: no total is a sum of what is shown."""
        request = self.plan.request
        asked = [tuple(name for name in request.by if name in each) for each in request.subtotals]
        for each in request.subtotals:
            for name in each:
                if name not in request.by:
                    raise QueryError(f"A subtotal by '{name}' needs '{name}' among the dimensions asked for.")
        if request.totals:
            asked.append(())
        return ((request.by, False), *((each, True) for each in dict.fromkeys(asked) if each != request.by))

    def _check_joins(self, scan: Scan) -> None:
        self._check_joins_of(scan.model, scan.sources, (*scan.by, *(each.dimension for each in scan.where)))
        for outcome in (source.outcome.source for source in scan.sources if source.outcome is not None):
            self._check_joins_of(outcome.model, (outcome,), ())

    def _check_joins_of(self, model: Model, sources: tuple[Source, ...], asked: Iterable[str]) -> None:
        if not model.joins:
            return
        used = joined_tables(model, (*asked, *told_by_filters(model, sources)))
        for join in model.joins:
            table = self.holdings.catalogue.table(join.to)
            if join.to in used and table is not None:
                self.holdings.checked_join(table, tuple(join.keys.values()))

    def _reach(self, scan: Scan, laid: Mapping[str, Buckets]) -> sql.Reach:
        first, last = min(each.first for each in laid.values()), max(each.last for each in laid.values())
        last = end_of(last, Grain(scan.model.grain))  # to the end: days within would else be lost without a word
        outcome = scan.sources[0].outcome
        if outcome is not None:
            last = min(last, outcome.followed_to or date.min)
        buckets: tuple[tuple[date, date, date], ...] = ()
        if scan.counts_distinct:
            own = laid[scan.sources[0].key]
            reaches = zip(own.starts, own.reaches, strict=True)
            native = Grain(scan.model.grain)
            buckets = tuple(
                (_in_utc(start), _in_utc(low), _in_utc(high) if native is Grain.HOUR else end_of(high, native))
                for start, (low, high) in reaches
            )
        overlaps = self.holdings.overlaps(scan.model)
        return sql.Reach(first, last, self.as_at, overlaps, buckets)

    def _span(self, source: Source) -> Span:
        request, native = self.plan.request, Grain(source.model.grain)
        held = self.holdings.presence(source, self.as_at).periods
        newest = end_of(held[-1], native) if held else self.today
        if request.period_from and request.period_to and request.period_to < request.period_from:
            ends, starts = _day(request.period_to), _day(request.period_from)
            raise QueryError(f"The period ends ({ends}) before it starts ({starts}).")
        if request.period_from and request.period_from > newest:
            text = f"'{source.key}' holds nothing from {_day(request.period_from)} on: its data end on {_day(newest)}."
            self.notes.append(Note("beyond", text, source.key))
        oldest = day_of(held[0]) if held else self.today
        first = request.period_from or min(oldest, request.period_to or self.today)
        # What lies ahead (a milestone, a booking) is shown to who asks for it.
        last = request.period_to or max(min(newest, self.today), first)
        # Beyond today there is nothing to show, however far the request looks.
        last = max(min(last, max(newest, self.today)), first)
        grain = source.grain
        if grain is Grain.HOUR:
            return Span(first, last, self.today)
        return Span(start_of(first, grain), end_of(start_of(last, grain), grain), self.today)

    def _followed(self, asked: Plan) -> Plan:
        """Returns the plan with, of each conversion, the last day whose starts have been followed long enough."""
        if not any(source.outcome for source in asked.sources.values()):
            return asked
        sources = {key: self._with_follow_up(source) for key, source in asked.sources.items()}
        scans = [replace(scan, sources=tuple(sources[source.key] for source in scan.sources)) for scan in asked.scans]
        return replace(asked, sources=sources, scans=tuple(scans))

    def _with_follow_up(self, source: Source) -> Source:
        outcome = source.outcome
        if outcome is None:
            return source
        held = self.holdings.presence(outcome.source, self.as_at).periods
        if not held:
            return source
        newest = min(end_of(held[-1], outcome.source.native), self.today - timedelta(days=1))
        within = outcome.within
        if within.months is not None:
            followed = months_later(newest, -within.months)
        else:
            followed = newest - timedelta(days=within.days if within.days is not None else 1)
        return replace(source, outcome=replace(outcome, followed_to=followed))

    def _resolved(self, asked: Plan) -> Request:
        """Returns the plan's request with every filter value as today's code."""
        filters = []
        for each in asked.request.where:
            values = tuple(dict.fromkeys(self._value(each.dimension, value, asked) for value in each.values))
            filters.append(replace(each, values=values))
        return replace(asked.request, where=tuple(filters))

    def _value(self, dimension: str, value: str, asked: Plan) -> str:
        sources = [source for source in asked.sources.values() if dimension in dimensions_of(source.model)]
        if dimension in LEVELS:
            return self._code(dimension, value, sources)
        if not sources:
            return value  # without a source it is a derived metric: its inputs know the dimension
        names = {source.model.name: self.holdings.names(source.model, dimension) for source in sources}
        found = {name: _code_of(value, known) for name, known in names.items()}
        if not any(found.values()) and self.holdings.cubes is not None:  # it may stand on rows that do not count
            every = {source.model.name: source.model for source in sources}
            names = {name: self.holdings.names(each, dimension, of_all_rows=True) for name, each in every.items()}
            found = {name: _code_of(value, known) for name, known in names.items()}
        codes = {code for code in found.values() if code is not None}
        if not codes:
            listed = {each for known in names.values() for pair in known.items() for each in pair}
            raise UnknownValueError.of(dimension, value, listed)
        if len(codes) > 1:
            several = ", ".join(f"{code} of {name}" for name, code in sorted(found.items()) if code is not None)
            raise QueryError(f"'{value}' is several of '{dimension}' here: {several}. Ask for them one by one.")
        for source in sources:
            if found[source.model.name] is None:
                self.notes.append(Note("unknown-value", f"It holds no '{value}' of '{dimension}'.", source.key))
        return codes.pop()

    def _code(self, level: str, value: str, sources: list[Source]) -> str:
        """Returns the code that answers for an organisation today; of one that nobody lists, as rows have it."""
        try:
            code = self.holdings.organisations.resolve(level, value, self.as_at, self.today)
        except UnknownValueError:
            held = (self.holdings.presence(source, self.as_at).rows["org_code"] for source in sources)
            if level == "organisation" and any(value in codes for codes in held):
                return value
            raise
        given, names = value.strip().upper(), self.holdings.organisations.names
        if given in names and code != given:
            text = f"{names[given]} ({given}) is now part of {names[code]} ({code})."
            self.notes.append(Note("succession", text))
        return code


def _written(scan: Scan, catalogue: Catalogue, reach: sql.Reach, by: tuple[str, ...], dialect: sa.Dialect) -> Compiled:
    return compiled(sql.statement(scan, catalogue, reach, by), dialect)


def _code_of(value: str, known: Mapping[str, str]) -> str | None:
    """Returns the code of a dimension's value or name; None when the model holds neither."""
    if value in known:
        return value
    return {name.casefold(): code for code, name in known.items()}.get(value.casefold())


def _in_utc(period: date) -> date:
    return period.astimezone(UTC).replace(tzinfo=None) if isinstance(period, datetime) else period


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
