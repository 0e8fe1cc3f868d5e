"""Users take to a system along a curve, say what it is like, and patients choose their channel."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from sample_data.simulator.estate import SYSTEMS
from tests.simulator.test_truth import beside, live

DAYS = "fact_user_day"


def active_share(world, system: str, last: date) -> float:
    """Returns users active in the 28 days up to a month's end over the users entitled to the system on it."""
    rows = world.final[DAYS].filter(
        (pl.col("system_code") == system) & pl.col("period").is_between(last - timedelta(days=27), last)
    )
    entitled = world.final["fact_entitlement"].filter(
        (pl.col("system_code") == system) & (pl.col("period") == last.replace(day=1))
    )
    return rows["user_id"].n_unique() / entitled["eligible_n"].sum()


def test_the_panel_is_bounded_and_each_user_has_one_row_a_day_and_system(world):
    rows = world.final[DAYS]
    assert not rows.select("period", "user_id", "system_code").is_duplicated().any()
    assert rows.group_by("period").agg(pl.col("user_id").n_unique())["user_id"].max() < 247
    assert rows.filter(pl.col("core_actions") > pl.col("actions")).is_empty()
    assert rows.filter(pl.col("minutes_unscheduled") > pl.col("minutes")).is_empty()
    one = rows.group_by("user_id").agg(pl.col("staff_group", "site_code").n_unique())
    assert one.filter((pl.col("staff_group") > 1) | (pl.col("site_code") > 1)).is_empty()


def test_the_counts_at_a_month_s_end_are_those_of_the_days(world):
    """Of the panel at the month's end: who left during the last 28 days is in its days and not in the count."""
    last = date(2025, 2, 28)
    days = world.final[DAYS].filter(pl.col("period").is_between(last - timedelta(days=27), last))
    each = days.group_by("system_code", "user_id").agg((pl.col("core_actions") > 0).sum().alias("core"))
    by_hand = each.group_by("system_code").agg(pl.len().alias("active"), (pl.col("core") >= 4).sum().alias("regular"))
    counted = world.final["fact_entitlement"].filter(pl.col("period") == last.replace(day=1))
    both = (
        counted.group_by("system_code")
        .agg(pl.col("eligible_n", "active_n", "regular_n").sum())
        .join(by_hand, on="system_code")
    )
    assert both.height == 5
    assert both.filter(
        (pl.col("regular_n") > pl.col("active_n")) | (pl.col("active_n") > pl.col("eligible_n"))
    ).is_empty()
    # The 28 days are those of February, and the panel changes on the first of a month: nobody left meanwhile.
    assert both.filter((pl.col("active") != pl.col("active_n")) | (pl.col("regular") != pl.col("regular_n"))).is_empty()


def test_a_system_is_taken_to_along_a_curve(world):
    """The shared record viewer goes live on the 150th day: nobody before, few at first, most of its ceiling later."""
    went_live = world.scenario.first_day + timedelta(days=next(each.live for each in SYSTEMS if each.code == "SCR"))
    rows = world.final[DAYS].filter(pl.col("system_code") == "SCR")
    assert rows["period"].min() >= went_live
    early, middle, late = (
        active_share(world, "SCR", day) for day in (date(2024, 6, 30), date(2024, 8, 31), date(2025, 3, 31))
    )
    assert early < 0.10
    assert early < middle < late
    assert 0.38 < late < 0.55


def test_an_old_system_is_a_habit_and_stays_one(world):
    shares = [active_share(world, "EPR", day) for day in (date(2024, 1, 31), date(2024, 7, 31), date(2025, 3, 31))]
    assert all(0.92 < share <= 1.03 for share in shares)


def test_training_on_the_wards_raises_adoption(world):
    initiative = live(world, "INI11")
    before = active_share(world, "OBS", initiative.go_live.replace(day=1) - timedelta(days=1))
    after = active_share(world, "OBS", date(2025, 2, 28))
    same = active_share(world, "EPMA", date(2025, 2, 28)) / active_share(world, "EPMA", date(2024, 8, 31))
    assert after / before / same - 1 == pytest.approx(initiative.effect, abs=0.05)


def test_usability_differs_by_system_and_its_parts_agree(world):
    rows = world.final["fact_usability_response"]
    assert rows["period"].dt.month().unique().sort().to_list() == [4, 10]
    items = rows.select(pl.sum_horizontal("ehr_positive", "ehr_neutral", "ehr_negative")).to_series()
    assert items.unique().to_list() == [11]
    net = (pl.col("ehr_positive") - pl.col("ehr_negative")) / 11 * 100
    assert rows.filter((net - pl.col("net_experience")).abs() > 0.006).is_empty()
    assert rows["sus_score"].is_between(0, 100).all()
    mean = dict(rows.group_by("system_code").agg(pl.col("sus_score").mean()).iter_rows())
    assert mean["OBS"] - mean["EPR"] > 10
    assert 42 < mean["EPR"] < 56
    answered = world.final["fact_usability_response"].filter(
        pl.col("period").dt.month() != pl.col("answered_on").dt.month()
    )
    assert answered.is_empty()


def test_the_campaign_brings_patients_to_the_app(world):
    initiative = live(world, "INI10")
    rows = world.final["fact_patient_digital"]
    assert rows.filter(pl.col("completed") > pl.col("started")).is_empty()
    taken_up = pl.col("started").filter("is_digital").sum() / pl.col("started").sum()
    # A month is a row here: the months in which it grows are left out whole.
    found = beside(rows, "service_code", "period", initiative, taken_up, settled=initiative.days)
    assert found == pytest.approx(initiative.effect, abs=0.04)


def test_the_record_is_opened_once_there_is_one(world):
    rows = world.final["fact_record_view_day"]
    assert rows.filter(pl.col("viewed") > pl.col("encounters")).is_empty()
    months = (
        rows.group_by(month=pl.col("period").dt.truncate("1mo")).agg(pl.col("viewed", "encounters").sum()).sort("month")
    )
    share = months.select(pl.col("viewed") / pl.col("encounters")).to_series()
    assert share[0] == 0
    assert share[-1] > 0.3
    seen = world.final["fact_appointment"].filter(pl.col("attended").is_in(["5", "6"])).height
    assert rows.filter(pl.col("setting") == "outpatient")["encounters"].sum() == seen
