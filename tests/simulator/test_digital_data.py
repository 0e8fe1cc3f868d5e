"""The data about the data: quality, loads, samples and forecasts agree with what they are about."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from sample_data.simulator.component import Today
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.estate import AT_SYSTEM, SYSTEMS
from sample_data.simulator.loads import FROM, Loads
from sample_data.simulator.rows import Out
from sample_data.simulator.state import State
from tests.simulator.scenarios import short
from tests.simulator.test_truth import beside, live


def test_quality_counts_add_up(world):
    rows = world.final["fact_dq_month"]
    assert rows.group_by("period").len()["len"].unique().to_list() == [20]
    assert rows.filter(pl.col("valid_complete_n") > pl.col("records_n")).is_empty()
    assert rows.filter(pl.col("default_n") > pl.col("valid_complete_n")).is_empty()
    excess = (pl.col("default_n") - pl.col("default_threshold") * pl.col("records_n")).floor().clip(lower_bound=0)
    assert rows.filter(excess != pl.col("excess_default_n")).is_empty()
    assert rows.filter(pl.col("periods_submitted") > pl.col("periods_expected")).is_empty()


def test_quality_is_of_the_month_s_own_records(world):
    rows = world.final["fact_dq_month"].filter(pl.col("data_item") == "NHS number").sort("period")
    by_set = {name: frame["records_n"].to_list() for (name,), frame in rows.group_by("dataset", maintain_order=True)}
    came = world.all("fact_ed_attendance").group_by(pl.col("arrived_on").dt.truncate("1mo")).len().sort("arrived_on")
    assert by_set["emergency"] == came["len"].to_list()[-len(by_set["emergency"]) :]
    seen = world.final["fact_appointment"].filter(pl.col("attended").is_in(["5", "6"]))
    met = seen.group_by(pl.col("appointment_on").dt.truncate("1mo")).len().sort("appointment_on")
    assert by_set["outpatient"] == met["len"].to_list()


def test_the_index_is_as_trusts_have_it(world):
    """As the Data Quality Maturity Index is worked out: mean of items times mean of coverage, here 85 to 99."""
    item = (pl.col("valid_complete_n") - pl.col("excess_default_n")) / pl.col("records_n")
    coverage = pl.col("periods_submitted") / pl.col("periods_expected")
    index = world.final["fact_dq_month"].group_by("dataset").agg((item.mean() * coverage.mean() * 100).alias("index"))
    assert index["index"].is_between(88, 99).all()


def test_every_day_s_data_are_loaded_once(world):
    rows = world.all("fact_data_load")
    days = (world.scenario.last_day - world.scenario.first_day).days + 1
    inside = rows.filter(pl.col("period") >= world.scenario.first_day)
    assert inside.height == days * len(FROM)
    assert not rows.select("period", "dataset").is_duplicated().any()
    known = rows.drop_nulls("loaded_at")
    assert known.filter((pl.col("loaded_at") <= pl.col("expected_at")) != pl.col("on_time")).is_empty()
    late = (pl.col("loaded_at") - pl.col("expected_at")).dt.total_minutes().clip(lower_bound=0)
    assert known.filter(late != pl.col("minutes_late")).is_empty()
    assert 0.96 < known["on_time"].mean() < 0.995
    today = rows.filter(pl.col("period") == world.scenario.last_day)
    assert today["loaded_at"].null_count() == today["on_time"].null_count() == len(FROM)


def night(down: dict[str, int]) -> pl.DataFrame:
    """Returns two days' loads when systems are down for so many hours from the first day's midnight."""
    number, scenario = number_of(date(2024, 5, 8)), short(date(2024, 5, 1), date(2024, 5, 31))
    loads, out = Loads(), Out(Loads.codes)
    state = State(number, scenario.to_json())
    loads.begin(scenario, day_of(number), state)
    for day in (number, number + 1):
        hours = np.zeros((24, len(SYSTEMS)))
        for system, many in down.items():
            hours[: max(0, many - (day - number) * 24), AT_SYSTEM[system]] = 1.0
        today = Today(day_of(day), scenario)
        today.tell("down", hours)
        loads.step(today, state, out)
    return out.frames()["fact_data_load"].filter(pl.col("period") == date(2024, 5, 7))


def test_nothing_is_loaded_while_the_data_warehouse_is_down():
    assert night({})["on_time"].sum() >= len(FROM) - 1
    late = night({"DWH": 11})
    assert late.height == len(FROM)
    # 10:00 UTC, 11:00 on the clock.
    assert late.select((pl.col("loaded_at") > pl.datetime(2024, 5, 8, 10)).all()).item()
    assert not late["on_time"].any()


def test_a_table_waits_for_its_source_and_not_for_others():
    late = night({"LIMS": 30}).filter(pl.col("loaded_at") > pl.datetime(2024, 5, 9))
    assert late["dataset"].to_list() == ["pathology results"]


def test_what_is_overdue_says_so_and_since_when():
    """The laboratory is down for two days: its load of the day before yesterday is late from seven o'clock on."""
    scenario, number = short(date(2024, 5, 1), date(2024, 5, 31)), number_of(date(2024, 5, 8))
    loads, out, state = Loads(), Out(Loads.codes), State(number, scenario.to_json())
    loads.begin(scenario, day_of(number), state)
    hours = np.zeros((24, len(SYSTEMS)))
    hours[:, AT_SYSTEM["LIMS"]] = 1.0
    today = Today(day_of(number), scenario)
    today.tell("down", hours)
    loads.step(today, state, out)
    out.parts.clear()
    state.next_day = number + 1
    loads.open_rows(state, out, day_of(number).end - 1)
    late = out.frames()["fact_data_load"].filter(~pl.col("on_time"))
    assert late.select("period", "dataset", "loaded_at").rows() == [(date(2024, 5, 7), "pathology results", None)]
    assert late.filter(pl.col("changed_at") == pl.col("expected_at")).height == 1


