"""Digital systems by day: what is released, what fails and is mended, what is down when."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.alerts import SYSTEM_DOWN, raise_of_systems
from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, local_days, number_of
from sample_data.simulator.estate import (
    CRITICALITIES,
    INTERFACE_CODES,
    INTERFACES,
    STANDARDS,
    SYSTEM_CODES,
    SYSTEMS,
    Estate,
    estate,
)
from sample_data.simulator.records import joined, those
from sample_data.simulator.releases import Releases
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

OUTAGE: Final = np.dtype(
    [
        ("id", "i8"),
        ("system", "i1"),
        ("planned", "?"),
        ("cause", "i1"),
        ("deployment", "i8"),
        ("start", "i4"),
        ("end", "i4"),
    ]
)
CAUSES: Final = ("maintenance", "release", "infrastructure", "network", "supplier")
MAINTENANCE, RELEASE, INFRASTRUCTURE, NETWORK, SUPPLIER = range(len(CAUSES))
_COUNT: Final = len(SYSTEMS)
_CRITICALITY: Final = np.array([CRITICALITIES.index(system.criticality) for system in SYSTEMS])
_A_YEAR: Final = np.array([system.outages for system in SYSTEMS])
_HOURS: Final = np.array([system.hours for system in SYSTEMS])
_NETWORK_A_YEAR: Final = 1.4
_HIT: Final = 0.6  # of the systems, when the network fails
_TAKES_DOWN: Final = 0.35  # of the failed releases


class Systems:
    """Tells "down" and "down at the end". Early in the day: others feel it.

    "down": of each hour of the day and each system, the part of the hour in which it is not available. "down at the
    end": whether it is in the hour's last minute.
    """

    codes: Final[Codes] = {
        **{
            f"{table}.{name}": texts
            for table in ("fact_outage", "fact_system_day", "fact_system_month")
            for name, texts in (("system_code", SYSTEM_CODES), ("criticality", CRITICALITIES))
        },
        "fact_outage.cause": CAUSES,
        "fact_interface_month.interface_code": INTERFACE_CODES,
        "fact_interface_month.standard": STANDARDS,
        **Releases.codes,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has nothing down, and nothing to release."""
        del scenario, first
        state["outages"] = np.zeros(0, OUTAGE)
        Releases.begin(state)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Releases, fails, mends; hands over what is over, the day's availability and the month's estate."""
        day, held = today.day, estate(today.scenario.first_day)
        in_use = held.systems_on(day.number)
        released = Releases.step(today, in_use, state, out)
        new = _new(today, in_use, released, state)
        bad = new[~new["planned"]]
        began, high = bad["start"].astype(np.int64), _CRITICALITY[bad["system"]] == 0
        raise_of_systems(today, state, out, began, kind=SYSTEM_DOWN, high=high)
        outages = joined(state["outages"], new)
        planned, unplanned = (_minutes(day, outages[outages["planned"] == kind]) for kind in (True, False))
        _tell(today, planned | unplanned)
        _availability(day, in_use, planned, unplanned, out)
        over = outages["end"] < day.end
        _write(out, outages[over], ended=outages["end"][over])
        state["outages"] = those(outages, ~over)
        if day.is_month_end:
            _month(day, held, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over what is down now, and changes that are not live yet."""
        _write(out, state["outages"], ended=NONE)
        Releases.open_rows(state, out, now)


