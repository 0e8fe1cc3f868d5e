"""One request on its way: plan, SQL, combine, result."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from metrics.catalogue import Metric
from metrics.query import combine, sql
from metrics.query.errors import QueryError, UnknownValueError
from metrics.query.formula import derive, divide_paired
from metrics.query.holdings import Holdings
from metrics.query.periods import NESTS, end_of, start_of
from metrics.query.plan import LEVELS, Plan, Scan, Source, dimensions_of, plan
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Note, Query, Result, Status

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
        self.plan: Plan = plan(self._resolved(request), holdings.catalogue)

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
            self.notes += self._of_divided_boards(source)
        shown = [
            frames[name]
            .select(pl.lit(name).alias("metric"), "period", *request.by, *_COLUMNS)
            .sort("is_total", *request.by, "period")
            for name in self.plan.shown
        ]
        return Result(
            request=request,
            frame=pl.concat(shown),
            labels=self.labels,
            grains=self.grains,
            queries=tuple(self.queries),
            notes=tuple(dict.fromkeys(self.notes)),
            data_version=self.holdings.snapshot.data_version,
            answered_at=datetime.now(UTC),
            as_of=self.as_of,
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
        inputs = self.holdings.catalogue.inputs(metric)
        grain = self.plan.request.grain or self._shared_grain(metric)
        whole = self._of_inputs(inputs, self.plan.request.by, grain, totals=self.plan.request.totals)
        self.grains[metric.id] = str(grain)
        days = [day for name, day in whole.as_of.items() if day is not None]
        self.as_of[metric.id] = min(days) if days else None
        for name, labels in whole.labels.items():
            self.labels.setdefault(name, {}).update(labels)
        by = self.plan.request.by
        frames = {each.id: whole.frame.filter(pl.col("metric") == each.id) for each in inputs}
        frame = self._where_all_are_held(derive(metric, frames, by))
        return self._paired(metric, frame, grain) if metric.paired else frame

    def _paired(self, metric: Metric, frame: pl.DataFrame, grain: Grain) -> pl.DataFrame:
        """Returns the frame with values, parts and coverage of the organisations that have both inputs."""
        inputs, by = self.holdings.catalogue.inputs(metric), self.plan.request.by
        rounds = [(by, False), ((), True)] if by and self.plan.request.totals else [(by, False)]
        divided = []
        for names, is_total in rounds:
            finest = self._of_inputs(inputs, tuple(dict.fromkeys((*names, "organisation"))), grain, totals=False).frame
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

    def _of_inputs(self, inputs: tuple[Metric, ...], by: tuple[str, ...], grain: Grain, *, totals: bool) -> Result:
        fields = {name: getattr(self.asked, name) for name in self.asked.__slots__}
        ids = tuple(each.id for each in inputs)
        request = Request(**{**fields, "metrics": ids, "by": by, "grain": grain, "totals": totals})
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
        spans = {source.key: self._span(source) for source in scan.sources}
        first = min(span.first for span in spans.values())
        last = max(span.last for span in spans.values())
        found: dict[str, list[pl.DataFrame]] = {source.key: [] for source in scan.sources}
        rounds = [(request.by, False)]
        if request.totals and request.by:
            rounds.append(((), True))
        for by, is_total in rounds:
            parts = self._run(scan, first, last, by)
            for source in scan.sources:
                presence = self.holdings.presence(source, self.as_at)
                values, notes = combine.values(parts, source, by, presence)
                self.notes += notes
                frame = combine.dense(
                    values, source, by, where=request.where, presence=presence, span=spans[source.key]
                )
                missing = [pl.lit(None, pl.String).alias(name) for name in request.by if name not in by]
                frame = frame.with_columns(pl.lit(is_total).alias("is_total"), *missing)
                found[source.key].append(frame.select("period", *request.by, pl.exclude("period", *request.by)))
        return {key: pl.concat(frames) for key, frames in found.items()}

    def _run(self, scan: Scan, first: date, last: date, by: tuple[str, ...]) -> pl.DataFrame:
        overlaps = self.holdings.overlaps(scan.model)
        select = sql.statement(scan, first=first, last=last, as_at=self.as_at, by=by, overlaps=overlaps)
        parts = self.holdings.snapshot.frame(select)
        compiled = select.compile(
            dialect=self.holdings.snapshot.engine.dialect, compile_kwargs={"render_postcompile": True}
        )
        self.queries.append(Query(scan.model.name, str(compiled), dict(compiled.params), parts.height))
        return parts.with_columns(pl.col(name).cast(pl.String) for name in by)

    def _span(self, source: Source) -> combine.Span:
        request, native = self.plan.request, Grain(source.model.grain)
        held = self.holdings.presence(source, self.as_at).periods
        newest = end_of(held[-1], native) if held else self.today
        if request.period_from and request.period_to and request.period_to < request.period_from:
            ends, starts = _day(request.period_to), _day(request.period_from)
            raise QueryError(f"The period ends ({ends}) before it starts ({starts}).")
        if request.period_from and request.period_from > newest:
            text = f"'{source.key}' holds nothing from {_day(request.period_from)} on: its data end on {_day(newest)}."
            self.notes.append(Note("beyond", text, source.key))
        first = request.period_from or min(held[0] if held else self.today, request.period_to or self.today)
        last = request.period_to or max(newest, first)
        # Beyond today there is nothing to show, however far the request looks.
        last = max(min(last, max(newest, self.today)), first)
        grain = source.grain
        return combine.Span(start_of(first, grain), end_of(start_of(last, grain), grain), self.today)

    def _resolved(self, request: Request) -> Request:
        """Returns the request with every filter value as today's code."""
        asked = plan(request, self.holdings.catalogue)
        filters = []
        for each in asked.request.where:
            values = tuple(dict.fromkeys(self._value(each.dimension, value, asked) for value in each.values))
            filters.append(Filter(each.dimension, values))
        fields = {name: getattr(asked.request, name) for name in request.__slots__}
        return Request(**{**fields, "where": tuple(filters)})

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


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
