"""Staff: who is ill today, who joined and left, and what the trust costs."""

from __future__ import annotations

from typing import Final

import numpy as np

from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State

GROUPS: Final = (
    "Medical and dental", "Nursing and midwifery", "Support to clinical staff",
    "Scientific, therapeutic and technical", "Administrative and clerical", "Estates and facilities",
)  # fmt: skip
MEDICAL, NURSING, SUPPORT, SCIENTIFIC, ADMINISTRATIVE, ESTATES = range(6)
_FTE: Final = np.array([470.0, 1130.0, 760.0, 510.0, 620.0, 310.0])
_HEADS: Final = 1.13  # people for one full-time equivalent
_FUNDED: Final = 1.06
_ILL: Final = np.array([0.019, 0.054, 0.070, 0.043, 0.049, 0.063])
_LEAVE_A_YEAR: Final = np.array([0.09, 0.10, 0.13, 0.11, 0.11, 0.12])
_PAY_A_MONTH: Final = np.array([9100.0, 4150.0, 2750.0, 4300.0, 3050.0, 2700.0])  # GBP, an FTE, on-costs included
_RISE: Final = 0.0345  # pay and prices, a year, each April

CENTRES: Final = ("emergency", "wards", "theatres", "outpatients", "administration")
CATEGORIES: Final = ("pay_medical", "pay_nursing", "pay_support", "admin_pay", "admin_supplies", "supplies", "agency")
# Shares of each group's pay by cost centre.
_WHERE: Final = np.array(
    [
        [0.16, 0.40, 0.18, 0.26, 0.0], [0.14, 0.60, 0.14, 0.12, 0.0], [0.10, 0.56, 0.14, 0.20, 0.0],
        [0.05, 0.35, 0.25, 0.35, 0.0], [0.05, 0.10, 0.05, 0.38, 0.42], [0.10, 0.45, 0.15, 0.15, 0.15],
    ]
)  # fmt: skip
_CATEGORY_OF: Final = np.array([0, 1, 2, 2, 3, 2])
_SUPPLIES: Final = np.array([145.0, 210.0, 900.0, 62.0])  # GBP an attendance, a bed day, a planned case, an appointment


class Staff:
    """Tells "present": of each staff group, those at work in proportion to those usually at work. First of the day."""

    codes: Final[Codes] = {
        "fact_staff_month.staff_group": GROUPS,
        "fact_cost_month.cost_centre": CENTRES,
        "fact_cost_month.category": CATEGORIES,
        "fact_cost_month.price_base": tuple(f"FY {year}/{(year + 1) % 100:02d}" for year in range(2000, 2100)),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has the usual staff, as ill as usual."""
        del first
        state["illness"] = np.zeros(len(GROUPS))
        heads = np.rint(_FTE * _HEADS * scenario.scale).astype(np.int64)
        state["heads"], state["heads at start"] = heads, heads
        state["joined"], state["left"] = np.zeros_like(heads), np.zeros_like(heads)
        state["days lost"], state["days there"] = np.zeros(len(GROUPS)), np.zeros(len(GROUPS))
        state["activity"] = np.zeros(4)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Draws today's illness, and at a month's end hands over the month's staff."""
        del out
        random, day = today.random("staff"), today.day
        if day.date.day == 1:
            state["heads at start"] = state["heads"].copy()
            for name in ("joined", "left", "days lost", "days there"):
                state[name] = np.zeros_like(state[name])
            state["activity"] = np.zeros(4)
        shock = random.normal(0.0, 0.022, len(GROUPS)) + random.normal(0.0, 0.02)
        noise = 0.93 * state["illness"] + shock
        state["illness"] = noise
        ill = _ILL * np.exp(noise) * (1 + 0.10 * day.season + 0.06 * max(0.0, day.season) ** 2)
        fte = state["heads"] / _HEADS
        state["days lost"] = state["days lost"] + fte * ill
        state["days there"] = state["days there"] + fte
        today.tell("present", (1 - ill) / (1 - _ILL))
        today.tell("ill", ill)
        gone = np.minimum(random.poisson(state["heads"] * _LEAVE_A_YEAR / 365.25), state["heads"])
        short = np.maximum(0, np.rint(_FTE * _HEADS * today.scenario.scale).astype(np.int64) - state["heads"] + gone)
        came = np.minimum(random.poisson(state["heads"] * _LEAVE_A_YEAR / 365.25 + 0.02 * short), short + 2)
        state["heads"] = state["heads"] - gone + came
        state["left"], state["joined"] = state["left"] + gone, state["joined"] + came

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a month that still runs is not reported."""


class Accounts:
    """Counts what was done each day, and closes the month: staff and costs. Last of the day; tells nobody."""

    codes: Final[Codes] = {}

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """Adds today's activity; on the last day of a month hands over its rows."""
        counted = [float(today.told(name)[0]) for name in ("arrived", "in bed", "planned done")]
        state["activity"] = state["activity"] + np.array([*counted, float(len(today.told("seen")))])
        if not today.day.is_month_end:
            return
        day = today.day
        period, groups = number_of(day.month), np.arange(len(GROUPS))
        fte = state["days there"] / day.date.day
        out.add(
            "fact_staff_month", len(GROUPS), period=period, staff_group=groups, headcount_start=state["heads at start"],
            headcount_end=state["heads"], joiners=state["joined"], leavers=state["left"], fte_in_post=fte.round(2),
            fte_establishment=(_FTE * _FUNDED * today.scenario.scale).round(2),
            fte_days_lost=state["days lost"].round(2), fte_days_available=state["days there"].round(2),
            changed_at=day.end,
        )  # fmt: skip
        year = day.date.year - (day.date.month < 4)
        prices = (1 + _RISE) ** (year - 2024)
        amounts = np.zeros((len(CENTRES), len(CATEGORIES)))
        pay = fte * _PAY_A_MONTH * prices
        for group, category in enumerate(_CATEGORY_OF):
            amounts[:, category] += pay[group] * _WHERE[group]
        lost = state["days lost"] / day.date.day * _PAY_A_MONTH * prices * 0.55
        for group in (MEDICAL, NURSING, SUPPORT):
            amounts[:, 6] += lost[group] * _WHERE[group]
        amounts[:4, 5] = state["activity"] * _SUPPLIES * prices
        amounts[:, 4] = amounts[:, 3] * 0.07
        centre, category = np.nonzero(amounts)
        pounds = by_chance(today.random("costs"), amounts[centre, category])
        out.add(
            "fact_cost_month", len(centre), period=period, cost_centre=centre, category=category, amount_gbp=pounds,
            price_base=year - 2000, is_recurrent=(category != 6).astype(np.int64), changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""
