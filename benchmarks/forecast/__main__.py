"""Our forecasts beside the specialists' on real series, all at the same cut-offs: `python -m benchmarks.forecast`.

The peers run in an environment of their own, in `build/forecast/`; what they forecast is kept there, so a run can be
taken up again. `--without-peers` runs ours alone and judges the peers' forecasts that are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.forecast import ours, panels
from benchmarks.forecast.scoring import NAMES, coverage_by_series, judged, scales, summary
from benchmarks.measuring import RESULTS, machine

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "build" / "forecast"
KEPT = FOLDER / "kept"
OURS = "Bellwether"
QUICK = (
    "SeasonalNaive",
    "AutoETS",
    "MSTL",
    "DynamicOptimizedTheta",
    "mlforecast LightGBM",
    "skforecast HGB",
    "Prophet",
    "regression with ARIMA errors",
)
SLOW = "AutoARIMA"
STRIDE = 4
"""AutoARIMA forecasts every fourth discharge series from every fourth cut-off; it would take hours for all."""

QUIET = Path(os.environ.get("BENCHMARK_QUIET", "/nonexistent"))
MEASURES = ("mase", "rmsse", "wape", "wql", "crps", "is80", "is95", "cov80", "cov95", "bias", "cpu")


def main() -> None:
    """Runs everything and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-peers", action="store_true", help="use the peers' forecasts that are kept")
    chosen = parser.parse_args()
    every = (*panels.daily(), panels.attendances())
    _export(every)
    if not chosen.without_peers:
        _run_peers()
    rows = pl.concat([_of(panel) for panel in every], how="diagonal_relaxed")
    found = _tables(rows)
    about = machine() | {"panels": [_about(panel) for panel in every]}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "forecast.json").write_text(json.dumps({"machine": about, **found}, indent=1, default=str) + "\n")
    text = _report(found, about)
    (RESULTS / "forecast.md").write_text(text)
    print(text)


def _slug(panel: panels.Panel) -> str:
    return panel.name.replace(" ", "-").replace("&", "and")


def _export(every: tuple[panels.Panel, ...]) -> None:
    (FOLDER / "panels").mkdir(parents=True, exist_ok=True)
    for panel in every:
        panel.frame.write_parquet(FOLDER / "panels" / f"{_slug(panel)}.parquet")
        about = {
            "horizon": panel.horizon,
            "origins": [str(origin) for origin in panel.origins],
            "longest": panel.longest,
            "frequency": "MS" if panel.monthly else "D",
        }
        (FOLDER / "panels" / f"{_slug(panel)}.json").write_text(json.dumps(about))


def _run_peers() -> None:
    wanted = Path(__file__).parent / "peers.txt"
    place = FOLDER / f"peers-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:8]}"
    python, ready = place / "bin" / "python", place / "installed"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([str(python), "-m", "pip", "install", *quiet, "-r", str(wanted)], check=True)
        ready.touch()
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    script = [str(python), str(Path(__file__).parent / "peers.py"), str(FOLDER / "panels"), str(KEPT)]
    short = "NHS-111-calls,GP-appointments,winter-beds,AandE-attendances"
    tasks = [[peer] for peer in QUICK] + [[SLOW, short], [SLOW, "discharges", str(STRIDE)]]
    for task in tasks:
        subprocess.run([*script, *task], check=True, env=os.environ | one)


def _of(panel: panels.Panel) -> pl.DataFrame:
    """Every model's forecasts of a panel, judged."""
    parts = []
    for origin in panel.origins:
        while QUIET.exists():
            time.sleep(5)
        steps = scales(panel.known(origin), 12 if panel.monthly else 7)
        found = [(OURS, ours.forecast(panel, origin))]
        for folder in sorted(KEPT.iterdir()) if KEPT.exists() else ():
            kept = folder / _slug(panel) / f"{origin}.parquet"
            if kept.exists():
                found.append((folder.name, pl.read_parquet(kept).with_columns(pl.col("date").cast(pl.Date))))
        for name, frame in found:
            rows = judged(frame.select("series", "date", *NAMES, "cpu"), panel.frame, steps)
            parts.append(rows.with_columns(model=pl.lit(name), panel=pl.lit(panel.name), origin=pl.lit(origin)))
    return pl.concat(parts)


