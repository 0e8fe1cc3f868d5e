"""Warehouses of many appointments: three years of the simulated trust, as many times over as it takes."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.changing import changing
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.elective import fact_appointment
from metrics.warehouse.writing import writing
from sample_data.published.load import load_shipped
from sample_data.simulator.folder import write_folder
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import usual_scenario

FOLDER = Path(__file__).parent.parent.parent / "build" / "cubes"
LAST = date(2026, 10, 31)
FIRST = date(2023, 11, 1)
_APART = 1_000_000_000  # between the numbers of two copies


def url_of(rows: int) -> str:
    """Returns the warehouse of about so many appointments, made the first time."""
    place = FOLDER / f"{rows}"
    done = place / "done"
    if not done.exists():
        base = _base()
        small = usual_scenario(FIRST, LAST, scale=0.05)
        load_shipped(url=embedded_url(place))
        write_warehouse(small, embedded_url(place))
        _fill(embedded_url(place), base, rows)
        done.touch()
    return embedded_url(place)


def _base() -> Path:
    folder = FOLDER / "base"
    if not (folder / "manifest.json").exists():
        print("Simulating three years", file=sys.stderr)
        write_folder(usual_scenario(FIRST, LAST), folder)
    return folder / "tables" / "fact_appointment" / "*.parquet"


def _fill(url: str, base: Path, rows: int) -> None:
    """Puts copies in, day by day as a trust's records come; each copy's patients live somewhere else."""
    held = pl.scan_parquet(base).select(pl.len()).collect().item()
    copies = max(1, round(rows / held))
    share = min(1.0, rows / held)
    columns = ", ".join(fact_appointment.columns.keys())
    own = {
        "appointment_id": f"appointment_id + k * {_APART}",
        "patient_id": f"patient_id + k * {_APART}",
        "deprivation_quintile": "(deprivation_quintile + k) % 5 + 1",
    }
    shown = ", ".join(own.get(name, name) for name in fact_appointment.columns.keys())  # noqa: SIM118 - not a dict
    with writing(url) as writer:
        writer.execute(sa.delete(fact_appointment))
        native = writer.connection.connection.driver_connection
        assert native is not None  # noqa: S101 - a connection that is open
        native.execute(f"CREATE TEMP TABLE base AS SELECT {columns} FROM read_parquet('{base}')")
        days = native.sql("SELECT DISTINCT appointment_on FROM base ORDER BY 1").fetchall()
        for number, (day,) in enumerate(days):
            native.execute(
                f"INSERT INTO fact_appointment ({columns}) SELECT {shown} FROM base CROSS JOIN range({copies}) r(k) "
                f"WHERE appointment_on = '{day}' AND appointment_id % 1000 < {share * 1000}"
            )
            if number % 100 == 0:
                print(f"\r{rows:,} appointments: {day}", end="", file=sys.stderr)
    print(file=sys.stderr)


def commit(url: str, last: date, turn: int) -> None:
    """Commits a thousand changes of a day at the clinics.

    500 patients who were seen or missed on the last day, 300 bookings over the ninety days that follow, 150 corrections
    and 50 deletions of records of the last week.
    """
    table = fact_appointment
    week = sa.select(table).where(table.c.appointment_on > last - timedelta(days=7), table.c.attended != "0")
    warehouse = open_warehouse(url)
    held = warehouse.frame(week).filter(pl.col("appointment_id") % 7 == turn % 7)
    on_the_day = held.filter(pl.col("appointment_on") == last).head(500)
    others = held.join(on_the_day, on="appointment_id", how="anti").head(200)
    ahead = pl.Series("appointment_on", [last + timedelta(days=1 + number % 90) for number in range(300)])
    newest = warehouse.frame(sa.select(sa.func.max(table.c.appointment_id).label("number")))["number"].item()
    numbers = pl.Series("appointment_id", range(300)) + max(newest + 1, 10**15)
    booked = held.sample(300, with_replacement=True, seed=turn).with_columns(
        numbers, ahead, pl.lit("0").alias("attended"), pl.lit(None, pl.String).alias("outcome")
    )
    seen = pl.concat([on_the_day, others.head(150)]).select(
        "appointment_id", pl.when(pl.col("attended") == "5").then(pl.lit("3")).otherwise(pl.lit("5")).alias("attended")
    )
    with changing(url) as changes:
        changes.insert(table, booked.drop("changed_at"))
        changes.correct(table, seen)
        changes.delete(table, others.tail(50).select("appointment_id"))
