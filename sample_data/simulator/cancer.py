"""Cancer pathways under the three standards: told within 28 days, treated within 31 and 62."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.staff import SCIENTIFIC
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

STANDARDS: Final = ("fds_28", "day_31", "day_62")
_DAYS: Final = np.array([28, 31, 62])
CLOCK: Final = np.dtype(
    [("pathway", "i8"), ("service", "i1"), ("site", "i1"), ("standard", "i1"), ("start", "i4"), ("stop", "i4")]
)


class Cancer:
    """Hears "seen", "suspected cancer" and "ill"; tells nobody. Tests take longer when those who do them are ill."""

    codes: Final[Codes] = {
        "fact_cancer_pathway.standard": STANDARDS,
        "fact_cancer_pathway.service_code": tuple(service.code for service in SERVICES),
        "fact_cancer_pathway.site_code": tuple(site.code for site in SITES),
        "fact_cancer_pathway.tumour_group": tuple(service.tumour or "Other" for service in SERVICES),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has no clocks running."""
        del scenario, first
        state["cancer clocks"] = np.zeros(0, CLOCK)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Starts clocks for those first seen today, and hands over those that stop."""
        day, random = today.day, today.random("cancer")
        seen, suspected = today.told("seen"), today.told("suspected cancer")
        who = seen[np.isin(seen["pathway"], suspected[:, 0]) & ~seen["follow"]]
        who = who[np.argsort(who["pathway"], kind="stable")]
        has = suspected[np.argsort(suspected[:, 0], kind="stable"), 1].astype(np.bool_)
        count, slow = len(who), float(today.told("ill")[SCIENTIFIC]) / 0.043
        tests = np.exp(random.normal(0.0, 0.85, count)) * np.where(has, 14.0, 8.9) * (0.65 + 0.35 * slow)
        told = day.number + np.floor(tests).astype(np.int64)
        referred = who["booked_day"] - random.integers(0, 3, count)
        decided = told + random.gamma(2.0, 5.6, count).astype(np.int64)
        treated = decided + np.maximum(0, random.gamma(3.2, 5.6, count) * (0.75 + 0.25 * slow)).astype(np.int64)
        clocks = [_clocks(who, 0, referred, told)]
        clocks += [_clocks(who[has], 1, decided[has], treated[has]), _clocks(who[has], 2, referred[has], treated[has])]
        running = joined(state["cancer clocks"], *clocks)
        ends = running["stop"] <= day.number
        done = running[ends]
        days = done["stop"] - done["start"]
        out.add(
            "fact_cancer_pathway", len(done), pathway_id=done["pathway"], standard=done["standard"],
            service_code=done["service"], site_code=done["site"], tumour_group=done["service"],
            started_on=done["start"], stopped_on=done["stop"], days=days,
            within=(days <= _DAYS[done["standard"]]).astype(np.int64), changed_at=day.end,
        )  # fmt: skip
        state["cancer clocks"] = those(running, ~ends)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a standard is reported when its clock has stopped."""


def _clocks(who: Array, standard: int, start: Array, stop: Array) -> Array:
    rows = np.zeros(len(who), CLOCK)
    for name in ("pathway", "service", "site"):
        rows[name] = who[name]
    rows["standard"], rows["start"], rows["stop"] = standard, start, stop
    return rows
