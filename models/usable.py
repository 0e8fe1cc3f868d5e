"""Which series can be forecast, in panels of those that begin and end together, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.calendar import Days, Frequency
from models.dating import Dated
from models.panel import Panel, panel_of
from models.rolling import SHORTEST

UNITS = {Frequency.DAILY: "days", Frequency.WEEKLY: "weeks", Frequency.MONTHLY: "months"}

STOPPED_AFTER = {Frequency.DAILY: 28, Frequency.WEEKLY: 8, Frequency.MONTHLY: 3}
"""Periods without a value at the end after which a series is taken to have stopped."""

_RECENT = {Frequency.DAILY: 28, Frequency.WEEKLY: 13, Frequency.MONTHLY: 12}
_LEAST_REPORTED = 0.5
_LONG, _SHARED = 400, 28
_OPEN = 56
QUIETEST = 1 / 50
"""Of a usual day: a weekday that is open has so much at least, as referrals at weekends do."""

_IMPROBABLE = 4.6
"""Expected events of which not one came: by chance of 1 in 100."""

_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def sorted_out(dated: Dated, *, together: bool = True) -> tuple[tuple[Panel, ...], dict[str, str]]:
    """Returns the series that can be forecast, in panels of those that begin and end together, and the others' reasons.

    Together, every panel ends with the last period in which any series of its frequency has a value, and what stopped
    before is refused; else each series ends with its own last value.
    """
    panels: list[Panel] = []
    refused = dict(dated.refused)
    for frequency, tidy in dated.groups():
        found, why = _of_one_frequency(tidy, frequency, together=together)
        panels += found
        refused |= why
    return tuple(sorted(panels, key=lambda panel: (panel.periods[0], panel.periods[-1]))), refused


def open_days(panel: Panel, days: Days) -> NDArray[np.bool_]:
    """Returns on which of the days a series can have a value (days x series).

    A weekday is closed to a series that reported nothing on it in the last eight weeks of the panel, or nothing but 0
    for so long that a fiftieth of a usual day would have brought something: counts of a trust's own records are 0 where
    nothing was written down. Weeks and months are always open.
    """
    if panel.frequency is not Frequency.DAILY:
        return np.ones((len(days), len(panel.names)), dtype=bool)
    return _by_weekday(panel)[_weekday(days)]


def nought_days(panel: Panel, days: Days) -> NDArray[np.bool_]:
    """Returns on which of the days a series reports 0 and nothing else, as of `open_days` (days x series)."""
    if panel.frequency is not Frequency.DAILY:
        return np.zeros((len(days), len(panel.names)), dtype=bool)
    return (_reported(panel) & _only_nought(panel))[_weekday(days)]


def closed_words(panel: Panel, number: int, *, noughts: bool) -> str:
    """Returns on which weekdays a daily series reports nothing, as a sentence; empty if on none.

    Those that report 0 are forecast as 0 with `noughts`, and else left out.
    """
    if panel.frequency is not Frequency.DAILY:
        return ""
    is_open = _by_weekday(panel)[:, number]
    if is_open.all():
        return ""
    names = listed(name for name, each in zip(_NAMES, is_open, strict=True) if not each)
    nothing = "Nothing" if np.isnan(panel.values[-_OPEN:][_lately_closed(panel, is_open), number]).all() else "Only 0"
    so = "not forecast; the horizon counts them" if nothing == "Nothing" or not noughts else "forecast as 0"
    return f"{nothing} was reported on {names} in its last 8 weeks, so they are {so}."


def listed(names: Iterable[str]) -> str:
    """Returns names as a sentence has them: 'a', 'a and b', 'a, b and c'."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _by_weekday(panel: Panel) -> NDArray[np.bool_]:
    return _reported(panel) & ~_only_nought(panel)


def _reported(panel: Panel) -> NDArray[np.bool_]:
    """On which weekdays each series reported anything lately (weekdays x series)."""
    lately = ~np.isnan(panel.values[-_OPEN:])
    weekday = _weekday(panel.periods[-_OPEN:])
    return np.stack([lately[weekday == number].any(axis=0) for number in range(len(_NAMES))])


