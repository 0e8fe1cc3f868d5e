"""Patients' choice of channel, and the shared record opened at the point of care."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.estate import AT_SYSTEM
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import MEDICAL
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES
from sample_data.simulator.users import SCR, adoption

Array = npt.NDArray[Any]

CHANNELS: Final = ("app", "web", "phone", "letter", "desk")
_DIGITAL: Final = 2  # of them, the first
_A_VISIT: Final = 1.3  # transactions
_AGES: Final = np.array([service.age for service in SERVICES])
_BASE: Final = 0.44 - 0.0055 * (_AGES - 55)  # share that chooses a digital channel, by the service's patients
_GROWS: Final = 0.025  # a year
_APP: Final = 0.66  # of the digital ones
_OTHERS: Final = np.array([0.60, 0.27, 0.13])
_COMPLETED: Final = np.array([0.86, 0.77, 0.93, 0.71, 0.97])
_DAYTIME: Final = slice(8, 20)
_CLINICS: Final = np.array([service.referrals > 0 for service in SERVICES])
_VIEWS: Final = np.array([0.72 - 0.02 * (at * 7 % 13) for at in range(len(SERVICES))])
_VIEWS_IN_EMERGENCY: Final = 0.62
EMERGENCY: Final = "180"


class PatientsOnline:
    """Hears "seen" and "down". Tells nobody."""

    codes: Final[Codes] = {
        "fact_patient_digital.service_code": tuple(service.code for service in SERVICES),
        "fact_patient_digital.channel": CHANNELS,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has counted nothing."""
        del scenario, first
        state["transactions"] = np.zeros((2, len(SERVICES), len(CHANNELS)), dtype=np.int64)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Counts today's transactions; hands over the month's on its last day."""
        day, random = today.day, today.random("patients online")
        if day.date.day == 1:
            state["transactions"] = np.zeros_like(state["transactions"])
        visits = np.bincount(today.told("seen")["service"], minlength=len(SERVICES))
        years = (day.number - number_of(today.scenario.first_day)) / 365.25
        chosen = (_BASE * (1 + _GROWS * years) * today.by_service(Lever.DIGITAL)).clip(0.02, 0.95)
        up = 1 - float(today.told("down")[_DAYTIME, AT_SYSTEM["PORT"]].mean())
        digital = (chosen * up)[:, None]
        shares = np.concatenate([digital * _APP, digital * (1 - _APP), (1 - digital) * _OTHERS], axis=1)
        started = random.multinomial(random.poisson(visits * _A_VISIT), shares)
        completed = random.binomial(started, _COMPLETED)
        counted = state["transactions"] + np.stack([started, completed])
        state["transactions"] = counted
        if day.is_month_end:
            service, channel = np.nonzero(np.broadcast_to(_CLINICS[:, None], counted.shape[1:]))
            out.add(
                "fact_patient_digital", len(service), period=number_of(day.month), service_code=service,
                channel=channel, is_digital=(channel < _DIGITAL).astype(np.int64),
                started=counted[0][service, channel], completed=counted[1][service, channel], changed_at=day.end,
            )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a month that still runs is not reported."""


class RecordViews:
    """Hears "seen", "arrived" and "down". Tells nobody. The record is opened by doctors to whom it is a habit."""

    codes: Final[Codes] = {
        "fact_record_view_day.setting": ("outpatient", "emergency"),
        "fact_record_view_day.service_code": (*(service.code for service in SERVICES), EMERGENCY),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """Counts today's encounters, and in how many the record was opened."""
        del state
        day, random = today.day, today.random("record views")
        habit = float(adoption(today)[MEDICAL, SCR]) * (
            1 - float(today.told("down")[_DAYTIME, AT_SYSTEM["SCR"]].mean())
        )
        visits = np.bincount(today.told("seen")["service"], minlength=len(SERVICES))
        met = np.append(visits, int(today.told("arrived")[0]))
        viewed = random.binomial(met, habit * np.append(_VIEWS, _VIEWS_IN_EMERGENCY))
        some = np.flatnonzero(met)
        out.add(
            "fact_record_view_day", len(some), period=day.number, setting=(some == len(SERVICES)).astype(np.int64),
            service_code=some, encounters=met[some], viewed=viewed[some], changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""
