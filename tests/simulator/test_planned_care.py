"""The waiting list adds up, clinics are held on clinic days, and appointments are missed for the reasons known."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_data.simulator.booking import give
from sample_data.simulator.days import day_of, number_of


def test_the_list_is_what_it_was_and_what_changed_it(world):
    flow = world.final["fact_rtt_flow"].sort("service_code", "period")
    change = pl.col("clock_starts") - pl.col("stops_admitted") - pl.col("stops_non_admitted") - pl.col("other_removals")
    assert flow.filter(pl.col("opening") + change != pl.col("closing")).is_empty()
    before = flow.with_columns(before=pl.col("closing").shift(1).over("service_code")).drop_nulls("before")
    assert before.filter(pl.col("before") != pl.col("opening")).is_empty()


def test_the_snapshot_is_the_flow_s_closing(world):
    listed = (
        world.final["fact_rtt_snapshot"].group_by("period", "service_code").agg(pl.col("pathways").sum().cast(pl.Int64))
    )
    both = world.final["fact_rtt_flow"].join(listed, on=["period", "service_code"], how="full")
    assert both.filter(pl.col("closing").cast(pl.Int64).ne_missing(pl.col("pathways"))).is_empty()
    held = world.closing["pathways"]
    last = both.filter(pl.col("period") == pl.col("period").max())
    assert last["closing"].sum() == len(held)


def test_clock_starts_are_accepted_referrals(world):
    began = (
        world.final["fact_referral"].filter("accepted").group_by(period=pl.col("received_on").dt.truncate("1mo")).len()
    )
    starts = world.final["fact_rtt_flow"].group_by("period").agg(pl.col("clock_starts").sum())
    both = began.join(starts, on="period")
    assert both.height == 15
    assert (both["len"] == both["clock_starts"]).all()


def test_admitted_stops_are_planned_admissions(world):
    kept = world.final["fact_planned_admission"].filter(
        (pl.col("result") == "admitted") & pl.col("pathway_id").is_not_null()
    )
    assert kept.height == world.final["fact_rtt_flow"]["stops_admitted"].sum()
    spells = world.all("fact_spell").filter(pl.col("admission_method") == "11")
    assert set(kept["spell_id"]) <= set(spells["spell_id"])
    assert kept["pathway_id"].is_unique().all()


def test_no_appointment_on_a_day_without_clinics(world):
    days = world.all("fact_appointment")["appointment_on"].unique()
    assert all(day_of(number_of(day)).is_working for day in days)


def test_clinics_are_in_working_hours_by_the_clock(world):
    at = (
        world.all("fact_appointment")["appointment_at"]
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Europe/London")
    )
    assert (at.dt.date() == world.all("fact_appointment")["appointment_on"]).all()
    assert at.dt.hour().is_between(9, 16).all()


def test_every_appointment_booked_ends_once_or_is_to_come(world):
    rows = world.all("fact_appointment")
    assert rows["appointment_id"].is_unique().all()
    there = set(world.opening["appointments"]["id"].tolist())
    numbers = set(range(int(world.opening["next appointment"]), int(world.closing["next appointment"])))
    assert set(rows["appointment_id"].to_list()) == there | numbers
    coming = rows.filter(pl.col("attended") == "0")
    assert (coming["appointment_on"] > world.scenario.last_day).all()
    assert rows.filter(pl.col("cancelled_at") <= pl.col("booked_at")).is_empty()
    assert rows.filter(pl.col("cancelled_at") >= pl.col("appointment_at")).is_empty()
    assert rows.filter(pl.col("attended").is_in(["2", "4"]) != pl.col("cancelled_at").is_not_null()).is_empty()
    assert rows.filter(pl.col("attended").is_in(["5", "6"]) != pl.col("outcome").is_not_null()).is_empty()


def missed(rows: pl.DataFrame, by: pl.Expr) -> list[float]:
    came = rows.filter(pl.col("attended").is_in(["3", "5", "6"]))
    return came.group_by(by.alias("by")).agg((pl.col("attended") == "3").mean()).sort("by")["attended"].to_list()


def test_more_are_missed_the_longer_ago_they_were_booked(world):
    lead = (pl.col("appointment_on") - pl.col("booked_on")).dt.total_days()
    rates = missed(world.final["fact_appointment"], pl.when(lead < 14).then(0).when(lead < 40).then(1).otherwise(2))
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > 1.4 * rates[0]


def test_more_are_missed_where_people_are_poorer(world):
    rates = missed(world.final["fact_appointment"], pl.col("deprivation_quintile"))
    assert len(rates) == 5
    assert rates[0] > 1.5 * rates[4]


def test_suspected_cancer_is_seen_first(world):
    seen = world.final["fact_appointment"].filter(
        (pl.col("attended") == "5") & pl.col("first_attendance").is_in(["1", "3"])
    )
    waits = (
        seen.join(world.final["fact_referral"].select("pathway_id", "received_on"), on="pathway_id")
        .group_by("priority")
        .agg((pl.col("appointment_on") - pl.col("received_on")).dt.total_days().mean().alias("days"))
    )
    days = dict(waits.iter_rows())
    assert days["two_week"] < 16 < days["urgent"] < days["routine"]


def test_documents_are_one_each_and_none_before_its_event(world):
    rows = world.all("fact_document")
    assert rows["document_id"].is_unique().all()
    assert rows.filter(pl.col("sent_at") < pl.col("event_at")).is_empty()
    summaries = rows.filter(pl.col("document_type") == "discharge")
    live = world.all("fact_spell").filter(
        (pl.col("discharge_method") == "1") & (pl.col("discharged_on") >= world.scenario.first_day)
    )
    mine = summaries.filter(pl.col("event_on") >= world.scenario.first_day)
    assert set(mine["spell_id"].to_list()) == set(live["spell_id"].to_list())


def test_staff_add_up(world):
    rows = world.final["fact_staff_month"].sort("staff_group", "period")
    assert rows.filter(
        pl.col("headcount_start") + pl.col("joiners") - pl.col("leavers") != pl.col("headcount_end")
    ).is_empty()
    before = rows.with_columns(before=pl.col("headcount_end").shift(1).over("staff_group")).drop_nulls("before")
    assert before.filter(pl.col("before") != pl.col("headcount_start")).is_empty()


def test_winter_makes_staff_ill(world):
    month = pl.col("period").dt.month()
    ill = (
        world.final["fact_staff_month"]
        .group_by(month.is_in([12, 1, 2]).alias("winter"), month.is_in([5, 6, 7]).alias("summer"))
        .agg(rate=pl.col("fte_days_lost").sum() / pl.col("fte_days_available").sum())
    )
    rate = {(row[0], row[1]): row[2] for row in ill.iter_rows()}
    assert rate[True, False] > 1.12 * rate[False, True]


def test_cancer_clocks_are_of_their_days(world):
    rows = world.final["fact_cancer_pathway"]
    assert rows.filter(pl.col("days") != (pl.col("stopped_on") - pl.col("started_on")).dt.total_days()).is_empty()
    limit = pl.col("standard").replace_strict({"fds_28": 28, "day_31": 31, "day_62": 62})
    assert rows.filter(pl.col("within") != (pl.col("days") <= limit)).is_empty()
    assert (rows["days"] >= 0).all()
    assert rows["stopped_on"].min() >= world.scenario.first_day - timedelta(days=1)


@pytest.mark.parametrize("seed", range(3))
@given(st.data())
def test_places_are_given_as_one_after_another_would_get_them(seed, data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)) + seed)
    places = random.integers(0, 3, (2, 3, 6)).astype(np.int32)
    count = int(random.integers(0, 25))
    group, service = random.integers(0, 2, count), random.integers(0, 3, count)
    earliest = random.integers(0, 8, count)
    left = places.copy()
    expected = np.full(count, -1)
    for at in np.argsort(np.minimum(earliest, 6), kind="stable"):
        free = np.flatnonzero(left[group[at], service[at], earliest[at] :])
        if len(free):
            expected[at] = earliest[at] + free[0]
            left[group[at], service[at], expected[at]] -= 1
    mine = places.copy()
    found = give(mine, group, service, earliest)
    assert (found == expected).all()
    assert (mine == left).all()
