"""Why a forecast is what it is: the parts that add up to it, and past periods that are like the one to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.forecast_record import Context, sentence_case
from dashboard.viewmodels.published_forecast import Expected, Published
from dashboard.viewmodels.series import Point
from metrics.query.request import Grain
from metrics.query.result import Status
from models.comparable import comparable_days
from models.forecast_tables import PARTS

_MEANT: Final = {
    "level": "the mean of the year before, without what the calendar does",
    "trend": "how far the slow level has moved from that mean",
    "weekday": "what this weekday adds or takes away",
    "season": "what the time of the year adds or takes away",
    "holiday": "what bank holidays and the days around them add or take away",
    "recent": "how the last weeks differ from the slow level",
}
_NAMES: Final = {**{name: name.capitalize() for name in PARTS}, "recent": "Recent change"}
_YEARS: Final = 4


@dataclass(frozen=True, slots=True)
class Explained:
    """One period of a forecast, explained.

    Attributes:
        periods: those that can be chosen.
        period: the one that is explained.
        parts: what adds up to it; None where forecasts of such periods have no parts, which the sentence says.
        comparable: past periods that are like it.
        download: the parts of every period; None without parts.
    """

    periods: tuple[date, ...]
    period: date
    sentence: str
    parts: Table | None
    comparable: Table
    download: Download | None


def explained_of(
    context: Context, points: Sequence[Point], published: Published, ahead: int, asked: date | None = None
) -> Explained:
    """Returns one period of a forecast explained: the asked one, else the first that has not passed.

    Args:
        context: whose it is.
        points: history as it is known now.
        published: the forecast.
        ahead: how many of its periods are shown.
        asked: first day of the period wanted.
    """
    expected = published.within(ahead)
    to_come = [each for each in expected if words.period_end(each.period, context.grain) >= context.today]
    chosen = next((each for each in expected if each.period == asked), (to_come or expected)[0])
    comparable = _comparable(context, points, published, chosen)
    periods = tuple(each.period for each in expected)
    name = words.period_words(chosen.period, context.grain)
    if context.grain is Grain.DAY:
        name = f"{chosen.period:%A} {name}"
    if published.parts.is_empty():
        why = "Forecasts made again for earlier dates keep no parts." if context.grain is Grain.DAY else (
            f"Forecasts by {context.grain} have no parts: they follow the same {context.grain} of earlier years, the "
            "level of now and working days."
        )  # fmt: skip
        return Explained(periods, chosen.period, f"{name}: {context.text(chosen.mean)} expected. {why}", None,
                         comparable, None)  # fmt: skip
    row = published.parts.filter(pl.col("ahead") == chosen.ahead).row(0, named=True)
    table = _parts_table(context, name, chosen, row)
    return Explained(
        periods, chosen.period, _sentence(context, name, chosen, row), table, comparable,
        _download(context, published, ahead),
    )  # fmt: skip


def _sentence(context: Context, name: str, chosen: Expected, row: dict[str, float]) -> str:
    """Returns the forecast and the parts that matter most, as in '…: 1,240 expected. Weekday 90 fewer.'."""
    others = sorted((part for part in PARTS if part != "level"), key=lambda part: -abs(row[part]))
    said = [
        f"{_NAMES[part].lower()} {context.text(abs(row[part]))} {'more' if row[part] > 0 else 'fewer'}"
        for part in others[:2]
        if abs(row[part]) >= 0.5
    ]
    text = f"{name}: {context.text(chosen.mean)} expected, of which {context.text(row['level'])} is the usual level"
    return f"{text}; most of the rest: {', '.join(said)}." if said else f"{text}."


def _parts_table(context: Context, name: str, chosen: Expected, row: dict[str, float]) -> Table:
    rows = [
        (_NAMES[part], _signed(context, row[part], first=part == "level"), sentence_case(_MEANT[part]))
        for part in PARTS
    ]
    rows.append(("Expected", context.text(chosen.mean), "The parts added up; each is rounded by itself"))
    return Table(f"What makes up the forecast of {name}", ("Part", "Amount", "What it is"), tuple(rows), frozenset({1}))


def _signed(context: Context, value: float, *, first: bool) -> str:
    text = context.text(abs(value))
    if first or text == context.text(0.0):
        return text
    return f"{'+' if value > 0 else words.MINUS}{text}"


def _comparable(context: Context, points: Sequence[Point], published: Published, chosen: Expected) -> Table:
    known = {
        point.period: point.value
        for point in points
        if point.status == Status.FINAL and point.value is not None and point.period < published.cutoff
    }
    if context.grain is Grain.DAY:
        history = pl.DataFrame({"date": list(known), "value": list(known.values())},
                               schema={"date": pl.Date, "value": pl.Float64})  # fmt: skip
        found = comparable_days(history, chosen.period)
        rows = [(f"{day:%A} {words.day_words(day)}", context.text(value), sentence_case(why))
                for day, value, why in found.iter_rows()]  # fmt: skip
    else:
        weeks = {Grain.WEEK: 52}.get(context.grain)
        earlier = [
            words.months_after(chosen.period, -12 * year) if weeks is None
            else date.fromordinal(chosen.period.toordinal() - 7 * weeks * year)
            for year in range(1, _YEARS + 1)
        ]  # fmt: skip
        rows = [
            (words.period_words(each, context.grain), context.text(known[each]), f"Same {context.grain} of the year")
            for each in earlier
            if each in known
        ]
    name = words.period_words(chosen.period, context.grain)
    return Table(f"Past {context.grain}s like {name}", (context.grain.capitalize(), "Reported", "Alike in"),
                 tuple(rows), frozenset({1}))  # fmt: skip


def _download(context: Context, published: Published, ahead: int) -> Download:
    columns = ("metric", "data_version", "organisation", "site", "service", "period", "expected", *PARTS)
    fixed = (context.metric.id, published.data_version, *context.codes)
    shown = published.parts.filter(pl.col("ahead") <= ahead).select(PARTS).iter_rows()
    rows = tuple(
        (*fixed, each.period, each.mean, *parts) for each, parts in zip(published.within(ahead), shown, strict=True)
    )
    return Download(f"{context.file_name}-forecast-parts.csv", columns, rows)
