"""Our forecasts at the same cut-offs, made like anybody's: `Forecaster().fit(known).forecast(horizon)`."""

from __future__ import annotations

import time
from datetime import date

import polars as pl

from benchmarks.forecast.panels import Panel
from benchmarks.forecast.scoring import NAMES
from models.demand import Forecaster

LEVELS = (20.0, 40.0, 60.0, 80.0, 95.0)


def forecast(panel: Panel, origin: date) -> pl.DataFrame:
    """Returns series, date, the quantiles, and the processor seconds per series."""
    known = panel.known(origin)
    began = time.process_time()
    found = Forecaster(levels=LEVELS).fit(known).forecast(panel.horizon)
    seconds = (time.process_time() - began) / known["series"].n_unique()
    bounds = {}
    for level in LEVELS:
        bounds[f"q{round(0.5 - level / 200, 3):g}"] = pl.col(f"lo{level:g}")
        bounds[f"q{round(0.5 + level / 200, 3):g}"] = pl.col(f"hi{level:g}")
    bounds["q0.5"] = pl.col("mean")
    return found.frame.select("series", "date", **{name: bounds[name] for name in NAMES}).with_columns(
        cpu=pl.lit(seconds)
    )
