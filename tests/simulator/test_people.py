"""Training, skills and surveys add up with the staff there are."""

from __future__ import annotations

import polars as pl
import pytest


def test_training_is_of_the_staff_there_are(world):
    rows = world.final["fact_training"]
    assert (rows["in_date_n"] <= rows["required_n"]).all()
    heads = world.final["fact_staff_month"].select("period", "staff_group", "headcount_end")
    everyone = rows.filter(course="data_security").join(heads, on=["period", "staff_group"])
    assert everyone.height == heads.height
    assert (everyone["required_n"] == everyone["headcount_end"]).all()
    assert 0.8 < rows["in_date_n"].sum() / rows["required_n"].sum() < 0.95


def test_certificates_given_keep_pace_with_those_that_run_out(world):
    """In a year about as many are given as hold for a year, and a third of those that hold for three."""
    rows = world.final["fact_training"].filter(pl.col("period").dt.year() == 2024)
    sums = rows.group_by("course").agg(pl.col("completed_n").sum(), held=pl.col("in_date_n").mean() * 6)
    turned = {course: given / held for course, given, held in sums.iter_rows()}
    assert turned["fire_safety"] == pytest.approx(1.1, abs=0.15)  # one that leaves takes a certificate along
    assert turned["record_system"] * 6 / 5 == pytest.approx(0.45, abs=0.12)


def test_skills_are_assessed_each_quarter(world):
    rows = world.final["fact_skill_assessment"]
    assert rows["period"].unique().sort().dt.month().to_list() == [1, 4, 7, 10, 1]
    assert rows.height == 5 * 6 * 6
    assert (rows["at_level_n"] <= rows["assessed_n"]).all()
    assert (rows["assessed_n"] <= rows["eligible_n"]).all()


@pytest.fixture(scope="module")
def scores(world) -> pl.DataFrame:
    return world.final["fact_survey_score"]


def test_surveys_run_in_their_months(scores):
    waves = scores.select("survey", pl.col("period").dt.strftime("%Y-%m")).unique().sort("period").rows()
    assert waves == [
        ("pulse", "2024-01"), ("pulse", "2024-04"), ("pulse", "2024-07"), ("staff_survey", "2024-10"), ("pulse", "2025-01"),
    ]  # fmt: skip


def test_weights_give_each_group_its_share_of_the_staff(scores):
    """Weighted respondents of a wave are as many as respondents; a group's share of them is its share of all staff."""
    one = scores.filter(measure="engagement")
    for _, wave in one.group_by("period"):
        assert wave["weighted_n"].sum() == pytest.approx(wave["answered_n"].sum())
        shares = wave["weighted_n"] / wave["weighted_n"].sum()
        assert shares.to_list() == pytest.approx((wave["invited_n"] / wave["invited_n"].sum()).to_list())


def test_engagement_is_the_mean_of_its_three_parts(scores):
    wide = scores.pivot(on="measure", index=["period", "staff_group"], values="score_sum")
    mean = wide.select(pl.mean_horizontal("motivation", "involvement", "advocacy"))["motivation"]
    assert (wide["engagement"] - mean).abs().max() < 1e-6
    assert (scores["score_sum"] <= 10 * scores["answered_n"]).all()


def test_scores_are_made_of_the_answers(world, scores):
    """(x - 1) * 2.5 of each answer, or (5 - x) * 2.5 of a question of burden, averaged over a measure's questions."""
    burden = ["thinks_of_leaving", "unrealistic_time_pressure", "relationships_strained", "burnt_out", "exhausted_by_work", "worn_out_at_end_of_shift"]  # fmt: skip
    answers = world.final["fact_survey_answer"]
    assert (answers["pos_n"] + answers["neu_n"] + answers["neg_n"] == answers["answered_n"]).all()
    upward = (pl.col("answer_sum") - pl.col("answered_n")) * 2.5
    downward = (5 * pl.col("answered_n") - pl.col("answer_sum")) * 2.5
    each = answers.with_columns(score=pl.when(pl.col("question").is_in(burden)).then(downward).otherwise(upward))
    keys = ["period", "staff_group", "measure"]
    both = each.group_by(keys).agg(pl.col("score").mean()).join(scores, on=keys)
    assert both.height == 5 * 6 * 5
    assert (both["score"] - both["score_sum"]).abs().max() < 1e-6


def test_scores_are_like_those_of_real_trusts(scores):
    """Nine of ten acute trusts: engagement 6.56 to 7.26, morale 5.71 to 6.29, burnout 4.81 to 5.39 (NHS Staff Survey)."""
    survey = scores.filter(survey="staff_survey").group_by("measure")
    found = dict(survey.agg(pl.col("weighted_sum").sum() / pl.col("weighted_n").sum()).iter_rows())
    assert 6.56 < found["engagement"] < 7.26
    assert 5.71 < found["morale"] < 6.29
    assert 4.81 < found["burnout"] < 5.39
