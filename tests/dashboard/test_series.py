"""What is said about a series: latest, change, judgement, target, spread."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.format import months_after
from dashboard.viewmodels.charts import finding, line_chart, references_of
from dashboard.viewmodels.scorecard import spark_of
from dashboard.viewmodels.series import Point, Series, change_of, check_target, points_of, spread_of
from metrics.catalogue import Metric
from metrics.query.result import Status

START = date(2024, 4, 1)


def metric(**changes):
    fields = {
        "id": "share", "title": "Share", "type": "ratio", "description": "A share.", "capability": "access",
        "unit": "percent", "decimals": 1, "direction": "increase", "owner": "Nobody", "source": "None",
    }  # fmt: skip
    return Metric.model_validate(fields | changes)


def series(values, *, statuses=None, grain="month", of=None):
    step = {"month": 1, "quarter": 3, "financial_year": 12}[grain]
    statuses = statuses or [Status.FINAL] * len(values)
    points = tuple(
        Point(months_after(START, place * step), value, status=status)
        for place, (value, status) in enumerate(zip(values, statuses, strict=True))
    )
    return Series(of or metric(), grain, points)


def test_the_latest_point_is_the_newest_settled_one():
    held = series([0.5, 0.6, 0.7, None], statuses=["final", "final", "incomplete", "no data"])
    assert held.latest.value == 0.6
    assert series([None, None]).latest is None
    assert series([0.4, 0.5], statuses=["missing", "missing"]).latest.value == 0.5


def test_the_change_is_on_the_same_period_a_year_before():
    change = change_of(series([0.5, *[0.9] * 11, 0.55]))
    assert change.amount == pytest.approx(0.05)
    assert (change.judgement, change.than) == ("better", "April 2024")
    assert change.text == "5.0 percentage points higher than in April 2024"


def test_another_season_is_told_and_not_judged():
    change = change_of(series([None, *[0.9] * 11, 0.55]))
    assert (change.judgement, change.than) == ("not judged", "March 2025")
    assert "no value a year before" in change.text


def test_years_are_judged_against_the_newest_year_before():
    change = change_of(series([0.5, None, 0.4], grain="financial_year"))
    assert (change.judgement, change.than) == ("worse", "FY 2024/25")


def test_a_provisional_newest_period_is_not_compared():
    assert change_of(series([0.5, *[0.6] * 11, 0.7], statuses=[*["final"] * 12, Status.PROVISIONAL])) is None


@pytest.mark.parametrize("status", [Status.PROVISIONAL, Status.INCOMPLETE, Status.MISSING])
def test_only_a_final_period_is_compared_with(status):
    assert change_of(series([0.5, *[None] * 11, 0.7], statuses=[status, *["no data"] * 11, "final"])) is None


@pytest.mark.parametrize(
    ("direction", "newest", "judgement"),
    [
        ("increase", 0.6, "better"), ("increase", 0.4, "worse"), ("decrease", 0.6, "worse"),
        ("decrease", 0.4, "better"), ("neutral", 0.6, "no better direction"), ("increase", 0.50004, "no change"),
    ],
)  # fmt: skip
def test_the_judgement_follows_the_direction_at_the_precision_shown(direction, newest, judgement):
    change = change_of(series([0.5, *[None] * 11, newest], of=metric(direction=direction)))
    assert change.judgement == judgement


TARGETS = (
    {"value": 0.78, "kind": "plan", "valid_from": "2025-04-01", "valid_to": "2026-03-31", "source": "a plan"},
    {"value": 0.95, "kind": "national_standard", "valid_from": "2010-06-01", "source": "a standard"},
    {"value": 0.5, "kind": "plan", "valid_from": "2025-04-01", "organisation": "R0A", "source": "own plan"},
)


def test_the_target_in_force_is_checked_the_organisations_own_first_then_the_standard():
    of = metric(targets=TARGETS)
    day = date(2026, 3, 31)
    assert check_target(of, 0.949999, day, "ENG").words == "Not met: standard 95%"
    assert check_target(of, 0.95, day, "ENG").met
    assert check_target(of, 0.6, day, "R0A").words == "Met: plan 50%"
    assert check_target(of, None, day, "ENG") is None
    assert check_target(of, 0.6, date(2009, 1, 1), "ENG") is None
    assert check_target(metric(targets=TARGETS, direction="decrease"), 0.96, day, "ENG").met is False


def test_references_last_as_long_as_the_target_was_in_force():
    found = references_of(metric(targets=TARGETS), "ENG", date(2025, 1, 1), date(2026, 12, 31))
    assert [(each.label, each.start, each.end) for each in found] == [
        ("Plan 78%", date(2025, 4, 1), date(2026, 3, 31)),
        ("Standard 95%", date(2025, 1, 1), date(2026, 12, 31)),
    ]


def test_references_of_one_service_have_its_own_targets_too():
    own = {"value": 0.7, "kind": "plan", "valid_from": "2025-04-01", "service": "110", "source": "a service's plan"}
    of = metric(targets=(TARGETS[1], own))
    days = (date(2025, 1, 1), date(2026, 12, 31))
    assert [each.label for each in references_of(of, "ENG", *days)] == ["Standard 95%"]
    assert [each.label for each in references_of(of, "ENG", *days, "120")] == ["Standard 95%"]
    assert [each.label for each in references_of(of, "ENG", *days, "110")] == ["Standard 95%", "Plan 70%"]


def test_a_spread_is_the_middle_of_the_reported_values():
    spread = spread_of([1.0, None, 2.0, 3.0, 4.0, 5.0], "FY 2025/26")
    assert (spread.lower, spread.median, spread.upper, spread.organisations) == (2.0, 3.0, 4.0, 5)
    assert spread_of([1.0, 2.0, 3.0, 4.0], "FY 2025/26") is None


def test_points_are_read_for_one_metric_and_one_place_in_order():
    frame = pl.DataFrame(
        {
            "metric": ["a", "a", "a", "b"], "period": [date(2026, 2, 1), date(2026, 1, 1), date(2026, 1, 1), START],
            "region": ["Y62", "Y62", None, "Y62"], "value": [0.2, 0.1, 0.9, 0.5], "numerator": [2.0, 1.0, 9.0, 5.0],
            "denominator": [10.0] * 4, "status": ["final"] * 4, "reporting": [1] * 4, "expected": [1] * 4,
        }
    )  # fmt: skip
    assert [point.value for point in points_of(frame, "a", region="Y62")] == [0.1, 0.2]
    assert [point.value for point in points_of(frame, "a", region=None)] == [0.9]


def test_a_chart_says_its_finding_its_gaps_and_its_hollow_marks():
    held = series([0.5, None, 0.7, 0.6], statuses=["final", "no data", "provisional", "final"])
    chart = line_chart("history", held, "A trust", organisation="R0A", version="abc")
    assert chart.title == (
        "Share: 60.0% in July 2024, 10.0 percentage points higher than in April 2024; no value a year before"
    )
    assert "Lowest 50.0% in April 2024, highest 70.0% in June 2024, latest 60.0%." in chart.summary
    assert "1 period without a figure, shown as gaps." in chart.summary
    assert "1 hollow mark" in chart.summary
    assert chart.table.rows[0][:2] == ("July 2024", "60.0%")
    assert chart.table.rows[2][:2] == ("May 2024", "Not reported")
    assert finding(series([None]), "A trust") == "Share: not reported for A trust"


def test_the_file_of_a_chart_carries_metric_version_filters_and_status():
    held = series([0.5, None], statuses=["final", "no data"])
    chart = line_chart("history", held, "A trust", organisation="R0A", version="abc", filters={"organisation": "R0A"})
    lines = chart.download.text().splitlines()
    assert lines[0] == (
        "metric,definition_version,series,filters,period,grain,value,numerator,denominator,status,reporting,expected"
    )
    assert lines[1] == "share,abc,A trust,organisation=R0A,2024-04-01,month,0.5,,,final,,"
    assert lines[2] == "share,abc,A trust,organisation=R0A,2024-05-01,month,,,,no data,,"


def test_a_small_line_is_described_in_words_and_keeps_its_gaps():
    values, text = spark_of(series([0.5, None, 0.7]))
    assert values == (0.5, None, 0.7)
    assert text == "April 2024 to June 2024: lowest 50.0% in April 2024, highest 70.0% in June 2024, latest 70.0%"
