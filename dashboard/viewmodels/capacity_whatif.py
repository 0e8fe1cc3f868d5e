"""Beds and staff over the next four weeks: what is needed, the chance that it does not suffice, and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import Context
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.published_paths import published_paths
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.waiting_list import LEVELS
from dashboard.viewmodels.whole_levers import read_levers, written_levers
from metrics.catalogue import Catalogue
from metrics.query.request import Grain, Request
from metrics.query.result import Status
from models.capacity import Against, Stays, beds_needed, geometric_stays, staff_needed, stays_of
from models.demand_paths import DemandPaths, Floats
from models.forecast_store import ForecastStore
from models.training import training_frame

DAYS: Final = 28
DRAWS: Final = 2_000
SEED: Final = 28
_YEAR: Final = 365
_MONTH: Final = 28

PUBLISHED: Final = ("discharges_daily", "acute_bed_occupancy")
OWN: Final = ("local_admissions", "local_bed_occupancy", "local_discharges_by_nights")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the beds of a place are worked out from.

    Attributes:
        demand: metric of those who come, by day.
        demand_words: it as a reader calls it.
        beds_words: which beds are meant, as their definition says.
        is_own: they are those of the trust's own records, of some wards and not of all.
        paths: of the days ahead; None where there is no forecast, which `refused` explains, or it `waits` for one.
        came: a day, on average, in the time that the stays were taken from.
        share: of them, those who come to these beds.
        present: patients in the beds when the days ahead begin.
        beds: that were open then.
        since: the last day that the forecast knew.
        made: when the forecast of demand was made, in words.
        record: how such forecasts did, in sentences.
        stays_words, present_words: where stays and patients come from.
    """

    reach: Reach
    demand: str
    demand_words: str
    beds_words: str
    is_own: bool
    paths: DemandPaths | None
    refused: str
    came: float = 0.0
    stays: Stays | None = None
    share: float = 1.0
    present: float = 0.0
    beds: float = 0.0
    since: date = date.min
    stays_words: str = ""
    present_words: str = ""
    is_simulated: bool = False
    data_version: str = ""
    waits: bool = False
    made: str = ""
    record: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen; the defaults change nothing.

    Attributes:
        open: beds opened, or below 0 closed.
        stay: length of stay, change in %.
        demand: of those who come, change in %.
        admitted: share of them admitted, change in %.
        ratio: patients for each nurse on a shift.
        nurses: on a shift; 0 is as many as the open beds need by the ratio.
        sure: probability, in %, with which beds are to suffice on every day.
    """

    open: int = 0
    stay: int = 0
    demand: int = 0
    admitted: int = 0
    ratio: int = 8
    nurses: int = 0
    sure: int = 90

    @property
    def moved(self) -> bool:
        """Returns whether anything changes beds or patients."""
        return any((self.open, self.stay, self.demand, self.admitted))

    def query(self) -> dict[str, str]:
        """Returns the parts of the address that say what is not the default."""
        return written_levers(self)


BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "open": (-2_000, 2_000), "stay": (-60, 60), "demand": (-50, 50), "admitted": (-60, 60), "ratio": (1, 20),
    "nurses": (0, 5_000), "sure": (50, 99),
}  # fmt: skip


def read(query: Mapping[str, str]) -> tuple[Choices, tuple[str, ...]]:
    """Returns what an address asks for, and what in it could not be used, in words."""
    found, messages = read_levers(query, BOUNDS)
    return replace(Choices(), **found), messages


@dataclass(frozen=True, slots=True)
class CapacityView:
    """Everything on the page.

    Attributes:
        as_now, changed: beds without and with the levers; their capacity is those open, their periods are days.
        nurses: on a shift.
        nurses_needed: quantiles 10 %, 50 % and 90 %, 3 x days.
        nurses_ever: probability that on any day more are needed.
        effects: each lever alone and what it does to the probability of any day.
    """

    facts: Facts
    choices: Choices
    days: tuple[date, ...]
    as_now: Against
    changed: Against
    nurses: int
    nurses_needed: Floats
    nurses_ever: float
    effects: tuple[tuple[str, float, float], ...]


def offered(catalogue: Catalogue) -> bool:
    """Returns whether there is anything to work beds out from."""
    return any(set(names) <= set(catalogue.metrics) for names in (PUBLISHED, OWN))


def demand_of(catalogue: Catalogue, place: Place) -> tuple[str, str]:
    """Returns the metrics of demand and of beds: of own records where a place has them, else published."""
    own = place.own_records is not None and set(OWN) <= set(catalogue.metrics)
    demand, beds = (OWN if own else PUBLISHED)[:2]
    return demand, beds


def learn(layer: Layer, store: ForecastStore, places: Places, filters: Filters, today: date) -> Facts:
    """Returns what the beds of the chosen organisation are worked out from: its own records where held, else published.

    Demand is that of the last published forecast; nothing is forecast here.

    Args:
        layer: what answers.
        store: where forecasts are published.
        places: all organisations.
        filters: organisation and last month.
        today: the day that ages are counted to.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    place = places.by_code[filters.organisation]
    demand, beds = demand_of(layer.catalogue, place)
    own = demand == OWN[0]
    metric = layer.catalogue.metric(demand)
    found = reach(layer.catalogue, metric, place, places)
    where = filters_of(found.shown)
    asked = Request((demand,), grain=Grain.DAY, where=where, period_to=filters.period_to)
    result = layer.ask(asked)
    training = training_frame(result, demand)
    words = metric.name.lower()
    simulated = found.shown.own_records == "simulated"
    meant = layer.catalogue.metric(beds).denominator
    assert meant is not None  # noqa: S101 - linted: a ratio has one
    bare = Facts(
        found, demand, words, meant.words, own, None, "", is_simulated=simulated, data_version=result.data_version
    )  # fmt: skip
    known = training.drop_nulls("value")
    if known.is_empty():
        return replace(bare, refused="There is no final day to learn from.")
    context = Context(
        metric, found.shown.name, found.shown.code, Grain.DAY, layer.catalogue.version_of(metric), result.data_version,
        today,
    )  # fmt: skip
    ahead = published_paths(
        layer, store, context, found.shown, training, days=DAYS, draws=DRAWS, seed=SEED, until=filters.period_to
    )
    if ahead.paths is None:
        return replace(bare, refused=ahead.refused, waits=ahead.waits)
    told = replace(bare, paths=ahead.paths, since=ahead.since, made=ahead.made, record=ahead.record)
    known = known.filter(pl.col("date") <= ahead.since)
    return _own(layer, told, known, found.shown) if own else _published(layer, told, known, beds, found.shown)


