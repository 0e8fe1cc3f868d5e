"""Messages between systems, hour by hour: sent as patients are moved, held up when a system is down, then caught up."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, log, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.alerts import INTERFACE_FAILING, raise_of_systems
from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, local_days
from sample_data.simulator.estate import AT_SYSTEM, ENGINE, INTERFACE_CODES, INTERFACES, Estate, Interface, estate
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

MESSAGES: Final = np.dtype(
    [
        ("interface", "i1"), ("hour", "i4"), ("sent", "i4"), ("acked", "i4"), ("late", "i4"), ("failed", "i4"),
        ("pending", "i4"), ("retried", "i4"), ("delivered", "i4"), ("queued", "i4"), ("changed", "i4"),
    ]
)  # fmt: skip
"""Messages of one interface that were first sent in one hour."""

FAULT: Final = np.dtype([("interface", "i1"), ("start", "i4"), ("end", "i4"), ("share", "f8")])
"""A time in which an interface fails more often: an expired certificate, a changed code, a full disk."""
_FAULTS_A_YEAR: Final = 1.1

_EDGES: Final = np.array([0.0, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0, 14_400.0, 86_400.0])
"""Seconds at which bins begin; the last one has no upper edge."""
_BINS: Final = len(_EDGES)
_MINUTES_BIN, _HOUR_BIN, _HOURS_BIN = 5, 6, 7  # half a minute to five; to an hour; to four
_COUNT: Final = len(INTERFACES)
_PER: Final = np.array([interface.per for interface in INTERFACES])
_FAILING: Final = np.array([interface.failing for interface in INTERFACES])
_WINDOW_BINS: Final = np.searchsorted(_EDGES, np.array([interface.window * 60.0 for interface in INTERFACES]))
"""The first bin that begins after an interface's window."""
_OUTSIDE: Final = len(AT_SYSTEM)
_CRITICAL: Final = np.array([interface.criticality == "critical" for interface in INTERFACES])
_SOURCE: Final = np.array([_OUTSIDE if each.source is None else AT_SYSTEM[each.source] for each in INTERFACES])
_TARGET: Final = np.array([_OUTSIDE if each.target is None else AT_SYSTEM[each.target] for each in INTERFACES])
_ROUTE: Final = np.array([AT_SYSTEM[ENGINE] if each.through_engine else _OUTSIDE for each in INTERFACES])
_ROUTED_BY: Final = tuple(ENGINE if each.through_engine else "" for each in INTERFACES)
_DOCUMENTS: Final = [INTERFACE_CODES.index(code) for code in ("TOC-FHR", "TOC-MSH")]
_SPREAD: Final = 0.8
_CATCH_UP: Final = 2.5  # times the busiest hour: how much a route carries when it clears a queue
_BY_HOUR: Final = np.array(
    [
        [
            2.5, 2.0, 1.7, 1.5, 1.4, 1.5, 2.0, 3.1, 4.6, 6.0, 6.6, 6.7,
            6.4, 6.2, 6.0, 5.9, 5.9, 5.9, 5.7, 5.2, 4.6, 4.0, 3.3, 2.8,
        ],
        [
            2.2, 2.0, 1.8, 1.8, 2.0, 3.0, 5.6, 6.4, 6.6, 6.8, 6.2, 5.6,
            4.8, 4.8, 5.0, 4.8, 4.8, 5.0, 5.0, 4.6, 4.0, 3.4, 2.6, 2.2,
        ],
        [
            0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.6, 2.4, 6.5, 10.5, 11.5, 11.5,
            8.5, 8.0, 11.0, 11.0, 9.5, 5.0, 1.6, 0.7, 0.4, 0.3, 0.2, 0.2,
        ],
        [
            0.6, 0.5, 0.4, 0.4, 0.3, 0.4, 0.6, 1.4, 3.0, 5.5, 8.5, 9.5,
            8.5, 8.5, 9.5, 10.0, 9.5, 8.0, 5.5, 3.5, 2.3, 1.6, 1.2, 0.8,
        ],
    ]
)  # fmt: skip
_SHARES: Final = _BY_HOUR / _BY_HOUR.sum(axis=1, keepdims=True)


