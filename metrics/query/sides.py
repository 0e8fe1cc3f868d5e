"""The two sides of a comparison: one metric in two periods, as a whole, by member, and by who reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from metrics.catalogue import Catalogue, Metric, Model, Window
from metrics.query import earlier
from metrics.query.movement import SIDES
from metrics.query.periods import NESTS, day_of
from metrics.query.plan import LEVELS, dimensions_of
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Result, Status

Ask = Callable[[Request], Result]
PARTS = ("value", "numerator", "denominator")
_KEPT = (*PARTS, "status", "reporting", "expected", "is_total")
_SLACK = 1e-9
_TOTAL = pl.col("kind") == "total"


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric, the two periods (their first days) and the filters that make the cell."""

    metric: Metric
    grain: Grain
    before: date
    now: date
    where: tuple[Filter, ...]
    as_at: date | None

    def of(self, metric: Metric, offset: Window | None = None) -> Asked:
        """Returns the same question about another metric, perhaps so long before."""
        if offset is None:
            return replace(self, metric=metric)
        before, now = (earlier.before(period, offset, self.grain) for period in (self.before, self.now))
        return replace(self, metric=metric, before=before, now=now)


def models_of(metric: Metric, catalogue: Catalogue) -> tuple[Model, ...]:
    """Returns the models that can answer a metric, its own first."""
    return (catalogue.model_of(metric), *(catalogue.models[each.model] for each in metric.alternates))


