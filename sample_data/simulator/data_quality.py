"""How good the recorded data are, by month, and what a quarter's time-and-motion samples find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.estate import AT_SYSTEM, INTERFACE_CODES, estate
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import ADMINISTRATIVE
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES

Array = npt.NDArray[Any]

DATASETS: Final = ("admitted", "outpatient", "emergency")
ADMITTED, OUTPATIENT, EMERGENCY = range(len(DATASETS))
_SOURCES: Final = np.array([AT_SYSTEM[code] for code in ("EPR", "PAS", "EDS")])
_STORE: Final = AT_SYSTEM["DWH"]
_WORST: Final = 3.0  # hours down in a day, after which nothing is submitted
_FORGOTTEN: Final = 0.003  # of submissions


@dataclass(frozen=True, slots=True)
class Item:
    """A data item: the shares of valid values and of defaults, and the share of defaults that is expected.

    `moved` names a system whose work another one takes over: data are worse for a while after that.
    """

    dataset: int
    name: str
    valid: float
    default: float = 0.0
    threshold: float = 0.0
    moved: str = ""


ITEMS: Final = (
    Item(ADMITTED, "NHS number", 0.994),
    Item(ADMITTED, "Postcode of usual address", 0.997),
    Item(ADMITTED, "Ethnic category", 0.955, 0.062, 0.05),
    Item(ADMITTED, "General practice", 0.986, 0.014, 0.02),
    Item(ADMITTED, "Primary diagnosis", 0.972),
    Item(ADMITTED, "Primary procedure", 0.978, moved="THEA"),
    Item(ADMITTED, "Consultant code", 0.988),
    Item(OUTPATIENT, "NHS number", 0.996),
    Item(OUTPATIENT, "Postcode of usual address", 0.998),
    Item(OUTPATIENT, "Ethnic category", 0.915, 0.088, 0.05),
    Item(OUTPATIENT, "General practice", 0.984, 0.012, 0.02),
    Item(OUTPATIENT, "Outcome of attendance", 0.968),
    Item(OUTPATIENT, "Source of referral", 0.961, 0.048, 0.04),
    Item(EMERGENCY, "NHS number", 0.962),
    Item(EMERGENCY, "Postcode of usual address", 0.984),
    Item(EMERGENCY, "Ethnic category", 0.872, 0.125, 0.08),
    Item(EMERGENCY, "Chief complaint", 0.951),
    Item(EMERGENCY, "Diagnosis", 0.884),
    Item(EMERGENCY, "Clinical acuity", 0.967),
    Item(EMERGENCY, "Discharge destination", 0.934),
)
_NAMES: Final = tuple(dict.fromkeys(item.name for item in ITEMS))
_OF: Final = np.array([item.dataset for item in ITEMS])
_VALID: Final = np.array([item.valid for item in ITEMS])
_DEFAULT: Final = np.array([item.default for item in ITEMS])
_THRESHOLD: Final = np.array([item.threshold for item in ITEMS])
_IMPROVES: Final = 0.05  # of what is missing, a year
_NEW_SYSTEM: Final = 1.6  # times as much more is missing at first
_SETTLED_IN: Final = 70.0


class DataQuality:
    """Hears "seen", "arrived", "left hospital", "day cases", "down" and "present". Tells nobody."""

    codes: Final[Codes] = {"fact_dq_month.dataset": DATASETS, "fact_dq_month.data_item": _NAMES}

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has counted nothing."""
        del scenario, first
        state["dq records"], state["dq expected"] = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
        state["dq submitted"], state["dq hours down"] = np.zeros(3, dtype=np.int64), np.zeros(3)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Counts records and submissions; hands over the month's on its last day."""
        day, random = today.day, today.random("data quality")
        if day.date.day == 1:
            for name in ("dq records", "dq expected", "dq submitted", "dq hours down"):
                state[name] = np.zeros_like(state[name])
        left = len(today.told("left hospital")) + len(today.told("day cases"))
        state["dq records"] = state["dq records"] + [left, len(today.told("seen")), int(today.told("arrived")[0])]
        hours = today.told("down").sum(axis=0)
        state["dq hours down"] = state["dq hours down"] + hours[_SOURCES]
        # Emergency care is sent every day, the others on working days.
        due = np.array([day.is_working, day.is_working, True])
        fails = (hours[_SOURCES] + hours[_STORE] > _WORST) | (random.random(3) < _FORGOTTEN)
        state["dq expected"] = state["dq expected"] + due
        state["dq submitted"] = state["dq submitted"] + (due & ~fails)
        if day.is_month_end:
            _month(today, random, state, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a month that still runs is not reported."""


def _month(today: Today, random: np.random.Generator, state: State, out: Out) -> None:
    day = today.day
    gone = estate(today.scenario.first_day).system_gone
    years = (day.number - number_of(today.scenario.first_day)) / 365.25
    since = np.array([day.number - gone[AT_SYSTEM[item.moved]] if item.moved else -1 for item in ITEMS])
    new = np.where(since >= 0, 1 + _NEW_SYSTEM * np.exp(-np.maximum(since, 0) / _SETTLED_IN), 1.0)
    down = state["dq hours down"][_OF] / (24 * day.date.day)
    short = float(today.told("present")[ADMINISTRATIVE]) ** -2
    shift = np.exp(random.normal(0.0, 0.05, len(ITEMS))) * (1 - _IMPROVES) ** years * new * (1 + 8 * down) * short
    records = state["dq records"][_OF]
    valid = random.binomial(records, 1 - np.minimum(0.9, (1 - _VALID) * shift))
    default = random.binomial(valid, np.minimum(0.5, _DEFAULT * shift))
    excess = np.maximum(0, np.floor(default - _THRESHOLD * records)).astype(np.int64)
    out.add(
        "fact_dq_month", len(ITEMS), period=number_of(day.month), dataset=_OF,
        data_item=np.array([_NAMES.index(item.name) for item in ITEMS]), records_n=records, valid_complete_n=valid,
        default_n=default, default_threshold=_THRESHOLD, excess_default_n=excess,
        periods_expected=state["dq expected"][_OF], periods_submitted=state["dq submitted"][_OF], changed_at=day.end,
    )  # fmt: skip


TASKS: Final = ("book", "reschedule", "type_letter", "code_referral", "outcome_form")
BOOK, RESCHEDULE, TYPE_LETTER, CODE_REFERRAL, OUTCOME_FORM = range(len(TASKS))
_A_VISIT: Final = np.array([1.24, 0.30, 0.82, 0.33, 1.0])
_MINUTES: Final = np.array([6.5, 8.0, 14.0, 9.0, 3.5])
_REKEYED: Final = np.array([0.24, 0.20, 0.30, 0.55, 0.34])
_OBSERVED: Final = 48
_SPREAD: Final = 2.2  # shape of the gamma distribution of an item's minutes
_PORTAL: Final = 0.62  # what is left of typing bookings again once the app has them from the record
_CLINICS: Final = np.array([at for at, service in enumerate(SERVICES) if service.referrals > 0])


class AdminTasks:
    """Hears "seen". Tells nobody. Minutes of typing follow what shortens letters."""

    codes: Final[Codes] = {
        "fact_admin_task_sample.task": TASKS,
        "fact_admin_task_sample.service_code": tuple(service.code for service in SERVICES),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has counted nothing."""
        del scenario, first
        state["quarter visits"] = np.zeros(len(SERVICES), dtype=np.int64)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Counts visits; takes the quarter's samples on its last day."""
        day = today.day
        if day.date.day == 1 and day.date.month % 3 == 1:
            state["quarter visits"] = np.zeros(len(SERVICES), dtype=np.int64)
        visits = np.bincount(today.told("seen")["service"], minlength=len(SERVICES))
        state["quarter visits"] = state["quarter visits"] + visits
        if day.is_month_end and day.date.month % 3 == 0:
            _sample(today, state["quarter visits"], out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""


def _sample(today: Today, visits: Array, out: Out) -> None:
    day, random = today.day, today.random("admin tasks")
    service, task = (index.ravel() for index in np.meshgrid(_CLINICS, np.arange(len(TASKS)), indexing="ij"))
    letters = today.by_service(Lever.LETTER_TIME)[service]
    usual = _MINUTES[task] * (0.88 + 0.02 * (service * 5 % 13))
    mean = usual * np.where(task == TYPE_LETTER, letters, 1.0)
    by_app = estate(today.scenario.first_day).interfaces_on(day.number)[INTERFACE_CODES.index("APP-PAT")]
    again = _REKEYED[task] * np.where(task == TYPE_LETTER, letters, 1.0)
    again = again * np.where((task == BOOK) & by_app, _PORTAL, 1.0)
    items = random.poisson(_OBSERVED, len(task)) + 5
    minutes = random.gamma(items * _SPREAD, mean / _SPREAD).round(1)
    quarter = day.date.replace(month=day.date.month - 2, day=1)
    out.add(
        "fact_admin_task_sample", len(task), period=number_of(quarter), task=task, service_code=service,
        sampled_on=day.number, items=items, rekeyed_items=random.binomial(items, again), minutes=minutes,
        current_minutes=(minutes / items).round(3), baseline_minutes=usual.round(3),
        volume=np.rint(visits[service] * _A_VISIT[task]).astype(np.int64), changed_at=day.end,
    )  # fmt: skip
