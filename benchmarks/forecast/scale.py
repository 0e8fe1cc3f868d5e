"""A thousand daily series of three years, fitted, forecast and reconciled: `python -m benchmarks.forecast.scale`.

The series are made: four regions of twenty-five trusts of ten services, with weekday, season, holidays, shared shocks.
"""

from __future__ import annotations

import json
import resource
import time

import numpy as np
import polars as pl

from benchmarks.measuring import RESULTS, machine
from models.demand import Forecaster
from models.reconcile import Hierarchy, reconciled, reconciled_paths, shrunk_covariance

DAYS, REGIONS, TRUSTS, SERVICES, HORIZON = 1_096, 4, 25, 10, 28


def leaves() -> pl.DataFrame:
    """Returns a thousand made series of three years."""
    random = np.random.default_rng(1)
    days = np.arange(np.datetime64("2022-09-01"), np.datetime64("2022-09-01") + DAYS)
    number = days.astype(np.int64)
    weekday = random.uniform(-0.3, 0.1, (7, 1000))[(number + 3) % 7]
    season = 0.1 * np.sin(2 * np.pi * number / 365.25)[:, None]
    shared = np.cumsum(random.normal(0, 0.004, DAYS))[:, None]
    level = random.uniform(20, 300, 1000)
    values = random.poisson(level * np.exp(weekday + season + shared))
    names = [f"R{n // 250}/T{n // 10:03d}/S{n % SERVICES}" for n in range(REGIONS * TRUSTS * SERVICES)]
    return pl.DataFrame(
        {"series": np.repeat(names, DAYS), "date": np.tile(days, 1000), "value": values.T.ravel().astype(float)}
    ).cast({"series": pl.String, "date": pl.Date})


def main() -> None:
    """Times it and writes `forecast_scale.json`."""
    bottom = leaves()
    parts = pl.col("series").str.split("/")
    upper = [
        bottom.with_columns(series=name).group_by("series", "date").agg(pl.col("value").sum())
        for name in (pl.lit("England"), parts.list.get(0), parts.list.get(0) + "/" + parts.list.get(1))
    ]
    frame = pl.concat([bottom, *upper])
    tree: dict[str, str | None] = {"England": None}
    for name in frame["series"].unique():
        if name != "England":
            tree[name] = name.rsplit("/", 1)[0] if "/" in name else "England"
    hierarchy = Hierarchy.of(tree)

    clock, cpu = time.perf_counter(), time.process_time()
    fitted = Forecaster().fit(frame)
    found = fitted.predict(HORIZON)
    predicted = time.perf_counter() - clock
    paths = fitted.paths(HORIZON)
    order = [paths.names.index(node) for node in hierarchy.nodes]
    errors = (paths.values - paths.values.mean(axis=0))[:, :, order]
    covariance, share = shrunk_covariance(errors.reshape(-1, len(order)))
    coherent = reconciled_paths(paths.values[:, :, order], hierarchy)
    middle = reconciled(paths.mean[:, order], hierarchy, covariance)
    seconds, used = time.perf_counter() - clock, time.process_time() - cpu
    leaf = len(hierarchy.leaves)
    gap = max(np.abs(each - each[..., -leaf:] @ hierarchy.summing.T).max() for each in (coherent, middle))
    about = machine() | {
        "series": frame["series"].n_unique(),
        "forecasts": found.height,
        "predict_seconds": round(predicted, 2),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "largest_gap": float(gap),
        "shrunk_by": share,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "forecast_scale.json").write_text(json.dumps(about, indent=1) + "\n")
    print(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
