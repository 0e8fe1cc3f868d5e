"""What a metric's forecasts came to, of all its series at once: the store's words beside the final figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from models.forecast_store import ForecastStore
from models.monitoring import outcomes, stood
from models.publishing import SITE, Learnt

WHOSE: Final = ("organisation", "service")
_APART: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Seen:
    """The forecasts of a metric, and what happened. `series` joins organisation and service; see `split`.

    Attributes:
        standing: as of `ForecastStore.standing_of_all`, with `series`.
        values: as of `ForecastStore.values_of_all`.
        actual: `series`, `organisation`, `service`, `part` String, `date` Date, `value` Float64 of final periods.
        outcomes: as of `models.monitoring.outcomes`, with `series`.
    """

    standing: pl.DataFrame
    values: pl.DataFrame
    actual: pl.DataFrame
    outcomes: pl.DataFrame

    @property
    def whose(self) -> frozenset[tuple[str, str]]:
        """Returns organisation and service of the series that figures are known of."""
        return frozenset(self.actual.select(WHOSE).unique().iter_rows())


def seen_of(store: ForecastStore, learnt: Sequence[Learnt]) -> Seen:
    """Returns what the forecasts of some parts of one metric came to.

    Args:
        store: whose forecasts are judged.
        learnt: the parts with their final periods: what happened. Those of sites are left out.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    frames = [
        each.training.with_columns(*each.whose(pl.col("series")), pl.lit(each.part.name).alias("part"))
        for each in learnt
        if SITE not in each.part.dimensions
    ]
    actual = pl.concat(frames).with_columns(_series())
    metric, definition = learnt[0].key.metric, learnt[0].key.definition_version
    standing = store.standing_of_all(metric).with_columns(_series())
    values = store.values_of_all(metric)
    happened = actual.select("series", "date", "value")
    return Seen(standing, values, actual, outcomes(stood(standing, definition), values, happened))


def split(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns a frame with `organisation` and `service` String of its `series`."""
    parts = pl.col("series").str.split(_APART)
    return frame.with_columns(organisation=parts.list.get(0), service=parts.list.get(1))


def _series() -> pl.Expr:
    return pl.concat_str(WHOSE, separator=_APART).alias("series")
