"""The truth about a simulation: what each initiative really does, so that methods of judging can be judged.

Beside each size stands how sure a reader can be of it who compares the months before with those after on one chart.
That follows from the simulated process itself: `Tally` adds up what each effect shows in, month by month, as rows are
handed over, and `truth` works out from it how far the difference of two means lies from the true size by chance. 95 of
100 such readings lie in the interval, if nothing else moved the measure between the two times. What does, the season of
months that come twice, the other initiatives, or a trend, is no chance and not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import sqrt
from typing import Any, Final

import polars as pl
from scipy.stats import t

from sample_data.simulator.measures import MEASURES, SUMS, Measure, Windows, windows
from sample_data.simulator.scenario import Initiative, Scenario

_LEAST_MONTHS: Final = 3
_SURE: Final = 0.95
_MONTHS: Final = pl.Schema({"initiative": pl.String(), "month": pl.Date(), **dict.fromkeys(SUMS, pl.Float64())})


@dataclass(slots=True)
class Tally:
    """What the effects of a scenario show in, added up by month as rows come.

    Attributes:
        parts: frames of `initiative` String, `month` Date and `SUMS` Float64.
    """

    scenario: Scenario
    parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, table: str, frame: pl.DataFrame | pl.LazyFrame) -> None:
        """Takes in rows of a table; of each row once."""
        for each in self.scenario.initiatives:
            measure = MEASURES[each.lever]
            if table in measure.tables:
                found = measure.of(each, table, frame.lazy()).collect()
                self.parts.append(found.select(initiative=pl.lit(each.id), **{name: name for name in found.columns}))

    def months(self) -> pl.DataFrame:
        """Returns `initiative` String, `month` Date and `SUMS` Float64, a row a month."""
        rows = pl.concat([_MONTHS.to_frame(), *self.parts])
        # In one order, as sums of fractions depend on it.
        rows = rows.sort("initiative", "month", *SUMS)
        return rows.group_by("initiative", "month", maintain_order=True).agg(pl.col(*SUMS).sum())


def truth(scenario: Scenario, tally: Tally | None = None) -> list[dict[str, Any]]:
    """Returns one entry an initiative: what it acts on, where, from when, how, by how much, and how sure that shows.

    `relative_size` is the change of the lever, `size_in_measure` that of the measure. They differ in two: of letters,
    as days without typing make the change of days larger than that of work; and of same-day care, as a part of those
    who stay comes back within a month and stays whatever it does (counted in the months before; without a tally, left
    out). `uncertainty` is None without a tally, or with fewer than three months on a side; else it has

    - `before`, `after`: the first and the last of the whole months that are compared;
    - `standard_error`: of the relative change from the one mean to the other. Each mean's comes from how its months
      vary, and is never less than its counts imply: binomial of shares, Poisson of counts; of those that the model
      rounds to whole people, the error of rounding, which months do not even out. The two are put together as for a
      ratio (delta method) about the true size;
    - `interval_95`: the size in the measure and Student's t times that error to either side, with the degrees of
      freedom of Welch (1947).
    """
    months = tally.months() if tally is not None else _MONTHS.to_frame()
    return [
        {
            "initiative": each.id,
            "title": each.title,
            "measure": each.measure,
            "acts_on": each.lever.value,
            "services": list(each.services),
            "sites": list(each.sites),
            "systems": list(each.systems),
            "staff_groups": list(each.staff_groups),
            "go_live": each.go_live.isoformat(),
            "kind": each.kind.value,
            "days_to_full_size": each.days,
            "relative_size": each.effect,
            **_in_measure(scenario, each, months.filter(initiative=each.id)),
        }
        for each in scenario.initiatives
    ]


def truth_json(scenario: Scenario, tally: Tally | None = None) -> str:
    """Returns the truth as JSON, as it stands in truth.json."""
    return json.dumps(truth(scenario, tally), indent=2, ensure_ascii=False) + "\n"


def _in_measure(scenario: Scenario, initiative: Initiative, months: pl.DataFrame) -> dict[str, Any]:
    measure, compared = MEASURES[initiative.lever], windows(scenario, initiative)
    size = measure.size(initiative.effect)
    held = months.filter(pl.col("month").is_in(compared.before))
    if measure.beyond is not None and held["counted"].sum():
        size *= 1 - float(held["beyond"].sum()) / float(held["counted"].sum())
    uncertainty = _uncertainty(months, compared, measure, size)
    return {"size_in_measure": round(size, 4), "uncertainty": uncertainty}


def _uncertainty(months: pl.DataFrame, compared: Windows, measure: Measure, size: float) -> Mapping[str, Any] | None:
    sides = [_side(months, each, measure) for each in (compared.before, compared.after)]
    if any(side is None for side in sides):
        return None
    (before, n_before), (after, n_after) = (side for side in sides if side is not None)
    variance = before + after
    error = (1 + size) * sqrt(variance)
    freedom = variance**2 / (before**2 / (n_before - 1) + after**2 / (n_after - 1))
    apart = float(t.ppf((1 + _SURE) / 2, freedom)) * error
    return {
        **_days(compared),
        "standard_error": round(error, 4),
        "interval_95": [round(size - apart, 4), round(size + apart, 4)],
    }


def _side(months: pl.DataFrame, wanted: Sequence[date], measure: Measure) -> tuple[float, int] | None:
    """Returns the relative variance of the mean of some months, and how many they are; None of too few."""
    kept = months.filter(pl.col("month").is_in(wanted))
    counted, over = kept["counted"], kept["over"] if measure.over is not None else kept["over"] + 1
    if kept.height < _LEAST_MONTHS or not counted.sum() or not (over > 0).all():
        return None
    values = counted / over
    mean, spread = float(values.mean() or 0.0), float(values.var() or 0.0)  # type: ignore[arg-type]
    of_counts = 0.0  # a mean has no error but that of what varies
    if measure.rounded is not None:
        of_counts = float(kept["rounded"].mean() or 0.0) / 12 / float(counted.mean() or 0.0) ** 2  # type: ignore[arg-type]
    elif measure.is_share:
        of_counts = (1 - float(counted.sum()) / float(over.sum())) / float(counted.sum())
    elif measure.over is None:
        of_counts = 1 / float(counted.sum())
    return max(spread / mean**2 / kept.height, of_counts), kept.height


def _days(compared: Windows) -> dict[str, list[str]]:
    return {
        name: [f"{months[0]:%Y-%m}", f"{months[-1]:%Y-%m}"]
        for name, months in (("before", compared.before), ("after", compared.after))
    }
