"""`bellwether explain`: what it says, as text and as JSON, and how it leaves."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dashboard.cli import app


@pytest.fixture
def explain(shipped_home, monkeypatch):
    monkeypatch.setenv("BELLWETHER_HOME", str(shipped_home))
    monkeypatch.delenv("BELLWETHER_WAREHOUSE", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, ["explain", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.stdout, done.stderr

    return run


def test_it_says_what_is_behind_a_number_and_why_it_moved(explain):
    code, out, _ = explain("ae_four_hour", "--at", "2026-03", "--by", "region")
    assert code == 0
    assert "Numerator" in out
    assert "1,875,561: Attendances that ended within four hours" in out
    assert "rose from 74.1% in February 2026 to 77.1% in March 2026: 3.1 percentage points higher" in out
    table = [line.split() for line in out.splitlines() if "%" in line and line.startswith(("London", "All"))]
    assert table == [
        ["London", "77.1%", "79.8%", "+0.48", "0.00", "0.00", "+0.48"],
        ["All", "74.1%", "77.1%", "+3.06", "\N{MINUS SIGN}0.01", "+0.01", "+3.06"],
    ]
    assert "Enderby Leisure Centre, Lutterworth Hospital" in out
    assert "By integrated care board" not in out
    assert "SELECT" not in out


def test_a_member_picks_the_cell_and_the_other_period_can_be_named(explain):
    code, out, _ = explain(
        "ae_four_hour", "--at", "2026-03", "--by", "region=London", "--by", "department", "--against", "2025-03",
        "--sql", "postgresql",
    )  # fmt: skip
    assert code == 0
    assert "Region is London (Y56)" in out
    assert "from 77.8% in March 2025 to 79.8% in March 2026" in out
    assert "Urgent Care Centre (QMS)" in out
    assert "SQL, for PostgreSQL" in out
    assert "DATE '2026-03-01'" in out
    assert explain(
        "ae_four_hour", "--at", "2026-03", "--by", "region=Y56", "--by", "department", "--against", "last-year",
        "--sql", "postgresql",
    )[1] == out  # fmt: skip


def test_json_holds_the_effects_that_add_up(explain):
    code, out, _ = explain("medical_records_cost_per_admission", "--at", "2023/24", "--by", "region", "--json")
    assert code == 0
    said = json.loads(out)
    assert said["explanation"]["period"] == "2023-04-01"
    assert set(said["explanation"]["inputs"]) == {"medical_records_cost", "emergency_admissions"}
    moved = said["movement"]
    assert moved["change"] == pytest.approx(moved["now"]["value"] - moved["before"]["value"])
    assert sum(row["effect"] for row in moved["inputs"]) == pytest.approx(moved["change"])
    assert sum(row["effect"] for row in moved["splits"]["region"]["frame"]) == pytest.approx(moved["change"])


def test_a_percentile_says_why_it_has_no_shares(explain):
    code, out, _ = explain("rtt_p92_wait", "--at", "2026-01", "--against", "2025-03", "--sql", "sent")
    assert code == 0
    assert "A percentile is not made up of its members' percentiles" in out
    assert "fact_rtt_band_month AS f" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ae_for_hour",), "Did you mean 'ae_four_hour'"),
        (("ae_four_hour", "--at", "soon"), "--at 'soon' is no period"),
        (("ae_four_hour", "--at", "2025/27"), "--at '2025/27' is no period"),
        (("ae_four_hour", "--against", "2099-01"), "is no earlier period"),
        (("ae_four_hour", "--by", "service"), "It can be split by: department, icb, organisation, region."),
        (("ae_four_hour", "--by", "region="), "neither a dimension nor a member"),
        (("ae_four_hour", "--where", "region"), "is no filter"),
        (("ae_four_hour", "--sql", "oracle"), "Write one of: sent, duckdb"),
    ],
)
def test_a_bad_request_leaves_with_2_and_says_what_to_write(explain, arguments, message):
    code, out, error = explain(*arguments)
    assert (code, out) == (2, "")
    assert message in error.replace("\n", " ")
    assert "Traceback" not in error


def test_who_is_absent_goes_with_how_many_reported(explain):
    _, out, _ = explain("ae_four_hour", "--at", "2025/26")
    assert "195 of 200 organisations expected, in December 2025: its least complete month" in out
    code, out, _ = explain("ae_four_hour", "--at", "2025/26", "--json")
    assert code == 0
    found = json.loads(out)["explanation"]
    assert (found["coverage_of"], found["coverage_grain"]) == ("2025-12-01", "month")
    assert set(found["absent"]) == {"A5D4Q", "NQT51", "NR3", "Y00751", "Y02147"}
    assert set(found["absent_elsewhere"]) == {"AXG", "C82009", "Y07709"}
    month = json.loads(explain("ae_four_hour", "--at", "2025-12", "--json")[1])["explanation"]
    assert (month["reporting"], month["expected"], month["coverage_of"]) == (195, 200, None)
    assert (month["absent"], month["absent_elsewhere"]) == (found["absent"], {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "2025/26", "--grain", "month"), "--at '2025/26' is a financial year, and not a month."),
        (("--at", "2026-03", "--against", "2024/25"), "--against '2024/25' is a financial year, and not a month."),
        (("--at", "2026-03", "--grain", "week"), "--at '2026-03' is a month, and not a week."),
    ],
)
def test_a_longer_period_is_not_taken_for_its_first_part(explain, words, said):
    code, out, told = explain("ae_four_hour", *words)
    assert (code, out) == (2, "")
    assert said in told.replace("\n", " ")


@pytest.mark.parametrize("metric", ["shmi", "dma_overall"])
def test_without_a_value_for_england_an_organisation_is_to_be_picked(explain, metric):
    code, out, told = explain(metric)
    assert (code, out) == (2, "")
    assert "Pick an organisation, as in `--by organisation=R0A`." in told.replace("\n", " ")
    assert explain(metric, "--by", "organisation=R0A")[0] == 0
