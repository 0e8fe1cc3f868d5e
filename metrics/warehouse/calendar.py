"""The NHS calendar: ISO weeks, quarters, financial years and working days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

FIRST_DAY, LAST_DAY = date(2010, 1, 1), date(2030, 12, 31)
_SATURDAY = 5


def easter_sunday(year: int) -> date:
    """Returns Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def usual_bank_holidays(year: int) -> dict[date, str]:
    """Returns the eight usual bank holidays of England and Wales, substitute days included.

    Royal occasions and days moved by proclamation are not in it: the published list has those.
    """

    def monday_from(day: date) -> date:
        return day + timedelta(days=-day.weekday() % 7)

    def weekday_from(day: date, *, taken: tuple[date, ...] = ()) -> date:
        while day.weekday() >= _SATURDAY or day in taken:
            day += timedelta(days=1)
        return day

    easter = easter_sunday(year)
    christmas, boxing = date(year, 12, 25), date(year, 12, 26)
    # A Sunday Christmas is made up for on the Tuesday, as Monday is Boxing Day itself.
    christmas_kept = weekday_from(christmas, taken=(boxing,))
    boxing_kept = weekday_from(boxing, taken=(christmas_kept,))
    return {
        weekday_from(date(year, 1, 1)): "New Year\u2019s Day",
        easter - timedelta(days=2): "Good Friday",
        easter + timedelta(days=1): "Easter Monday",
        monday_from(date(year, 5, 1)): "Early May bank holiday",
        monday_from(date(year, 5, 25)): "Spring bank holiday",
        monday_from(date(year, 8, 25)): "Summer bank holiday",
        christmas_kept: "Christmas Day",
        boxing_kept: "Boxing Day",
    }


# GOV.UK's list begins in 2012; the one earlier day that the rule does not give.
_EARLIER = {date(2011, 4, 29): "Royal wedding"}


def nhs_calendar(published: Mapping[date, str]) -> pl.DataFrame:
    """Returns one row a day from 1 January 2010 to 31 December 2030, as `dim_date`.

    Args:
        published: the published bank holidays of England and Wales, day to name. In years that it does
            not cover the usual eight stand in.
    """
    years = {day.year for day in published}
    holidays = {
        **{
            day: name
            for year in range(FIRST_DAY.year, LAST_DAY.year + 1)
            if year not in years
            for day, name in {**usual_bank_holidays(year), **_in_year(_EARLIER, year)}.items()
        },
        **published,
    }
    day = pl.col("day")
    quarter = day.dt.truncate("1q")
    year_start = (
        pl.when(day.dt.month() >= 4).then(pl.date(day.dt.year(), 4, 1)).otherwise(pl.date(day.dt.year() - 1, 4, 1))
    )
    named = pl.DataFrame(
        {"day": list(holidays), "bank_holiday": list(holidays.values())},
        schema={"day": pl.Date, "bank_holiday": pl.String},
    )
    return (
        pl.DataFrame({"day": pl.date_range(FIRST_DAY, LAST_DAY, eager=True)})
        .join(named, on="day", how="left", maintain_order="left")
        .with_columns(financial_year_start=year_start)
        .select(
            "day",
            iso_year=day.dt.iso_year().cast(pl.Int64),
            iso_week=day.dt.week().cast(pl.Int64),
            week_start=day.dt.truncate("1w"),
            month_start=day.dt.truncate("1mo"),
            quarter_start=quarter,
            financial_year_start=pl.col("financial_year_start"),
            financial_year=pl.format(
                "FY {}/{}",
                pl.col("financial_year_start").dt.year(),
                ((pl.col("financial_year_start").dt.year() + 1) % 100).cast(pl.String).str.zfill(2),
            ),
            financial_month=((day.dt.month().cast(pl.Int64) + 8) % 12 + 1),
            bank_holiday=pl.col("bank_holiday"),
            is_working_day=(day.dt.weekday() <= _SATURDAY) & pl.col("bank_holiday").is_null(),
        )
    )


def _in_year(days: Mapping[date, str], year: int) -> dict[date, str]:
    return {day: name for day, name in days.items() if day.year == year}
