"""The record of published forecasts, written into the warehouse, where the metrics layer answers from it.

Only what happened since is new: a forecast by itself changes nothing there, as none of its periods is known.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl
import sqlalchemy as sa

from metrics.query.request import Grain
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.errors import WarehouseReadOnlyError
from metrics.warehouse.forecast_outcomes import COLUMNS, Outcomes, states_held, write_outcomes
from metrics.warehouse.settings import checked_url
from metrics.warehouse.spark.url import is_spark
from metrics.warehouse.tables.forecasts import LEVELS
from models.families import LearntTogether
from models.forecast_store import ForecastStore
from models.seen import Seen, seen_of, split

_FORM: Final = "1"
"""Of the rows that are worked out here: another when the same forecasts and figures give other rows."""
_WEEK: Final = 7


class Recorder:
    """Gathers the outcomes of forecasts, metric by metric, and writes all that are new at once.

    Args:
        url: the warehouse.

    Raises:
        WarehouseError, sqlalchemy.exc.DBAPIError: it cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._url = checked_url(url)
        self._warehouse = None if is_spark(url) else open_warehouse(url)
        self._states = {} if self._warehouse is None else states_held(self._warehouse)
        self._told: dict[str, Outcomes] = {}

    def take(self, store: ForecastStore, learnt: LearntTogether) -> None:
        """Works out what a metric's forecasts came to, unless that was written from the same forecasts and figures.

        Only whole organisations, boards, regions and England count; forecasts of services are no part of the record.

        Raises:
            JournalUnusableError: the store cannot be read.
        """
        metric = learnt.family.metric
        if self._warehouse is None or any(each.name not in LEVELS for each in learnt.family.parts):
            return
        key = learnt.parts[0].key
        state = f"{_FORM} {key.learnt} {key.definition_version} {store.state_of(metric, '').split()[0]}"
        if self._states.get(metric) != state:
            self._told[metric] = Outcomes(rows_of(learnt, seen_of(store, learnt.parts)), state)

    def leave_out(self, known: Collection[str]) -> None:
        """Takes away what is held of metrics that are not forecast any more: `known` are those that are."""
        for metric in self._states.keys() - set(known):
            self._told[metric] = Outcomes(pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Null)), "")

    def write(self) -> tuple[str, ...]:
        """Writes what was gathered, in one commit, and returns the metrics whose outcomes are new or others.

        Raises:
            WarehouseBusyError: another writer is at work; nothing was written, and it can be tried again.
            WarehouseError, sqlalchemy.exc.DBAPIError, OSError: it may not be written to.
        """
        if self._warehouse is None:
            raise WarehouseReadOnlyError.at(sa.make_url(self._url).render_as_string())
        return write_outcomes(self._url, self._warehouse, self._told)


def rows_of(learnt: LearntTogether, seen: Seen) -> pl.DataFrame:
    """Returns outcomes as the warehouse holds them (`metrics.warehouse.forecast_outcomes.COLUMNS`).

    A period counts in the month that it begins in, as in `models.monitoring.monthly`.
    """
    part, key = learnt.parts[0].part, learnt.parts[0].key
    levels = seen.actual.select("series", level="part").unique("series", keep="first")
    known = split(seen.outcomes.join(levels, on="series")).drop_nulls(["actual", "mean"])
    return known.select(
        "level", "cutoff", "ahead", "actual", "lo80", "hi80", "lo95", "hi95", "naive",
        pl.lit(key.metric).alias("demand"), pl.col("organisation").alias("org_code"),
        pl.lit(part.grain.value).alias("grain"), pl.col("period").alias("forecast_for"),
        pl.col("period").dt.truncate("1mo").alias("period"), _distance(part.grain).alias("distance"),
        pl.col("kind").alias("made"), pl.col("mean").alias("forecast"),
        pl.lit(key.definition_version).alias("definition_version"),
    ).select(COLUMNS)  # fmt: skip


def _distance(grain: Grain) -> pl.Expr:
    """Returns in words how far ahead: 'day 01-07', 'week 03', 'month 12', which sort as they follow each other."""
    ahead = pl.col("ahead")
    if grain is not Grain.DAY:
        return pl.format("{} {}", pl.lit(grain.value), _two(ahead))
    first = (ahead - 1) // _WEEK * _WEEK + 1
    return pl.format("day {}-{}", _two(first), _two(first + _WEEK - 1))


def _two(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(2)