def _only_nought(panel: Panel) -> NDArray[np.bool_]:
    """On which weekdays each series had nothing for so long that it is no chance (weekdays x series)."""
    something = np.nan_to_num(panel.values) != 0
    weekday = _weekday(panel.periods)
    usual = np.abs(np.nan_to_num(panel.values[-_OPEN:])).mean(axis=0)
    silent = []
    for number in range(len(_NAMES)):
        backwards = something[weekday == number][::-1]
        silent.append(np.where(backwards.any(axis=0), backwards.argmax(axis=0), len(backwards)))
    weeks = np.stack(silent)
    # A series that was closed altogether says nothing of a weekday.
    lately = something[-_OPEN:]
    lately = lately[len(lately) % len(_NAMES) :].reshape(-1, len(_NAMES), something.shape[1])
    is_running = lately.any(axis=1).all(axis=0)
    return np.asarray(is_running & (weeks >= _OPEN // len(_NAMES)) & (weeks * usual * QUIETEST >= _IMPROBABLE))


def _lately_closed(panel: Panel, is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the newest days lie on closed weekdays."""
    return np.asarray(~is_open[_weekday(panel.periods[-_OPEN:])])


def _weekday(days: Days) -> NDArray[np.int64]:
    return (days.astype(np.int64) + 3) % 7


def _of_one_frequency(
    tidy: pl.DataFrame, frequency: Frequency, *, together: bool
) -> tuple[list[Panel], dict[str, str]]:
    known = tidy.drop_nulls("value")
    refused = dict.fromkeys(set(tidy["series"].unique()) - set(known["series"].unique()), "It has no values.")
    if known.is_empty():
        return [], refused
    last = pl.col("date").max() if together else pl.col("date").max().over("series")
    panels: list[Panel] = []
    for (_, end), group in _together(known, frequency).with_columns(last=last).group_by("first", "last"):
        names = sorted(group["series"].unique())
        ends = pl.DataFrame({"series": names}).with_columns(date=pl.lit(end), value=pl.lit(None, pl.Float64))
        stretched = pl.concat([group.drop("first", "last"), ends]).unique(["series", "date"], keep="first")
        panel = panel_of(stretched.sort("series", "date"), frequency)
        reasons = {name: _reason(panel, number) for number, name in enumerate(panel.names)}
        refused |= {name: reason for name, reason in reasons.items() if reason}
        kept = [number for number, name in enumerate(panel.names) if not reasons[name]]
        if kept:
            panels.append(Panel(frequency, panel.periods, tuple(panel.names[n] for n in kept), panel.values[:, kept]))
    return panels, refused


def _together(known: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """The values with the day from which each series is used, in `first`.

    Long daily series that begin within four weeks of each other are used from the same day: they are forecast
    together, at the price of some of their oldest days.
    """
    dated = known.with_columns(first=pl.col("date").min().over("series"))
    if frequency is not Frequency.DAILY:
        return dated
    end: date = known["date"].max()  # type: ignore[assignment]
    shared: dict[date, list[date]] = {}
    opened: date | None = None
    for first in dated["first"].unique().sort():
        long = (end - first).days >= _LONG
        if opened is None or not long or (first - opened).days > _SHARED:
            opened = first
            shared[opened] = []
        shared[opened].append(first)
    latest = {first: firsts[-1] for firsts in shared.values() for first in firsts}
    moved = pl.col("first").replace_strict(latest, return_dtype=pl.Date)
    return dated.with_columns(first=moved).filter(pl.col("date") >= pl.col("first"))


def _reason(panel: Panel, number: int) -> str:
    unit, least = UNITS[panel.frequency], SHORTEST[panel.frequency]
    reported = ~np.isnan(panel.values[:, number])
    length = len(reported)
    if length < least:
        has = unit.removesuffix("s") if length == 1 else unit
        return f"Its history is too short: {length} {has}, and a forecast needs {least}."
    silent = int(np.argmax(reported[::-1]))
    if silent >= STOPPED_AFTER[panel.frequency]:
        last: date = panel.periods[length - 1 - silent].astype(object)
        return f"It stopped: its last value is for {last.day} {last:%B %Y}, {silent} {unit} before the end."
    lately = slice(-_RECENT[panel.frequency], None)
    # A service that opens on three days of the week is not sparse for that.
    recent = reported[lately][open_days(panel, panel.periods[lately])[:, number]]
    if recent.mean() < _LEAST_REPORTED:
        return f"It is too sparse: {int(recent.sum())} of its last {len(recent)} {unit} have a value."
    return ""
