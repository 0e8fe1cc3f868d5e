"""The engine: answers every request of every page, export, forecast and notebook."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from metrics.catalogue import SHIPPED, Catalogue, UnknownMetricError, load
from metrics.query import combine, sql
from metrics.query.errors import QueryError, UnknownValueError
from metrics.query.formula import derive
from metrics.query.holdings import Holdings
from metrics.query.periods import end_of, start_of
from metrics.query.plan import LEVELS, Plan, Scan, Source, plan
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Note, Query, Result
from metrics.query.sources import Explanation, Publication, explanation, publications_of
from metrics.warehouse.connect import Warehouse, open_warehouse

_KEPT_ANSWERS = 2_000


class MetricsLayer:
    """The metrics layer over one warehouse: ask it, and it answers with parts, values and statuses.

    >>> layer = MetricsLayer.open()                                      # doctest: +SKIP
    >>> layer.ask(Request.of("ae_four_hour", by=("region",))).frame      # doctest: +SKIP
    """

    def __init__(self, warehouse: Warehouse, catalogue: Catalogue, today: Callable[[], date] = date.today) -> None:
        self.warehouse = warehouse
        self.catalogue = catalogue
        self._today = today
        self._lock = threading.Lock()
        self._holdings = Holdings(warehouse.snapshot(), catalogue)
        self._answers: OrderedDict[object, Result] = OrderedDict()

    @classmethod
    def open(
        cls, warehouse_url: str | None = None, *, definitions: Path = SHIPPED, today: Callable[[], date] = date.today
    ) -> MetricsLayer:
        """Returns the layer over the warehouse of the URL, or of the settings.

        Raises:
            WarehouseNotBuiltError, WarehouseUnreachableError, SettingsError: see `metrics.warehouse`.
            CatalogueError: a definition is wrong.
        """
        return cls(open_warehouse(warehouse_url), load(definitions), today)

    @property
    def data_version(self) -> str:
        """Names the state of the warehouse that answers are given from."""
        return self._holdings.snapshot.data_version

    def refresh(self) -> bool:
        """Takes newer data when there are any, and returns whether there were."""
        if not self.warehouse.refresh():
            return False
        with self._lock:
            self._holdings = Holdings(self.warehouse.snapshot(), self.catalogue)
            self._answers.clear()
        return True

    def ask(self, request: Request) -> Result:
        """Returns the answer to the request; see `Result` for the frame.

        Raises:
            UnknownMetricError, QueryError: the request cannot be answered; the message says what to ask.
        """
        holdings = self._holdings
        key = (request, holdings.snapshot.data_version, self._today())
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        result = _Asking(holdings, request, self._today()).result()
        with self._lock:
            self._answers[key] = result
            if len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return result

    def explain(
        self,
        metric: str,
        *,
        period: date,
        grain: Grain | None = None,
        where: Mapping[str, str] | None = None,
        as_at: date | None = None,
    ) -> Explanation:
        """Returns everything behind one number: parts, coverage, who is absent, definition, SQL and sources.

        Raises:
            UnknownMetricError, QueryError: as `ask`.
        """
        request = Request.of(metric, where=where, grain=grain, period_from=period, period_to=period, as_at=as_at)
        result = self.ask(request)
        holdings = self._holdings
        asked = plan(request, self.catalogue)
        return explanation(result, asked, holdings, as_at or self._today())

    def organisations(self) -> pl.DataFrame:
        """Returns `org_code`, `name`, `org_type`, `trust_type`, `icb_code`, `region_code`, `is_current`."""
        organisations = self._holdings.organisations
        located = organisations.at(self._today()).select("org_code", "organisation")
        today = self._today()
        closed = pl.col("close_date").is_not_null() & (pl.col("close_date") < today)
        return organisations.all.join(located, on="org_code").select(
            "org_code", "name", "org_type", "trust_type", "icb_code", "region_code",
            ((pl.col("org_code") == pl.col("organisation")) & ~closed).alias("is_current"),
        )  # fmt: skip

    def members(self, dimension: str, model: str | None = None) -> pl.DataFrame:
        """Returns `code` and `name` of a dimension's values, in the order of their names.

        Raises:
            QueryError: no model has the dimension.
        """
        for each in self.catalogue.models.values():
            if model in (None, each.name) and any(found.name == dimension for found in each.dimensions):
                names = self._holdings.names(each, dimension)
                return pl.DataFrame({"code": list(names), "name": list(names.values())}, schema_overrides={
                    "code": pl.String, "name": pl.String}).sort("name")  # fmt: skip
        raise QueryError(f"No model has the dimension '{dimension}'.")

    def last_day(self, metric: str) -> date | None:
        """Returns the last day that the metric's data cover; None when it has none."""
        found = self.catalogue.metric(metric)
        while found.type == "derived":
            found = self.catalogue.inputs(found)[0]
        source = plan(Request((found.id,)), self.catalogue).sources[found.id]
        return combine.last_day(self._holdings.presence(source, self._today()), Grain(source.model.grain))

    def sources(self, metric: str) -> tuple[Publication, ...]:
        """Returns the publications behind a metric, with their files and licences."""
        return publications_of(self.catalogue.metric(metric), self._holdings)


