"""Alerts of the operations centre, whatever they are about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.state import State
from sample_data.simulator.trust import SITES

Array = npt.NDArray[Any]

TYPES: Final = ("crowding", "beds_full", "handover", "system_down", "interface_failing")
CROWDING, _, _, SYSTEM_DOWN, INTERFACE_FAILING = range(len(TYPES))
CODES: Final[Codes] = {
    "fact_alert.site_code": tuple(site.code for site in SITES),
    "fact_alert.alert_type": TYPES,
    "fact_alert.severity": ("high", "medium"),
}
_HEARD_IN: Final = 13.0  # mean minutes until the service desk acknowledges


def raise_of_systems(today: Today, state: State, out: Out, began: Array, *, kind: int, high: Array) -> None:
    """Hands over alerts of what began today, noticed some minutes later by the service desk at the first site."""
    day, random = today.day, today.random(f"alerts {TYPES[kind]}")
    raised = np.minimum(began + random.integers(2, 15, len(began)), day.end - 1)
    heard = np.minimum(raised + 1 + random.exponential(_HEARD_IN, len(began)).astype(np.int64), day.end - 1)
    out.add(
        "fact_alert", len(began), alert_id=state.numbers("alert", len(began)), site_code=0, alert_type=kind,
        severity=np.where(high, 0, 1), raised_on=day.number, raised_at=raised, acknowledged_at=heard, changed_at=heard,
    )  # fmt: skip
