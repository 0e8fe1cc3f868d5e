"""A waiting list: how it is worked, what becomes of it, and what it would take to meet a standard by a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.waiting_list_choices import ALL_SERVICES, Choices, month_ends, quarter_ends, weeks_to
from metrics.catalogue import Catalogue
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Status
from models.demand_paths import Floats
from models.queueing import Balance, balance
from models.waiting_list import WITHIN, Flows, Levers, Needed, Projection, capacity_needed, project
from models.waiting_list_calibration import Calibration, UncalibratedError, calibrate, month_end
from models.waiting_list_flows import flows_ahead
from models.waiting_list_later import Count, brought_up

PUBLISHED: Final = "rtt_list_by_week"
OWN: Final = "local_rtt_list_by_week"
FLOWS: Final = ("rtt_waiting_list", "rtt_clock_starts", "rtt_clock_stops")
OWN_FLOWS: Final = ("local_rtt_list", "local_rtt_clock_starts", "local_rtt_clock_stops")
LEVELS: Final = (0.1, 0.5, 0.9)
REVERSE_DRAWS: Final = 250


@dataclass(frozen=True, slots=True)
class Month:
    """A list as it was counted at a month's end."""

    on: date
    size: float
    within: float

    @property
    def share(self) -> float:
        """Returns the share of less than 18 weeks."""
        return self.within / self.size if self.size else 1.0


@dataclass(frozen=True, slots=True)
class Reported:
    """Starts and stops as reported for one month, and what left the list without either."""

    month: date
    starts: float
    stops: float
    unreported: float
    monthly_share: float


@dataclass(frozen=True, slots=True)
class Learned:
    """A list and its ways.

    Attributes:
        calibration: None where the list cannot be learned from, which `refused` explains.
        history: the lists held, oldest first.
        since: lists of later months, of which the weeks waited are not held: the outlook starts from the last.
        reported: None where no month has starts and stops and the list before it.
        scaled: the newest list covers more than those learned from.
    """

    reach: Reach
    metric: str
    service: str
    service_name: str
    calibration: Calibration | None
    refused: str
    history: tuple[Month, ...]
    since: tuple[Month, ...] = ()
    reported: Reported | None = None
    notes: tuple[str, ...] = ()
    data_version: str = ""

    @property
    def scaled(self) -> bool:
        return self.calibration is not None and self.calibration.scale != 1.0

    @property
    def newest(self) -> Month:
        """Returns the newest list of which anything is known."""
        return (self.since or self.history)[-1]

    @property
    def name(self) -> str:
        """Returns the list's name in a sentence: 'Trauma & Orthopaedics, Barts Health NHS Trust'."""
        return f"{self.service_name}, {self.reach.shown.name}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A projected list by week: the middle and the 80 % interval, and the probability of the standard.

    Attributes:
        size, share, long: quantiles 10 %, 50 % and 90 %, 3 x (weeks + 1).
        meets: probability, by week, of the chosen standard; `at` gives that of any.
    """

    projection: Projection
    size: Floats
    share: Floats
    long: Floats
    meets: Floats

    def day(self, week: int) -> date:
        """Returns the day on which a week ends."""
        return self.projection.day(week)

    def at(self, week: int, standard: float) -> float:
        """Returns the probability that the share of less than 18 weeks is at least the standard."""
        return float(self.projection.meets(standard)[week])


@dataclass(frozen=True, slots=True)
class ListView:
    """Everything on the page of one list.

    Attributes:
        by, weeks: the day by which the standard is wanted, and how many weeks after the list it is.
        since, from_week: the day from which the levers hold, likewise.
        as_now: the list when nothing is done differently.
        changed: the list with the levers; the same as `as_now` when none is moved.
        unseen: the list as it was to be at the newest count, from the list by weeks waited alone; None where that is
            the newest.
        needed: extra treatments a week for the standard by the date.
        balance: what the formulae of queues say.
    """

    learned: Learned
    choices: Choices
    by: date
    since: date
    weeks: int
    from_week: int
    as_now: Outlook
    changed: Outlook
    unseen: Outlook | None
    needed: Needed
    balance: Balance


def offered_services(catalogue: Catalogue) -> bool:
    """Returns whether lists are held by service."""
    return PUBLISHED in catalogue.metrics or OWN in catalogue.metrics


def learn(layer: Layer, places: Places, filters: Filters, names: Mapping[str, str]) -> Learned:
    """Returns the list of the chosen organisation and service, and how it is worked.

    Args:
        layer: what answers.
        places: all organisations.
        filters: organisation, last month, and the service (the first chosen; none for all).
        names: treatment function code to name.
    """
    place = places.by_code[filters.organisation]
    metric = OWN if place.own_records else PUBLISHED
    found = reach(layer.catalogue, layer.catalogue.metric(metric), place, places)
    service = filters.services[0] if filters.services else ""
    service_name = names.get(service, service) if service else ALL_SERVICES
    where = filters_of(found.shown, (service,) if service else ())
    compared = () if metric == OWN else (Filter("commissioning", ("english",)),)
    request = Request((metric,), by=("weeks_waited",), grain=Grain.MONTH, period_to=filters.period_to,
                      where=(*where, *compared))  # fmt: skip
    result = layer.ask(request)
    lists = _lists(result.frame)
    calibration, refused, reported = None, "", None
    try:
        reported = _reported(layer, metric, found.shown, filters.period_to)
        stops = reported.monthly_share / _WEEKS_A_MONTH if reported else 0.0
        calibration = calibrate(lists, other_stops=stops, not_compared=_not_compared(layer.catalogue, metric, found))
    except UncalibratedError as error:
        refused = str(error)
    history = _history(lists)
    since = () if service or not history else _since(layer, metric, where, filters.period_to, history[-1])
    notes = tuple(dict.fromkeys(note.text for note in result.notes))
    return Learned(found, metric, service, service_name, calibration, refused, history, since, reported, notes,
                   result.data_version)  # fmt: skip


_WEEKS_A_MONTH: Final = 365.25 / 12 / 7


def _lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns `period`, `weeks` and `pathways` of final months."""
    final = frame.filter(pl.col("status") == Status.FINAL.value, pl.col("value").is_not_null())
    return final.select("period", weeks=pl.col("weeks_waited").cast(pl.Int64), pathways="value")


