"""The programme holds together: stages, milestones, gates and reports tell one story, and it is the scenario's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from graphlib import TopologicalSorter

import polars as pl
import pytest

from sample_data.simulator.component import Today
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.dimensions import dimensions
from sample_data.simulator.plan import NEVER, SCALED, plan_of
from sample_data.simulator.programme import Programme, spending
from sample_data.simulator.rows import Out
from sample_data.simulator.scenario import Initiative, Lever, Scenario, usual_scenario
from sample_data.simulator.state import State


def month_end(column: str) -> pl.Expr:
    return pl.col(column).dt.month_end()


@pytest.fixture(scope="module")
def initiatives(world) -> pl.DataFrame:
    return dimensions(world.scenario)["dim_initiative"]


def test_the_portfolio_is_the_scenario_s_initiatives_and_others(world, initiatives):
    own = {each.id for each in world.scenario.initiatives}
    assert own < set(initiatives["initiative_id"])
    assert initiatives.height == 24
    assert initiatives["capability"].n_unique() == 6
    assert initiatives["wgll_domain"].n_unique() == 7
    assert set(initiatives["horizon"]) == {"quick_win", "medium", "long_term"}


def test_every_initiative_that_has_started_is_reported_each_month(world):
    months = pl.date_range(date(2024, 1, 1), date(2025, 3, 1), "1mo", eager=True).alias("period").to_frame()
    started = world.all("fact_stage_event").filter(pl.col("from_stage").is_null())
    expected = months.join(started, how="cross").filter(pl.col("happened_on") <= month_end("period"))
    found = world.final["fact_initiative_snapshot"]
    keys = ["period", "initiative_id"]
    assert found.select(keys).sort(keys).equals(expected.select(keys).sort(keys))


def test_the_stage_reported_is_that_of_the_last_move(world):
    moves = world.all("fact_stage_event")
    reported = world.final["fact_initiative_snapshot"].with_columns(end=month_end("period"))
    last = (
        reported.join(moves, on="initiative_id")
        .filter(pl.col("happened_on") <= pl.col("end"))
        .sort("happened_on")
        .group_by("initiative_id", "period")
        .agg(pl.col("to_stage").last())
    )
    assert last.height == reported.height
    both = reported.join(last, on=["initiative_id", "period"])
    assert (both["stage"] == both["to_stage"]).all()


def test_each_move_begins_where_the_one_before_ended(world):
    moves = world.all("fact_stage_event").sort("initiative_id", "happened_on")
    before = moves.select(pl.col("to_stage").shift(1).over("initiative_id"))["to_stage"]
    assert moves["from_stage"].equals(before.rename("from_stage"), null_equal=True)


def test_go_lives_are_those_with_the_known_effects(world):
    moves = dict(
        world.all("fact_stage_event").filter(to_stage="live").select("initiative_id", "happened_on").iter_rows()
    )
    done = dict(world.all("fact_milestone").filter(name="Go-live").select("initiative_id", "actual_on").iter_rows())
    for each in world.scenario.initiatives:
        assert moves[each.id] == done[each.id] == each.go_live
        sites = world.final["fact_initiative_snapshot"].filter(initiative_id=each.id)
        before = sites.filter(month_end("period") < each.go_live)["sites_live"]
        after = sites.filter(month_end("period") >= each.go_live)
        assert before.sum() == 0
        assert (after["sites_live"] == after["sites_in_scope"]).all()


def test_nothing_goes_live_before_its_gates_are_decided(world):
    gates = world.all("fact_gate").filter(pl.col("gate").is_in(["idea", "fbc", "safety"]))
    gates = gates.filter(pl.col("decision") != "defer").group_by("initiative_id").agg(pl.col("decided_on").max())
    live = world.all("fact_stage_event").filter(to_stage="live").join(gates, on="initiative_id")
    assert live.height >= 13
    assert (live["decided_on"] < live["happened_on"]).all()


def test_a_gate_s_lead_time_counts_working_days(world):
    rows = world.all("fact_gate").filter(pl.col("decided_on").is_not_null())
    for submitted, decided, found in rows.select("submitted_on", "decided_on", "lead_working_days").iter_rows():
        days = range(number_of(submitted) + 1, number_of(decided) + 1)
        assert found == sum(day_of(number).is_working for number in days) > 0


def test_open_milestones_are_due_in_the_future_and_counted_in_the_report(world):
    rows = world.final["fact_milestone_snapshot"].with_columns(end=month_end("period"))
    assert (rows["forecast_on"] > rows["end"]).all()
    assert (rows["slippage_days"] == (rows["forecast_on"] - rows["baseline_on"]).dt.total_days()).all()
    assert (rows["is_overdue"] == (rows["baseline_on"] < rows["end"])).all()
    counted = rows.group_by("period", "initiative_id").agg(
        milestones_open=pl.len(), milestones_overdue=pl.col("is_overdue").sum()
    )
    report = world.final["fact_initiative_snapshot"].filter(pl.col("milestones_open") > 0)
    keys = ["period", "initiative_id"]
    both = report.join(counted, on=keys, suffix="_counted")
    assert both.height == report.height == counted.height
    for name in ("milestones_open", "milestones_overdue"):
        assert (both[name] == both[f"{name}_counted"]).all()


def test_what_was_open_at_a_month_s_end_was_done_later_or_is_open(world):
    done = world.all("fact_milestone").select("milestone_id", "actual_on")
    rows = world.final["fact_milestone_snapshot"].join(done, on="milestone_id", how="left")
    assert (rows["actual_on"].is_null() | (rows["actual_on"] > rows["period"].dt.month_end())).all()
    late = world.all("fact_milestone").filter(pl.col("actual_on").is_not_null())
    share = (late["actual_on"] <= late["baseline_on"]).mean()
    assert 0.5 < share < 0.85


def test_no_initiative_waits_for_itself(world):
    rows = world.all("bridge_dependency").filter(on_kind="initiative")
    assert rows.height > 10
    graph: dict[str, set[str]] = {}
    for waiting, on in rows.select("initiative_id", "on_id").iter_rows():
        graph.setdefault(waiting, set()).add(on)
    TopologicalSorter(graph).prepare()  # raises on a circle


@pytest.mark.parametrize("seed", range(1, 40))
def test_no_seed_makes_a_circle(seed):
    plan = plan_of(usual_scenario(date(2024, 1, 1), date(2026, 12, 31), seed=seed))
    graph: dict[int, set[int]] = {}
    for each in plan.dependencies:
        if isinstance(each.on, int):
            graph.setdefault(each.promise.of, set()).add(each.on)
    TopologicalSorter(graph).prepare()


def test_dependencies_name_what_there_is(world):
    known = dimensions(world.scenario)
    rows = world.all("bridge_dependency")
    for kind, codes in (
        ("initiative", known["dim_initiative"]["initiative_id"]),
        ("system", known["dim_system"]["system_code"]),
    ):
        assert rows.filter(on_kind=kind)["on_id"].is_in(codes.implode()).all()
    snapshot = world.final["fact_dependency_snapshot"]
    assert (snapshot["is_late"] == (snapshot["days_late"] > 0)).all()
    late = (snapshot["forecast_on"] - snapshot["needed_by_on"]).dt.total_days().clip(0)
    assert (late == snapshot["days_late"]).all()


def test_roles_reported_are_the_roles_filled(world):
    roles = world.all("bridge_initiative_role")
    report = world.final["fact_initiative_snapshot"].with_columns(end=month_end("period"))
    filled = (
        report.join(roles, on="initiative_id")
        .filter(
            (pl.col("from_on") <= pl.col("end"))
            & (pl.col("until_on").is_null() | (pl.col("until_on") >= pl.col("end")))
        )
        .group_by("period", "initiative_id")
        .agg(pl.col("role"))
    )
    both = report.join(filled, on=["period", "initiative_id"], how="left")
    for role in ("clinical", "operational", "digital", "analyst"):
        assert (both[f"has_{role}"] == both["role"].list.contains(role).fill_null(value=False)).all()
    four = pl.all_horizontal("has_clinical", "has_operational", "has_digital", "has_analyst")
    assert (both["has_all_roles"] == both.select(four.alias("four"))["four"]).all()
    assert both["has_all_roles"].n_unique() == 2


@pytest.fixture(scope="module")
def three_years() -> tuple[dict[str, pl.DataFrame], dict[date, dict[str, pl.DataFrame]]]:
    """Returns what the programme alone hands over in three years, and what is open at each month's end."""
    scenario = usual_scenario(date(2024, 1, 1), date(2026, 12, 31))
    part = Programme(scenario)
    state, final, opened = State(0, ""), Out(part.codes), {}
    for number in range(number_of(scenario.first_day), number_of(scenario.last_day) + 1):
        part.step(Today(day_of(number), scenario), state, final)
        if day_of(number).is_month_end:
            still, state.next_day = Out(part.codes), number + 1
            part.open_rows(state, still, 0)
            opened[day_of(number).date] = still.frames()
    return final.frames(), opened


