"""The trust's own daily forecasts of arrivals and beds, each kept until its day has come."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

FORECAST: Final = np.dtype(
    [
        ("series", "i1"), ("target", "i4"), ("horizon", "i2"), ("made", "i4"), ("p10", "f8"), ("p50", "f8"),
        ("p90", "f8"), ("naive", "f8"),
    ]
)  # fmt: skip
SERIES: Final = ("ed_arrivals", "beds_occupied")
_TOLD: Final = ("arrived", "in bed")
_HORIZONS: Final = (1, 7, 14)
_WEEKS: Final = 8
_KEPT: Final = 80
_T: Final = 1.415  # 90th percentile of Student's t with 7 degrees of freedom
_FEWEST: Final = 4


class Forecasts:
    """Hears "arrived" and "in bed". Tells nobody.

    Arrivals are foretold as the mean of the same weekday in the last eight weeks; beds as today's number and how
    it moved over as many days in those weeks.
    """

    codes: Final[Codes] = {"fact_forecast.series": SERIES}

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Knows no day."""
        del scenario, first
        state["days known"] = np.full((len(SERIES), _KEPT), np.nan)
        state["forecasts"] = np.zeros(0, FORECAST)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Compares with what came, and foretells."""
        day = today.day
        came = np.array([float(today.told(name)[0]) for name in _TOLD])
        known = np.concatenate([state["days known"][:, 1:], came[:, None]], axis=1)
        state["days known"] = known
        held = state["forecasts"]
        due = held["target"] == day.number
        _write(out, held[due], came[held["series"][due]], changed=day.end)
        made = [_made(known, series, ahead, day.number) for series in range(len(SERIES)) for ahead in _HORIZONS]
        state["forecasts"] = joined(those(held, ~due), *(rows for rows in made if len(rows)))

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over forecasts whose day has not come."""
        del now
        held = state["forecasts"]
        _write(
            out, held, np.full(len(held), np.nan), changed=np.array([day_of(int(made)).end for made in held["made"]])
        )


def _made(known: Array, series: int, ahead: int, number: int) -> Array:
    """Returns today's forecast of the day so many days ahead; nothing while too few days are known."""
    first = -(-ahead // 7)
    back = np.arange(first, first + _WEEKS) * 7 - ahead  # days before today
    same = known[series, _KEPT - 1 - back]
    values = same
    if SERIES[series] == "beds_occupied":
        values = known[series, -1] + same - known[series, _KEPT - 1 - back - ahead]
    values = values[~np.isnan(values)]
    found = np.zeros(1 if len(values) >= _FEWEST else 0, FORECAST)
    if len(found):
        middle, spread = values.mean(), _T * values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
        found["series"], found["target"], found["horizon"], found["made"] = series, number + ahead, ahead, number
        found["p10"], found["p50"], found["p90"] = max(0.0, middle - spread), middle, middle + spread
        found["naive"] = same[0]
    return found


def _write(out: Out, rows: Array, actual: Array, *, changed: Any) -> None:
    low, middle, high = (rows[name].round(2) for name in ("p10", "p50", "p90"))
    inside = np.where(np.isnan(actual), NONE, (low <= actual) & (actual <= high))
    out.add(
        "fact_forecast", len(rows), series=rows["series"], period=rows["target"], horizon_days=rows["horizon"],
        made_on=rows["made"], p10=low, p50=middle, p90=high,
        naive=rows["naive"], actual=actual, within=inside.astype(np.int64), changed_at=changed,
    )  # fmt: skip
