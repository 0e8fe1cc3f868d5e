"""Systems and interfaces: messages are never lost from the count, an outage stops them, and they are caught up."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from sample_data.simulator import emergency
from sample_data.simulator.component import Today
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.estate import AT_SYSTEM, INTERFACE_CODES, INTERFACES, SYSTEMS, dimensions_of_estate
from sample_data.simulator.interfaces import _in_order
from tests.simulator.scenarios import short
from tests.simulator.test_truth import change, live

HOURS = "fact_interface_hour"


def routed(through_engine: bool) -> list[str]:
    return [each.code for each in INTERFACES if each.through_engine is through_engine]


def test_every_message_is_acknowledged_late_failed_or_waiting(world):
    rows = world.all(HOURS)
    assert rows.filter(pl.col("sent") != pl.sum_horizontal("acked", "late", "failed", "pending")).is_empty()
    assert rows.select(pl.min_horizontal("acked", "late", "failed", "pending", "queued").min()).item() == 0
    assert world.final[HOURS]["pending"].sum() == 0


def test_the_queue_is_what_it_was_and_what_came_and_went(world):
    rows = world.all(HOURS).sort("interface_code", "hour_at").with_columns(
        before=pl.col("queued").shift(1).over("interface_code")
    )  # fmt: skip
    rows = rows.drop_nulls("before")
    moved = pl.col("before") + pl.col("sent") - pl.col("delivered") - pl.col("failed")
    assert rows.filter(moved != pl.col("queued")).is_empty()


def test_a_live_interface_has_every_hour_once(world):
    rows = world.all(HOURS).sort("interface_code", "hour_at")
    gap = rows.select(pl.col("hour_at").diff().over("interface_code")).to_series().drop_nulls()
    assert gap.unique().to_list() == [timedelta(hours=1)]
    estate = dimensions_of_estate(world.scenario)["dim_interface"]
    first = dict(rows.group_by("interface_code").agg(pl.col("hour_on").min()).iter_rows())
    for row in estate.iter_rows(named=True):
        assert first[row["interface_code"]] == max(row["live_from"], world.scenario.first_day)


def test_the_histogram_holds_what_was_delivered(world):
    delivered = (
        world.all(HOURS).group_by("interface_code", period="hour_on").agg(pl.col("delivered").sum().cast(pl.Int64))
    )
    timed = (
        world.final["fact_interface_latency"]
        .group_by("interface_code", "period")
        .agg(pl.col("messages").sum().cast(pl.Int64))
    )
    both = delivered.join(timed, on=["interface_code", "period"], how="full", coalesce=True).fill_null(0)
    assert both.filter(pl.col("delivered") != pl.col("messages")).is_empty()
    bins = world.final["fact_interface_latency"].select("bin", "seconds_from", "seconds_to").unique().sort("bin")
    assert (bins["seconds_to"][:-1] == bins["seconds_from"][1:]).all()


def test_an_outage_of_the_engine_holds_messages_up_and_then_they_come(world):
    """In the hours that the engine is down throughout, routed interfaces deliver nothing and others go on."""
    down = world.all("fact_outage").filter(pl.col("system_code") == "TIE").select(
        pl.col("started_at").dt.truncate("1h").dt.offset_by("1h").alias("from"), pl.col("ended_at").dt.truncate("1h").alias("to")
    )  # fmt: skip
    whole = down.filter(pl.col("to") > pl.col("from"))
    assert whole.height > 0
    rows = world.all(HOURS).join_where(whole, pl.col("hour_at") >= pl.col("from"), pl.col("hour_at") < pl.col("to"))
    stopped = rows.filter(pl.col("interface_code").is_in(routed(through_engine=True)))
    others = rows.filter(pl.col("interface_code").is_in(routed(through_engine=False)))
    assert stopped["delivered"].sum() == 0
    assert stopped["queued"].sum() > 0
    assert others["queued"].sum() == 0
    assert others["delivered"].sum() > 0
    queues = world.all(HOURS).group_by("hour_on").agg(pl.col("queued").last())
    assert (queues["queued"] == 0).mean() > 0.9


@pytest.mark.parametrize(("interface", "channel"), [("TOC-FHR", "fhir"), ("TOC-MSH", "mesh")])
def test_every_electronic_summary_is_a_message(world, interface, channel):
    sent = world.final["fact_document"].filter(
        (pl.col("document_type") == "discharge") & (pl.col("channel") == channel)
    )
    messages = world.all(HOURS).filter(pl.col("interface_code") == interface)
    at = INTERFACE_CODES.index(interface)
    held_back = int(world.closing["unsent"][at] - world.opening["unsent"][at])
    assert messages["sent"].sum() + held_back == sent.height > 1000


def test_practices_change_from_files_to_fhir(world):
    sent = world.final["fact_document"].filter(pl.col("document_type") == "discharge").drop_nulls("sent_at")
    by_fhir = (pl.col("channel") == "fhir").mean()
    months = sent.group_by(pl.col("sent_at").dt.truncate("1mo")).agg(by_fhir).sort("sent_at")["channel"]
    assert months[0] == pytest.approx(0.30, abs=0.03)
    assert 0.6 < months[-1] < 0.85


def test_an_interface_has_bad_hours_and_most_are_good(world):
    """An hour in which a tenth of the messages fail is in a fault: one or two a month, each of some hours."""
    rows = world.all(HOURS).filter(pl.col("sent") >= 30)
    bad = rows.filter(pl.col("failed") > 0.1 * pl.col("sent"))
    assert 0.00005 < bad.height / rows.height < 0.002
    assert bad.group_by("interface_code", "hour_on").len()["len"].max() >= 3


def test_the_service_desk_hears_of_every_unplanned_outage(world):
    alerts = world.all("fact_alert").filter(pl.col("alert_type") == "system_down")
    began = world.all("fact_outage").filter(~pl.col("is_planned") & (pl.col("started_on") >= world.scenario.first_day))
    assert alerts.height == began.height > 50
    assert (
        alerts.filter(pl.col("severity") == "high").height == began.filter(pl.col("criticality") == "critical").height
    )
    assert world.all("fact_alert")["alert_id"].is_unique().all()
    assert alerts.filter(pl.col("acknowledged_at") < pl.col("raised_at")).is_empty()


def test_messages_are_delivered_in_order():
    found = _in_order(np.array([5, 3, 4]), np.array([0, 6, 4]))
    assert found.tolist() == [[0, 5, 0], [0, 1, 2], [0, 0, 2]]


def test_down_minutes_are_those_of_the_outages(world):
    days = world.final["fact_system_day"]
    assert (days["unplanned_down_min"] <= days["scheduled_min"]).all()
    always = [system.code for system in SYSTEMS if system.hours == 24]
    outages = world.final["fact_outage"].filter(pl.col("system_code").is_in(always))
    # Outages of one system overlap now and then, and some hang over the edges of the days simulated.
    told = outages["minutes"].sum()
    counted = days.filter(pl.col("system_code").is_in(always)).select(
        pl.col("planned_down_min").sum() + pl.col("unplanned_down_min").sum()
    )
    assert counted.item() == pytest.approx(told, rel=0.03)
    assert counted.item() <= told + 1440
    by_hand = days.filter(pl.col("system_code") == "EPR")
    clocks = by_hand.select(pl.col("scheduled_min") + pl.col("planned_down_min")).to_series()
    assert set(clocks) == {1380, 1440, 1500}


def test_availability_is_as_trusts_know_it(world):
    days = world.final["fact_system_day"].filter(pl.col("criticality") == "critical")
    share = 1 - days["unplanned_down_min"].sum() / days["scheduled_min"].sum()
    assert 0.9985 < share < 0.9998


def test_a_release_has_its_changes_and_some_fail_and_are_mended(world):
    made, items = world.all("fact_deployment"), world.all("fact_work_item")
    counted = items.drop_nulls("deployment_id").group_by("deployment_id").agg(pl.len().alias("n"))
    both = made.join(counted, on="deployment_id", how="left")
    # Changes of the first releases were made in the warm-up, and are told all the same.
    assert both.filter(pl.col("work_items") != pl.col("n")).is_empty()
    assert (items.drop_nulls("deployed_at").select((pl.col("deployed_at") > pl.col("committed_at")).all())).item()
    releases = made.filter(pl.col("kind") == "release")
    assert 0.05 < releases["failed"].mean() < 0.2
    mended = releases.filter("failed").drop_nulls("restored_at")
    assert mended.height > 20
    assert set(mended["restored_at"]) <= set(made.filter(pl.col("kind") == "fix")["deployed_at"])
    blamed = world.final["fact_outage"].filter(pl.col("cause") == "release")
    assert set(blamed["deployment_id"]) <= set(releases.filter("failed")["deployment_id"])


def test_month_ends_count_the_estate(world):
    months = world.final["fact_system_month"]
    assert months.filter(pl.col("unsupported") > pl.col("in_use")).is_empty()
    assert months.group_by("period").agg(pl.col("unsupported").sum()).sort("period")["unsupported"][-1] >= 1
    live_ = world.final["fact_interface_month"].group_by("period").agg(pl.col("live", "live_fhir").sum()).sort("period")
    share = live_.select(pl.col("live_fhir") / pl.col("live")).to_series()
    assert share[-1] > share[0] + 0.05


def test_the_engine_s_upgrade_halves_failures(world):
    initiative = live(world, "INI09")
    rows = world.final[HOURS]
    failing = pl.col("failed").sum() / pl.col("sent").sum()
    mine, others = (
        change(rows.filter(pl.col("interface_code").is_in(routed(through_engine=kind))), "hour_on", initiative, failing)
        for kind in (True, False)
    )
    assert mine == pytest.approx(initiative.effect, abs=0.04)
    assert others == pytest.approx(0.0, abs=0.06)


def test_on_paper_the_department_takes_longer():
    """The same people with the same fortune, once with the department's system down for an hour, once with it up."""
    day, scenario = day_of(number_of(date(2024, 5, 8))), short(date(2024, 5, 1), date(2024, 5, 31))
    today = Today(day, scenario)
    hours = np.zeros((24, len(SYSTEMS)))
    hours[10, AT_SYSTEM["EDS"]] = 1.0
    slower = emergency.on_paper(hours)
    assert slower[10] == pytest.approx(1.3)
    assert (np.delete(slower, 10) == 1).all()
    spent = []
    for hour in (9, 10):
        who = emergency.arrivals(today, np.zeros(0, emergency.RETURN))
        who = who[who["type"] == 1]
        emergency.go_through(today, today.random("department"), who, np.zeros(3), float(slower[hour]))
        stayed = who[who["fate"] != emergency.LEFT]
        spent.append((stayed["done"] - stayed["seen"]).mean())
    assert spent[1] / spent[0] == pytest.approx(1.3, abs=0.01)
