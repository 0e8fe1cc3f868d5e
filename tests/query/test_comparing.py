"""Every period beside an earlier one: numbers counted by hand, and the words for what was compared."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.errors import QueryError
from metrics.query.request import REMAINDER, Against, Comparison, Sort, Top
from tests.query import daily, events, small
from tests.query.test_engine import AE, BANDS, DEFINITIONS, INDICATORS

MARCH, FEBRUARY = date(2026, 3, 1), date(2026, 2, 1)
LAST_YEAR = Comparison(Against.LAST_YEAR)


def _sheet() -> list[daily.Row]:
    """Service A: 10 a day booked and 1 missed; from March 2026 on 12 and 3. Service B in February 2026 alone."""
    rows: list[daily.Row] = []
    for ahead in range((date(2026, 3, 18) - date(2025, 3, 1)).days + 1):
        day = date(2025, 3, 1) + timedelta(days=ahead)
        booked, missed = (12, 3) if day >= MARCH else (10, 1)
        rows.append((day, "A", "North", booked, missed, 100 + day.day))
        if date(2026, 2, 1) <= day <= date(2026, 2, 28):
            rows.append((day, "B", "South", 5, 0, None))
    return rows


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    """Returns a layer on 20 March 2026, whose data end on the 18th."""
    folder: Path = tmp_path_factory.mktemp("running")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", _sheet(), folder / "definitions", lambda: date(2026, 3, 20))


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("months")
    facts = {"fact_ae_month": AE, "fact_rtt_band_month": BANDS, "fact_published_indicator": INDICATORS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def _row(layer: MetricsLayer, *metrics: str, **others: Any) -> dict[str, Any]:
    others = {"period_from": MARCH, "grain": Grain.MONTH, "compare": Comparison(), **others}
    return layer.ask(Request.of(*metrics, **others)).frame.row(0, named=True)


def test_a_final_month_is_set_beside_the_month_before(running: MetricsLayer) -> None:
    row = _row(running, "missed_rate", period_from=FEBRUARY, period_to=FEBRUARY, where={"service": "A"})
    assert (row["value"], row["numerator"], row["denominator"], row["status"]) == (0.1, 28, 280, "final")
    assert (row["compared_value"], row["compared_numerator"], row["compared_denominator"]) == (0.1, 31, 310)
    assert (row["compared_period"], row["compared_status"]) == (date(2026, 1, 1), "final")
    assert (row["change"], row["change_share"]) == (0, 0)
    assert row["basis"] == "February 2026 against January 2026"


def test_a_month_that_runs_is_compared_by_as_many_days(running: MetricsLayer) -> None:
    row = _row(running, "booked", where={"service": "A"})
    assert (row["value"], row["status"]) == (18 * 12, "incomplete")
    assert (row["compared_period"], row["compared_value"], row["compared_status"]) == (FEBRUARY, 180, "final")
    assert (row["change"], row["change_share"]) == (36, pytest.approx(0.2))
    assert row["basis"] == "1 to 18 March 2026 against 1 to 18 February 2026"


def test_so_are_ratios_levels_and_formulas(running: MetricsLayer) -> None:
    rate = _row(running, "missed_rate", where={"service": "A"})
    assert (rate["value"], rate["compared_value"], rate["compared_denominator"]) == (0.25, 0.1, 180)
    level = _row(running, "waiting")
    assert (level["value"], level["compared_value"], level["change"]) == (118, 118, 0)
    seen = _row(running, "seen", where={"service": "A"})
    assert (seen["value"], seen["compared_value"], seen["change"]) == (18 * 9, 18 * 9, 0)
    share = _row(running, "seen_share", where={"service": "A"})
    assert (share["value"], share["compared_value"]) == (0.75, 0.9)
    distinct = _row(running, "sites")
    assert (distinct["value"], distinct["compared_value"], distinct["change"]) == (1, 2, -1)
    assert rate["basis"] == level["basis"] == seen["basis"] == share["basis"] == distinct["basis"]


def test_without_like_for_like_a_month_that_runs_is_not_compared(running: MetricsLayer) -> None:
    row = _row(running, "booked", compare=Comparison(like_for_like=False))
    assert (row["value"], row["compared_value"], row["change"], row["change_share"]) == (216, 28 * 15, None, None)
    assert row["basis"] == "March 2026 is still running"


def test_a_part_year_is_compared_with_the_same_days_of_the_year_before(running: MetricsLayer) -> None:
    row = _row(running, "booked", grain=Grain.MONTH, compare=LAST_YEAR, where={"service": "A"})
    assert (row["value"], row["compared_value"], row["compared_period"]) == (216, 180, date(2025, 3, 1))
    assert row["basis"] == "1 to 18 March 2026 against 1 to 18 March 2025"
    quarter = _row(running, "booked", grain=Grain.QUARTER, where={"service": "A"})
    days = 31 + 28 + 18  # of this quarter, against as many from 1 October
    assert (quarter["value"], quarter["compared_value"]) == (59 * 10 + 18 * 12, days * 10)
    assert quarter["basis"] == "1 January to 18 March 2026 against 1 October to 16 December 2025"


def test_what_accumulates_is_compared_up_to_the_day(running: MetricsLayer) -> None:
    row = _row(running, "booked_to_date", where={"service": "A"})
    year_to_date = (date(2026, 2, 28) - date(2025, 4, 1)).days + 1
    assert row["value"] == year_to_date * 10 + 18 * 12
    assert row["compared_value"] == (date(2026, 2, 18) - date(2025, 4, 1)).days * 10 + 10
    assert row["basis"] == "up to 18 March 2026 against up to 18 February 2026"
    seven = _row(running, "booked", window="7 days", where={"service": "A"})
    assert (seven["value"], seven["compared_value"]) == (84, 70)


def test_more_days_than_the_earlier_month_has_are_left_out_of_both(tmp_path: Path) -> None:
    rows = [row for row in _sheet() if row[1] == "A" and row[0] <= date(2026, 3, 18)]
    rows += [(date(2026, 3, day), "A", "North", 12, 3, 0) for day in range(19, 31)]
    layer = daily.build(f"duckdb:///{tmp_path / 'w'}", rows, tmp_path / "d", lambda: date(2026, 3, 31))
    row = _row(layer, "booked")
    assert (row["value"], row["compared_value"]) == (28 * 12, 28 * 10)
    assert row["basis"] == "1 to 28 March 2026 against 1 to 28 February 2026"


def test_the_day_that_runs_counts_on_neither_side(tmp_path: Path) -> None:
    layer = daily.build(f"duckdb:///{tmp_path / 'w'}", _sheet(), tmp_path / "d", lambda: date(2026, 3, 18))
    assert _row(layer, "booked", compare=None)["value"] == 216
    row = _row(layer, "booked", where={"service": "A"})
    assert (row["value"], row["compared_value"]) == (17 * 12, 170)
    assert row["basis"] == "1 to 17 March 2026 against 1 to 17 February 2026"
    first = daily.build(f"duckdb:///{tmp_path / 'w2'}", _sheet(), tmp_path / "d2", lambda: date(2026, 3, 1))
    assert _row(first, "booked", period_to=MARCH)["basis"] == "March 2026 is still running"


def test_a_service_that_is_gone_is_compared_with_0_and_one_that_is_new_from_0(running: MetricsLayer) -> None:
    frame = running.ask(
        Request.of("booked", by=("service",), period_from=MARCH, grain=Grain.MONTH, compare=Comparison())
    ).frame
    assert frame.select("service", "value", "compared_value", "change", "change_share").rows() == [
        ("A", 216, 180, 36, pytest.approx(0.2)), ("B", 0, 18 * 5, -90, -1),
    ]  # fmt: skip
    new = running.ask(
        Request.of("booked", by=("service",), period_from=FEBRUARY, period_to=FEBRUARY, grain=Grain.MONTH,
                   compare=Comparison())
    ).frame  # fmt: skip
    assert new.select("service", "value", "compared_value", "change", "change_share").rows() == [
        ("A", 280, 310, -30, pytest.approx(-30 / 310)), ("B", 140, 0, 140, None),
    ]  # fmt: skip


def test_a_month_with_missing_organisations_is_not_compared_and_names_how_many(months: MetricsLayer) -> None:
    rows = {
        row["period"]: row
        for row in months.ask(Request.of("attendances", compare=Comparison())).frame.iter_rows(named=True)
    }
    june, july = rows[date(2024, 6, 1)], rows[date(2024, 7, 1)]
    assert (june["status"], june["change"], june["basis"]) == (
        "missing",
        None,
        "June 2024: 1 of 4 organisations missing",
    )
    assert (july["compared_value"], july["compared_status"], july["change"]) == (1310, "missing", None)
    assert july["basis"] == "June 2024: 1 of 4 organisations missing"
    assert rows[date(2024, 4, 1)]["basis"] == "there are no data for March 2024"
    may = rows[date(2024, 5, 1)]
    assert (may["change"], may["basis"]) == (1270 - 1150, "May 2024 against April 2024")


def test_one_who_did_not_report_is_not_compared(months: MetricsLayer) -> None:
    asked = Request.of("attendances", where={"organisation": "RB1"}, period_from=date(2024, 7, 1), compare=Comparison())
    row = months.ask(asked).frame.row(0, named=True)
    assert (row["value"], row["compared_value"], row["change"]) == (70, None, None)
    assert row["basis"] == "June 2024 was not reported"


def test_a_part_quarter_of_monthly_figures_is_not_compared(months: MetricsLayer) -> None:
    asked = Request.of("attendances", grain=Grain.QUARTER, period_from=date(2024, 7, 1), compare=Comparison())
    row = months.ask(asked).frame.row(0, named=True)
    assert (row["status"], row["change"]) == ("incomplete", None)
    assert row["basis"] == "Q2 2024/25 is not complete; Q1 2024/25: 1 of 4 organisations missing"


def test_metrics_of_several_grains_are_each_compared_in_their_own(months: MetricsLayer) -> None:
    asked = Request.of("within_four_hours", "maturity", "waiting", compare=Comparison(), period_from=date(2024, 5, 1))
    frame = months.ask(asked).frame
    assert frame["metric"].unique(maintain_order=True).to_list() == ["within_four_hours", "maturity", "waiting"]
    firsts = {row["metric"]: row for row in frame.unique("metric", keep="first").iter_rows(named=True)}
    assert firsts["within_four_hours"]["compared_period"] == date(2024, 4, 1)
    assert firsts["maturity"]["compared_period"] == date(2023, 4, 1)
    assert (firsts["waiting"]["value"], firsts["waiting"]["compared_value"]) == (40, 40)


def test_members_and_the_remainder_are_compared_with_themselves(running: MetricsLayer) -> None:
    asked = Request.of(
        "missed_rate", by=("service",), top=Top(1, "service"), totals=True, grain=Grain.MONTH, period_from=FEBRUARY,
        period_to=FEBRUARY, compare=Comparison(),
    )  # fmt: skip
    frame = running.ask(asked).frame
    assert frame.select("service", "numerator", "denominator", "compared_numerator", "compared_denominator").rows() == [
        ("A", 28, 280, 31, 310), (REMAINDER, 0, 140, 0, 0), (None, 28, 420, 31, 310),
    ]  # fmt: skip
    assert frame["basis"].to_list()[1] == "there are no data for January 2026"


def test_the_change_can_be_sorted_by(running: MetricsLayer) -> None:
    asked = Request.of(
        "booked", by=("service",), grain=Grain.MONTH, period_from=MARCH, compare=Comparison(), sort=(Sort("change"),),
        limit=1,
    )  # fmt: skip
    assert running.ask(asked).frame.select("service", "change").rows() == [("B", -90)]


def test_notes_are_said_once_and_every_query_is_listed(months: MetricsLayer) -> None:
    asked = Request.of("attendances", where={"organisation": "RA2"}, period_from=date(2024, 7, 1), compare=Comparison())
    result = months.ask(asked)
    assert [note.code for note in result.notes] == ["succession"]
    assert len(result.queries) == 2
    assert result.request.compare == Comparison()
    assert [each.values for each in result.request.where] == [("RA3",)]


def test_working_days_are_asked_of_days_or_longer(tmp_path: Path) -> None:
    visits = events.visits([(1, 10, "2026-03-28T23:30:00", "A", 5, 0)])
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {"visits": visits}, tmp_path / "d")
    with pytest.raises(QueryError, match="Hours are not compared per working day"):
        layer.ask(Request.of("visits", compare=Comparison(per_working_day=True)))
    with pytest.raises(QueryError, match="`dim_date` is empty"):
        layer.ask(Request.of("visits", grain=Grain.DAY, compare=Comparison(per_working_day=True)))
    ratio = layer.ask(Request.of("missed_rate", grain=Grain.DAY, compare=Comparison(per_working_day=True))).frame
    assert ratio["denominator"].to_list() == [1]  # no ratio asks for the calendar


def test_hours_are_compared_with_the_hour_before_and_the_same_one_a_year_before(tmp_path: Path) -> None:
    at = ["2025-03-30T09:30:00", "2026-03-30T08:10:00", "2026-03-30T08:30:00", "2026-03-30T07:30:00",
          "2026-04-02T10:00:00"]  # fmt: skip
    visits = events.visits([(each, each, moment, "A", 5, 0) for each, moment in enumerate(at)])
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {"visits": visits}, tmp_path / "d")
    day = date(2026, 3, 30)
    hours = Request.of("visits", grain=Grain.HOUR, period_from=day, period_to=day, compare=Comparison())
    frame = layer.ask(hours).frame.filter(pl.col("value") > 0)
    assert frame.select(pl.col("period").dt.hour(), "value", "compared_value", "change", "basis").rows() == [
        (8, 1, 0, 1, "08:00 on 30 March 2026 against 07:00 on 30 March 2026"),
        (9, 2, 1, 1, "09:00 on 30 March 2026 against 08:00 on 30 March 2026"),
    ]
    nine = layer.ask(Request.of("visits", grain=Grain.HOUR, period_from=day, period_to=day, compare=LAST_YEAR)).frame
    row = nine.filter(pl.col("value") == 2).row(0, named=True)
    assert (row["compared_period"].isoformat(), row["compared_value"]) == ("2025-03-30T09:00:00+01:00", 0)