def _published(layer: Layer, facts: Facts, known: pl.DataFrame, beds: str, shown: Place) -> Facts:
    """Returns the facts with beds of the newest published month, and stays by Little's law."""
    month = _newest(layer, beds, shown, Grain.MONTH, facts.since)
    if month is None:
        return replace(facts, paths=None, refused="No beds are published of it for the time of the forecast.")
    first, occupied, opened = month
    of_month = known.filter(pl.col("date").dt.truncate("1mo") == first)
    if of_month.is_empty() or not (came := _mean(of_month)):
        return replace(facts, paths=None, refused=f"No discharges are held for {first:%B %Y}, the month of its beds.")
    # Discharges have a rhythm of their own, more of them before a weekend: over a week as many come as go.
    paths = facts.paths.without_weekdays() if facts.paths else None
    return replace(
        facts, paths=paths, came=came, stays=geometric_stays(occupied / came), present=occupied, beds=opened,
        stays_words=f"{occupied / came:.1f} nights on average: {occupied:,.0f} beds occupied over {came:,.1f} "
        f"discharges a day in {first:%B %Y} (Little's law); spread as if each night the same share went home",
        present_words=f"{occupied:,.0f} of {opened:,.0f} open, the average of {first:%B %Y}",
    )  # fmt: skip


