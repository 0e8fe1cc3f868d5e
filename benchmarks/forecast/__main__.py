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
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.forecast import hierarchy, ours, panels
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
"""AutoARIMA forecasts every fourth series from every fourth cut-off; it would take hours for all."""

MEASURES = ("mase", "rmsse", "wape", "wql", "crps", "is80", "is95", "cov80", "cov95", "bias", "intervals", "cpu")
NEAR = ("near80", "near95", "chance80", "chance95")
MONTHLY = "A&E attendances"
POINT = ["panel", "series", "origin", "date"]


def main() -> None:
    """Runs everything and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-peers", action="store_true", help="use the peers' forecasts that are kept")
    chosen = parser.parse_args()
    every = (*panels.daily(), panels.attendances())
    _export(every)
    if not chosen.without_peers:
        _run_peers([_slug(panel) for panel in every])
    rows = pl.concat([_of(panel) for panel in every], how="diagonal_relaxed")
    found = _tables(rows) | {"hierarchy": hierarchy.measured()}
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


def _run_peers(names: list[str]) -> None:
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
    tasks = [[peer] for peer in QUICK] + [[SLOW, ",".join(names), str(STRIDE)]]
    for task in tasks:
        subprocess.run([*script, *task], check=True, env=os.environ | one)


def _of(panel: panels.Panel) -> pl.DataFrame:
    """Every model's forecasts of a panel, judged."""
    parts = []
    for origin in panel.origins:
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
    cutoffs = rows.filter(pl.col("model") == OURS).select("panel", "origin").n_unique()
    each = rows.group_by("model").agg(pl.struct("panel", "origin").n_unique().alias("cutoffs"))
    unfinished = each.filter(pl.col("cutoffs") < cutoffs, pl.col("model") != SLOW)["model"].sort().to_list()
    rows = rows.filter(~pl.col("model").is_in(unfinished))
    whole, refused = _shared(rows.filter(pl.col("model") != SLOW))
    whole, monthly = whole.filter(pl.col("panel") != MONTHLY), whole.filter(pl.col("panel") == MONTHLY)
    slow = rows.filter(pl.col("model") == SLOW).select(POINT).unique()
    subset, _ = _shared(rows.filter(pl.col("panel") != MONTHLY).join(slow, on=POINT, how="semi"))
    subset_monthly, _ = _shared(rows.filter(pl.col("panel") == MONTHLY).join(slow, on=POINT, how="semi"))
    weeks = whole.with_columns(week=(pl.col("date") - pl.col("origin")).dt.total_days() // 7 + 1)
    near = coverage_by_series(whole)
    by_panel = summary(whole, ("panel", "model")).join(
        coverage_by_series(whole.with_columns(group="panel"), ("group", "model")).rename({"group": "panel"}),
        on=["panel", "model"],
    )
    per_series = whole.group_by("panel", "series", "model").agg(pl.col("scaled").mean())
    best = per_series.sort("scaled").group_by("panel", "series").agg(pl.col("model").first(), pl.col("scaled").first())
    mine = per_series.filter(pl.col("model") == OURS).rename({"scaled": "ours"}).drop("model")
    lost = best.filter(pl.col("model") != OURS).join(mine, on=["panel", "series"])
    lost = lost.with_columns(gap=pl.col("ours") / pl.col("scaled") - 1).sort("gap", descending=True)
    return {
        "daily": summary(whole).join(near, on="model", how="left", maintain_order="left").to_dicts(),
        "holidays": summary(whole.filter("holiday")).to_dicts(),
        "by_panel": by_panel.sort("panel", "mase").to_dicts(),
        "by_week": summary(weeks, ("week", "model")).sort("week", "mase").to_dicts(),
        "subset": summary(subset).to_dicts(),
        "monthly": summary(monthly).to_dicts(),
        "subset_monthly": summary(subset_monthly).to_dicts(),
        "unfinished": unfinished,
        "refused": refused,
        "series": best.height,
        "lost": lost.to_dicts(),
    }


def _shared(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """The points that every model forecast, and, by panel and series, how many of the others' ours refused."""
    models = rows["model"].n_unique()
    counted = rows.group_by(POINT).agg(pl.len(), ours=(pl.col("model") == OURS).any())
    refused = counted.filter(~pl.col("ours")).group_by("panel", "series").agg(points=pl.len()).sort("panel", "series")
    return rows.join(counted.filter(pl.col("len") == models), on=POINT, how="semi"), refused.to_dicts()


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
        "mean change over a week (a year for months). CPU is seconds per series and forecast. All are judged on the",
        "same points; `intervals` is the share of them for which a model gives any.",
        "",
        *(
            f"- {each['name']}: {each['series']} series, {each['horizon']} ahead, {each['origins'][2]} cut-offs from "
            f"{each['origins'][0]} to {each['origins'][1]}"
            for each in about["panels"]
        ),
    ]
    lines += ["", "## What was aimed at", "", "| aim | measured | met |", "| --- | --- | --- |", *_aims(found)]
    for title, name, more in (
        ("Daily, all panels", "daily", NEAR),
        ("Daily, holiday windows", "holidays", ()),
        ("Daily, by panel", "by_panel", NEAR),
        ("Daily, by week ahead", "by_week", ()),
        (f"Daily, the series and cut-offs that {SLOW} ran on", "subset", ()),
        ("Monthly", "monthly", ()),
        (f"Monthly, the series and cut-offs that {SLOW} ran on", "subset_monthly", ()),
    ):
        first = {"by_panel": ("panel",), "by_week": ("week",)}.get(name, ())
        lines += ["", f"## {title}", "", *_table(found[name], first, more)]
    lines += [
        "",
        "near80 and near95: share of series whose coverage is within 5 points of what was promised. chance80 and",
        "chance95: the share if all series were right in the long run, as coverage differs by cut-off; less where",
        "cut-offs overlap (NHS 111 is judged on 61 days and winter beds on 50, each seen many times), more where",
        "intervals answer to their own misses.",
        "",
        *_added_up(found["hierarchy"]),
        "## Where we lose",
        "",
        f"{SLOW} ran on every fourth series and cut-off alone, and has no part in the tables of all.",
        f"Of {found['series']} daily series another model has the lower MASE on {len(found['lost'])}; the widest gaps:",
        "",
        *(
            f"- {each['panel']}, {each['series']}: {each['ours']:.3f}, {each['model']} {each['scaled']:.3f}"
            for each in found["lost"][:8]
        ),
        *_left_out(found),
    ]
    return "\n".join(lines) + "\n"


def _aims(found: dict[str, Any]) -> list[str]:
    """Rows of what was aimed at, beside what was measured."""

    def of(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        mine = next(row for row in found[name] if row["model"] == OURS)
        return mine, [row for row in found[name] if row["model"] != OURS]

    (daily, peers), (monthly, others), (holiday, rest) = of("daily"), of("monthly"), of("holidays")
    best, best_monthly = min(peers, key=lambda row: row["mase"]), min(others, key=lambda row: row["mase"])
    gain, gain_monthly = 1 - daily["mase"] / best["mase"], 1 - monthly["mase"] / best_monthly["mase"]
    whole = [row for row in peers if row["intervals"] == 1]
    cost = daily["cpu"] / next(row["cpu"] for row in peers if row["model"] == "AutoETS")
    off80, off95 = daily["cov80"] - 0.8, daily["cov95"] - 0.95
    near = f"{daily['near80']:.0%} and {daily['near95']:.0%}"
    least = min(row["mase"] for row in rest)
    nodes = found["hierarchy"]["all"]
    loss = nodes["reconciled"] / nodes["own"] - 1
    aims = [
        ("daily MASE 6% below the best peer", f"{gain:.1%} below {best['model']}", gain >= 0.06),
        ("monthly MASE no worse than the best", f"{gain_monthly:.1%} below {best_monthly['model']}", gain_monthly >= 0),
        (
            "least error on holiday windows, coverage within 4 points",
            f"MASE {holiday['mase']:.3f}, best peer {least:.3f}; {holiday['cov80']:.1%} and {holiday['cov95']:.1%}",
            holiday["mase"] <= least and abs(holiday["cov80"] - 0.8) <= 0.04 and abs(holiday["cov95"] - 0.95) <= 0.04,
        ),
        (
            "coverage within 1.5 points",
            f"{daily['cov80']:.1%} of 80%, {daily['cov95']:.1%} of 95%",
            max(abs(off80), abs(off95)) <= 0.015,
        ),
        (
            "and within 5 points for nine in ten series",
            f"{near} of series; chance alone leaves {daily['chance80']:.0%} and {daily['chance95']:.0%}",
            min(daily["near80"], daily["near95"]) >= 0.9,
        ),
        (
            "best interval scores and WQL",
            f"{daily['is80']:.3f}, {daily['is95']:.3f}, {daily['wql']:.4f}; best peers "
            + ", ".join(f"{min(row[name] for row in whole):.3f}" for name in ("is80", "is95", "wql")),
            all(daily[name] <= min(row[name] for row in whole) for name in ("is80", "is95", "wql")),
        ),
        ("a tenth of the time of AutoETS", f"{cost:.1%} of it", cost <= 0.1),
        ("reconciled forecasts lose nothing on average", f"MASE {loss:+.2%}", loss <= 0),
    ]
    return [f"| {aim} | {measured} | {'yes' if met else 'no'} |" for aim, measured, met in aims]


def _added_up(found: dict[str, Any]) -> list[str]:
    lines = [
        "## Forecasts that add up",
        "",
        f"Discharges of {found['trusts']} trusts that reported on nearly all days, at {found['cutoffs']} cut-offs:",
        "MASE of means, and coverage of the middle 80% of paths.",
        f"No parent is further than {found['largest_gap']:.1g} from the sum of its children.",
        "",
        "| level | nodes | forecast alone | summed from trusts | reconciled | coverage alone | coverage reconciled |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    everything = {"level": "all nodes", "nodes": sum(row["nodes"] for row in found["levels"])} | found["all"]
    for row in (*found["levels"], everything):
        numbers = ("own", "summed", "reconciled", "cov80_own", "cov80_reconciled")
        lines.append(f"| {row['level']} | {row['nodes']} | {' | '.join(f'{row[name]:.3f}' for name in numbers)} |")
    return [*lines, ""]


def _left_out(found: dict[str, Any]) -> list[str]:
    lines = []
    if found["refused"]:
        names = ", ".join(f"{each['panel']} {each['series']} ({each['points']} points)" for each in found["refused"])
        lines += ["", f"Ours refuses, and nobody is judged on: {names}."]
    if found["unfinished"]:
        lines += ["", f"Not run to the end, and left out: {', '.join(found['unfinished'])}."]
    return lines


def _table(rows: list[dict[str, Any]], first: tuple[str, ...], more: tuple[str, ...]) -> list[str]:
    head = (*first, "model", "points", *MEASURES, *more)
    cells = [[_cell(row[name]) for name in head] for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(each)} |" for each in cells)]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
