"""Patients are kept: whoever came in left or is still there; and the flow has its mechanisms."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.emergency import DIRECT


def test_everybody_who_came_left_or_is_there(world):
    rows = world.all("fact_ed_attendance")
    assert rows["attendance_id"].is_unique().all()
    first = world.scenario.first_day
    before = world.opening["department"]
    there_before = set(before["id"][before["type"] != DIRECT].tolist())
    numbers = set(range(int(world.opening["next attendance"]), int(world.closing["next attendance"])))
    assert set(rows["attendance_id"].to_list()) == numbers | there_before
    assert rows.filter(pl.col("arrived_on") >= first)["attendance_id"].len() == len(numbers)


def test_beds_are_admissions_less_discharges(world):
    spells = world.all("fact_spell").filter(pl.col("ward_code").is_not_null())
    occupied = len(world.opening["inpatients"])
    beds = dict(world.final["fact_bed_snapshot"].group_by("period").agg(pl.col("beds_occupied").sum()).iter_rows())
    first = world.scenario.first_day
    came = dict(spells.filter(pl.col("admitted_on") >= first).group_by("admitted_on").len().iter_rows())
    went = dict(spells.filter(pl.col("discharged_on") >= first).group_by("discharged_on").len().iter_rows())
    for day in sorted(beds):
        occupied += came.get(day, 0) - went.get(day, 0)
        assert beds[day] == occupied, day


def test_no_ward_has_more_patients_than_beds(world):
    beds = world.final["fact_bed_snapshot"]
    assert beds.filter(
        pl.col("beds_occupied") > pl.col("beds_available_core") + pl.col("beds_available_escalation")
    ).is_empty()
    assert beds.filter(pl.col("occ_los21") > pl.col("occ_los14")).is_empty()


def test_times_are_in_their_order(world):
    rows = world.all("fact_ed_attendance")
    order = ["arrived_at", "handed_over_at", "seen_at", "decided_at", "departed_at"]
    for at, earlier in enumerate(order):
        for later in order[at + 1 :]:
            assert rows.filter(pl.col(later) < pl.col(earlier)).is_empty(), (earlier, later)
    spells = world.all("fact_spell")
    assert spells.filter(pl.col("discharged_at") <= pl.col("admitted_at")).is_empty()
    assert spells.filter(
        pl.col("los_nights") != (pl.col("discharged_on") - pl.col("admitted_on")).dt.total_days()
    ).is_empty()
    assert spells.filter((pl.col("los_nights") < 0) | (pl.col("delay_days") < 0)).is_empty()
    assert spells.filter(pl.col("coded_at") < pl.col("discharged_at")).is_empty()
    for table, frame in world.final.items():
        # An appointment that is cancelled lies ahead, and so does what is expected.
        ahead = ("changed_at", "appointment_at", "expected_at")
        instants = [name for name in frame.columns if name.endswith("_at") and name not in ahead]
        for name in instants:
            assert frame.filter(pl.col(name) > pl.col("changed_at")).is_empty(), (table, name)


def test_local_days_of_instants(world):
    rows = world.all("fact_ed_attendance").select("arrived_at", "arrived_on")
    local = rows["arrived_at"].dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()
    assert (local == rows["arrived_on"]).all()
    spells = world.all("fact_spell").drop_nulls("discharged_at")
    local = spells["discharged_at"].dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()
    assert (local == spells["discharged_on"]).all()


def test_days_of_a_clock_change():
    spring, autumn = day_of(number_of(date(2024, 3, 31))), day_of(number_of(date(2024, 10, 27)))
    assert (spring.length, autumn.length) == (1380, 1500)
    assert (len(spring.hours), len(autumn.hours)) == (23, 25)
    assert datetime.fromtimestamp(60 * int(spring.instant(9 * 60)), UTC) == datetime(2024, 3, 31, 8, tzinfo=UTC)
    assert datetime.fromtimestamp(60 * int(autumn.instant(9 * 60)), UTC) == datetime(2024, 10, 27, 9, tzinfo=UTC)


def test_readmissions_are_what_a_look_back_finds(world):
    spells = world.all("fact_spell")
    urgent = spells.filter(pl.col("admission_method").is_in(["21", "22"])).select(
        "patient_id", again_on="admitted_on", again_id="spell_id"
    )
    last = world.scenario.last_day - timedelta(days=40)
    index = spells.filter(
        pl.col("readmit_eligible")
        & (pl.col("discharged_on") <= last)
        & (pl.col("discharged_on") >= world.scenario.first_day)
    )
    pairs = index.join(urgent, on="patient_id").filter(
        (pl.col("again_id") != pl.col("spell_id"))
        & (pl.col("again_on") > pl.col("discharged_on"))
        & ((pl.col("again_on") - pl.col("discharged_on")).dt.total_days() <= 29)
    )
    latest = pairs.sort("discharged_at").group_by("again_id").agg(pl.col("spell_id").last())["spell_id"].unique()
    marked = index.filter(pl.col("readmit_30d"))["spell_id"]
    assert index["readmit_30d"].null_count() == 0
    # The model looks once a day: somebody discharged and admitted on one day is the only way to differ.
    assert len(set(latest) ^ set(marked)) <= 0.01 * len(marked)


def test_the_fuller_the_hospital_the_longer_the_wait_for_a_bed(world):
    days = (
        world.final["fact_bed_snapshot"]
        .filter(pl.col("sector") == "medicine")
        .group_by("period")
        .agg(full=pl.col("beds_occupied").sum() / pl.col("beds_available_core").sum())
    )
    waits = (
        world.final["fact_ed_attendance"].filter(pl.col("disposal") == "admitted")
        .with_columns(wait=(pl.col("departed_at") - pl.col("decided_at")).dt.total_minutes())
        .group_by(pl.col("arrived_on").alias("period")).agg(pl.col("wait").mean())
    )  # fmt: skip
    both = days.join(waits, on="period").sort("full")
    half = both.height // 2
    assert both["wait"][half:].mean() > 1.4 * both["wait"][:half].mean()


def test_stays_in_the_department_lengthen_when_it_is_crowded(world):
    rows = (
        world.final["fact_ed_attendance"]
        .filter(
            (pl.col("department_type") == "1") & (pl.col("disposal") == "discharged") & (pl.col("site_code") == "ZZ101")
        )
        .with_columns(stay=(pl.col("departed_at") - pl.col("arrived_at")).dt.total_minutes())
    )
    everybody = world.final["fact_ed_attendance"].filter(
        (pl.col("department_type") == "1") & (pl.col("site_code") == "ZZ101")
    )
    came = np.sort(everybody["arrived_at"].to_numpy())
    left = np.sort(everybody["departed_at"].to_numpy())
    at = rows["arrived_at"].to_numpy()
    there = np.searchsorted(came, at) - np.searchsorted(left, at)
    crowded = there > np.quantile(there, 0.8)
    quiet = there < np.quantile(there, 0.4)
    stay = rows["stay"].to_numpy()
    assert stay[crowded].mean() > 1.12 * stay[quiet].mean()


def test_fewer_leave_at_weekends(world):
    by_day = (
        world.final["fact_spell"]
        .filter(pl.col("los_nights") > 0)
        .group_by(pl.col("discharged_on").dt.weekday())
        .len()
        .sort("discharged_on")["len"]
        .to_list()
    )
    assert max(by_day[5:]) < 0.8 * min(by_day[:5])
