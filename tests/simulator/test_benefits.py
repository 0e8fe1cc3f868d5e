"""The benefits register keeps its rules, and says of each initiative what it really gave."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from metrics.catalogue import load
from sample_data.simulator.benefits import lines_of
from sample_data.simulator.dimensions import dimensions
from sample_data.simulator.plan import plan_of
from sample_data.simulator.scenario import usual_scenario


@pytest.fixture(scope="module")
def register(world) -> pl.DataFrame:
    return dimensions(world.scenario)["dim_benefit"]


@pytest.fixture(scope="module")
def months(world) -> pl.DataFrame:
    return world.all("fact_benefit_period")


def test_nobody_claims_more_of_a_measure_than_there_is(world, register):
    """Attribution per measure and service; what is claimed of the whole trust counts in every service."""
    where = dimensions(world.scenario)["bridge_benefit_service"]
    rows = register.filter(pl.col("metric_id").is_not_null()).join(where, on="benefit_id")
    assert rows["benefit_id"].n_unique() == register["metric_id"].count()
    everywhere = rows.filter(service_code="ALL").group_by("metric_id").agg(whole=pl.col("attribution_pct").sum())
    by_service = rows.filter(pl.col("service_code") != "ALL").group_by("metric_id", "service_code")
    total = (
        by_service.agg(pl.col("attribution_pct").sum())
        .join(everywhere, on="metric_id", how="full", coalesce=True)
        .select(sum=pl.col("attribution_pct").fill_null(0) + pl.col("whole").fill_null(0))
    )
    assert total["sum"].max() <= 100


def test_what_releases_no_cash_is_never_in_the_cash_line(months):
    is_cash = pl.col("benefit_class") == "cash_releasing"
    assert months.filter(~is_cash)["realised_cash_gbp"].abs().sum() == 0
    cash = months.filter(is_cash)
    assert (cash["realised_cash_gbp"] == cash["realised_gbp"]).all()
    assert cash["realised_gbp"].sum() > 0
    for kind in ("quantitative", "qualitative"):
        assert months.filter(benefit_class=kind)["realised_gbp"].abs().sum() == 0


def test_a_benefit_is_reported_every_month_once(world, months):
    assert not months.select("benefit_id", "period").is_duplicated().any()
    spans = months.group_by("benefit_id").agg(pl.len(), first=pl.col("period").min(), last=pl.col("period").max())
    between = (
        (pl.col("last").dt.year() - pl.col("first").dt.year()).cast(pl.Int32) * 12
        + pl.col("last").dt.month()
        - pl.col("first").dt.month()
        + 1
    )
    assert (spans.select(n=between)["n"] == spans["len"].cast(pl.Int32)).all()
    assert months["period"].max() == world.scenario.last_day.replace(day=1)


def test_figures_are_claimed_then_evidenced_then_validated(months, register):
    rows = months.join(register, on="benefit_id").filter(
        pl.col("validated_by").is_not_null() & (pl.col("initiative_id") != "INI08")
    )
    newest = rows.filter(pl.col("period") == date(2025, 3, 1))
    assert set(newest["evidence_status"]) == {"claimed"}
    assert set(rows.filter(pl.col("period").is_between(date(2025, 1, 1), date(2025, 2, 1)))["evidence_status"]) == {
        "evidenced"
    }
    assert set(rows.filter(pl.col("period") < date(2025, 1, 1))["evidence_status"]) == {"finance_validated"}


def test_the_register_agrees_with_the_true_effects(world, months, register):
    """Realised quantities of the months in full effect, over the baseline, are the effect itself."""
    effect = {each.id: each for each in world.scenario.initiatives}
    for benefit in ("INI01-B1", "INI02-B2", "INI05-B1", "INI09-B1", "INI12-B1", "INI13-B1"):
        initiative = effect[benefit[:5]]
        full = months.filter(
            (pl.col("benefit_id") == benefit)
            & (pl.col("period") > initiative.go_live)
            & (pl.col("period") < date(2025, 1, 1))
        )
        days = full["period"].dt.month_end().dt.day().sum()
        baseline = register.filter(benefit_id=benefit)["baseline_value"].item()
        assert full["realised_qty"].sum() / (baseline * days / 365.25) == pytest.approx(-initiative.effect, rel=0.10)
        before = months.filter(
            (pl.col("benefit_id") == benefit) & (pl.col("period").dt.month_end() < initiative.go_live)
        )
        assert before["realised_qty"].sum() == 0


def test_what_does_nothing_is_claimed_and_never_evidenced(months):
    rows = months.filter(benefit_id="INI08-B1")
    assert set(rows["evidence_status"]) == {"claimed"}
    assert rows["realised_gbp"].sum() > 0


def test_full_years_are_quantity_times_value(register):
    found = (register["full_year_quantity"] * register["unit_value_gbp"] - register["full_year_gbp"]).abs()
    assert found.max() <= 0.01
    assert (register["is_disbenefit"] == (register["unit_value_gbp"] < 0)).all()
    assert register["baseline_value"].is_null().sum() == (register["benefit_class"] == "qualitative").sum()


def test_every_initiative_of_the_portfolio_has_a_benefit():
    plan = plan_of(usual_scenario(date(2023, 11, 1), date(2026, 10, 31)))
    assert {line.course.project.id for line in lines_of(plan)} == {course.project.id for course in plan.courses}


def test_each_measure_is_in_the_catalogue(register):
    known = {metric.id for metric in load()}
    named = register["metric_id"].drop_nulls()
    assert len(named) > 15
    assert set(named) <= known