def _history(lists: pl.DataFrame) -> tuple[Month, ...]:
    held: dict[date, list[float]] = {}
    for period, weeks, pathways in lists.iter_rows():
        both = held.setdefault(period, [0.0, 0.0])
        both[0] += pathways
        both[1] += pathways if weeks < WITHIN else 0.0
    return tuple(Month(month_end(period), *held[period]) for period in sorted(held))


def _not_compared(catalogue: Catalogue, metric: str, found: Reach) -> tuple[date, ...]:
    change = catalogue.model_of(catalogue.metric(metric)).scope_change
    return (change.from_day,) if change and found.shown.level in change.levels else ()


def _reported(layer: Layer, metric: str, shown: Place, period_to: date | None) -> Reported | None:
    """Returns the newest month whose list, starts, stops and list before are all final."""
    size, starts, stops = OWN_FLOWS if metric == OWN else FLOWS
    if not {size, starts, stops} <= set(layer.catalogue.metrics):
        return None
    asked = Request((size, starts, stops), grain=Grain.MONTH, where=filters_of(shown), period_to=period_to)
    values: dict[str, dict[date, float]] = {size: {}, starts: {}, stops: {}}
    final = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value).drop_nulls("value")
    for name, period, value in final.select("metric", "period", "value").iter_rows():
        values[name][period] = value
    for month in sorted(values[starts], reverse=True):
        before = next((each for each in values[size] if (month_end(each) - month).days == -1), None)
        if before is None or month not in values[size] or month not in values[stops] or not values[size][before]:
            continue
        left = values[size][before] + values[starts][month] - values[stops][month] - values[size][month]
        share = max(left, 0.0) / values[size][before]
        return Reported(month, values[starts][month], values[stops][month], left, share)
    return None


def _since(
    layer: Layer, metric: str, where: tuple[Filter, ...], period_to: date | None, newest: Month
) -> tuple[Month, ...]:
    """Returns later lists of all services, where the same month's list is the same by both publications."""
    if metric == OWN:
        return ()
    asked = Request(("rtt_within_18_weeks",), grain=Grain.MONTH, where=where, period_to=period_to)
    frame = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value).drop_nulls("denominator")
    months = [
        Month(month_end(period), denominator, numerator)
        for period, numerator, denominator in frame.select("period", "numerator", "denominator").iter_rows()
    ]
    same = next((each for each in months if each.on == newest.on), None)
    if same is None or abs(same.size - newest.size) > 0.01 * newest.size:
        return ()
    return tuple(each for each in months if each.on > newest.on)


def build(learned: Learned, choices: Choices, today: date) -> ListView:
    """Returns the projection for what was chosen, and what the standard would need.

    Args:
        learned: a list with a calibration.
        choices: standard, date, levers.
        today: the day from which levers hold unless said otherwise.

    Raises:
        ValueError: the list was not learned from.
    """
    calibration = learned.calibration
    if calibration is None:
        raise ValueError(learned.refused)
    unseen = None
    if learned.since:
        there = weeks_to(calibration.start.on, learned.since[-1].on)
        unseen = _outlook(project(calibration.start, flows_ahead(calibration, there)), choices.standard)
        calibration = brought_up(calibration, [Count(each.on, each.size, each.within) for each in learned.since])
    on = calibration.start.on
    by, since = choices.days(on, today)
    weeks, from_week = weeks_to(on, by), weeks_to(on, since)
    flows = flows_ahead(calibration, weeks)
    levers = Levers(
        referrals=1 + choices.referrals / 100,
        extra=float(choices.extra),
        extra_longest_first=choices.longest / 100,
        validation=choices.validation / 100 / _WEEKS_A_MONTH,
        from_week=from_week,
    )
    as_now = _outlook(project(calibration.start, flows), choices.standard)
    changed = as_now if not choices.moved else _outlook(project(calibration.start, flows, levers), choices.standard)
    needed = capacity_needed(
        calibration.start, _fewer(flows), levers, share=choices.standard, week=weeks, probability=choices.sure
    )
    size = float(calibration.start.waiting.sum())
    found = balance(size, calibration.referrals, calibration.removals, share=0.92)
    return ListView(learned, choices, by, since, weeks, from_week, as_now, changed, unseen, needed, found)


def _fewer(flows: Flows) -> Flows:
    return flows.first(REVERSE_DRAWS)


def _outlook(projection: Projection, standard: float) -> Outlook:
    size, share, long = (
        np.quantile(each, LEVELS, axis=0) for each in (projection.size, projection.share, projection.long)
    )
    return Outlook(projection, size, share, long, projection.meets(standard))


__all__ = ["Learned", "ListView", "build", "learn", "month_ends", "quarter_ends"]