class Sides:
    """Asks the engine for both periods. Every answer is the engine's own; nothing is read past it."""

    def __init__(self, ask: Ask, catalogue: Catalogue) -> None:
        self._ask = ask
        self.catalogue = catalogue

    def whole(self, asked: Asked, dimension: str | None = None) -> dict[str, dict[str, Any]]:
        """Returns `before` and `now`, each with `value`, parts, `status`, `reporting` and `expected`.

        With a dimension they are those of the model that has it.
        """
        by = () if dimension is None else (dimension,)
        found = {}
        for side, period in _periods(asked):
            rows = self._rows(asked, period, by)
            rows = rows.filter("is_total") if by else rows
            found[side] = rows.drop(*by, "is_total").row(0, named=True) if rows.height else dict(_NO_DATA)
        return found

    def newest_before(self, asked: Asked) -> date | None:
        """Returns the newest period before the later one that has a value; None when none has."""
        request = replace(self._request(asked, asked.now, ()), period_from=None)
        frame = self._ask(request).frame.filter(pl.col("period") < asked.now, pl.col("value").is_not_null())
        period: date | None = frame["period"].max() if frame.height else None  # type: ignore[assignment]
        return period

    def notes(self, asked: Asked) -> tuple[str, ...]:
        """Returns what the engine says beside the two numbers."""
        both = (note.text for _, period in _periods(asked) for note in self._result(asked, period, ()).notes)
        return tuple(dict.fromkeys(both))

    def alternates(self, asked: Asked, dimension: str) -> tuple[str, ...]:
        """Returns what the engine says where another source answers by the dimension."""
        notes = (note for _, period in _periods(asked) for note in self._result(asked, period, (dimension,)).notes)
        return tuple(dict.fromkeys(note.text for note in notes if note.code == "alternate"))

    def members(self, asked: Asked, dimension: str, parts: tuple[str, ...] = PARTS) -> pl.DataFrame:
        """Returns `member`, `name`, `kind` String, and the parts `_before` and `_now` Float64, by member.

        `kind` is `member`; `unknown` of the rows whose dimension is not known; `total`, once; and `rest`, once, for
        what the total holds beyond the members, where it does.
        """
        both = self._both(asked, (dimension,))
        labels: dict[str, str] = {}
        for _, period in _periods(asked):
            labels |= self._result(asked, period, (dimension,)).labels.get(dimension, {})
        kind = (
            pl.when("is_total").then(pl.lit("total"))
            .when(pl.col(dimension).is_null()).then(pl.lit("unknown"))
            .otherwise(pl.lit("member"))
        )  # fmt: skip
        member = pl.col(dimension).cast(pl.String)
        frame = both.select(
            member.alias("member"), member.replace(labels).alias("name"), kind.alias("kind"),
            *(f"{part}_{side}" for side in SIDES for part in parts),
        )  # fmt: skip
        rest = _rest(frame, parts)
        return frame if rest is None else pl.concat([frame, rest], how="diagonal")

    def changed(self, asked: Asked, dimension: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Returns who reports in one of the periods only, or in part of one; and what they have, by member.

        The first: `code`, `name` String, `before`, `now` Boolean (reports all of that period). The second: `member`,
        `code` String, and value and parts `_before` and `_now` Float64. Both are empty where the metric's model has no
        organisations, boards or regions.
        """
        level = self._reporter(asked, dimension)
        if level is None:
            return _NOBODY, _NOTHING
        by = tuple(dict.fromkeys((dimension, level)))
        rows = self._both(asked, by).filter(~pl.col("is_total"), pl.col(level).is_not_null())
        whole = self.whole(asked, dimension)
        running = {side: whole[side]["status"] == Status.INCOMPLETE.value for side in SIDES}
        rows = rows.with_columns(
            pl.col(dimension).cast(pl.String).alias("member"), pl.col(level).cast(pl.String).alias("code")
        )
        parts = [f"{part}_{side}" for side in SIDES for part in PARTS]
        there = rows.group_by("code").agg(
            *(_held(side).any().alias(f"held_{side}") for side in SIDES),
            *((_in_full(side, running=running[side]) | ~_held(side)).all().alias(f"full_{side}") for side in SIDES),
            pl.any_horizontal(pl.col(parts).fill_null(0).abs().sum() > 0).alias("moves"),
        )
        full = [(pl.col(f"held_{side}") & pl.col(f"full_{side}")).alias(side) for side in SIDES]
        # Who has nothing in either period changes nothing.
        moved = there.filter("moves").select("code", *full).filter(~(pl.col("before") & pl.col("now")))
        labels: dict[str, str] = {}
        for _, period in _periods(asked):
            labels |= self._result(asked, period, by).labels.get(level, {})
        named = moved.select("code", pl.col("code").replace(labels).alias("name"), *SIDES).sort("name", "code")
        return named, rows.select("member", "code", *parts)

    def model(self, asked: Asked, *dimensions: str) -> Model | None:
        """Returns the model that answers the question by these dimensions."""
        needed = {*dimensions, *(each.dimension for each in asked.where)}
        for model in models_of(asked.metric, self.catalogue):
            if needed <= set(dimensions_of(model)) and asked.grain in NESTS[Grain(model.grain)]:
                return model
        return None

    def _reporter(self, asked: Asked, dimension: str) -> str | None:
        model = self.model(asked, dimension)
        if model is None or model.organisation is None:
            return None
        level = next((level for level in reversed(LEVELS) if level in model.levels), None)
        # Another model may answer by the level: then who reports to this one cannot be told.
        return level if level is not None and self.model(asked, dimension, level) is model else None

    def _both(self, asked: Asked, by: tuple[str, ...]) -> pl.DataFrame:
        sides = []
        for side, period in _periods(asked):
            rows = self._rows(asked, period, by)
            sides.append(rows.rename({name: f"{name}_{side}" for name in _KEPT if name != "is_total"}))
        return sides[0].join(sides[1], on=[*by, "is_total"], how="full", coalesce=True, nulls_equal=True)

    def _rows(self, asked: Asked, period: date, by: tuple[str, ...]) -> pl.DataFrame:
        frame = self._result(asked, period, by).frame
        return frame.filter(pl.col("period") == period).select(*by, *_KEPT)

    def _result(self, asked: Asked, period: date, by: tuple[str, ...]) -> Result:
        return self._ask(self._request(asked, period, by))

    @staticmethod
    def _request(asked: Asked, period: date, by: tuple[str, ...]) -> Request:
        return Request(
            (asked.metric.id,), by=by, grain=asked.grain, period_from=day_of(period), period_to=day_of(period),
            where=asked.where, totals=bool(by), as_at=asked.as_at,
        )  # fmt: skip


_NO_DATA: dict[str, Any] = dict.fromkeys(PARTS) | {"status": Status.NO_DATA.value, "reporting": 0, "expected": 0}
_NOBODY = pl.DataFrame(schema={"code": pl.String, "name": pl.String, "before": pl.Boolean, "now": pl.Boolean})
_NOTHING = pl.DataFrame(
    schema={"member": pl.String, "code": pl.String}
    | {f"{part}_{side}": pl.Float64() for side in SIDES for part in PARTS}
)


def _periods(asked: Asked) -> tuple[tuple[str, date], tuple[str, date]]:
    return ("before", asked.before), ("now", asked.now)


def _held(side: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(f"{part}_{side}").is_not_null() for part in PARTS)


def _in_full(side: str, *, running: bool) -> pl.Expr:
    """Returns whether a reporter's figure is of the whole period: of a quarter, of all its months."""
    complete = pl.col(f"reporting_{side}") >= pl.col(f"expected_{side}")
    return complete if running else complete & (pl.col(f"status_{side}") != Status.INCOMPLETE.value)


def _rest(frame: pl.DataFrame, parts: tuple[str, ...]) -> pl.DataFrame | None:
    """Returns what the total holds beyond the members, as one row; None where that is nothing."""
    columns = [f"{part}_{side}" for side in SIDES for part in parts]
    sums = [frame.filter(which).select(pl.col(columns).sum()).row(0, named=True) for which in (_TOTAL, ~_TOTAL)]
    left = {name: sums[0][name] - sums[1][name] for name in columns}
    # What is left of sums of fractions is rounding.
    left = {name: amount for name, amount in left.items() if abs(amount) > _SLACK * max(1.0, abs(sums[0][name]))}
    if not left:
        return None
    row = {"member": None, "name": None, "kind": "rest"} | dict.fromkeys(columns, 0.0) | left
    return pl.DataFrame([row], schema_overrides=frame.schema)
