"""Changes of the digital systems: committed, waiting for a release, live, now and then failing and mended."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import local_days
from sample_data.simulator.estate import SYSTEM_CODES, SYSTEMS
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

ITEM: Final = np.dtype(
    [("id", "i8"), ("system", "i1"), ("fix", "?"), ("committed", "i4"), ("ready", "i4"), ("live", "i4"), ("by", "i8")]
)
DEPLOYMENT: Final = np.dtype(
    [("id", "i8"), ("system", "i1"), ("fix", "?"), ("at", "i4"), ("items", "i4"), ("failed", "?"), ("restored", "i4")]
)
_RELEASES: Final = np.array([system.releases for system in SYSTEMS])
_ITEMS: Final = 2.6  # changes for one release
_REVIEW: Final = 1900.0  # mean minutes from commit to ready
_FAILS: Final = 0.04
_FAILS_MORE: Final = 0.022  # for each change in it: large releases fail more often
_MENDED_IN: Final = 68.0  # median minutes
_LAST_DAY: Final = 3  # nobody releases on a Friday


class Releases:
    """The part of `Systems` that changes them."""

    codes: Final[Codes] = {
        "fact_deployment.system_code": SYSTEM_CODES,
        "fact_deployment.kind": ("release", "fix"),
        "fact_work_item.system_code": SYSTEM_CODES,
        "fact_work_item.kind": ("feature", "fix"),
    }

    @staticmethod
    def begin(state: State) -> None:
        """Has nothing to release."""
        state["work items"], state["deployments"] = np.zeros(0, ITEM), np.zeros(0, DEPLOYMENT)

    @staticmethod
    def step(today: Today, in_use: Array, state: State, out: Out) -> Array:
        """Commits and releases; returns today's releases, with those that failed and until when."""
        day, random = today.day, today.random("releases")
        new = np.zeros(0, DEPLOYMENT)
        if day.is_working:
            state["work items"] = joined(state["work items"], _committed(today, random, in_use, state))
        if day.is_working and day.weekday <= _LAST_DAY:
            system = np.repeat(np.arange(len(SYSTEMS)), random.poisson(_RELEASES / (_LAST_DAY + 1)) * in_use)
            at = day.instant(random.integers(9 * 60 + 30, 16 * 60 + 30, len(system)))
            order = np.argsort(at, kind="stable")
            new = _released(random, system[order], at[order], state)
        held, items = joined(state["deployments"], new, _fixes(random, new, state)), state["work items"]
        done = np.where(held["failed"], held["restored"], held["at"]) < day.end
        _write_deployments(out, held[done], held["restored"][done])
        state["deployments"] = those(held, ~done)
        live = (items["live"] != NONE) & (items["live"] < day.end)
        _write_items(out, items[live], items["live"][live])
        state["work items"] = those(items, ~live)
        return new

    @staticmethod
    def open_rows(state: State, out: Out, now: int) -> None:
        """Hands over failed releases that are not mended, and changes that are not live yet."""
        begun = state["deployments"]
        begun = begun[begun["at"] <= now]
        _write_deployments(out, begun, np.where(begun["restored"] <= now, begun["restored"], NONE))
        items = state["work items"]
        items = items[items["committed"] <= now]
        _write_items(out, items, np.where(items["live"] <= now, items["live"], NONE))


def _committed(today: Today, random: np.random.Generator, in_use: Array, state: State) -> Array:
    rate = _RELEASES * _ITEMS / 5
    system = np.repeat(np.arange(len(SYSTEMS)), random.poisson(rate) * in_use)
    items = np.zeros(len(system), ITEM)
    at = today.day.instant(random.integers(9 * 60, 18 * 60, len(system)))
    order = np.argsort(at, kind="stable")
    items["system"], items["committed"] = system[order], at[order]
    items["ready"] = items["committed"] + 60 + random.exponential(_REVIEW, len(items)).astype(np.int64)
    items["fix"] = random.random(len(items)) < 0.25
    items["id"], items["live"], items["by"] = state.numbers("work item", len(items)), NONE, NONE
    return items


def _released(random: np.random.Generator, system: Array, at: Array, state: State) -> Array:
    """Returns releases of what is ready; a release without changes does not take place."""
    items = state["work items"]
    found = np.zeros(len(system), DEPLOYMENT)
    found["system"], found["at"], found["restored"] = system, at, NONE
    taken = []
    for one in range(len(found)):
        with_it = (items["system"] == system[one]) & (items["ready"] < at[one]) & (items["live"] == NONE)
        items["live"][with_it] = at[one]
        found["items"][one] = with_it.sum()
        taken.append(with_it)
    real = found["items"] > 0
    found["id"][real] = state.numbers("deployment", int(real.sum()))
    for with_it, number in zip(taken, found["id"], strict=True):
        items["by"][with_it] = number
    found["failed"] = random.random(len(found)) < _FAILS + _FAILS_MORE * found["items"]
    mended = np.exp(random.normal(np.log(_MENDED_IN), 0.9, len(found))).clip(6, 3000).astype(np.int64)
    found["restored"] = np.where(found["failed"], found["at"] + mended, NONE)
    return found[real]


def _fixes(random: np.random.Generator, released: Array, state: State) -> Array:
    """Returns the deployments that mend the failed ones, each with the change that does it."""
    failed = released[released["failed"]]
    fixes, items = np.zeros(len(failed), DEPLOYMENT), np.zeros(len(failed), ITEM)
    for rows in (fixes, items):
        rows["system"], rows["fix"] = failed["system"], True
    fixes["id"], fixes["at"] = state.numbers("deployment", len(fixes)), failed["restored"]
    fixes["items"], fixes["restored"] = 1, NONE
    passed = (failed["restored"] - failed["at"]) * random.uniform(0.3, 0.8, len(failed))
    items["committed"] = items["ready"] = failed["at"] + passed.astype(np.int64)
    items["id"], items["live"], items["by"] = state.numbers("work item", len(items)), fixes["at"], fixes["id"]
    state["work items"] = joined(state["work items"], items)
    return fixes


def _write_deployments(out: Out, rows: Array, restored: Any) -> None:
    known = restored != NONE
    out.add(
        "fact_deployment", len(rows), deployment_id=rows["id"], system_code=rows["system"],
        kind=rows["fix"].astype(np.int64), deployed_on=local_days(rows["at"]), deployed_at=rows["at"],
        work_items=rows["items"], failed=rows["failed"].astype(np.int64), restored_at=restored,
        restore_minutes=np.where(known, restored - rows["at"], NONE),
        changed_at=np.where(known, restored, rows["at"]),
    )  # fmt: skip


def _write_items(out: Out, rows: Array, live: Any) -> None:
    known = live != NONE
    days = np.full(len(rows), NONE, dtype=np.int64)
    days[known] = local_days(live[known])
    out.add(
        "fact_work_item", len(rows), work_item_id=rows["id"], system_code=rows["system"],
        kind=rows["fix"].astype(np.int64), committed_on=local_days(rows["committed"]), committed_at=rows["committed"],
        deployed_on=days, deployed_at=live, deployment_id=np.where(known, rows["by"], NONE),
        lead_minutes=np.where(known, live - rows["committed"], NONE),
        changed_at=np.where(known, live, rows["committed"]),
    )  # fmt: skip
