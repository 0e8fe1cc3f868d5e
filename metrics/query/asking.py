"""One request on its way: plan, SQL, combine, result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import polars as pl

from metrics.catalogue import Input, Metric, parse_window
from metrics.query import combine
from metrics.query.earlier import before
from metrics.query.errors import QueryError
from metrics.query.formula import derive, divide_paired, running
from metrics.query.grid import Members
from metrics.query.holdings import Holdings
from metrics.query.own_records import SIMULATED, provenance_of, said_of
from metrics.query.periods import NESTS, day_of, end_of, kind_of, midnight
from metrics.query.preparing import Ready, Round, prepared
from metrics.query.reporting import check_starts, local_periods
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
        self.prepared = prepared(holdings, request, today)
        self.asked, self.plan = self.prepared.asked, self.prepared.plan
        self.today, self.as_at = today, self.prepared.as_at
        self.notes: list[Note] = list(self.prepared.notes)
        self.queries: list[Query] = []
        self.grains: dict[str, str] = {}
        self.as_of: dict[str, date | None] = {}
        self.labels: dict[str, dict[str, str]] = {}

    def result(self) -> Result:
        request = self.plan.request
        frames: dict[str, pl.DataFrame] = {}
        for ready in self.prepared.scans:
            frames |= self._scanned(ready)
        for metric in self.plan.derived:
            columns = ("period", *request.by, *_COLUMNS, *(("over",) if request.subtotals else ()))
            frames[metric.id] = self._derived(metric).select(pl.lit(metric.id).alias("metric"), *columns)
        for key, source in self.plan.sources.items():
            self.grains[key] = str(source.grain)
            self.as_of[key] = combine.last_day(self.holdings.presence(source, self.as_at), Grain(source.model.grain))
            for name in request.by:
                self.labels.setdefault(name, {}).update(self.holdings.names(source.model, name))
            if source.note:
                self.notes.append(Note("alternate", source.note, key))
            self.notes += [Note("scope", text, key) for text in source.model.notes]
            if provenance_of(source.model, self.holdings.owners) == SIMULATED:
                self.notes.append(
                    Note(SIMULATED, said_of(self.holdings.owners, self.holdings.organisations.names), key)
                )
            if source.outcome is not None:
                self.notes.append(_of_followed(source))
            self.notes += self._of_divided_boards(source)
        shown = _of_one_kind([self._in_order(name, frames[name]) for name in self.plan.shown])
        return Result(
            request=request,
            frame=shown[0] if len(shown) == 1 else pl.concat(shown),
            labels=self.labels,
            grains=self.grains,
            queries=tuple(self.queries),
            notes=tuple(dict.fromkeys(self.notes)),
            data_version=self.holdings.data_version,
            answered_at=datetime.now(UTC),
            as_of=self.as_of,
            definitions={
                name: self.holdings.catalogue.version_of(self.holdings.catalogue.metric(name))
                for name in self.plan.shown
            },
        )

    def _in_order(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns the rows by dimensions and period, totals last. Those of one reading are laid out so."""
        if name in self.plan.sources and len(self.prepared.rounds) == 1:
            return frame
        return frame.sort("is_total", *self.plan.request.by, "period")

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
        frames = self._with_all_members(terms, frames)
        frame = self._where_all_are_held(derive(metric, frames, by, over=bool(self.plan.request.subtotals)))
        if not metric.paired:
            return frame
        marks = ["is_total", *(["over"] if self.plan.request.subtotals else [])]
        floors = running(frames.values(), ["period", *by, *marks])
        joined = frame.join(floors, on=["period", *by, *marks], how="left", nulls_equal=True)
        return self._paired(metric, joined, grain).drop("floor")

    def _with_all_members(self, terms: Mapping[str, Input], frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Returns the inputs, each with the members of the others: 0 where no row of its own means that."""
        keys = [
            name
            for name in ("period", *self.plan.request.by, "is_total", "over")
            if name in next(iter(frames.values()))
        ]
        members = pl.concat([frame.select(keys) for frame in frames.values()]).unique()
        found = {}
        for name, frame in frames.items():
            if not self._is_zero_without_rows(self.holdings.catalogue.metric(terms[name].metric)):
                found[name] = frame
                continue
            told = (
                frame.filter(pl.col("value").is_not_null())
                .group_by("period")
                .agg(pl.col("status", "reporting", "expected").first())
            )
            absent = members.join(frame, on=keys, how="anti", nulls_equal=True).join(told, on="period")
            zeros = absent.with_columns(pl.lit(0.0).alias("value"), pl.lit(0.0).alias("numerator"))
            found[name] = pl.concat([frame, zeros], how="diagonal")
        return found

    def _is_zero_without_rows(self, metric: Metric) -> bool:
        if metric.type == "cumulative":
            return all(self._is_zero_without_rows(each) for each in self.holdings.catalogue.inputs(metric))
        if metric.type not in ("simple", "snapshot") or metric.model is None or metric.measure is None:
            return False
        adds = metric.measure.agg in ("sum", "count", "count_distinct")
        return adds and self.holdings.catalogue.models[metric.model].absence_is_zero

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
        for names, is_total in self.prepared.rounds:
            finer = tuple(dict.fromkeys((*names, "organisation")))
            finest = self._of_inputs([each.id for each in inputs], finer, grain, totals=False).frame
            missing = [pl.lit(None, pl.String).alias(name) for name in by if name not in names]
            over = ",".join(name for name in by if name not in names)
            marks = (pl.lit(is_total).alias("is_total"), pl.lit(over).alias("over"))
            paired = divide_paired(metric, finest, names).with_columns(*marks, *missing)
            divided.append(paired.select(*("period", *by, "is_total", "over"), *_PAIRED))
        keys = ["period", *by, "is_total", *(["over"] if self.plan.request.subtotals else [])]
        joined = frame.drop(_PAIRED).join(pl.concat(divided), on=keys, how="left", nulls_equal=True)
        share = pl.col("reporting") / pl.col("expected")
        # Whose figures are missing was judged anew by the pairs; whether the period is over was not.
        over_yet = pl.col("floor").fill_null(Status.FINAL.value)
        complete = pl.when(share < _PAIRED_THRESHOLD).then(pl.lit(Status.MISSING)).otherwise(over_yet)
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

    def _scanned(self, ready: Ready) -> dict[str, pl.DataFrame]:
        request, scan = self.plan.request, ready.scan
        found: dict[str, list[pl.DataFrame]] = {source.key: [] for source in scan.sources}
        named = {each.dimension: each.values for each in request.where if each.picks_values}
        for step in ready.rounds:
            parts = self._run(ready, step)
            members, numbers = Members.of(parts, step.by, named)
            for source in scan.sources:
                columns, notes = combine.shown(parts, source, members, numbers, step.grounds[source.key])
                self.notes += notes
                found[source.key].append(_marked(source.key, columns, request, step))
        return {key: frames[0] if len(frames) == 1 else pl.concat(frames) for key, frames in found.items()}

    def _run(self, ready: Ready, step: Round) -> pl.DataFrame:
        scan, text = ready.scan, partial(getattr, step, "compiled")
        found = self.holdings.from_cube(scan, step.by, ready.reach)
        if isinstance(found, pl.DataFrame):
            parts = found
            self.queries.append(Query(scan.model.name, text, parts.height, from_cube=True))
        else:
            parts = self.holdings.run(step.compiled)
            self.queries.append(Query(scan.model.name, text, parts.height, miss=found))
        grain = scan.sources[0].grain if scan.counts_distinct else Grain(scan.model.grain)
        if not scan.counts_distinct:
            check_starts(parts["period"], scan.model)
        if grain is Grain.HOUR:
            parts = parts.with_columns(local_periods(parts["period"], grain))
        texts = [name for name in step.by if not isinstance(parts.schema[name], pl.String | pl.Enum)]
        return parts.with_columns(pl.col(texts).cast(pl.String)) if texts else parts

    def _shared_grain(self, metric: Metric) -> Grain:
        """Returns the shortest grain that all inputs can be shown in."""
        catalogue = self.holdings.catalogue
        possible = [NESTS[Grain(catalogue.model_of(each).grain)] for each in catalogue.inputs(metric)]
        shared = [grain for grain in Grain if all(grain in grains for grains in possible)]
        if not shared:
            raise QueryError(f"The inputs of '{metric.id}' share no grain.")
        return shared[0]


def _marked(name: str, columns: list[pl.Series], request: Request, step: Round) -> pl.DataFrame:
    """Returns a metric's rows as `Result.frame` has them: with every dimension asked for, and what they are over."""
    held = {column.name: column for column in columns}
    height = columns[0].len()
    over = ",".join(each for each in request.by if each not in step.by)
    for constant in (
        *(pl.Series(each, [None], dtype=pl.String) for each in request.by if each not in step.by),
        pl.Series("metric", [name]), pl.Series("is_total", [step.is_total]), pl.Series("over", [over]),
    ):  # fmt: skip
        held[constant.name] = constant.new_from_index(0, height)
    marks = ("over",) if request.subtotals else ()
    return pl.DataFrame([held[each] for each in ("metric", "period", *request.by, *_COLUMNS, *marks)])


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


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