def _new(today: Today, in_use: Array, released: Array, state: State) -> Array:
    """Returns the outages that begin today."""
    day, random = today.day, today.random("outages")
    rate = _A_YEAR / 365.25 * (1.15 if day.is_working else 0.63)
    single = np.repeat(np.arange(_COUNT), random.poisson(rate) * in_use)
    hit = random.random() < _NETWORK_A_YEAR / 365.25
    network = np.flatnonzero((random.random(_COUNT) < _HIT) & in_use & hit)
    # The first Sunday of the month is the night of maintenance: each system has its turn in three.
    sunday = day.weekday == 6 and day.date.day <= 7
    turn = (np.arange(_COUNT) + day.date.month) % 3 == 0
    upkeep = np.flatnonzero(turn & in_use & sunday)
    broken = released[released["failed"] & (random.random(len(released)) < _TAKES_DOWN)]
    new = np.zeros(len(single) + len(network) + len(upkeep) + len(broken), OUTAGE)
    kinds = [len(single), len(network), len(upkeep), len(broken)]
    new["system"] = np.concatenate([single, network, upkeep, broken["system"]])
    new["cause"] = np.repeat([INFRASTRUCTURE, NETWORK, MAINTENANCE, RELEASE], kinds)
    from_supplier = random.random(len(single)) < 0.45
    new["cause"][: len(single)][from_supplier] = SUPPLIER
    new["planned"] = new["cause"] == MAINTENANCE
    new["deployment"] = NONE
    by_day = np.where(
        random.random(len(single)) < 0.7, random.integers(420, 1140, len(single)), random.integers(0, 1380, len(single))
    )
    together = random.integers(0, 1300)
    clock = np.concatenate([by_day, np.full(len(network), together), np.full(len(upkeep), 150)]).astype(np.int64)
    usual = len(single) + len(network) + len(upkeep)
    new["start"][:usual] = day.instant(clock)
    long = np.exp(random.normal(np.log(42.0), 1.0, len(single))).clip(4, 900)
    shared = float(np.exp(random.normal(np.log(35.0), 0.5)).clip(8, 180))
    lasts = np.concatenate(
        [long, shared * random.uniform(0.9, 1.3, len(network)), random.integers(45, 130, len(upkeep))]
    )
    new["end"][:usual] = new["start"][:usual] + lasts.astype(np.int64)
    new["start"][usual:], new["end"][usual:] = broken["at"], broken["restored"]
    new["deployment"][usual:] = broken["id"]
    new = new[np.argsort(new["start"], kind="stable")]
    new["id"] = state.numbers("outage", len(new))
    return new


def _minutes(day: Day, outages: Array) -> Array:
    """Returns, of each system and each minute of the day, whether an outage covers it."""
    found = np.zeros((_COUNT, day.length), dtype=np.bool_)
    for each in outages:
        found[each["system"], max(0, each["start"] - day.midnight) : max(0, each["end"] - day.midnight)] = True
    return found


def _tell(today: Today, down: Array) -> None:
    by_hour = down.reshape(_COUNT, -1, 60)
    today.tell("down", np.ascontiguousarray(by_hour.mean(axis=2).T))
    today.tell("down at the end", np.ascontiguousarray(by_hour[:, :, -1].T))


def _availability(day: Day, in_use: Array, planned: Array, unplanned: Array, out: Out) -> None:
    edge = (24 - _HOURS) * 30
    minute = np.arange(day.length)
    wanted = (minute >= edge[:, None]) & (minute < day.length - edge[:, None])
    at = np.flatnonzero(in_use)
    out.add(
        "fact_system_day", len(at), period=day.number, system_code=at, criticality=_CRITICALITY[at],
        scheduled_min=(wanted & ~planned).sum(axis=1)[at], planned_down_min=(wanted & planned).sum(axis=1)[at],
        unplanned_down_min=(wanted & unplanned & ~planned).sum(axis=1)[at], changed_at=day.end,
    )  # fmt: skip


def _month(day: Day, held: Estate, out: Out) -> None:
    period = number_of(day.month)
    in_use = held.systems_on(day.number)
    out.add(
        "fact_system_month", _COUNT, period=period, system_code=np.arange(_COUNT), criticality=_CRITICALITY,
        in_use=in_use.astype(np.int64), unsupported=(in_use & (held.support < day.number)).astype(np.int64),
        changed_at=day.end,
    )  # fmt: skip
    live = held.interfaces_on(day.number)
    fhir = np.array([interface.is_fhir for interface in INTERFACES])
    standard = np.array([STANDARDS.index(interface.standard) for interface in INTERFACES])
    out.add(
        "fact_interface_month", len(INTERFACES), period=period, interface_code=np.arange(len(INTERFACES)),
        standard=standard, live=live.astype(np.int64), live_fhir=(live & fhir).astype(np.int64), changed_at=day.end,
    )  # fmt: skip


def _write(out: Out, outages: Array, *, ended: Any) -> None:
    over = np.asarray(ended) != NONE
    out.add(
        "fact_outage", len(outages), outage_id=outages["id"], system_code=outages["system"],
        criticality=_CRITICALITY[outages["system"]], is_planned=outages["planned"].astype(np.int64),
        cause=outages["cause"], deployment_id=outages["deployment"], started_on=local_days(outages["start"]),
        started_at=outages["start"], ended_at=ended,
        minutes=np.where(over, outages["end"] - outages["start"], NONE),
        changed_at=np.where(over, outages["end"], outages["start"]),
    )  # fmt: skip
