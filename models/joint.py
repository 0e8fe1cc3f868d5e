"""Ways that series go together although they begin or end on different days: for sums of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from models.calendar import Frequency
from models.panel import Panel, UnusableSeriesError
from models.rolling import Model, paths, whole_ages
from models.sums import FEWEST, Paths
from models.usable import STOPPED_AFTER, open_days

_NAMED = 3


def joint_paths(
    model: Model,
    panels: Sequence[Panel],
    horizon: int,
    holidays: pl.DataFrame,
    *,
    refused: Mapping[str, str],
    every_weekday: bool = False,
) -> Paths:
    """Returns ways that the series of all panels may go together in the `horizon` periods after the latest end.

    A panel that ends before others is forecast over the periods between as well. Paths of all panels are of the same
    earlier cut-offs, those of the panel with most series, so days on which series err together stay so. A series with
    fewer than ten such cut-offs of its own has no paths (NaN), and sums with it have no bounds. On weekdays on which a
    series reports nothing it adds nought.

    Args:
        model: the way to forecast.
        panels: the series.
        horizon: periods after the latest end of any series.
        holidays: frame with a `date` column.
        refused: series that are not forecast, with the reasons: they have no part in sums.
        every_weekday: forecast weekdays too on which nothing was reported.

    Raises:
        UnusableSeriesError: there is no series; or series cannot be summed by period, as days and months cannot, weeks
            that begin on other weekdays, and series that stopped long before the others.
    """
    if not panels:
        raise UnusableSeriesError("There is no series that can be forecast, so there are no paths.")
    _refuse_mixed(panels)
    frequency = panels[0].frequency
    end = max(panel.periods[-1] for panel in panels)
    behind = [_between(panel, end) for panel in panels]
    stopped = [
        name
        for panel, gap in zip(panels, behind, strict=True)
        if gap >= STOPPED_AFTER[frequency]
        for name in panel.names
    ]
    if stopped:
        raise UnusableSeriesError(
            f"{_some(stopped)} ended long before the others, so there is no sum of all over the same days. Leave "
            "what has stopped out of the frame, or fit with together=True, which refuses it and sums the rest."
        )
    main = max(range(len(panels)), key=lambda number: (len(panels[number].names), -behind[number]))
    ages = whole_ages(panels[main], horizon + behind[main])
    ways, means = [], []
    for panel, gap in zip(panels, behind, strict=True):
        way, mean = paths(model, panel, horizon, holidays, skipped=gap, ages=ages)
        own = len(whole_ages(panel, horizon + gap))
        if len(panels) > 1 and 2 * own < FEWEST:
            way = np.full((2 * len(ages), *mean.shape), np.nan)
        closed = ~(open_days(panel, panel.extended(horizon + gap)[-horizon:]) | every_weekday)
        way[:, closed] = mean[closed] = 0.0
        ways.append(way)
        means.append(mean)
    return Paths(
        tuple(name for panel in panels for name in panel.names),
        panels[main].extended(behind[main] + horizon)[-horizon:],
        np.concatenate(ways, axis=2),
        np.concatenate(means, axis=1),
        dict(refused),
    )


def _between(panel: Panel, end: np.datetime64) -> int:
    """How many periods lie between the panel's last one and the last of all."""
    if panel.frequency is Frequency.MONTHLY:
        return int((end.astype("datetime64[M]") - panel.periods[-1].astype("datetime64[M]")).astype(int))
    days = int((end - panel.periods[-1]).astype(int))
    return days // 7 if panel.frequency is Frequency.WEEKLY else days


def _refuse_mixed(panels: Sequence[Panel]) -> None:
    first = panels[0]
    for panel in panels:
        if panel.frequency is not first.frequency:
            raise UnusableSeriesError(
                f"{_some(panel.names)} is {panel.frequency.value} and {_some(first.names)} {first.frequency.value}: "
                "their periods cannot be summed. Fit those of one frequency apart from the others."
            )
        apart = int((panel.periods[0] - first.periods[0]).astype(int))
        if panel.frequency is Frequency.WEEKLY and apart % 7:
            raise UnusableSeriesError(
                f"The weeks of {_some(panel.names)} and of {_some(first.names)} are dated by different weekdays, so "
                "they cannot be summed. Date the weeks of all by the same weekday, or fit them apart."
            )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_NAMED])
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"Series {shown}{rest}"
