"""One request on its way: plan, SQL, combine, result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Input, Metric, parse_window
from metrics.query import combine, sql
from metrics.query.buckets import Buckets, Span, lay_out, months_later
from metrics.query.earlier import before
from metrics.query.errors import QueryError, UnknownValueError
from metrics.query.formula import derive, divide_paired
from metrics.query.holdings import Holdings, local_periods
from metrics.query.periods import NESTS, day_of, end_of, kind_of, midnight, start_of
from metrics.query.plan import LEVELS, Plan, Scan, dimensions_of, joined_tables, plan
from metrics.query.request import Grain, Request
from metrics.query.result import Note, Query, Result, Status
from metrics.query.source import Source

_PAIRED = ("value", "numerator", "denominator", "reporting", "expected")
_PAIRED_THRESHOLD = 0.95
_COLUMNS = ("value", "numerator", "denominator", "status", "reporting", "expected", "is_total")


class Asking:
    """One request, answered from one state of the warehouse."""

    def __init__(self, holdings: Holdings, request: Request, today: date) -> None:
        self.holdings = holdings
        self.today = today
        self.as_at = request.as_at or today
        self.notes: list[Note] = []
        self.queries: list[Query] = []
        self.grains: dict[str, str] = {}
        self.as_of: dict[str, date | None] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.asked = request
        self.plan: Plan = self._followed(plan(self._resolved(request), holdings.catalogue))

    def result(self) -> Result:
        request = self.plan.request
        frames: dict[str, pl.DataFrame] = {}
        for scan in self.plan.scans:
            frames |= self._scanned(scan)
        for metric in self.plan.derived:
            frames[metric.id] = self._derived(metric)
        for key, source in self.plan.sources.items():
            self.grains[key] = str(source.grain)
            self.as_of[key] = combine.last_day(self.holdings.presence(source, self.as_at), Grain(source.model.grain))
            for name in request.by:
                self.labels.setdefault(name, {}).update(self.holdings.names(source.model, name))
            if source.note:
                self.notes.append(Note("alternate", source.note, key))
            self.notes += [Note("scope", text, key) for text in source.model.notes]
            if source.outcome is not None:
                self.notes.append(_of_followed(source))
            self.notes += self._of_divided_boards(source)
        extra = ("over",) if request.subtotals else ()
        shown = [
            frames[name]
            .select(pl.lit(name).alias("metric"), "period", *request.by, *_COLUMNS, *extra)
            .sort("is_total", *request.by, "period")
            for name in self.plan.shown
        ]
        return Result(
            request=request,
            frame=pl.concat(_of_one_kind(shown)),
            labels=self.labels,
            grains=self.grains,
            queries=tuple(self.queries),
            notes=tuple(dict.fromkeys(self.notes)),
            data_version=self.holdings.snapshot.data_version,
            answered_at=datetime.now(UTC),
            as_of=self.as_of,
            definitions={
                name: self.holdings.catalogue.version_of(self.holdings.catalogue.metric(name))
                for name in self.plan.shown
            },
        )

    def _of_divided_boards(self, source: Source) -> list[Note]:
        """Returns a note where figures of boards are shown that took a part of a divided one."""
        request = self.plan.request
        named = {value for each in request.where if each.dimension == "icb" for value in each.values}
        if "organisation" in source.model.levels or not (named or "icb" in request.by):
            return []
        parts = self.holdings.presence(source, self.as_at).owed
        if named:
            parts = parts.filter(pl.col("icb").is_in(sorted(named)))
        names = self.holdings.organisations.names
        heirs = sorted({names.get(code, code) for code in parts["icb"].drop_nulls()})
        divided = sorted({names.get(code, code) for code in parts["org_code"]})
        if not heirs:
            return []
        text = (
            f"{', '.join(heirs)} took parts of {', '.join(divided)}, whose figures cannot be shared out: "
            "until then they are incomplete."
        )
        return [Note("divided-boards", text, source.key)]

    def _derived(self, metric: Metric) -> pl.DataFrame:
        """Returns the frame of a derived metric, from its inputs asked at one grain."""
        terms = self.holdings.catalogue.terms(metric)
        by, totals = self.plan.request.by, self.plan.request.totals
        grain = self.plan.request.grain or self._shared_grain(metric)
        now = self._of_inputs([term.metric for term in terms.values()], by, grain, totals=totals)
        self.grains[metric.id] = str(grain)
        days = [day for name, day in now.as_of.items() if day is not None]
        self.as_of[metric.id] = min(days) if days else None
        for name, labels in now.labels.items():
            self.labels.setdefault(name, {}).update(labels)
        frames = {name: self._of_term(term, now, grain) for name, term in terms.items()}
        frame = self._where_all_are_held(derive(metric, frames, by, over=bool(self.plan.request.subtotals)))
        return self._paired(metric, frame, grain) if metric.paired else frame

    def _of_term(self, term: Input, now: Result, grain: Grain) -> pl.DataFrame:
        """Returns the frame of one name in a formula; of an earlier time, under the periods that it stands beside."""
        if term.offset_window is None:
            return now.frame.filter(pl.col("metric") == term.metric)
        window = parse_window(term.offset_window)
        periods = now.frame["period"].unique().sort().to_list()
        if not periods:
            return now.frame.filter(pl.col("metric") == term.metric)
        earlier = [before(period, window, grain) for period in periods]
        request = replace(
            self.asked, metrics=(term.metric,), grain=grain, compare=None,
            period_from=day_of(earlier[0]), period_to=end_of(earlier[-1], grain),
        )  # fmt: skip
        result = self._sub(request)
        kind = kind_of(grain)
        beside = pl.DataFrame({"period": earlier, "later": periods}, schema={"period": kind, "later": kind})
        return result.frame.join(beside, on="period").drop("period").rename({"later": "period"})

    def _paired(self, metric: Metric, frame: pl.DataFrame, grain: Grain) -> pl.DataFrame:
        """Returns the frame with values, parts and coverage of the organisations that have both inputs."""
        inputs, by = self.holdings.catalogue.inputs(metric), self.plan.request.by
        divided = []
        for names, is_total in self._rounds():
            finer = tuple(dict.fromkeys((*names, "organisation")))
            finest = self._of_inputs([each.id for each in inputs], finer, grain, totals=False).frame
            missing = [pl.lit(None, pl.String).alias(name) for name in by if name not in names]
            paired = divide_paired(metric, finest, names).with_columns(pl.lit(is_total).alias("is_total"), *missing)
            divided.append(paired.select(*("period", *by, "is_total"), *_PAIRED))
        keys = ["period", *by, "is_total"]
        joined = frame.drop(_PAIRED).join(pl.concat(divided), on=keys, how="left", nulls_equal=True)
        share = pl.col("reporting") / pl.col("expected")
        complete = pl.when(share < _PAIRED_THRESHOLD).then(pl.lit(Status.MISSING)).otherwise(pl.lit(Status.FINAL))
        partial = pl.col("status").is_in([Status.MISSING.value, Status.NO_DATA.value])
        return joined.with_columns(
            pl.col("reporting", "expected").fill_null(0),
            pl.when(pl.col("value").is_null())
            .then(pl.lit(Status.NO_DATA))
            .when(partial | (share < _PAIRED_THRESHOLD))
            .then(complete)
            .otherwise(pl.col("status"))
            .alias("status"),
        )

    def _where_all_are_held(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns the frame without the periods, at its open ends, for which some input holds nothing at all."""
        held = frame.filter(pl.col("value").is_not_null())["period"]
        if held.is_empty():
            return frame
        if self.asked.period_from is None:
            frame = frame.filter(pl.col("period") >= held.min())
        if self.asked.period_to is None:
            frame = frame.filter(pl.col("period") <= held.max())
        return frame

    def _of_inputs(self, ids: list[str], by: tuple[str, ...], grain: Grain, *, totals: bool) -> Result:
        request = replace(
            self.asked, metrics=tuple(dict.fromkeys(ids)), by=by, grain=grain, totals=totals,
            subtotals=self.asked.subtotals if by == self.plan.request.by else (),
        )  # fmt: skip
        return self._sub(request)

    def _sub(self, request: Request) -> Result:
        result = Asking(self.holdings, request, self.today).result()
        self.notes += result.notes
        self.queries += result.queries
        return result

    def _shared_grain(self, metric: Metric) -> Grain:
        """Returns the shortest grain that all inputs can be shown in."""
        catalogue = self.holdings.catalogue
        possible = [NESTS[Grain(catalogue.model_of(each).grain)] for each in catalogue.inputs(metric)]
        shared = [grain for grain in Grain if all(grain in grains for grains in possible)]
        if not shared:
            raise QueryError(f"The inputs of '{metric.id}' share no grain.")
        return shared[0]

    def _scanned(self, scan: Scan) -> dict[str, pl.DataFrame]:
        request = self.plan.request
        self._check_joins(scan)
        presences = {source.key: self.holdings.presence(source, self.as_at) for source in scan.sources}
        laid = {
            source.key: lay_out(source, self._span(source), presences[source.key].periods) for source in scan.sources
        }
        found: dict[str, list[pl.DataFrame]] = {source.key: [] for source in scan.sources}
        for by, is_total in self._rounds():
            parts = self._run(scan, laid, by)
            for source in scan.sources:
                buckets = laid[source.key]
                values, notes = combine.values(parts, source, by, buckets)
                self.notes += notes
                frame = combine.dense(
                    values, source, by, where=request.where, presence=presences[source.key], buckets=buckets
                )
                missing = [pl.lit(None, pl.String).alias(name) for name in request.by if name not in by]
                over = ",".join(name for name in request.by if name not in by)
                frame = frame.with_columns(pl.lit(is_total).alias("is_total"), pl.lit(over).alias("over"), *missing)
                found[source.key].append(frame.select("period", *request.by, pl.exclude("period", *request.by)))
        return {key: pl.concat(frames) for key, frames in found.items()}

    def _rounds(self) -> list[tuple[tuple[str, ...], bool]]:
        """Returns the dimensions of each query, and whether its rows are totals: no total is a sum of what is shown."""
        request = self.plan.request
        asked = [tuple(name for name in request.by if name in each) for each in request.subtotals]
        for each in request.subtotals:
            for name in each:
                if name not in request.by:
                    raise QueryError(f"A subtotal by '{name}' needs '{name}' among the dimensions asked for.")
        if request.totals:
            asked.append(())
        return [(request.by, False), *((each, True) for each in dict.fromkeys(asked) if each != request.by)]

    def _check_joins(self, scan: Scan) -> None:
        used = joined_tables(scan.model, (*scan.by, *(each.dimension for each in scan.where)))
        for join in scan.model.joins:
            table = self.holdings.catalogue.table(join.to)
            if join.to in used and table is not None:
                self.holdings.checked_join(table, tuple(join.on.values()))

    def _run(self, scan: Scan, laid: Mapping[str, Buckets], by: tuple[str, ...]) -> pl.DataFrame:
        reach = self._reach(scan, laid)
        select = sql.statement(scan, self.holdings.catalogue, reach, by)
        parts = self.holdings.read(select)
        compiled = select.compile(
            dialect=self.holdings.snapshot.engine.dialect, compile_kwargs={"render_postcompile": True}
        )
        self.queries.append(Query(scan.model.name, str(compiled), dict(compiled.params), parts.height))
        grain = Grain(scan.model.grain) if not scan.counts_distinct else scan.sources[0].grain
        periods = local_periods(parts["period"], grain)
        return parts.with_columns(periods, *(pl.col(name).cast(pl.String) for name in by))

    def _reach(self, scan: Scan, laid: Mapping[str, Buckets]) -> sql.Reach:
        first, last = min(each.first for each in laid.values()), max(each.last for each in laid.values())
        last = end_of(last, Grain(scan.model.grain)) if _is_timestamp(scan, self.holdings) else last
        outcome = scan.sources[0].outcome
        if outcome is not None:
            last = min(last, outcome.followed_to or date.min)
        buckets: tuple[tuple[date, date, date], ...] = ()
        if scan.counts_distinct:
            own = laid[scan.sources[0].key]
            reaches = zip(own.starts, own.reaches, strict=True)
            buckets = tuple((_in_utc(start), _in_utc(low), _in_utc(high)) for start, (low, high) in reaches)
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
        last = request.period_to or max(newest, first)
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

    def _resolved(self, request: Request) -> Request:
        """Returns the request with every filter value as today's code."""
        asked = plan(request, self.holdings.catalogue)
        filters = []
        for each in asked.request.where:
            values = tuple(dict.fromkeys(self._value(each.dimension, value, asked) for value in each.values))
            filters.append(replace(each, values=values))
        return replace(asked.request, where=tuple(filters))

    def _value(self, dimension: str, value: str, asked: Plan) -> str:
        if dimension in LEVELS:
            code = self.holdings.organisations.resolve(dimension, value, self.as_at, self.today)
            given, names = value.strip().upper(), self.holdings.organisations.names
            if given in names and code != given:
                text = f"{names[given]} ({given}) is now part of {names[code]} ({code})."
                self.notes.append(Note("succession", text))
            return code
        sources = [source for source in asked.sources.values() if dimension in dimensions_of(source.model)]
        known: dict[str, str] = {}
        for source in sources:
            known |= self.holdings.names(source.model, dimension)
        by_name = {name.casefold(): code for code, name in known.items()}
        if not sources or value in known:
            return value  # without a source it is a derived metric: its inputs know the dimension
        if value.casefold() in by_name:
            return by_name[value.casefold()]
        raise UnknownValueError.of(dimension, value, [*known, *known.values()])


def _of_one_kind(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Returns the frames with periods of one type: hours, where any are."""
    hours = kind_of(Grain.HOUR)
    if all(frame["period"].dtype == frames[0]["period"].dtype for frame in frames):
        return frames
    return [
        frame
        if frame["period"].dtype == hours
        else frame.with_columns(pl.Series("period", [midnight(day) for day in frame["period"]], dtype=hours))
        for frame in frames
    ]


def _of_followed(source: Source) -> Note:
    outcome = source.outcome
    if outcome is None or outcome.followed_to is None:
        return Note("followed", "Nothing has been followed long enough yet.", source.key)
    text = f"Only what began by {_day(outcome.followed_to)} has been followed for {outcome.within} and is counted."
    return Note("followed", text, source.key)


def _is_timestamp(scan: Scan, holdings: Holdings) -> bool:
    kind = holdings.catalogue.table_of(scan.model).c[scan.model.time.column].type
    return isinstance(kind, sa.DateTime)


def _in_utc(period: date) -> date:
    return period.astimezone(UTC).replace(tzinfo=None) if isinstance(period, datetime) else period


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