def _speeds() -> Array:
    """Returns the share of each interface's messages in each bin when nothing holds them up: lognormal times."""

    def upto(interface: Interface, edge: float) -> float:
        return 0.5 * (1 + erf(log(edge / interface.seconds) / _SPREAD / sqrt(2)))

    slowest = _HOUR_BIN
    found = np.array([[upto(each, edge) for edge in _EDGES[1 : slowest + 1]] for each in INTERFACES])
    shares = np.zeros((_COUNT, _BINS))
    shares[:, :slowest] = np.diff(found, axis=1, prepend=0.0)
    shares[:, slowest] = np.maximum(0.0, 1 - shares.sum(axis=1))
    return shares


_SPEEDS: Final = _speeds()


@dataclass(frozen=True, slots=True)
class Traffic:
    """A day's messages by interface and hour.

    Attributes:
        blocked: the part of the hour in which the route or the target was down.
        open_queue, queued: messages that wait at the day's beginning, and at each hour's end.
    """

    sent: Array
    failed: Array
    delivered: Array
    open_queue: Array
    queued: Array
    blocked: Array


class Interfaces:
    """Hears "down", "down at the end", "arrived", "in bed", "seen", "left hospital" and "summaries sent".

    Tells nobody.

    Now and then an interface has a fault, and more of its messages fail for some hours.
    What a system sends while it is down is sent when it is back. While the target or the engine is down, messages
    wait, are tried again, and are delivered in order afterwards, no faster than the route can.
    """

    codes: Final[Codes] = {
        "fact_interface_hour.interface_code": INTERFACE_CODES,
        "fact_interface_latency.interface_code": INTERFACE_CODES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has empty queues."""
        del scenario, first
        state["messages"], state["faults"] = np.zeros(0, MESSAGES), np.zeros(0, FAULT)
        state["unsent"] = np.zeros(_COUNT, dtype=np.int64)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Sends, fails, queues and delivers the day's messages."""
        random, day = today.random("interfaces"), today.day
        held = estate(today.scenario.first_day)
        live = held.interfaces_on(day.number)
        waiting = state["messages"]
        traffic = _traffic(today, random, held, _faults(today, live, state, out), state)
        new = _rows(random, day, traffic)[np.repeat(live, len(day.hours))]
        rows, bins = _delivered(random, day, traffic, joined(waiting, new))
        final = rows["pending"] == 0
        _write(out, rows[final])
        state["messages"] = those(rows, ~final)
        interface, number = np.nonzero(bins)
        out.add(
            "fact_interface_latency", len(interface), period=day.number, interface_code=interface, bin=number + 1,
            seconds_from=_EDGES[number], seconds_to=np.append(_EDGES[1:], np.nan)[number],
            messages=bins[interface, number], changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over hours of which messages still wait."""
        del now
        _write(out, state["messages"])


def _traffic(today: Today, random: np.random.Generator, held: Estate, beyond: Array, state: State) -> Traffic:
    """Returns what is sent and delivered, when so many fail `beyond` the usual; an interface's last day clears it."""
    live, ends = held.interfaces_on(today.day.number), held.interface_gone == today.day.number
    hours = np.array(today.day.hours)
    counts = np.array(
        [today.told("arrived")[0], today.told("in bed")[0], len(today.told("seen")), len(today.told("left hospital"))]
    )
    expected = (_PER * counts) @ _SHARES[:, hours] * live[:, None]
    outside = np.zeros((len(hours), 1))
    down = np.concatenate([today.told("down"), outside], axis=1).T
    at_end = np.concatenate([today.told("down at the end"), outside], axis=1).T.astype(np.bool_)
    off = down[_SOURCE]
    blocked = np.maximum(down[_ROUTE], down[_TARGET]) * ~ends[:, None]
    ends_blocked = (at_end[_ROUTE] | at_end[_TARGET]) & ~ends[:, None]
    documents = today.told("summaries sent").T * live[_DOCUMENTS, None]
    sent = random.poisson(expected)
    sent[_DOCUMENTS] = expected[_DOCUMENTS] = documents
    unsent = np.where(live, state["unsent"], 0)
    for hour in range(len(hours)):
        ready = unsent + sent[:, hour]
        sent[:, hour] = np.floor(ready * (1 - off[:, hour]))
        unsent = ready - sent[:, hour]
    state["unsent"] = unsent
    factor = today.by_system(Lever.INTERFACE_FAILURE, _ROUTED_BY) * random.gamma(30.0, 1 / 30.0, _COUNT)
    usual = _FAILING[:, None] * (1 + 4 * blocked) + beyond
    failed = random.binomial(sent, np.minimum(0.9, factor[:, None] * usual))
    route = np.ceil(_CATCH_UP * expected.max(axis=1)) + 5
    waiting = state["messages"]
    opening = np.bincount(waiting["interface"], weights=waiting["pending"], minlength=_COUNT).astype(np.int64)
    queue, net = opening, sent - failed
    delivered, queued = np.zeros_like(sent), np.zeros_like(sent)
    for hour in range(len(hours)):
        part = blocked[:, hour]
        reaches = net[:, hour] - np.where(ends_blocked[:, hour], np.ceil(net[:, hour] * part), 0)
        room = np.where(((queue > 0) & ~ends) | (part > 0), np.floor(route * (1 - part)), np.inf)
        delivered[:, hour] = np.minimum(queue + reaches, room)
        queue = queue + net[:, hour] - delivered[:, hour]
        queued[:, hour] = queue
    return Traffic(sent, failed, delivered, opening, queued, blocked)


def _faults(today: Today, live: Array, state: State, out: Out) -> Array:
    """Returns the share of messages that fail beyond the usual, of each interface and hour."""
    day, random = today.day, today.random("interface faults")
    new = np.zeros(random.poisson(_COUNT * _FAULTS_A_YEAR / 365.25), FAULT)
    new["interface"] = random.integers(0, _COUNT, len(new))
    new["start"] = day.midnight + random.integers(0, day.length, len(new))
    new["end"] = new["start"] + np.exp(random.normal(np.log(130.0), 0.8, len(new))).clip(20, 1500)
    new["share"] = random.uniform(0.12, 0.5, len(new))
    new = new[live[new["interface"]]]
    began, high = new["start"].astype(np.int64), _CRITICAL[new["interface"]]
    raise_of_systems(today, state, out, began, kind=INTERFACE_FAILING, high=high)
    held = joined(state["faults"], new)
    found = np.zeros((_COUNT, len(day.hours)))
    begins = day.midnight + np.arange(len(day.hours)) * 60
    for fault in held:
        inside = np.minimum(fault["end"], begins + 60) - np.maximum(fault["start"], begins)
        found[fault["interface"]] += fault["share"] * np.clip(inside, 0, 60) / 60
    state["faults"] = those(held, held["end"] > day.end)
    return found


def _rows(random: np.random.Generator, day: Day, traffic: Traffic) -> Array:
    """Returns a record for each interface and hour, of which nothing is acknowledged yet."""
    hours = traffic.sent.shape[1]
    rows = np.zeros(_COUNT * hours, MESSAGES)
    rows["interface"] = np.repeat(np.arange(_COUNT), hours)
    rows["hour"] = np.tile(day.midnight + np.arange(hours) * 60, _COUNT)
    for name in ("sent", "failed", "delivered", "queued"):
        rows[name] = getattr(traffic, name).ravel()
    rows["pending"] = rows["sent"] - rows["failed"]
    rows["retried"] = random.poisson(2.2 * rows["failed"]) + rows["queued"]
    rows["changed"] = rows["hour"] + 60
    return rows


def _delivered(random: np.random.Generator, day: Day, traffic: Traffic, rows: Array) -> tuple[Array, Array]:
    """Returns the records with what was acknowledged today, and how many messages fell in each bin."""
    hours = traffic.sent.shape[1]
    at_once = np.zeros((_COUNT, hours), dtype=np.int64)
    bins = np.zeros((_COUNT, _BINS), dtype=np.int64)
    held_up = (traffic.open_queue > 0) | (traffic.queued > 0).any(axis=1)
    for interface in np.flatnonzero(held_up):
        mine = np.flatnonzero(rows["interface"] == interface)
        cohorts = rows[mine]
        when = _in_order(cohorts["pending"].astype(np.int64), traffic.delivered[interface])
        waited = np.arange(hours) - (cohorts["hour"].astype(np.int64)[:, None] - day.midnight) // 60
        at_once[interface] = when[-hours:].diagonal()
        later = np.where(waited > 0, when, 0)
        for number, counts in _by_wait(later, waited):
            bins[interface, number] += counts.sum()
            cohorts["acked" if number < _WINDOW_BINS[interface] else "late"] += counts.astype(np.int32)
        cohorts["pending"] -= when.sum(axis=1).astype(np.int32)
        last = np.where(when > 0, day.midnight + (np.arange(hours) + 1) * 60, 0).max(axis=1)
        cohorts["changed"] = np.maximum(cohorts["changed"], last)
        rows[mine] = cohorts
    smooth = ~held_up
    at_once[smooth] = (traffic.sent - traffic.failed)[smooth]
    slow = random.binomial(at_once, np.minimum(1.0, traffic.blocked))
    quick = random.multinomial(at_once - slow, _SPEEDS[:, None, :])
    slow_bin = np.where(traffic.blocked * 60 > 5, _HOUR_BIN, _MINUTES_BIN)
    np.add.at(quick, (*np.indices(slow.shape), slow_bin), slow)
    bins += quick.sum(axis=1)
    in_time = np.where(np.arange(_BINS) < _WINDOW_BINS[:, None, None], quick, 0).sum(axis=2)
    today = np.flatnonzero(rows["hour"] >= day.midnight)
    place = (rows["interface"][today], (rows["hour"][today] - day.midnight) // 60)
    rows["acked"][today] += in_time[place].astype(np.int32)
    rows["late"][today] += (at_once - in_time)[place].astype(np.int32)
    easy = today[smooth[rows["interface"][today]]]
    rows["pending"][easy] = 0
    return rows, bins


def _in_order(pending: Array, delivered: Array) -> Array:
    """Returns how many messages of each cohort (rows) are delivered in each hour, the longest waiting first."""
    came, went = np.cumsum(pending), np.cumsum(delivered)
    upto = np.minimum(came[:, None], went[None, :])
    since = np.maximum((came - pending)[:, None], (went - delivered)[None, :])
    return np.asarray(np.maximum(0, upto - since))


def _by_wait(later: Array, waited: Array) -> tuple[tuple[int, Array], ...]:
    """Returns, bin by bin, how many of each cohort waited so long; of the next hour's, half less than an hour."""
    soon = np.where(waited == 1, later, 0).sum(axis=1)
    hours = np.where((waited > 1) & (waited <= 4), later, 0).sum(axis=1)
    day = np.where((waited > 4) & (waited <= 24), later, 0).sum(axis=1)
    longer = np.where(waited > 24, later, 0).sum(axis=1)
    return ((_HOUR_BIN, soon // 2), (_HOURS_BIN, soon - soon // 2 + hours), (_HOURS_BIN + 1, day), (_BINS - 1, longer))


def _write(out: Out, rows: Array) -> None:
    out.add(
        "fact_interface_hour", len(rows), interface_code=rows["interface"], hour_at=rows["hour"],
        hour_on=local_days(rows["hour"]), sent=rows["sent"], acked=rows["acked"], late=rows["late"],
        failed=rows["failed"], pending=rows["pending"], retried=rows["retried"], delivered=rows["delivered"],
        queued=rows["queued"], changed_at=rows["changed"],
    )  # fmt: skip
