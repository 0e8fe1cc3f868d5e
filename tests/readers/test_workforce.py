"""Workforce: nobody is counted twice, and the sums are the publisher's."""

from __future__ import annotations

import math
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import Reading, UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.workforce import read
from tests.readers.edited import FILES, cut_short, with_member

WORKBOOK = FILES / "workforce" / "NHS Workforce Statistics, May 2025 England and Organisation.xlsx"
SERIES = FILES / "workforce" / "workforce_by_trust_staff_group_2009_2026.parquet"
ADMINISTRATIVE = ["Central functions", "Managers", "Senior managers"]
MAY = date(2025, 5, 1)


@cache
def workbook() -> Reading:
    return checked(WORKBOOK, read(WORKBOOK))


@cache
def series() -> Reading:
    return checked(SERIES, read(SERIES))


def test_the_workbook_adds_up_to_england_in_each_of_its_tables() -> None:
    reading = workbook()
    england = reading.frames["fact_workforce_england_month"].filter(pl.col("period") == MAY)
    groups = reading.frames["fact_workforce_organisation_month"]
    totals = reading.frames["fact_workforce_total_month"].filter(pl.col("period") == MAY)

    for frame in (england, groups, totals):
        assert math.isclose(frame["fte"].sum(), 1373862.75008, abs_tol=0.01)  # as the sheet states it
    assert totals["headcount"].sum() == 1544095  # 3,379 more than England's 1,540,716 people
    assert groups["period"].unique().to_list() == [MAY]
    assert groups["org_code"].n_unique() == totals["org_code"].n_unique() == 247
    stated = {(total.period, total.measure): total.value for total in reading.totals}
    assert stated[MAY, "fte [org_code=ENG]"] == 1373862.75008
    assert stated[date(2009, 9, 1), "fte [org_code=ENG]"] == 1002298.10222


def test_only_the_lowest_groups_are_held() -> None:
    groups = workbook().frames["fact_workforce_organisation_month"]["staff_group"].unique()
    assert groups.len() == 22
    assert not groups.is_in(["Total", "HCHS Doctors", "HCHS doctors", "NHS infrastructure support"]).any()
    names = series().frames["fact_workforce_month"]["staff_group"].unique()
    assert set(names) <= set(groups)


def test_a_dash_is_zero_in_this_workbook_and_such_rows_are_left_out() -> None:
    groups = workbook().frames["fact_workforce_organisation_month"]
    assert groups.filter((pl.col("fte") == 0) & (pl.col("headcount") == 0)).is_empty()
    assert groups["fte"].null_count() == groups["headcount"].null_count() == 0


def test_the_series_and_the_workbook_say_the_same_of_a_trust() -> None:
    """Two publications of one month, read by two ways: each group of each trust is equal."""
    trusts = series().frames["fact_workforce_month"].filter(pl.col("period") == MAY)
    everyone = workbook().frames["fact_workforce_organisation_month"]
    keys = ["org_code", "main_staff_group", "staff_group"]
    both = trusts.join(everyone, on=keys, how="left", suffix="_workbook")

    assert both["fte_workbook"].null_count() == 0
    assert (both["fte"] - both["fte_workbook"]).abs().max() < 1e-6
    counted = both.filter(pl.col("headcount").is_not_null())
    assert (counted["headcount"] == counted["headcount_workbook"]).all()


def test_staff_in_no_group_stay_in_the_denominator() -> None:
    facts = series().frames["fact_workforce_month"]
    yorkshire = facts.filter(pl.col("org_code") == "RX1", pl.col("period") == date(2016, 9, 1))
    assert math.isclose(yorkshire["fte"].sum(), 11423.63671, abs_tol=1e-5)  # the trust's own total row
    unknown = yorkshire.filter(pl.col("staff_group") == "Unknown classification").row(0, named=True)
    assert math.isclose(unknown["fte"], 162.27332, abs_tol=1e-5)
    assert unknown["headcount"] is None


def test_the_series_that_ships() -> None:
    facts = read_shipment("workforce").frames["fact_workforce_month"]
    may = facts.filter(pl.col("period") == MAY)
    admin = may.filter(pl.col("staff_group").is_in(ADMINISTRATIVE))
    assert math.isclose(may["fte"].sum(), 1069429.42229, abs_tol=1e-4)
    assert math.isclose(admin["fte"].sum(), 104212.94829, abs_tol=1e-4)
    last = facts.filter(pl.col("period") == date(2026, 2, 1))
    share = last.filter(pl.col("staff_group").is_in(ADMINISTRATIVE))["fte"].sum() / last["fte"].sum()
    assert round(share, 6) == 0.094608
    assert facts["period"].n_unique() == 29
    assert facts.select("period", "org_code", "staff_group").is_duplicated().sum() == 0


def test_every_month_of_the_shipped_england_series_ties_to_its_total() -> None:
    shipment = read_shipment("workforce")
    sums = shipment.frames["fact_workforce_england_month"].group_by("period").agg(pl.col("fte").sum())
    organisations = shipment.frames["fact_workforce_total_month"].group_by("period").agg(pl.col("fte").sum())
    stated = {total.period: total.value for source in shipment.sources for total in source.totals}

    assert len(stated) == 189
    for frame in (sums, organisations):
        assert {period for period, _ in frame.iter_rows()} == set(stated)
        assert max(abs(value - stated[period]) for period, value in frame.iter_rows()) < 0.01


def test_rows_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    file = with_member(WORKBOOK, tmp_path, "sheet4.xml", "1404.31591", "9404.31591")
    with pytest.raises(UnreadableFileError, match=r"sheet '3\. NHSE, Org & SG - FTE'.*add up to 1381862"):
        read(file)


def test_a_trust_whose_groups_exceed_its_total_is_refused(tmp_path: Path) -> None:
    table = pl.read_parquet(SERIES).with_columns(
        fte=pl.when((pl.col("org_code") == "R0A") & (pl.col("staff_group_1") == "Managers"))
        .then(pl.col("fte") + 500)
        .otherwise("fte")
    )
    file = tmp_path / SERIES.name
    table.write_parquet(file)
    with pytest.raises(UnreadableFileError, match="do not fit its total"):
        read(file)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / SERIES.name
    pl.read_parquet(SERIES).drop("fte").write_parquet(file)
    with pytest.raises(UnreadableFileError, match="column 'fte': 1 columns are missing"):
        read(file)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="sheet 1 is missing"):
        read(FILES / "nhs_app" / "NHS App Management Information Statistics - June 2025.xlsx")
    text = tmp_path / "workforce.csv"
    text.write_text("a,b\n1,2\n", encoding="utf-8")
    for file in (text, cut_short(WORKBOOK, tmp_path), cut_short(SERIES, tmp_path)):
        with pytest.raises(UnreadableFileError):
            read(file)
