"""Whether forecasts that add up are as good as those that do not: discharges by trust, ICB, region and England."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchmarks.forecast.panels import SHIPPED, discharges
from models.demand import Forecaster
from models.reconcile import Hierarchy, reconciled, reconciled_paths, shrunk_covariance

LEVELS = ("England", "region", "ICB", "trust")
NEARLY_ALL = 0.98
"""Trusts that reported on fewer days are left out, so that sums are of the same trusts every day."""


def measured() -> dict[str, Any]:
    """Returns the MASE of each level: as forecast on its own, summed from the trusts, and reconciled.

    Keys: `levels`, one row for each with `nodes`, `own`, `summed`, `reconciled`, `cov80_own`, `cov80_reconciled`;
    `all`, the mean of all nodes; `largest_gap` between a parent and its children; `trusts`, `cutoffs`.
    """
    panel = discharges(every=1)
    trusts, tree = _tree(panel.frame)
    hierarchy = Hierarchy.of(tree)
    frame = _summed(trusts, hierarchy)
    rows, gap = [], 0.0
    for origin in panel.origins:
        known = frame.filter(pl.col("date").is_between(panel.known(origin)["date"].min(), origin, closed="left"))
        fitted = Forecaster(together=True).fit(known)
        paths = fitted.paths(panel.horizon)
        order = [paths.names.index(node) for node in hierarchy.nodes]
        ways, mean = paths.values[:, :, order], paths.mean[:, order]
        covariance, _ = shrunk_covariance((ways - ways.mean(axis=0)).reshape(-1, len(order)))
        coherent, lines = reconciled(mean, hierarchy, covariance), reconciled_paths(ways, hierarchy)
        leaves = len(hierarchy.leaves)
        gap = max(gap, float(np.abs(coherent - coherent[:, -leaves:] @ hierarchy.summing.T).max()))
        wide = frame.pivot("series", index="date", values="value").sort("date")
        past = wide.filter(pl.col("date") < origin).select(hierarchy.nodes).to_numpy()
        actual = wide.filter(pl.col("date") >= origin).head(panel.horizon).select(hierarchy.nodes).to_numpy()
        step = np.abs(past[7:] - past[:-7])[-panel.longest :].mean(axis=0)
        found = {"own": mean, "summed": mean[:, -leaves:] @ hierarchy.summing.T, "reconciled": coherent}
        each = {name: (np.abs(values - actual) / step).mean(axis=0) for name, values in found.items()}
        each |= {"cov80_own": _covered(ways, actual), "cov80_reconciled": _covered(lines, actual)}
        rows.append(pl.DataFrame({"node": hierarchy.nodes, **each}))
    return _table(pl.concat(rows), tree) | {
        "largest_gap": gap,
        "trusts": len(hierarchy.leaves),
        "cutoffs": len(panel.origins),
    }


def _tree(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str | None]]:
    """The trusts' days without gaps, and each node's parent."""
    reference = pl.read_parquet(SHIPPED / "ods_reference" / "ref_organisation.parquet")
    placed = reference.filter(pl.col("source") == "ods_trust_types").drop_nulls(["icb_code", "region_code"])
    days = frame["date"].n_unique()
    often = frame.group_by("series").len().filter(pl.col("len") >= NEARLY_ALL * days)["series"]
    placed = placed.filter(pl.col("org_code").is_in(often.implode()))
    tree: dict[str, str | None] = {"England": None}
    for trust, icb, region in placed.select("org_code", "icb_code", "region_code").iter_rows():
        tree |= {region: "England", f"{region} {icb}": region, trust: f"{region} {icb}"}
    trusts = frame.filter(pl.col("series").is_in(placed["org_code"].implode()))
    # A day that was not reported is taken to be like the same weekday before it.
    whole = trusts.upsample("date", every="1d", group_by="series", maintain_order=True).with_columns(
        pl.col("series").forward_fill()
    )
    weekday = pl.col("date").dt.weekday()
    filled = whole.with_columns(pl.col("value").forward_fill().backward_fill().over("series", weekday))
    return filled, tree


def _summed(trusts: pl.DataFrame, hierarchy: Hierarchy) -> pl.DataFrame:
    """Every node's series: series, date, value."""
    wide = trusts.pivot("series", index="date", values="value").sort("date")
    values = wide.select(hierarchy.leaves).to_numpy() @ hierarchy.summing.T
    return (
        pl.DataFrame({"date": wide["date"], **dict(zip(hierarchy.nodes, values.T, strict=True))})
        .unpivot(index="date", variable_name="series", value_name="value")
        .select("series", "date", "value")
    )


def _covered(ways: np.ndarray[Any, Any], actual: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = np.quantile(ways, [0.1, 0.9], axis=0, method="weibull")
    return np.asarray(((actual >= low) & (actual <= high)).mean(axis=0))


def _table(rows: pl.DataFrame, tree: dict[str, str | None]) -> dict[str, Any]:
    depth: dict[str, int] = {}
    for node, parent in tree.items():
        above, steps = parent, 0
        while above is not None:
            above, steps = tree[above], steps + 1
        depth[node] = steps
    rows = rows.with_columns(depth=pl.col("node").replace_strict(depth, return_dtype=pl.Int64))
    measures = pl.col("own", "summed", "reconciled", "cov80_own", "cov80_reconciled").mean()
    levels = rows.group_by("depth").agg(pl.col("node").n_unique().alias("nodes"), measures).sort("depth")
    named = levels.with_columns(level=pl.Series(LEVELS)).select("level", pl.exclude("level", "depth"))
    return {"levels": named.to_dicts(), "all": rows.select(measures).to_dicts()[0]}
