"""Why a number moved since an earlier period: its change, shared out to members of dimensions and to inputs.

See `metrics.query.movement` for the method. Every number here is the engine's own answer; nothing is read past it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from metrics.catalogue import Catalogue, Metric, Window, parse_window
from metrics.query.cell import Cell
from metrics.query.earlier import compared, named
from metrics.query.errors import QueryError, UnknownDimensionError
from metrics.query.forms import Quotient, Sum, form_of
from metrics.query.movement import SIDES, NothingToCompareError, of_quotient, of_ratio, of_sum
from metrics.query.periods import start_of
from metrics.query.plan import ALIASES
from metrics.query.request import Against
from metrics.query.shareable import (
    Method,
    all_dimensions,
    dimensions_to_split,
    method_of,
    reason_against,
    title_of,
)
from metrics.query.sides import Asked, Sides, models_of

_COLUMNS = ("member", "name", "kind", *SIDES, *(f"weight_{side}" for side in SIDES))
_EFFECTS = ("rate", "mix", "coverage", "effect")


@dataclass(frozen=True, slots=True)
class Side:
    """The number in one of the two periods."""

    period: date
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    reporting: int
    expected: int


@dataclass(frozen=True)
class Split:
    """A change, shared out to the members of one dimension.

    Attributes:
        frame: greatest effect first: `member` String (its code), `name` String, `kind` String (`member`; `unknown`:
            rows whose dimension is not known; `rest`: what the whole holds beyond its members), `before`, `now` (the
            member's own value), `weight_before`, `weight_now` (its share of the denominator, or of the sum), `rate`,
            `mix`, `coverage` and their sum `effect`, Float64, in the metric's unit. `rate` and `mix` are null for sums.
        before, now: the whole's values, as the model that has the dimension answers them.
        change: the sum of `effect`, which is `now` less `before`.
        reporters: who reports in one of the periods only, or in part of one: `code`, `name` String, `before`, `now`
            Boolean (reports all of it). Their share of the change is the coverage effect.
        statuses: of the whole before and now, as that model has them.
        notes: what a reader must know of this split.
    """

    dimension: str
    title: str
    before: float
    now: float
    change: float
    frame: pl.DataFrame
    reporters: pl.DataFrame
    statuses: tuple[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Movement:
    """Why a number moved.

    Attributes:
        change: the value now less the value before; None when one of them is missing.
        method: `ratio` (rate, mix and coverage effects), `sum` (each member's difference), `formula` (effects of the
            inputs); None when the change cannot be shared out.
        inputs: of a derived metric: `term`, `metric`, `title` String, `before`, `now`, `effect` Float64; the effects
            add up to the change. None for others.
        splits: dimension to the shared change.
        not_split: dimension to the reason why it has no split.
        reason: why there is no method, or no change.
        notes: what a reader of the comparison must know.
    """

    metric: str
    title: str
    grain: str
    before: Side
    now: Side
    change: float | None
    method: Method | None
    inputs: pl.DataFrame | None
    splits: Mapping[str, Split]
    not_split: Mapping[str, str]
    reason: str | None
    notes: tuple[str, ...]


class CannotShareOutError(QueryError):
    """A change that no method shares out exactly; the message says why."""


def why(
    sides: Sides, cell: Cell, against: Against | int | date = Against.PREVIOUS, by: Sequence[str] | None = None
) -> Movement:
    """Returns why the cell's number moved since the period before, the same of last year, or the one of a day.

    Raises:
        UnknownDimensionError: a dimension that the metric's models lack.
        QueryError: the other period is not an earlier one.
    """
    said = None
    if isinstance(against, Against | int):
        earlier = compared(cell.period, against, cell.grain)
        start, said = earlier.start, earlier.said
    else:
        start = start_of(against, cell.grain)
    if start >= cell.period:
        now = named(cell.period, cell.grain)
        raise QueryError(f"{named(start, cell.grain)} is no earlier period than {now}. Compare with an earlier one.")
    found = movement(sides, Asked(cell.metric, cell.grain, start, cell.period, cell.where, cell.as_at), by)
    return found if said is None else replace(found, notes=(said, *found.notes))


def movement(sides: Sides, asked: Asked, by: Sequence[str] | None = None) -> Movement:
    """Returns why the number moved, by the dimensions; by all that the cell can be split by when None.

    Raises:
        UnknownDimensionError: a dimension that the metric's models lack.
    """
    metric, whole = asked.metric, sides.whole(asked)
    ends = [Side(period=getattr(asked, side), **whole[side]) for side in SIDES]
    before, now = ends
    change = None if before.value is None or now.value is None else now.value - before.value
    reason = reason_against(metric, sides.catalogue)
    method = None if reason else method_of(metric)
    if change is None:
        reason = _nothing_to_compare(sides, asked, ends)
    splits: dict[str, Split] = {}
    not_split: dict[str, str] = {}
    offered = dimensions_to_split(metric, asked.where, sides.catalogue)
    wanted = offered if by is None else [ALIASES.get(name, name) for name in by]
    for name in dict.fromkeys(wanted):
        if name not in all_dimensions(metric, sides.catalogue):
            raise UnknownDimensionError.of(name, metric, all_dimensions(metric, sides.catalogue))
        try:
            if reason is not None:
                raise CannotShareOutError(reason)
            splits[name] = _split(sides, asked, name)
        except (QueryError, NothingToCompareError) as error:
            not_split[name] = str(error)
    inputs = None
    if metric.type == "derived" and change is not None:
        inputs = _inputs(sides, asked, whole)
    return Movement(
        metric=metric.id, title=metric.title, grain=str(asked.grain), before=before, now=now, change=change,
        method=method, inputs=inputs, splits=splits, not_split=not_split, reason=reason,
        notes=sides.notes(asked),
    )  # fmt: skip


def _nothing_to_compare(sides: Sides, asked: Asked, ends: Sequence[Side]) -> str:
    silent = [side for side in ends if side.value is None]
    said = "; ".join(f"{named(side.period, asked.grain)}: {side.status}" for side in silent)
    newest = sides.newest_before(asked) if asked.before in [side.period for side in silent] else None
    if newest is None or len(silent) > 1:
        return f"There is no value to compare ({said})."
    return f"There is no value to compare ({said}). The newest before is of {named(newest, asked.grain)}: ask for that."


def _split(sides: Sides, asked: Asked, dimension: str) -> Split:
    """Returns the change of any metric by a dimension.

    Raises:
        CannotShareOutError, NothingToCompareError: it cannot be shared out; the message says why.
    """
    reason = reason_against(asked.metric, sides.catalogue)
    if reason is not None:
        raise CannotShareOutError(reason)
    metric, catalogue = asked.metric, sides.catalogue
    if metric.type == "derived" and not metric.paired:
        form = form_of(metric.formula or "")
        if isinstance(form, Quotient):
            return _of_quotient(sides, asked, dimension, form)
        return _of_sum_of_metrics(sides, asked, dimension, form or Sum())
    _ends(sides, asked, dimension)  # says when there are none
    reporters, parts = sides.changed(asked, dimension)
    codes = reporters["code"].to_list()
    if _is_ratio(metric, catalogue):
        halves = ("numerator", "denominator")
        frame = _with_changed(sides.members(asked, dimension, halves), parts, codes, halves)
        return _made(sides, asked, dimension, of_ratio(frame), reporters)
    frame = _values(sides, asked, dimension, parts, codes)
    return _made(sides, asked, dimension, of_sum(frame), reporters)


def _is_ratio(metric: Metric, catalogue: Catalogue) -> bool:
    while metric.type == "cumulative":
        metric = catalogue.inputs(metric)[0]
    return method_of(metric) == "ratio"


def _values(sides: Sides, asked: Asked, dimension: str, parts: pl.DataFrame, codes: list[str]) -> pl.DataFrame:
    """Returns members with `before`, `now`, `changed_before` and `changed_now`: their values."""
    frame = _with_changed(sides.members(asked, dimension, ("value",)), parts, codes, ("value",))
    return frame.rename({f"{kind}value_{side}": f"{kind}{side}" for kind in ("", "changed_") for side in SIDES})


def _with_changed(members: pl.DataFrame, parts: pl.DataFrame, codes: list[str], names: tuple[str, ...]) -> pl.DataFrame:
    """Returns the members with the part of each amount that comes from the reporters of the codes."""
    columns = [f"{name}_{side}" for side in SIDES for name in names]
    theirs = parts.filter(pl.col("code").is_in(codes)).group_by("member").agg(pl.col(columns).sum())
    theirs = theirs.rename({name: f"changed_{name}" for name in columns})
    found = members.filter(pl.col("kind") != "total").join(
        theirs.with_columns(pl.lit(value=True).alias("_theirs")), on="member", how="left", nulls_equal=True
    )
    # The row of the rest has no code either, and nothing of theirs.
    mine = pl.col("_theirs") & (pl.col("kind") != "rest")
    return found.with_columns(
        pl.when(mine).then(pl.col(f"changed_{name}")).otherwise(0.0).alias(f"changed_{name}") for name in columns
    ).drop("_theirs")


def _of_quotient(sides: Sides, asked: Asked, dimension: str, form: Quotient) -> Split:
    """Returns the change of one sum of metrics over another: its members' rates and weights."""
    terms = sides.catalogue.terms(asked.metric)
    questions, codes, reporters, parts = {}, [], [], {}
    for name in dict.fromkeys((*form.upper.weights, *form.lower.weights)):
        question = asked.of(sides.catalogue.metric(terms[name].metric), _offset(terms[name].offset_window))
        if reason_against(question.metric, sides.catalogue) or not _adds_up(question.metric):
            raise CannotShareOutError(f"'{question.metric.id}' is no sum: no method shares out a quotient of it.")
        changed, parts[name] = sides.changed(question, dimension)
        questions[name] = question
        reporters.append(changed)
        codes += changed["code"].to_list()
    halves = []
    for part, half in (("numerator", form.upper), ("denominator", form.lower)):
        frames = [
            _values(sides, questions[name], dimension, parts[name], codes).with_columns(
                pl.col(*SIDES, *(f"changed_{side}" for side in SIDES)) * weight
            )
            for name, weight in half.weights.items()
        ]
        if half.constant:
            frames.append(_rest_row(half.constant, frames[0].schema))
        names = {f"{kind}{side}": f"{kind}{part}_{side}" for kind in ("", "changed_") for side in SIDES}
        halves.append(_added_up(frames).rename(names))
    keys = ["member", "kind"]
    frame = halves[0].join(halves[1], on=keys, how="full", coalesce=True, nulls_equal=True)
    frame = frame.with_columns(pl.coalesce("name", "name_right").alias("name")).drop("name_right")
    found = of_ratio(frame.with_columns(pl.col("^changed_.*$").fill_null(0.0)))
    found = found.with_columns(
        pl.col(_EFFECTS) * form.scale, pl.col(SIDES) * form.scale + form.constant,
    )  # fmt: skip
    return _made(sides, asked, dimension, found, pl.concat(reporters).unique(maintain_order=True))


def _of_sum_of_metrics(sides: Sides, asked: Asked, dimension: str, form: Sum) -> Split:
    """Returns the change of a weighted sum of metrics: the effects of each, weighted and added up."""
    terms = sides.catalogue.terms(asked.metric)
    frames, reporters = [], []
    for name, weight in form.weights.items():
        metric = sides.catalogue.metric(terms[name].metric)
        split = _split(sides, asked.of(metric, _offset(terms[name].offset_window)), dimension)
        frames.append(split.frame.with_columns(pl.col(*SIDES, *_EFFECTS) * weight))
        reporters.append(split.reporters)
    found = _added_up(frames)
    if len(frames) == 1 and not _adds_up(sides.catalogue.metric(terms[next(iter(form.weights))].metric)):
        found = found.with_columns(pl.col(SIDES) + form.constant)  # 1 - rate, of each member too
    return _made(sides, asked, dimension, found, pl.concat(reporters).unique(maintain_order=True))


def _added_up(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Returns the frames added up by member. What is missing in one counts as nothing there."""
    numbers = [name for name, kind in frames[0].schema.items() if kind.is_numeric() and not name.startswith("weight")]
    whole = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in numbers]
    grouped = pl.concat(frames, how="diagonal").group_by("member", "kind", maintain_order=True)
    return grouped.agg(pl.col("name").drop_nulls().first(), *whole)


def _rest_row(amount: float, schema: pl.Schema) -> pl.DataFrame:
    row = {"kind": "rest", "before": amount, "now": amount, "changed_before": 0.0, "changed_now": 0.0}
    return pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)


def _adds_up(metric: Metric) -> bool:
    return method_of(metric) == "sum" and metric.type != "cumulative"


def _offset(written: str | None) -> Window | None:
    return None if written is None else parse_window(written)


def _ends(sides: Sides, asked: Asked, dimension: str) -> tuple[float, float]:
    """Returns the whole's two values, as the model that has the dimension answers them."""
    rows = sides.whole(asked, dimension)
    periods = zip(SIDES, (asked.before, asked.now), strict=True)
    silent = [named(period, asked.grain) for side, period in periods if rows[side]["value"] is None]
    if silent:
        word = title_of(dimension, models_of(asked.metric, sides.catalogue)).lower()
        raise CannotShareOutError(f"By {word} nothing is held for {' and '.join(silent)}.")
    return rows["before"]["value"], rows["now"]["value"]


def _made(sides: Sides, asked: Asked, dimension: str, frame: pl.DataFrame, reporters: pl.DataFrame) -> Split:
    ends, change = _ends(sides, asked, dimension), float(frame["effect"].sum())
    whole = sides.whole(asked, dimension)
    title = title_of(dimension, models_of(asked.metric, sides.catalogue))
    if not (frame["kind"] == "member").any():
        raise CannotShareOutError(f"No figures are held by {title.lower()} for these two periods, only for the whole.")
    if not math.isclose(change, ends[1] - ends[0], rel_tol=1e-9, abs_tol=1e-9 * max(1.0, *map(abs, ends))):
        raise CannotShareOutError(f"The parts by {title.lower()} add up to {change}, not to {ends[1] - ends[0]}.")
    none = [pl.lit(None, pl.Float64).alias(name) for name in _COLUMNS if name not in frame.columns]
    return Split(
        dimension=dimension,
        title=title,
        before=ends[0],
        now=ends[1],
        change=change,
        frame=frame.with_columns(none)
        .select(*_COLUMNS, *_EFFECTS)
        .sort(pl.col("effect").abs(), "member", descending=[True, False], nulls_last=True),
        reporters=reporters,
        statuses=(whole["before"]["status"], whole["now"]["status"]),
        notes=sides.alternates(asked, dimension),
    )


def _inputs(sides: Sides, asked: Asked, whole: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame | None:
    """Returns the effects of a derived metric's inputs, which add up to its change; None where no method has them."""
    form, terms = form_of(asked.metric.formula or ""), sides.catalogue.terms(asked.metric)
    if form is None:
        return None
    ends: dict[str, tuple[float, float]] = {}
    for name, term in terms.items():
        found = sides.whole(asked.of(sides.catalogue.metric(term.metric), _offset(term.offset_window)))
        ends[name] = (found["before"]["value"], found["now"]["value"])
    if asked.metric.paired and isinstance(form, Quotient):
        # The parts are of the organisations that have both.
        for half, part in ((form.upper, "numerator"), (form.lower, "denominator")):
            ends[next(iter(half.weights))] = (whole["before"][part], whole["now"][part])
    weights = _marginal(form, ends)
    rows = [
        (name, term.metric, sides.catalogue.metric(term.metric).title, *ends[name],
         weights[name] * (ends[name][1] - ends[name][0]))
        for name, term in terms.items()
    ]  # fmt: skip
    schema = {"term": pl.String, "metric": pl.String, "title": pl.String, "before": pl.Float64, "now": pl.Float64,
              "effect": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _marginal(form: Sum | Quotient, ends: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Returns by how much the value moves for each unit that an input moves."""
    if isinstance(form, Sum):
        return dict(form.weights)
    sums = {
        half: tuple(
            each.constant + sum(weight * ends[name][at] for name, weight in each.weights.items()) for at in (0, 1)
        )
        for half, each in (("upper", form.upper), ("lower", form.lower))
    }
    before, now = ((sums["upper"][at], sums["lower"][at]) for at in (0, 1))
    of_quotient(before, now)  # says when one side divides by nothing
    upper = (1 / before[1] + 1 / now[1]) / 2
    lower = -(before[0] + now[0]) / 2 / (before[1] * now[1])
    return {
        name: form.scale * (form.upper.weights.get(name, 0.0) * upper + form.lower.weights.get(name, 0.0) * lower)
        for name in ends
    }
