"""Our forecasts beside seasonal naive on the shipped real series, at the same cut-offs.

Daily: patients discharged, by acute trust (28 days ahead, 12 cut-offs 28 days apart).
Monthly: A&E attendances of all types, by provider (6 months ahead, 12 cut-offs a month apart).
Both also for England. Run from the project's folder:

    OMP_NUM_THREADS=1 python -m benchmarks.forecast_first_cut

It writes `forecast_first_cut.json` and `forecast_first_cut.md` beside this file.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from pathlib import Path

import polars as pl

from models.backtest import Backtest, backtest
from models.calendar import Frequency, bank_holidays
from models.measures import summary
from models.rolling import holiday_periods

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "sample_data" / "published" / "shipped"
COLUMNS = ("mase", "rmsse", "wape", "bias", "coverage80", "coverage95", "interval_score80", "interval_score95")


def discharges() -> pl.DataFrame:
    """Patients discharged by trust and day."""
    frame = pl.read_parquet(SHIPPED / "discharge_sitrep" / "fact_discharge_day.parquet")
    return frame.select(series="org_code", date="period", value=pl.col("discharged_total").cast(pl.Float64))


def attendances() -> pl.DataFrame:
    """A&E attendances of all types, booked ones included, by provider and month."""
    frame = pl.read_parquet(SHIPPED / "ae_attendances" / "fact_ae_month.parquet")
    amount = pl.col("attendances") + pl.col("attendances_booked").fill_null(0)
    every = frame.with_columns(amount=amount).group_by(series="org_code", date="period")
    return every.agg(value=pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum().cast(pl.Float64)))


def england(frame: pl.DataFrame) -> pl.DataFrame:
    """The sum over organisations."""
    return frame.group_by("date").agg(pl.col("value").sum()).with_columns(series=pl.lit("England"))


def scored(name: str, frame: pl.DataFrame, horizon: int) -> list[dict[str, object]]:
    """One row per model, and on daily series one more for the days around holidays."""
    began = time.process_time()
    tested = backtest(frame, horizon, 12)
    seconds = time.process_time() - began
    series = tested.frame["series"].n_unique()
    print(f"{name}: {series} series, {tested.origins} cut-offs, {len(tested.refused)} refused, {seconds:.1f} s CPU")
    fixed = {"series": series, "cutoffs": tested.origins, "refused": len(tested.refused), "horizon": horizon}
    rows = [{"panel": name, **fixed, **row} for row in tested.scores().iter_rows(named=True)]
    if horizon == 28:
        rows += [{"panel": f"{name}, holidays", **fixed, **row} for row in around_holidays(tested)]
    return [{**row, "cpu_seconds": round(seconds, 2)} for row in rows]


def around_holidays(tested: Backtest) -> list[dict[str, object]]:
    """The scores of days on or next to a bank holiday, or between Christmas and 4 January."""
    days = tested.frame["date"].to_numpy().astype("datetime64[D]")
    marked = holiday_periods(days, Frequency.DAILY, bank_holidays(2020, 2030))
    return list(summary(tested.frame.filter(pl.Series(marked))).iter_rows(named=True))


def report(rows: list[dict[str, object]]) -> str:
    """The rows as a Markdown table."""
    head = ("panel", "series", "cutoffs", "points", "model", *COLUMNS)
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row in rows:
        cells = [f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in head]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Runs everything and writes both files."""
    daily, monthly = discharges(), attendances()
    rows = [
        *scored("discharges, trusts, 28 days", daily, 28),
        *scored("discharges, England, 28 days", england(daily), 28),
        *scored("A&E attendances, providers, 6 months", monthly, 6),
        *scored("A&E attendances, England, 6 months", england(monthly), 6),
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "peak_mib": round(peak)}
    (HERE / "forecast_first_cut.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    whole = [row for row in rows if "holidays" not in str(row["panel"])]
    times = dict.fromkeys(f"{row['panel']}: {row['cpu_seconds']}" for row in whole)
    text = (
        "# Forecasts, first cut, against seasonal naive\n\n"
        "Real published series that ship with the project; the same cut-offs for both models; every training window\n"
        "ends the period before its cut-off. Errors are scaled on the training window (MASE, RMSSE, interval scores).\n"
        "Series that are too short, too sparse or have stopped are refused and not counted.\n\n"
        "Command: `OMP_NUM_THREADS=1 python -m benchmarks.forecast_first_cut`\n\n"
        f"{report(rows)}\n\n"
        f"CPU seconds for both models, all cut-offs, with intervals: {', '.join(times)}.\n"
        "\nSettings were chosen on periods before these tests (daily: every sixth trust to September 2024; monthly:\n"
        "to December 2024). Where it is weak: around holidays at England level the 95% interval is too narrow, and\n"
        "monthly intervals are too wide, as the errors that set them come from livelier years.\n\n"
        f"Peak memory {machine['peak_mib']} MiB, {machine['cores']} cores, Python {machine['python']}.\n"
    )
    (HERE / "forecast_first_cut.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
