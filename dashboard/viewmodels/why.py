"""Why a number moved, in words and tables: for the page of a metric and for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from metrics.catalogue import Metric
from metrics.query.result import Status
from metrics.query.why import Movement, Side, Split

MEMBERS_SHOWN: Final = 8
_NAMED: Final = 3
_PLUS: Final = "+"
_AMOUNTS: Final = frozenset({"count", "gbp", "fte", "beds"})
_TELLING: Final[Mapping[str, str]] = {
    Status.PROVISIONAL: "is provisional and may still be revised",
    Status.INCOMPLETE: "is not complete: the period still runs, or part of it is not held",
    Status.MISSING: "is partial: too few organisations reported",
}


@dataclass(frozen=True, slots=True)
class Why:
    """Why a number moved.

    Attributes:
        sentences: the change, what it is made of, and what to be careful about.
        table: of one dimension, greatest effect first, with a last row that is the whole change; None without one.
        inputs: of a derived metric, what its inputs add; None for others.
        notes: small print.
    """

    sentences: tuple[str, ...]
    table: Table | None
    inputs: Table | None
    notes: tuple[str, ...]


def why_of(found: Movement, metric: Metric, dimension: str | None, shown: int = MEMBERS_SHOWN) -> Why:
    """Returns the words and tables for a movement, by one of its dimensions."""
    sentences = [_change(found, metric), *_statuses(found.before, found.now, found.grain)]
    notes: list[str] = []
    split = found.splits.get(dimension or "")
    table = None
    if split is not None:
        sentences += _parts(split, found, metric)
        table = _table(split, found, metric, shown)
        notes += [*split.notes, _small_print(split, metric)]
    elif dimension is not None and dimension in found.not_split:
        sentences.append(found.not_split[dimension])
    elif found.reason is not None and found.change is not None:
        sentences.append(found.reason)
    inputs = None if found.inputs is None else _inputs(found.inputs, found, metric)
    return Why(tuple(sentences), table, inputs, tuple(notes))


def effect_text(effect: float | None, metric: Metric) -> str:
    """Returns '+0.48' (percentage points for shares, else in the metric's unit), with one decimal more than a value."""
    if effect is None:
        return ""
    if metric.unit == "seconds":
        text = words.clock(abs(effect))
    elif metric.unit == "gbp":
        text = words.pounds(abs(effect), metric.decimals)
    else:
        scale = 100 if metric.unit == "percent" else 1
        text = words.number(abs(effect) * scale, metric.decimals + (metric.unit not in _AMOUNTS))
    if not any(digit in text for digit in "123456789"):
        return text  # nothing, as far as is shown
    return f"{_PLUS if effect > 0 else words.MINUS}{text}"


def unit_of_effects(metric: Metric) -> str:
    """Returns the unit of effects: 'percentage points', 'minutes:seconds', 'weeks'."""
    return "percentage points" if metric.unit == "percent" else words.unit_words(metric)


def _change(found: Movement, metric: Metric) -> str:
    before, now = found.before, found.now
    if found.change is None:
        return found.reason or "There is no value to compare."
    then, here = (words.period_words(side.period, found.grain) for side in (before, now))
    ends = (
        f"from {words.value_words(before.value, metric)} in {then} to {words.value_words(now.value, metric)} in {here}"
    )
    if words.displayed(found.change, metric) == 0:
        return f"{metric.name} stayed level, {ends}."
    verb = "rose" if found.change > 0 else "fell"
    return f"{metric.name} {verb} {ends}: {words.change_words(found.change, metric)}."


def _statuses(before: Side, now: Side, grain: str) -> list[str]:
    return [
        f"The figure of {words.period_words(side.period, grain)} {_TELLING[side.status]}."
        for side in (before, now)
        if side.status in _TELLING
    ]


def _parts(split: Split, found: Movement, metric: Metric) -> list[str]:
    title, unit = split.title.lower(), unit_of_effects(metric)
    said = []
    if not _close(split.before, found.before.value) or not _close(split.now, found.now.value):
        values = " to ".join(words.value_words(value, metric) for value in (split.before, split.now))
        said.append(f"By {title} another source answers, with other totals: {values}.")
    sums = split.frame.select(pl.col("rate", "mix", "coverage").sum()).row(0, named=True)
    unit = f" {unit}" if unit else ""
    if split.frame["rate"].null_count() < split.frame.height:
        rate, mix, coverage = (effect_text(sums[name], metric) for name in ("rate", "mix", "coverage"))
        said.append(
            f"By {title}: {rate}{unit} from rates that changed, {mix} from a changed mix, {coverage} from who reports."
        )
    members = split.frame.filter(pl.col("kind") == "member").head(_NAMED)
    if members.height:
        named = ", ".join(
            f"{name} ({effect_text(effect, metric)})" for name, effect in members.select("name", "effect").iter_rows()
        )
        said.append(f"What moved it most: {named}.")
    if split.reporters.height:
        said.append(_reporters(split, effect_text(sums["coverage"], metric), unit))
    return said


def _reporters(split: Split, coverage: str, unit: str) -> str:
    names = split.reporters["name"].head(_NAMED).to_list()
    count = split.reporters.height
    more = f" and {count - len(names):,} more" if count > len(names) else ""
    which = "it" if count == 1 else "them"
    return (
        f"{words.counted(count, 'organisation')} reported in only one of the two periods, or not for all of one: "
        f"{', '.join(names)}{more}. What comes and goes with {which} is no real change: {coverage}{unit}."
    )


def _table(split: Split, found: Movement, metric: Metric, shown: int) -> Table:
    is_ratio = split.frame["rate"].null_count() < split.frame.height
    periods = [words.period_words(side.period, found.grain) for side in (found.before, found.now)]
    effects = ("rate", "mix", "coverage", "effect") if is_ratio else ("coverage", "effect")
    titles = {"rate": "Rate effect", "mix": "Mix effect", "coverage": "Reporting changed"}
    titles["effect"] = "All effects" if is_ratio else "Change"
    first, others = split.frame.head(shown), split.frame.slice(shown)
    rows = [
        (_name(row, split), _own(row["before"], metric), _own(row["now"], metric),
         *(effect_text(row[name], metric) for name in effects))
        for row in first.iter_rows(named=True)
    ]  # fmt: skip
    for name, frame in ((f"{others.height:,} others", others), ("All", split.frame)):
        if frame.is_empty():
            continue
        sums = frame.select(pl.col(*effects).sum()).row(0, named=True)
        ends = ("", "") if name != "All" else (_own(split.before, metric), _own(split.now, metric))
        rows.append((name, *ends, *(effect_text(sums[each], metric) for each in effects)))
    unit = unit_of_effects(metric)
    caption = f"The change from {periods[0]} to {periods[1]} by {split.title.lower()}" + (f", {unit}" if unit else "")
    columns = (split.title, *periods, *(titles[name] for name in effects))
    return Table(caption, columns, tuple(rows), frozenset(range(1, len(columns))))


def _name(row: Mapping[str, Any], split: Split) -> str:
    if row["kind"] == "rest":
        return f"In no single {split.title.lower()}"
    return "Not known" if row["kind"] == "unknown" else str(row["name"])


def _own(value: float | None, metric: Metric) -> str:
    return "\N{EN DASH}" if value is None else words.value_text(value, metric)


def _small_print(split: Split, metric: Metric) -> str:
    if split.frame["rate"].null_count() == split.frame.height:
        return "The changes add up to the whole exactly; what is shown is rounded."
    kind = "share" if metric.unit == "percent" else "rate"
    return (
        f"The rate effect is what a member's own {kind} did at its usual weight; the mix effect, what its weight did. "
        "Both are of those who report in both periods. Together with changes in who reports they add up to the whole "
        "exactly (midpoint method, Kitagawa 1955); what is shown is rounded."
    )


def _inputs(frame: pl.DataFrame, found: Movement, metric: Metric) -> Table:
    periods = [words.period_words(side.period, found.grain) for side in (found.before, found.now)]
    rows = [
        (row["title"], _plain(row["before"]), _plain(row["now"]), effect_text(row["effect"], metric))
        for row in frame.iter_rows(named=True)
    ]
    rows.append(
        ("All", _own(found.before.value, metric), _own(found.now.value, metric), effect_text(found.change, metric))
    )
    columns = ("Made of", *periods, "Effect on the change")
    return Table(f"What {metric.name} is made of: {metric.formula}", columns, tuple(rows), frozenset({1, 2, 3}))


def _plain(value: float | None) -> str:
    if value is None:
        return words.NOT_REPORTED
    return words.number(value, 0 if abs(value) >= 100 or value == round(value) else 3)


def _close(one: float, other: float | None) -> bool:
    return other is not None and abs(one - other) <= 1e-9 * max(1.0, abs(one))