def _own(layer: Layer, facts: Facts, known: pl.DataFrame, shown: Place) -> Facts:
    """Returns the facts with beds of the last midnight, and stays as they were in the year before."""
    midnight = _newest(layer, OWN[1], shown, Grain.DAY, facts.since)
    asked = Request(
        (OWN[2],), by=("nights",), grain=Grain.DAY, where=filters_of(shown),
        period_from=facts.since - timedelta(days=_YEAR - 1), period_to=facts.since,
    )  # fmt: skip
    counted = layer.ask(asked).frame.drop_nulls(["value", "nights"])
    if midnight is None or counted.is_empty():
        return replace(facts, paths=None, refused="No beds or no stays are held for the time of the forecast.")
    day, occupied, opened = midnight
    stays = stays_of(counted["nights"].cast(pl.Float64).to_numpy(), counted["value"].to_numpy())
    came = _mean(known.tail(_MONTH))
    usual = _usual(layer, shown, facts.since)
    # Day cases follow the week and those who stay hardly do: one share of both would give the beds a rhythm they lack.
    paths = facts.paths.without_weekdays() if facts.paths else None
    return replace(
        facts, paths=paths, came=came, stays=stays, share=usual / (came * stays.mean_nights), present=occupied,
        beds=opened,
        stays_words=f"{stays.mean_nights:.2f} nights on average, as counted for the discharges of the year before",
        present_words=f"{occupied:,.0f} of {opened:,.0f} open at midnight of {day.day} {day:%B %Y}",
    )  # fmt: skip


def _usual(layer: Layer, shown: Place, since: date) -> float:
    """Returns patients in beds at midnight, on average of the last four weeks."""
    asked = Request(
        (OWN[1],), grain=Grain.DAY, where=filters_of(shown), period_from=since - timedelta(days=_MONTH - 1),
        period_to=since,
    )  # fmt: skip
    frame = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value).drop_nulls("numerator")
    return float(np.mean(frame["numerator"].to_numpy())) if frame.height else 0.0


def _newest(layer: Layer, metric: str, shown: Place, grain: Grain, since: date) -> tuple[date, float, float] | None:
    """Returns the newest final period up to a day, with beds occupied and open."""
    asked = Request((metric,), grain=grain, where=filters_of(shown), period_to=since)
    frame = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value)
    held = frame.drop_nulls(["numerator", "denominator"]).sort("period").select("period", "numerator", "denominator")
    return held.row(-1) if held.height else None


def _mean(known: pl.DataFrame) -> float:
    return float(np.mean(known["value"].to_numpy()))


def build(facts: Facts, choices: Choices) -> CapacityView:
    """Returns the days ahead without and with the levers.

    Raises:
        ValueError: there is no forecast.
    """
    if facts.paths is None or facts.stays is None:
        raise ValueError(facts.refused)
    as_now = _beds(facts, Choices(sure=choices.sure))
    changed = _beds(facts, choices) if choices.moved else as_now
    # Without a number of its own, a shift is what the open beds need.
    nurses = choices.nurses or int(np.ceil(changed.capacity / choices.ratio))
    staff = staff_needed(changed.need, choices.ratio)
    return CapacityView(
        facts, choices, facts.paths.starts, as_now, changed, nurses, staff.quantiles(LEVELS),
        staff.ever_exceeds(float(nurses)), _effects(facts, choices, as_now),
    )  # fmt: skip


def _beds(facts: Facts, choices: Choices) -> Against:
    assert facts.paths is not None  # noqa: S101 - build has looked
    assert facts.stays is not None  # noqa: S101
    need = beds_needed(
        facts.paths.times(1 + choices.demand / 100), facts.stays.cut(-choices.stay / 100),
        share=facts.share * (1 + choices.admitted / 100), present=facts.present, seed=SEED,
    )  # fmt: skip
    return Against.of(need, facts.beds + choices.open, levels=LEVELS, sure=choices.sure / 100)


_TRIED: Final = (
    ("Open a ward of 24 beds", Choices(open=24)),
    ("Cut stays by 5%", Choices(stay=-5)),
    ("Admit 5% fewer", Choices(admitted=-5)),
    ("Demand 5% higher", Choices(demand=5)),
)


def _effects(facts: Facts, choices: Choices, as_now: Against) -> tuple[tuple[str, float, float], ...]:
    """Returns usual levers, each alone, with the probability of any short day and the mean of short days."""
    found = [("As it is", as_now.ever, as_now.short)]
    for name, tried in _TRIED:
        beds = _beds(facts, tried)
        found.append((name, beds.ever, beds.short))
    if choices.moved:
        beds = _beds(facts, choices)
        found.append(("What is chosen above", beds.ever, beds.short))
    return tuple(found)