def _tables(rows: pl.DataFrame) -> dict[str, Any]:
    daily = rows.filter(pl.col("panel") != "A&E attendances")
    monthly = rows.filter(pl.col("panel") == "A&E attendances")
    whole = daily.filter(pl.col("model") != SLOW)
    subset = daily.join(
        daily.filter(pl.col("model") == SLOW).select("panel", "series", "origin", "date").unique(),
        on=["panel", "series", "origin", "date"],
        how="semi",
    )
    near = coverage_by_series(whole)
    per_series = whole.group_by("panel", "series", "model").agg(pl.col("scaled").mean())
    best = per_series.sort("scaled").group_by("panel", "series").agg(pl.col("model").first(), pl.col("scaled").first())
    mine = per_series.filter(pl.col("model") == OURS).rename({"scaled": "ours"}).drop("model")
    lost = best.filter(pl.col("model") != OURS).join(mine, on=["panel", "series"])
    lost = lost.with_columns(gap=pl.col("ours") / pl.col("scaled") - 1).sort("gap", descending=True)
    return {
        "daily": summary(whole).join(near, on="model", how="left", maintain_order="left").to_dicts(),
        "holidays": summary(whole.filter("holiday")).to_dicts(),
        "by_panel": summary(whole, ("panel", "model")).sort("panel", "mase").to_dicts(),
        "subset": summary(subset).to_dicts(),
        "monthly": summary(monthly).to_dicts(),
        "series": best.height,
        "lost": lost.to_dicts(),
    }


def _about(panel: panels.Panel) -> dict[str, Any]:
    return {
        "name": panel.name,
        "series": panel.frame["series"].n_unique(),
        "horizon": panel.horizon,
        "origins": [str(panel.origins[0]), str(panel.origins[-1]), len(panel.origins)],
    }


def _report(found: dict[str, Any], about: dict[str, Any]) -> str:
    lines = [
        "# Demand forecasts beside the specialists",
        "",
        "Real published series that ship with the project; every model at the same cut-offs, with at most three years",
        "(four for months) before them. MASE, RMSSE, CRPS and interval scores are in units of the training window's",
        "mean change over a week (a year for months). CPU is seconds per series and forecast.",
        "",
        *(
            f"- {each['name']}: {each['series']} series, {each['horizon']} ahead, {each['origins'][2]} cut-offs from "
            f"{each['origins'][0]} to {each['origins'][1]}"
            for each in about["panels"]
        ),
    ]
    for title, name, more in (
        ("Daily, all panels", "daily", ("near80", "near95")),
        ("Daily, holiday windows", "holidays", ()),
        ("Daily, by panel", "by_panel", ()),
        ("Daily, the series and cut-offs that AutoARIMA ran on", "subset", ()),
        ("Monthly", "monthly", ()),
    ):
        lines += ["", f"## {title}", "", *_table(found[name], ("panel",) if name == "by_panel" else (), more)]
    lines += [
        "",
        "near80 and near95: share of series whose coverage is within 5 points of what was promised.",
        "",
        "## Where we lose",
        "",
        f"Of {found['series']} daily series another model has the lower MASE on {len(found['lost'])}; the widest gaps:",
        "",
        *(
            f"- {each['panel']}, {each['series']}: {each['ours']:.3f}, {each['model']} {each['scaled']:.3f}"
            for each in found["lost"][:8]
        ),
    ]
    return "\n".join(lines) + "\n"


def _table(rows: list[dict[str, Any]], first: tuple[str, ...], more: tuple[str, ...]) -> list[str]:
    head = (*first, "model", "points", *MEASURES, *more)
    cells = [[f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in head] for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(each)} |" for each in cells)]


if __name__ == "__main__":
    main()