class _Asking:
    """One request on its way through plan, SQL and combine."""

    def __init__(self, holdings: Holdings, request: Request, today: date) -> None:
        self.holdings = holdings
        self.today = today
        self.as_at = request.as_at or today
        self.notes: list[Note] = []
        self.queries: list[Query] = []
        self.plan: Plan = plan(self._resolved(request), holdings.catalogue)

    def result(self) -> Result:
        request = self.plan.request
        frames: dict[str, pl.DataFrame] = {}
        for scan in self.plan.scans:
            frames |= self._scanned(scan)
        for metric in self.plan.derived:
            frames[metric.id] = derive(metric, frames, request.by)
        columns = ["metric", "period", *request.by, "value", "numerator", "denominator", "status", "reporting",
                   "expected", "is_total"]  # fmt: skip
        shown = [
            frames[name]
            .with_columns(pl.lit(name).alias("metric"))
            .select(columns)
            .sort("is_total", *request.by, "period")
            for name in self.plan.shown
        ]
        for source in self.plan.sources.values():
            if source.note:
                self.notes.append(Note("alternate", source.note, source.metric.id))
        return Result(
            request=request,
            frame=pl.concat(shown),
            labels=self._labels(),
            grains=self._grains(),
            queries=tuple(self.queries),
            notes=tuple(dict.fromkeys(self.notes)),
            data_version=self.holdings.snapshot.data_version,
            answered_at=datetime.now(UTC),
            as_of={
                key: combine.last_day(self.holdings.presence(source, self.as_at), Grain(source.model.grain))
                for key, source in self.plan.sources.items()
            },
        )

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
        select = sql.statement(scan, first=first, last=last, as_at=self.as_at, by=by)
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
        first = request.period_from or (held[0] if held else self.today)
        last = request.period_to or newest
        if last < first:
            raise QueryError(f"The period ends ({last:%d %B %Y}) before it starts ({first:%d %B %Y}).")
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
            code = self.holdings.organisations.resolve(dimension, value, self.as_at)
            given, names = value.strip().upper(), self.holdings.organisations.names
            if given in names and code != given:
                text = f"{names[given]} ({given}) is now part of {names[code]} ({code})."
                self.notes.append(Note("succession", text))
            return code
        for source in asked.sources.values():
            names = self.holdings.names(source.model, dimension)
            if value in names:
                return value
            by_name = {name.casefold(): code for code, name in names.items()}
            if value.casefold() in by_name:
                return by_name[value.casefold()]
            raise UnknownValueError.of(dimension, value, [*names, *names.values()])
        raise UnknownMetricError(value, ())

    def _labels(self) -> dict[str, dict[str, str]]:
        labels: dict[str, dict[str, str]] = {}
        for name in self.plan.request.by:
            merged: dict[str, str] = {}
            for source in self.plan.sources.values():
                merged.update(self.holdings.names(source.model, name))
            labels[name] = merged
        return labels

    def _grains(self) -> dict[str, str]:
        grains = {key: str(source.grain) for key, source in self.plan.sources.items()}
        for metric in self.plan.derived:
            first = self.holdings.catalogue.inputs(metric)[0]
            grains[metric.id] = grains[first.id]
        return grains
