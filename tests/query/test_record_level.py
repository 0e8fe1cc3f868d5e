"""The engine on a clinic's own tables: events, levels, joins, windows, cohorts. Every number is counted by hand."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.query.errors import FanOutError, QueryError
from tests.query import events

LONDON = ZoneInfo("Europe/London")

VISITS = events.visits(
    [
        # The clocks go forward on 29 March 2026: 23:30 UTC on the 28th is the 28th, on the 29th it is the 30th.
        (1, 10, "2026-03-28T23:30:00", "A", 5, 0),
        (2, 10, "2026-03-29T23:30:00", "A", 7, 1),
        (3, 11, "2026-03-30T09:15:00", "A", None, 0),
        (4, 11, "2026-03-30T09:45:00", "B", 20, 1),
        (5, 12, "2026-04-02T10:00:00", "B", 10, 0),
        (6, 12, "2026-04-20T10:00:00", "B", 30, 0),
        (7, 13, "2026-04-20T10:30:00", None, 40, 1),
        (8, 99, "2026-04-25T08:00:00", "A", 1, 0),
    ]
)
PATIENTS = events.patients([(10, "0-17", 1), (11, "18-64", 5), (12, "18-64", 10), (13, None, None)])
NIGHTS = events.ward_nights(
    [
        ("2026-04-01", "W1", "North", 10), ("2026-04-01", "W2", "North", 20), ("2026-04-01", "W3", "South", 5),
        ("2026-04-02", "W1", "North", 12), ("2026-04-02", "W2", "North", 22), ("2026-04-02", "W3", "South", 7),
        ("2026-04-03", "W1", "North", 14), ("2026-04-03", "W3", "South", 9),
    ]
)  # fmt: skip
REFERRALS = events.referrals(
    [
        (1, 10, "2026-03-20", "GP"),  # seen on 28 March: within 14 days
        (2, 11, "2026-03-10", "GP"),  # seen on 30 March: too late
        (3, 12, "2026-03-19", "A&E"),  # seen on 2 April: on the 14th day
        (4, 13, "2026-04-05", "GP"),  # seen on 20 April: on the 15th day
        (5, 12, "2026-04-18", "GP"),  # seen on 20 April, but followed for 7 days only
        (6, 14, "2026-03-01", "GP"),  # never seen
    ]
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("events")
    tables = {"visits": VISITS, "patients": PATIENTS, "ward_nights": NIGHTS, "referrals": REFERRALS}
    return events.build(f"duckdb:///{folder / 'warehouse'}", tables, folder / "definitions")


def _cells(layer: MetricsLayer, request: Request) -> dict[object, float | None]:
    rows = layer.ask(request).frame.filter(~pl.col("is_total")).select("period", *request.by, "value").rows()
    return {row[:-1] if len(row) > 2 else row[0]: row[-1] for row in rows}


def _april(*metrics: str, **others: object) -> Request:
    return Request.of(*metrics, period_from=date(2026, 4, 1), period_to=date(2026, 4, 30), grain=Grain.MONTH, **others)


def test_a_day_is_one_of_london_when_the_clocks_change(layer: MetricsLayer) -> None:
    asked = Request.of("visits", grain=Grain.DAY, period_from=date(2026, 3, 28), period_to=date(2026, 3, 31))
    assert _cells(layer, asked) == {
        date(2026, 3, 28): 1, date(2026, 3, 29): 0, date(2026, 3, 30): 3, date(2026, 3, 31): 0,
    }  # fmt: skip
    by_day = Request.of("day_visits", grain=Grain.DAY, period_from=date(2026, 3, 28), period_to=date(2026, 3, 31))
    assert _cells(layer, by_day) == _cells(layer, asked)


def test_hours_are_those_of_london_and_the_short_day_has_23(layer: MetricsLayer) -> None:
    asked = Request.of("visits", grain=Grain.HOUR, period_from=date(2026, 3, 29), period_to=date(2026, 3, 30))
    cells = _cells(layer, asked)
    assert len(cells) == 23 + 24
    held = {hour: value for hour, value in cells.items() if value}
    assert held == {
        datetime(2026, 3, 30, 0, tzinfo=LONDON): 1,
        datetime(2026, 3, 30, 10, tzinfo=LONDON): 2,
    }


def test_no_row_is_no_visit_and_no_rate(layer: MetricsLayer) -> None:
    frame = layer.ask(
        Request.of("visits", "missed_rate", grain=Grain.DAY, period_from=date(2026, 4, 3), period_to=date(2026, 4, 3))
    ).frame
    assert frame.select("metric", "value", "numerator", "denominator").rows() == [
        ("visits", 0, 0, None), ("missed_rate", None, 0, 0),
    ]  # fmt: skip


def test_distinct_patients_are_counted_anew_at_every_grain_and_in_every_total(layer: MetricsLayer) -> None:
    whole = Request.of("patients", grain=Grain.FINANCIAL_YEAR)
    assert _cells(layer, whole) == {date(2025, 4, 1): 2, date(2026, 4, 1): 3}
    frame = layer.ask(_april("patients", by=("clinic",), totals=True)).frame
    assert frame.filter(pl.col("is_total"))["value"].to_list() == [3]
    assert dict(frame.filter(~pl.col("is_total")).select("clinic", "value").iter_rows()) == {"A": 1, "B": 1, None: 1}


def test_distinct_patients_of_a_window_are_counted_once(layer: MetricsLayer) -> None:
    asked = Request.of("patients_28d", grain=Grain.DAY, period_from=date(2026, 4, 24), period_to=date(2026, 4, 26))
    # 28 days to 24 April begin on 28 March; to 25 April on 29 March; to 26 April on 30 March.
    assert _cells(layer, asked) == {date(2026, 4, 24): 4, date(2026, 4, 25): 5, date(2026, 4, 26): None}
    statuses = layer.ask(asked).frame["status"].to_list()
    assert statuses[-1] == "no data"  # beyond the newest day that is held


def test_distinct_patients_are_counted_by_the_hour_too(layer: MetricsLayer) -> None:
    asked = Request.of("patients", grain=Grain.HOUR, period_from=date(2026, 4, 20), period_to=date(2026, 4, 20))
    held = {hour: value for hour, value in _cells(layer, asked).items() if value}
    assert held == {datetime(2026, 4, 20, 11, tzinfo=LONDON): 2}


def test_means_minima_and_maxima_leave_out_what_is_not_known(layer: MetricsLayer) -> None:
    march = {"period_from": date(2026, 3, 1), "period_to": date(2026, 3, 31), "grain": Grain.MONTH}
    frame = layer.ask(Request.of("mean_wait", "shortest_wait", "longest_wait", **march)).frame
    assert frame["value"].to_list() == [pytest.approx(32 / 3), 5, 20]


def test_a_percentile_of_rows_is_exact_and_is_not_an_average_of_percentiles(layer: MetricsLayer) -> None:
    both = Request.of("median_wait", grain=Grain.FINANCIAL_YEAR)
    assert _cells(layer, both) == {date(2025, 4, 1): 7, date(2026, 4, 1): 20}
    assert _cells(layer, _april("median_wait", by=("clinic",), totals=True)) == {
        (date(2026, 4, 1), "A"): 1, (date(2026, 4, 1), "B"): 20, (date(2026, 4, 1), None): 40,
    }  # fmt: skip
    asked = Request.of("median_wait_28d", grain=Grain.DAY, period_from=date(2026, 4, 25), period_to=date(2026, 4, 25))
    # 29 March to 25 April: 7, 20, 10, 30, 40, 1
    assert _cells(layer, asked) == {date(2026, 4, 25): 15}


def test_a_joined_dimension_keeps_rows_that_join_to_nothing(layer: MetricsLayer) -> None:
    assert _cells(layer, _april("visits", by=("age_band",))) == {
        (date(2026, 4, 1), "18-64"): 2, (date(2026, 4, 1), None): 2,
    }  # fmt: skip


def test_a_window_reads_before_the_period_and_is_not_cut_by_a_filter(layer: MetricsLayer) -> None:
    asked = Request.of(
        "missed_rate_28d", grain=Grain.DAY, period_from=date(2026, 4, 20), period_to=date(2026, 4, 21),
        where={"clinic": "A"},
    )  # fmt: skip
    # 24 March to 20 April, clinic A: visits 1, 2 and 3, of which 2 was missed.
    assert _cells(layer, asked) == {date(2026, 4, 20): pytest.approx(1 / 3), date(2026, 4, 21): pytest.approx(1 / 3)}


def test_a_window_that_begins_before_the_data_is_incomplete(layer: MetricsLayer) -> None:
    asked = Request.of("missed_rate_28d", grain=Grain.DAY, period_from=date(2026, 3, 28), period_to=date(2026, 4, 25))
    statuses = layer.ask(asked).frame["status"].to_list()
    assert set(statuses[:27]) == {"incomplete"}
    assert statuses[27:] == ["final", "incomplete"]  # the data end in the morning of 25 April


def test_to_date_begins_anew_with_the_financial_year(layer: MetricsLayer) -> None:
    asked = Request.of("visits_to_date", grain=Grain.MONTH)
    assert _cells(layer, asked) == {date(2026, 3, 1): 4, date(2026, 4, 1): 4}
    ad_hoc = Request.of(
        "visits", grain=Grain.DAY, to_date=Grain.MONTH, period_from=date(2026, 4, 19), period_to=date(2026, 4, 20)
    )
    assert _cells(layer, ad_hoc) == {date(2026, 4, 19): 1, date(2026, 4, 20): 3}


def test_a_window_of_the_request_works_on_any_metric(layer: MetricsLayer) -> None:
    asked = Request.of("visits", "missed_rate", grain=Grain.MONTH, window="2 months", period_from=date(2026, 4, 1))
    assert layer.ask(asked).frame["value"].to_list() == [8, pytest.approx(3 / 8)]


def test_levels_are_taken_per_ward_before_they_are_added(layer: MetricsLayer) -> None:
    asked = _april("occupied", "occupied_by_ward", "mean_occupied_by_ward")
    # The last night has W1 and W3 only; ward W2 last had 22 on the second, and over the three nights 14 a night.
    assert layer.ask(asked).frame["value"].to_list() == [23, 45, 12 + 14 + 7]
    by_site = layer.ask(_april("occupied_by_ward", by=("site",), totals=True)).frame
    assert by_site.select("site", "value").rows() == [("North", 36), ("South", 9), (None, 45)]


def test_a_cohort_is_followed_for_the_whole_window_before_it_counts(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("seen_in_14_days", grain=Grain.MONTH)).frame
    assert frame.select("period", "numerator", "denominator", "status").rows() == [
        (date(2026, 3, 1), 2, 4, "final"), (date(2026, 4, 1), 0, 1, "incomplete"),
    ]  # fmt: skip
    by_source = layer.ask(Request.of("seen_in_14_days", grain=Grain.FINANCIAL_YEAR, by=("source",), totals=True))
    assert by_source.frame.filter(pl.col("period") == date(2025, 4, 1)).select(
        "source", "numerator", "denominator"
    ).rows() == [("A&E", 1, 1), ("GP", 1, 3), (None, 2, 4)]
    assert any(note.code == "followed" and "11 April 2026" in note.text for note in by_source.notes)


def test_an_input_of_a_year_before_stands_beside_its_own_period(tmp_path: Path) -> None:
    rows = [(n, n, f"2025-0{m}-10T10:00:00", "A", 1, 0) for n, m in enumerate([3, 4, 4], start=1)]
    rows += [(n, n, f"2026-0{m}-10T10:00:00", "A", 1, 0) for n, m in enumerate([3, 3, 3, 4], start=10)]
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {"visits": events.visits(rows)}, tmp_path / "d")
    asked = Request.of("growth", grain=Grain.MONTH, period_from=date(2026, 3, 1), period_to=date(2026, 4, 30))
    assert _cells(layer, asked) == {date(2026, 3, 1): 2, date(2026, 4, 1): -1}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"clinic": {"not_in": "B"}}, 2),  # the visit of no clinic is kept
        ({"clinic": None}, 1),
        ({"clinic": {"null": False}}, 3),
        ({"clinic": {"in": ["A"], "null": True}}, 2),
        ({"decile": {"from": 2, "to": 10}}, 2),
        ({"decile": {"from": 2}}, 2),
        ({"decile": {"to": 9}}, 0),
        ({"age_band": "18-64", "clinic": ["A", "B"]}, 2),
    ],
)
def test_filters_keep_and_leave_out_every_row_once(
    layer: MetricsLayer, where: dict[str, object], expected: int
) -> None:
    request = _april("visits", where=where)
    assert list(_cells(layer, request).values()) == [expected]
    if len(request.where) == 1:
        against = Request.of(
            "visits", grain=request.grain, period_from=request.period_from, period_to=request.period_to
        )
        turned = Request(**{**{n: getattr(against, n) for n in against.__slots__}, "where": (~request.where[0],)})
        assert list(_cells(layer, turned).values()) == [4 - expected]


def test_subtotals_are_queries_of_their_own(layer: MetricsLayer) -> None:
    asked = _april("patients", by=("clinic", "age_band"), subtotals=(("clinic",), ("age_band",)), totals=True)
    frame = layer.ask(asked).frame
    rows = frame.filter(pl.col("is_total")).select("over", "clinic", "age_band", "value").rows()
    assert sorted(rows, key=str) == sorted(
        [
            ("age_band", "A", None, 1), ("age_band", "B", None, 1), ("age_band", None, None, 1),
            ("clinic", None, "18-64", 1), ("clinic", None, None, 2),
            ("clinic,age_band", None, None, 3),
        ],
        key=str,
    )  # fmt: skip


def test_a_join_that_would_count_rows_twice_is_refused(tmp_path: Path) -> None:
    twice = events.patients([(10, "0-17", 1), (10, "0-17", 2)])
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {"visits": VISITS, "patients": twice}, tmp_path / "definitions")
    assert layer.ask(Request.of("visits", grain=Grain.MONTH)).frame["value"].to_list() == [4, 4]
    with pytest.raises(FanOutError, match="several rows for 1 values of patient"):
        layer.ask(Request.of("visits", by=("age_band",), grain=Grain.MONTH))


def test_a_window_that_no_period_fits_is_refused(layer: MetricsLayer) -> None:
    with pytest.raises(QueryError, match="no length of time"):
        layer.ask(Request.of("visits", window="a while"))
    with pytest.raises(QueryError, match="window of its own"):
        layer.ask(Request.of("missed_rate_28d", window="7 days"))


def test_a_filter_and_its_opposite_are_values() -> None:
    assert ~(~Filter("clinic", ("A",))) == Filter("clinic", ("A",))