def test_confidence_follows_the_critical_path(three_years):
    """Green where nothing critical is forecast more than four weeks late; always red beyond eleven."""
    slips = three_years[0]["fact_milestone_snapshot"].filter("is_critical")
    worst = slips.group_by("period", "initiative_id").agg(pl.col("slippage_days").max())
    rows = three_years[0]["fact_initiative_snapshot"].filter("is_active")
    rows = rows.join(worst, on=["period", "initiative_id"])
    assert rows.filter(confidence="green")["slippage_days"].max() <= 28
    assert rows.filter(pl.col("slippage_days") > 75)["confidence"].unique().to_list() == ["red"]
    shares = dict(rows["confidence"].value_counts(normalize=True).iter_rows())
    assert 0.4 < shares["green"] < 0.8
    assert 0.01 < shares["red"] < 0.2


def test_plans_spend_what_was_approved():
    scenario = usual_scenario(date(2024, 1, 1), date(2026, 12, 31))
    for course in plan_of(scenario).courses:
        months, number = [], course.start
        last = max(course.planned_end, course.end if course.entered[SCALED] >= NEVER else course.entered[SCALED])
        while number <= last + 31:
            months.append(spending(scenario, course, day_of(number)))
            number = number_of((day_of(number).month + timedelta(days=32)).replace(day=1))
        approved = course.approved(1.0)
        assert sum(plan for plan, _ in months) == pytest.approx(approved, abs=1)
        assert sum(actual for _, actual in months) == pytest.approx(approved * course.overrun, rel=0.06)


