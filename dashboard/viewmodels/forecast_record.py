"""How forecasts like the one shown did on past data: sentences, errors by distance, and the file behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from metrics.catalogue import Metric
from metrics.query.request import Grain
from models.backtest import Backtest
from models.calendar_stack import CalendarStack
from models.naive import SeasonalNaive

UNIT: Final = {Grain.DAY: "day", Grain.WEEK: "week", Grain.MONTH: "month"}
REPEATING: Final = {
    Grain.DAY: "repeating the last week", Grain.WEEK: "repeating last year", Grain.MONTH: "repeating last year",
}  # fmt: skip
_LEVEL: Final = 0.8
_OFF: Final = 0.1
_BUCKET: Final = {Grain.DAY: 7, Grain.WEEK: 1, Grain.MONTH: 1}


@dataclass(frozen=True, slots=True)
class Context:
    """Whose figures these are, and what names them in a file."""

    metric: Metric
    whose: str
    code: str
    grain: Grain
    version: str
    data_version: str
    today: date

    def text(self, value: float | None) -> str:
        """Returns the value in its unit, 'Not stated' for none."""
        return "Not stated" if value is None else words.value_text(value, self.metric)


@dataclass(frozen=True, slots=True)
class Record:
    """How forecasts like this one did on past data: sentences, errors by periods ahead, and the file behind them."""

    sentences: tuple[str, ...]
    table: Table
    download: Download


def record_of(context: Context, tested: Backtest) -> Record:
    """Returns the record of a back-test that had cut-offs to start from."""
    ours, naive = CalendarStack().name, SeasonalNaive().name
    overall = {row["model"]: row for row in tested.scores().iter_rows(named=True)}
    bucket, unit = _BUCKET[context.grain], UNIT[context.grain]
    grouped = Backtest(
        tested.frame.with_columns(((pl.col("ahead") - 1) // bucket).alias("group")), tested.origins, tested.refused
    )
    by_group = {(row["model"], row["group"]): row for row in grouped.scores("group").iter_rows(named=True)}
    furthest = max(tested.frame["ahead"].to_list())
    rows = []
    for group in sorted({group for _, group in by_group}):
        mine, other = by_group[ours, group], by_group[naive, group]
        first, last = group * bucket + 1, min(group * bucket + bucket, furthest)
        name = f"{unit.capitalize()} {first}" if first == last else f"{unit.capitalize()}s {first} to {last}"
        rows.append(
            (name, _share(mine["wape"]), _share(other["wape"]), _share(mine["coverage80"], 0),
             _share(mine["coverage95"], 0), words.number(mine["points"]))
        )  # fmt: skip
    repeating = REPEATING[context.grain]
    columns = (
        "Ahead", "Forecast missed by", f"{sentence_case(repeating)} missed by", "Within the 80% interval",
        "Within the 95% interval", "Values checked",
    )  # fmt: skip
    table = Table(
        f"Errors on past data by {unit}s ahead: {context.metric.title}, {context.whose}", columns, tuple(rows),
        frozenset(range(1, 6)),
    )  # fmt: skip
    return Record(
        _sentences(tested.origins, overall[ours], overall[naive], repeating), table, _record_download(context, tested)
    )


def _sentences(
    tests: int, ours: Mapping[str, float | None], naive: Mapping[str, float | None], repeating: str
) -> tuple[str, ...]:
    mine, other = ours["wape"], naive["wape"]
    if mine is None or other is None:
        return (f"In {words.counted(tests, 'test')} on past data nothing was reported to compare with.",)
    against = f"{repeating} missed by {_share(other)}"
    tested = words.counted(tests, "test")
    said = [f"In {tested} on past data the forecast missed by {_share(mine)} on average; {against}."]
    if mine >= other:
        said.append(f"Here {repeating} would have done as well or better: prefer it, or look for what changed.")
    within = [f"the {level}% interval held {_share(ours[f'coverage{level}'], 0)}" for level in (80, 95)
              if ours[f"coverage{level}"] is not None]  # fmt: skip
    if within:
        said.append(f"Of the {words.number(ours['points'] or 0)} values checked, {' and '.join(within)}.")
    held = ours["coverage80"]
    if held is not None and abs(held - _LEVEL) > _OFF:
        said.append(
            "Intervals were wider than they need be."
            if held > _LEVEL
            else "Intervals were too narrow: expect more surprises than they say."
        )
    lean = ours["bias"] or 0.0
    if abs(lean) >= max(mine / 2, 0.005):
        said.append(f"It was {'too high' if lean > 0 else 'too low'} by {_share(abs(lean))} on balance.")
    return tuple(said)


def sentence_case(text: str) -> str:
    """Returns the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _share(value: float | None, decimals: int = 1) -> str:
    return "Not stated" if value is None else words.percentage(value, decimals)


def _record_download(context: Context, tested: Backtest) -> Download:
    columns = ("cutoff", "date", "ahead", "model", "actual", "mean", "lo80", "hi80", "lo95", "hi95")
    rows = tested.frame.sort("model", "cutoff", "date").select(columns).rows()
    names = ("metric", "definition_version", "data_version", "organisation", *columns)
    fixed = (context.metric.id, context.version, context.data_version, context.code)
    return Download(
        f"{context.metric.id}-{context.code}-forecast-tests.csv", names, tuple((*fixed, *row) for row in rows)
    )