def test_less_is_typed_once_speech_is_recognised(world):
    initiative = live(world, "INI03")
    rows = world.final["fact_admin_task_sample"].filter(pl.col("task") == "type_letter")
    # A quarter is a row here: that of the go-live is left out.
    mean = pl.col("minutes").sum() / pl.col("items").sum()
    found = beside(rows, "service_code", "period", initiative, mean, settled=1)
    assert found == pytest.approx(initiative.effect, abs=0.10)
    assert rows.filter((pl.col("minutes") / pl.col("items") - pl.col("current_minutes")).abs() > 0.001).is_empty()
    assert rows.filter(pl.col("rekeyed_items") > pl.col("items")).is_empty()


def test_a_forecast_waits_for_its_day(world):
    rows = world.all("fact_forecast")
    assert not rows.select("series", "period", "horizon_days").is_duplicated().any()
    assert rows.filter(pl.col("period") != pl.col("made_on") + pl.duration(days=pl.col("horizon_days"))).is_empty()
    waiting = rows.filter(pl.col("actual").is_null())
    assert (waiting["period"] > world.scenario.last_day).all()
    assert waiting.height == 2 * (1 + 7 + 14)
    over = rows.drop_nulls("actual")
    came = world.all("fact_ed_attendance").group_by(period="arrived_on").agg(pl.len().cast(pl.Float64).alias("came"))
    arrivals = over.filter(pl.col("series") == "ed_arrivals").join(came, on="period")
    assert arrivals.filter(pl.col("came") != pl.col("actual")).is_empty()
    assert arrivals.height > 1000


def test_forecasts_are_honest_and_better_than_naive(world):
    over = world.final["fact_forecast"].filter(pl.col("series") == "ed_arrivals")
    inside = over.group_by("horizon_days").agg(pl.col("within").mean())
    assert inside["within"].is_between(0.72, 0.88).all()
    miss, naive = ((pl.col("actual") - pl.col(name)).abs().sum() for name in ("p50", "naive"))
    assert over.select(miss / naive).item() < 0.85
