"""The real series that forecasts are judged on, and the cut-offs they are judged at.

All ship with the project. Development cut-offs are for choosing settings; test cut-offs come after all of them and
are looked at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

SHIPPED = Path(__file__).parents[2] / "sample_data" / "published" / "shipped"
ORIGINS = 12


@dataclass(frozen=True, slots=True)
class Panel:
    """Series of one source on one calendar.

    Attributes:
        name: of the source.
        frame: `series` String, `date` Date, `value` Float64; missing periods are absent.
        horizon: periods ahead.
        origins: first periods that are not known, ascending.
        longest: most periods that any model may train on.
    """

    name: str
    frame: pl.DataFrame
    horizon: int
    origins: tuple[date, ...]
    longest: int

    @property
    def monthly(self) -> bool:
        """Whether the periods are months."""
        return self.horizon == 6

    def known(self, origin: date) -> pl.DataFrame:
        """Returns what a model may see at an origin."""
        first = pl.Series([origin]).dt.offset_by(f"-{self.longest}{'mo' if self.monthly else 'd'}").item()
        return self.frame.filter(pl.col("date").is_between(first, origin, closed="left"))


def discharges(*, every: int = 5, development: bool = False) -> Panel:
    """Patients discharged by trust and day, and for England: April 2022 to August 2025."""
    frame = pl.read_parquet(SHIPPED / "discharge_sitrep" / "fact_discharge_day.parquet")
    tidy = frame.select(series="org_code", date="period", value=pl.col("discharged_total").cast(pl.Float64))
    england = (
        tidy.group_by("date").agg(pl.col("value").sum()).select(pl.lit("England").alias("series"), "date", "value")
    )
    last = date(2024, 9, 29) if development else date(2025, 8, 31)
    return _panel("discharges", pl.concat([_some(tidy, every), england]), 28, _days_before(last, 28, 28), 1096)


def nhs111() -> Panel:
    """Calls received by NHS 111 contract area and day: November 2025 to March 2026, so a short history."""
    frame = pl.read_parquet(SHIPPED / "nhs111" / "fact_nhs111_day.parquet")
    tidy = frame.select(series="org_code", date="period", value=pl.col("calls_received").cast(pl.Float64))
    return _panel("NHS 111 calls", _some(tidy, 5), 28, _days_before(date(2026, 3, 29), 28, 3), 1096)


def gp_appointments() -> Panel:
    """General practice appointments by sub-ICB and day: December 2021 to June 2022, less than a year."""
    frame = pl.read_parquet(SHIPPED / "gp_appointments" / "fact_gp_appointment_day.parquet")
    tidy = frame.group_by(series="org_code", date="period").agg(value=pl.col("appointments").sum().cast(pl.Float64))
    return _panel("GP appointments", _some(tidy, 15), 28, _days_before(date(2022, 6, 30), 28, 9), 1096)


def winter_beds() -> Panel:
    """General and acute beds occupied by trust and day in the winter of 2022-23: one winter of history."""
    frame = pl.read_parquet(SHIPPED / "uec_winter_sitrep" / "fact_winter_bed_day.parquet")
    tidy = frame.select(series="org_code", date="period", value=pl.col("general_acute_occupied").cast(pl.Float64))
    winter = tidy.filter(pl.col("date") >= date(2022, 11, 1))
    return _panel("winter beds", _some(winter, 25), 28, _days_before(date(2023, 3, 12), 28, 2), 1096)


def attendances(*, every: int = 3, development: bool = False) -> Panel:
    """A&E attendances of all types by provider and month, and for England."""
    frame = pl.read_parquet(SHIPPED / "ae_attendances" / "fact_ae_month.parquet")
    amount = pl.col("attendances") + pl.col("attendances_booked").fill_null(0)
    tidy = (
        frame.with_columns(amount=amount)
        .group_by(series="org_code", date="period")
        .agg(value=pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum().cast(pl.Float64)))
    )
    england = (
        tidy.group_by("date").agg(pl.col("value").sum()).select(pl.lit("England").alias("series"), "date", "value")
    )
    last = date(2024, 6, 1) if development else date(2026, 5, 1)
    last_origins = pl.date_range(last, last, "1mo", eager=True).dt.offset_by("-5mo").item()
    origins = tuple(
        pl.Series([last_origins]).dt.offset_by(f"-{number}mo").item() for number in range(ORIGINS - 1, -1, -1)
    )
    return _panel("A&E attendances", pl.concat([_some(tidy, every), england]), 6, origins, 48)


def daily() -> tuple[Panel, ...]:
    """The daily panels at their test cut-offs."""
    return discharges(), nhs111(), gp_appointments(), winter_beds()


def _some(tidy: pl.DataFrame, every: int) -> pl.DataFrame:
    """Every so many of the series that report from the first period to the last, in order of their codes."""
    first, last = tidy["date"].min(), tidy["date"].max()
    whole = (
        tidy.drop_nulls("value")
        .group_by("series")
        .agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"), pl.len())
        .filter(pl.col("first") == first, pl.col("last") == last, pl.col("len") > 0.9 * pl.col("len").max())
    )
    chosen = whole["series"].sort().gather_every(every)
    return tidy.filter(pl.col("series").is_in(chosen.implode())).drop_nulls("value").sort("series", "date")


def _days_before(last: date, horizon: int, step: int) -> tuple[date, ...]:
    final = pl.Series([last]).dt.offset_by(f"-{horizon - 1}d").item()
    return tuple(pl.Series([final]).dt.offset_by(f"-{step * number}d").item() for number in range(ORIGINS - 1, -1, -1))


def _panel(name: str, frame: pl.DataFrame, horizon: int, origins: tuple[date, ...], longest: int) -> Panel:
    return Panel(name, frame.select("series", "date", "value").sort("series", "date"), horizon, origins, longest)
