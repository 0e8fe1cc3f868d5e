"""The semantic benchmark judges rightly: on 100,000 rows, which have as many days of services as ten million."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest

from benchmarks.semantic import hand, oracle, ours, report, table
from benchmarks.semantic.rounds import Contestant, Taken, Times, measure

ROWS = 100_000


@pytest.fixture(scope="module")
def native() -> Iterator[Any]:
    with duckdb.connect() as connection:
        table.create(connection, ROWS)
        yield connection


@pytest.fixture(scope="module")
def wanted(native: Any) -> dict[str, dict[oracle.Point, float | None]]:
    return oracle.answers(native)


def test_the_table_has_its_shape_whatever_its_size(native: Any) -> None:
    shape = table.shape(native)
    assert (shape.rows, shape.days, shape.services) == (ROWS, 1096, 40)
    assert (shape.day_service_cells, shape.missing_in_year, shape.empty_windows) == (32_857, 3_703, 1)


def test_the_table_is_the_same_on_every_machine(native: Any) -> None:
    assert (table.shape(native).booked, table.shape(native).attended) == (109_421, 98_140)
    (digest,) = native.sql("""
        SELECT md5(string_agg(concat_ws('|', *COLUMNS(*)), ';' ORDER BY appointment_id)) FROM appointments
    """).fetchall()[0]
    assert digest == "75496ad7e93a1b8bbe869118d31d8fa1"


def test_the_table_has_a_row_for_every_day_of_a_service_that_is_open() -> None:
    with duckdb.connect() as connection:
        with pytest.raises(ValueError, match="32,857 days"):
            table.create(connection, 32_856)
        table.create(connection, 32_857)
        assert table.shape(connection).day_service_cells == 32_857


def test_sql_by_hand_is_right_on_every_point(native: Any, wanted: dict[str, Any]) -> None:
    verdicts = {
        name: oracle.judge(hand.answer(native, question), wanted[name]) for name, question in hand.QUESTIONS.items()
    }
    assert {name: (one.points, one.is_right) for name, one in verdicts.items()} == {
        "a": (1440, True),
        "b": (800, True),
        "c": (14_600, True),
    }


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> ours.Asked:
    return ours.Asked.open(table.warehouse(tmp_path_factory.mktemp("semantic"), ROWS))


def test_bellwether_is_right_on_every_point(asked: ours.Asked, wanted: dict[str, Any]) -> None:
    verdicts = {name: oracle.judge(asked.rates(name), wanted[name]) for name in hand.QUESTIONS}
    assert {name: (one.points, one.is_right) for name, one in verdicts.items()} == {
        "a": (1440, True),
        "b": (800, True),
        "c": (14_600, True),
    }


def test_the_step_that_is_timed_is_the_whole_answer(asked: ours.Asked) -> None:
    for name, request in asked.requests.items():
        timed, whole = asked.answer(name), asked.layer.ask(request)
        assert timed.frame.equals(whole.frame)
        assert [query.sql for query in timed.queries] == [query.sql for query in whole.queries]


def test_a_plan_from_the_cache_is_the_one_that_was_made(asked: ours.Asked) -> None:
    for name in hand.QUESTIONS:
        made = [step.compiled.text for ready in asked.compile(name).scans for step in ready.rounds]
        assert made == [step.compiled.text for ready in asked.cached(name).scans for step in ready.rounds]
        assert asked.cached(name) is asked.cached(name)


def test_one_window_without_appointments_is_a_point_without_a_rate(wanted: dict[str, Any]) -> None:
    empty = [point for point, value in wanted["c"].items() if value is None]
    assert empty == [(date(2025, 8, 31), "Service 18")]


def test_the_judge_tells_wrong_missing_and_not_asked_for(native: Any, wanted: dict[str, Any]) -> None:
    right = hand.answer(native, hand.QUESTIONS["c"]).select("period", "service", "value").sort("period", "service")
    shifted = right.with_columns(pl.when(pl.int_range(pl.len()) < 3).then(pl.col("value") + 0.01).otherwise("value"))
    extra = pl.DataFrame({"period": [date(2024, 12, 31)], "service": ["Service 01"], "value": [0.1]})
    verdict = oracle.judge(pl.concat([shifted.head(-5), extra]), wanted["c"])
    assert (verdict.right, verdict.wrong, verdict.missing, verdict.extra) == (14_592, 3, 5, 1)
    assert verdict.largest_error == pytest.approx(1.0)
    assert not verdict.is_right


def test_the_judge_takes_no_zero_for_nothing(native: Any, wanted: dict[str, Any]) -> None:
    zeros = hand.answer(native, hand.QUESTIONS["c"]).with_columns(pl.col("value").fill_null(0))
    assert (oracle.judge(zeros, wanted["c"]).right, oracle.judge(zeros, wanted["c"]).wrong) == (14_599, 1)


def test_a_window_of_rows_is_seen_to_be_wrong(native: Any, wanted: dict[str, Any]) -> None:
    rows = native.sql("""
        WITH daily AS (
            SELECT appointment_date AS period, service, sum(booked - attended) AS missed, sum(booked) AS booked
            FROM appointments WHERE year(appointment_date) = 2025 GROUP BY 1, 2
        )
        SELECT period, service, sum(missed) OVER w / sum(booked) OVER w AS value FROM daily
        WINDOW w AS (PARTITION BY service ORDER BY period ROWS 27 PRECEDING)
    """).pl()
    verdict = oracle.judge(rows, wanted["c"])
    assert (verdict.wrong, verdict.missing) == (9_026, 3_703)


def test_times_are_taken_in_turns_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []

    def takes(name: str, value: float) -> Any:
        return lambda query: (order.append(f"{name}{query}"), Taken(value, 2 * value))[1]

    both = [
        Contestant(name, {"a": "", "b": "", "c": ""}, takes(f"hand of {name} ", 2.0), {"total": takes(f"{name} ", 3.0)})
        for name in ("one", "two")
    ]
    times = measure(both, 2)
    assert times.taken["one", "a", "total"] == [Taken(3.0, 6.0)] * 2
    assert (times.median("two", "c", "total"), times.ratio("two", "c", "total")) == (3.0, 1.5)
    assert order[:4] == ["hand of one a", "one a", "hand of two a", "two a"]
    assert order[12:14] == ["one a", "hand of one a"]


def test_missed_aims_are_said(native: Any) -> None:
    right = oracle.Verdict(points=1, right=1, wrong=0, missing=0, extra=0, largest_error=0.0)
    times = Times()
    for query in "abc":
        for step, value in (("hand", 10.0), ("total", 11.0), ("compile", 4.0), ("cached", 0.1)):
            times.taken[report.OURS, query, step].append(Taken(value, value))
    verdicts = {(report.OURS, query): right for query in "abc"}
    found = report.Findings(table.shape(native), [], times, verdicts, {}, 1, 2, 0.0)
    assert report.missed_aims(found) == []
    times.taken[report.OURS, "b", "total"] = [Taken(13.0, 13.0)]
    times.taken[report.OURS, "a", "compile"] = [Taken(6.0, 6.0)]
    verdicts[report.OURS, "c"] = replace(right, right=0, missing=1)
    assert report.missed_aims(found) == [
        "(a) compile took 6.00 ms, not 5.0 ms",
        "(b) took 1.30 times as long as hand-written SQL, not 1.2",
        "(c) has 0 right points of 1",
    ]