def test_the_programme_does_not_know_when_the_simulation_ends(world):
    longer = replace(world.scenario, last_day=world.scenario.last_day + timedelta(days=400))
    assert plan_of(longer) == plan_of(world.scenario)


def test_some_pilots_were_scaled_within_a_year_and_some_were_not():
    scenario = usual_scenario(date(2023, 11, 1), date(2026, 10, 31))
    ended = [each for each in plan_of(scenario).courses if each.pilot_end + 365 <= number_of(scenario.last_day)]
    scaled = [each for each in ended if each.entered[SCALED] <= each.pilot_end + 365]
    assert len(ended) >= 15
    assert 0.5 < len(scaled) / len(ended) < 0.9


def test_an_initiative_that_the_portfolio_does_not_know_has_a_usual_course():
    own = Initiative("MINE", "My own", Lever.DNA, -0.1, date(2024, 3, 4), "x")
    scenario = Scenario(date(2024, 1, 1), date(2024, 12, 31), 1, 0.1, (own,))
    course = next(each for each in plan_of(scenario).courses if each.project.id == "MINE")
    assert course.pilot_end == number_of(own.go_live)
    assert dimensions(scenario)["dim_initiative"].filter(initiative_id="MINE")["name"].to_list() == ["My own"]


def test_what_is_open_becomes_final_without_changing_its_promise(three_years):
    """At every month's end: an open milestone, gate or dependency is later done, under its number, as promised."""
    ended, opened = three_years
    last = opened[max(opened)]
    for table, key, promise, done in (
        ("fact_milestone", "milestone_id", "baseline_on", "actual_on"),
        ("fact_gate", "gate_id", "submitted_on", "decided_on"),
        ("bridge_dependency", "dependency_id", "needed_by_on", "resolved_on"),
        ("bridge_initiative_role", "assignment_id", "from_on", "until_on"),
    ):
        late = [frames[table] for frames in (ended, last) if table in frames]
        assert not pl.concat(late)[key].is_duplicated().any()
        seen = 0
        for day, frames in opened.items():
            if table not in frames:
                continue
            both = frames[table].join(pl.concat(late), on=key, suffix="_in_the_end")
            assert both.height == frames[table].height
            assert both[promise].equals(both[f"{promise}_in_the_end"].rename(promise))
            assert (both[f"{done}_in_the_end"].drop_nulls() > day).all()
            assert both[done].null_count() == both.height
            seen += both.height
        assert seen > 5
