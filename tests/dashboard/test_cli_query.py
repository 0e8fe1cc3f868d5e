"""`bellwether query`: what its words ask, and what it prints."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from typer.testing import CliRunner

from dashboard import cli_asked as asked
from dashboard.cli import app
from metrics.query.request import Against, Comparison, Filter, Sort, Top
from tests.query import daily

JANUARY, FEBRUARY = date(2026, 1, 12), date(2026, 2, 9)
ROWS: list[daily.Row] = [
    (JANUARY, "A", "North", 40, 4, None), (JANUARY, "B", "South", 30, 0, None), (JANUARY, "C", "South", 20, 1, None),
    (JANUARY, None, "South", 10, 1, None),
    (FEBRUARY, "A", "North", 51, 5, None), (FEBRUARY, "B", "South", 40, 0, None), (FEBRUARY, "C", "North", 21, 1, None),
]  # fmt: skip
# A day without a row has no data: the sheet is kept every day.
ROWS += [(date(2026, 1, 1) + timedelta(days=ahead), "A", "North", 0, 0, None) for ahead in range(31 + 28)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: date(2026, 4, 20))
    return folder


@pytest.fixture
def query(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BELLWETHER_DEFINITIONS", str(folder / "definitions"))
    monkeypatch.setenv("BELLWETHER_SHIPPED_DEFINITIONS", "no")
    monkeypatch.setenv("BELLWETHER_WAREHOUSE", f"duckdb:///{folder / 'warehouse'}")

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(
            app, ["query", *words, "--grain", "month", "--from", "2026-02-01", "--to", "2026-02-28"]
        )
        assert done.exit_code == code, done.output
        return done.stderr if code else done.stdout

    return run


def _rows(text: str) -> list[dict[str, Any]]:
    rows = json.loads(text)
    assert isinstance(rows, list)
    return rows


def test_a_comparison_adds_its_columns(query: Any) -> None:
    (row,) = _rows(query("booked", "--compare", "previous", "--format", "json"))
    assert (row["period"], row["value"]) == ("2026-02-01", 112)
    assert (row["compared_period"], row["compared_value"], row["change"]) == ("2026-01-01", 100, 12)
    assert (row["change_share"], row["basis"]) == (0.12, "February 2026 against January 2026")
    table = query("booked", "--compare", "1", "--per-working-day")
    # 20 working days in February; 21 in January, of which the 1st is a holiday.
    assert "5.6" in table
    assert "4.8" in table
    assert "0.8 more" in table


def test_the_top_of_a_dimension_and_all_others(query: Any) -> None:
    rows = _rows(query("booked", "--by", "service", "--top", "1", "--of", "service", "--totals", "--format", "json"))
    assert [(row["service"], row["value"], row["is_total"]) for row in rows] == [
        ("A", 51, False), ("(others)", 61, False), (None, 112, True),
    ]  # fmt: skip
    assert "All others (2)" in query("booked", "--by", "service", "--top", "1", "--of", "service")


def test_order_and_limit(query: Any) -> None:
    words = ("booked", "--by", "service", "--format", "json", "--limit", "2", "--sort")
    assert [row["service"] for row in _rows(query(*words, "value"))] == ["C", "B"]
    assert [row["service"] for row in _rows(query(*words, "-value"))] == ["A", "B"]


def test_windows_and_to_date(query: Any) -> None:
    (row,) = _rows(query("booked", "--window", "2 months", "--format", "json"))
    assert row["value"] == 212
    (row,) = _rows(query("booked", "--to-date", "financial_year", "--format", "json"))
    assert row["value"] == 212


@pytest.mark.parametrize(
    ("where", "booked"),
    [
        (("service=A",), 51),
        (("service=A", "service=B"), 91),
        (("service!=A",), 61),
        (("service!=A", "service!=B"), 21),
        (("service=A..B",), 91),
        (("service=B..",), 61),
        (("service=..A",), 51),
        (("service!=A..B",), 21),
        (("service!=",), 112),
        (("site=North", "service!=A"), 21),
    ],
)
def test_filters_of_every_kind(query: Any, where: tuple[str, ...], booked: int) -> None:
    words = [word for pair in where for word in ("--where", pair)]
    assert _rows(query("booked", *words, "--format", "json"))[0]["value"] == booked


def test_what_is_meant_by_each_filter() -> None:
    assert asked.filters(["region=Y56", "region=Y62", "service=", "service=100"]) == (
        Filter("region", ("Y56", "Y62")), Filter("service", ("100",), null=True),
    )  # fmt: skip
    assert asked.filters(["age=18..64", "age!=30..30"]) == (
        Filter("age", low=18, high=64), Filter("age", low=30, high=30, negate=True),
    )  # fmt: skip
    assert asked.filters(["since=2026-04-01.."]) == (Filter("since", low=date(2026, 4, 1)),)
    assert asked.filters(["score=..2.5"]) == (Filter("score", high=2.5),)
    assert asked.filters(["service!="]) == (Filter("service", null=True, negate=True),)
    assert asked.filters(["region=North West"]) == (Filter("region", ("North West",)),)


def test_what_is_meant_by_comparisons_tops_and_orders() -> None:
    assert asked.comparison("Last-Year", per_working_day=True) == Comparison(Against.LAST_YEAR, per_working_day=True)
    assert asked.comparison("4", per_working_day=False) == Comparison(4)
    assert asked.comparison(None, per_working_day=False) is None
    assert asked.top(3, "icb", least=True) == Top(3, "icb", least=True)
    assert asked.top(None, None, least=False) is None
    assert asked.order(["-value", "period"]) == (Sort("value", descending=True), Sort("period"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "soon"), "is no period. Write previous, last-year"),
        (("--compare", "0"), "is no period"),
        (("--per-working-day",), "add --compare previous"),
        (("--top", "3"), "--top needs the dimension"),
        (("--of", "service"), "--of and --least belong to --top"),
        (("--where", "service"), "is no filter"),
        (("--where", "service=.."), "has no bound"),
        (("--top", "3", "--of", "service"), "does not split by"),
        (("--sort", "valeu"), "Did you mean 'value'"),
        (("--limit", "0"), "1 row or more"),
    ],
)
def test_what_cannot_be_asked_says_what_to_write(query: Any, words: tuple[str, ...], said: str) -> None:
    assert said in " ".join(click.unstyle(query("booked", *words, code=2)).split())


@pytest.fixture
def shipped(shipped_home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BELLWETHER_HOME", str(shipped_home))
    monkeypatch.delenv("BELLWETHER_WAREHOUSE", raising=False)

    def run(*words: str) -> tuple[str, list[str]]:
        done = CliRunner().invoke(app, ["query", *words])
        assert done.exit_code == 0, done.output
        return done.stdout, done.stderr.splitlines()

    return run


def test_what_is_said_beside_the_numbers_is_said_once_and_names_its_month(shipped: Any) -> None:
    out, told = shipped("ae_four_hour", "ae_four_hour", "--from", "2026-02-01", "--to", "2026-03-31")
    assert out.count("ae_four_hour") == 2
    assert len(told) == len(set(told))
    assert [line for line in told if "left out" in line] == [
        "February 2026: no organisation is left out of the denominator.",
        "March 2026: no organisation is left out of the denominator.",
    ]


def test_a_value_of_too_few_organisations_is_called_partial_in_the_table_alone(shipped: Any) -> None:
    words = ("gp_referrals", "--grain", "quarter", "--from", "2011-10-01", "--to", "2011-12-31")
    out, told = shipped(*words)
    assert out.splitlines()[-1].split() == ["gp_referrals", "2011-10-01", "2,754,293", "2,754,293", "partial"]
    assert [line for line in told if line.startswith("Partial: too few organisations reported")]
    (row,) = json.loads(shipped(*words, "--format", "json")[0])
    assert (row["value"], row["status"]) == (2754293, "missing")
    assert not [line for line in shipped("ae_four_hour", "--from", "2026-03-01")[1] if line.startswith("Partial")]
