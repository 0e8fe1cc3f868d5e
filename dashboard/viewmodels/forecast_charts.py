"""The control charts of a forecast's record: error, bias and coverage by month."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from dashboard.viewmodels.events import Event
from dashboard.viewmodels.forecast_measures import BIAS, COVERAGE, ERROR
from dashboard.viewmodels.series import Point, Series
from dashboard.viewmodels.spc_view import ControlChart, Scope, control_chart
from dashboard.viewmodels.variation import Subject, variations
from metrics.catalogue import Metric
from metrics.query.result import Status

_FEWEST: Final = 3
_PARTS: Final[tuple[tuple[Metric, str, str], ...]] = (
    (ERROR, "missed", "actual"), (BIAS, "over", "actual"), (COVERAGE, "within80", "points"),
)  # fmt: skip


def charts_of(
    months: pl.DataFrame, whose: str, organisation: str, service: str, ahead: str
) -> tuple[ControlChart, ...]:
    """Returns the charts of error, bias and coverage; none with fewer than three months.

    Args:
        months: as of `models.monitoring.monthly`, of one series.
        whose: the name of the series.
        organisation: its code.
        service: the code of its service; empty for all.
        ahead: which distances ahead the months are of, in words.
    """
    if months.height < _FEWEST:
        return ()
    dense = months.upsample("month", every="1mo")
    events = _published_from(months)
    found = []
    for metric, above, below in _PARTS:
        series = Series(metric, "month", tuple(_points(dense, above, below)))
        subject = Subject(metric.id, series, organisation, service or None, events)
        variation = variations([subject])[metric.id]
        scope = Scope(f"{whose}; {ahead[:1].lower()}{ahead[1:]}", "1", {"organisation": organisation})
        found.append(control_chart("record", subject, variation, series, scope))
    return tuple(found)


def _points(dense: pl.DataFrame, above: str, below: str) -> list[Point]:
    points = []
    for row in dense.iter_rows(named=True):
        den = row[below]
        known = den is not None and den > 0
        points.append(
            Point(row["month"], row[above] / den if known else None, row[above], den,
                  Status.FINAL if known else Status.NO_DATA)
        )  # fmt: skip
    return points


def _published_from(months: pl.DataFrame) -> tuple[Event, ...]:
    """Returns where forecasts begin that were published before their periods were known."""
    first: date | None = months.filter("published")["month"].min()  # type: ignore[assignment]
    if first is None or first == months["month"].min():
        return ()
    return (Event("annotation", first, "From here on forecasts as they were published", "Bellwether", "definition"),)
