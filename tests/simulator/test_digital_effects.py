"""Who looks at the right chart sees what each digital initiative did: a signal, and a change as large as it truly was.

Weekly XmR charts with a phase from the go-live on. How sure a phase's mean is comes from its own moving ranges: sigma
is the mean range over 1.128, the error of a mean of n weeks sigma over the root of n, and of a ratio of two means what
both add up to. The truth has to lie within two such errors.
"""

from __future__ import annotations

from datetime import timedelta
from math import hypot, sqrt

import polars as pl

from metrics import spc
from sample_data.simulator.estate import INTERFACES
from tests.simulator.test_truth import live


def week(day: str) -> pl.Expr:
    return pl.col(day).dt.truncate("1w").alias("date")


def weekly(world, rows: pl.DataFrame, day: str, value: pl.Expr) -> pl.DataFrame:
    """Returns whole weeks and their value."""
    first, last = world.scenario.first_day, world.scenario.last_day
    found = rows.group_by(week(day)).agg(value.alias("value")).sort("date")
    return found.filter(pl.col("date").is_between(first, last - timedelta(days=6)))


def failing(world, *, through_engine: bool) -> pl.DataFrame:
    """Returns the share of messages that fail, of interfaces live from first to last: new ones would change the mix."""
    lasting = [each for each in INTERFACES if each.live <= 0 and each.gone is None]
    codes = [each.code for each in lasting if each.through_engine is through_engine]
    rows = world.final["fact_interface_hour"].filter(pl.col("interface_code").is_in(codes))
    return weekly(world, rows, "hour_on", pl.col("failed").sum() / pl.col("sent").sum())


def users(world, system: str) -> pl.DataFrame:
    rows = world.final["fact_user_day"].filter(pl.col("system_code") == system)
    return weekly(world, rows, "period", pl.col("user_id").n_unique().cast(pl.Float64))


def seen(chart: spc.Chart) -> tuple[float, float]:
    """Returns the relative change from the first phase to the second, and its standard error."""
    phases = chart.points.group_by("rebase_group").agg(
        pl.col("mean").first(), (pl.col("upl") - pl.col("mean")).first() / 3, pl.len()
    )
    (_, before, sigma_before, n_before), (_, after, sigma_after, n_after) = phases.sort("rebase_group").rows()
    ratio = after / before
    error = ratio * hypot(sigma_before / before / sqrt(n_before), sigma_after / after / sqrt(n_after))
    return ratio - 1, error


def phased(weeks: pl.DataFrame, start, settled: int = 0) -> pl.DataFrame:
    """Returns the weeks in two phases, without those in which an effect still grows."""
    kept = weeks.filter(~pl.col("date").is_between(start, start + timedelta(days=settled), closed="left"))
    return kept.with_columns(rebase=pl.col("date") == pl.col("date").filter(pl.col("date") >= start).min())


def test_the_engine_s_upgrade_is_an_improvement_that_is_signalled(world):
    initiative = live(world, "INI09")
    weeks = failing(world, through_engine=True).with_columns(
        improvement_direction=pl.lit("decrease"),
        fix_after_n_points=(pl.col("date") < initiative.go_live).sum().cast(pl.Int64),
    )
    points = spc.xmr(weeks).points.filter(pl.col("date") >= initiative.go_live)
    assert points["special_cause_flag"].all()
    assert set(points["relative_to_mean"]) == {-1}
    change, error = seen(spc.xmr(phased(weeks.drop("fix_after_n_points"), initiative.go_live)))
    assert error < 0.05
    assert abs(change - initiative.effect) < 2 * error


def test_interfaces_that_pass_the_engine_by_show_nothing(world):
    change, error = seen(spc.xmr(phased(failing(world, through_engine=False), live(world, "INI09").go_live)))
    assert abs(change) < 2 * error


def test_training_on_the_wards_shows_in_who_uses_the_system(world):
    """Weeks from the time on when the system had become a habit; those in which the training ran are left out."""
    initiative = live(world, "INI11")
    weeks = users(world, "OBS").filter(pl.col("date") >= world.scenario.first_day + timedelta(days=56))
    change, error = seen(spc.xmr(phased(weeks, initiative.go_live, settled=initiative.days)))
    assert error < 0.05
    assert abs(change - initiative.effect) < 2 * error
    others = users(world, "EPMA").filter(pl.col("date") >= weeks["date"].min())
    change, _ = seen(spc.xmr(phased(others, initiative.go_live, settled=initiative.days)))
    assert abs(change) < 0.02
