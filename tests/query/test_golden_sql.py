"""The SQL of a dozen requests in nine dialects, as it was last reviewed.

A difference is a change of what the databases are asked: look at it, then write the files anew with
`BELLWETHER_UPDATE_GOLDEN=1 pytest tests/query/test_golden_sql.py` and commit them with the change.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from metrics import Filter, Request
from metrics.catalogue import SHIPPED, Catalogue, load
from metrics.query.dialects import TARGETS, readable_sql_for
from metrics.query.request import Grain
from tests.query.statements import statements

FOLDER = Path(__file__).parent / "golden_sql"
EVERY_TYPE = Path(__file__).parent / "every_type"
UPDATE = "BELLWETHER_UPDATE_GOLDEN"
FROM, TO = date(2026, 1, 1), date(2026, 3, 31)
ACROSS_THE_CLOCK_CHANGE = {"period_from": date(2026, 3, 28), "period_to": date(2026, 3, 30)}


def _request(*metrics: str, **others: object) -> Request:
    return Request.of(*metrics, **{"period_from": FROM, "period_to": TO, "as_at": date(2026, 4, 30), **others})


CASES: dict[str, tuple[Path, Request]] = {
    "sum_by_organisation": (SHIPPED, _request("ae_attendances", by=("organisation",))),
    "ratio_by_region_with_total": (SHIPPED, _request("ae_four_hour", by=("region",), totals=True)),
    "two_metrics_in_one_scan": (SHIPPED, _request("ae_attendances", "ae_attendances_type1", by=("icb",))),
    "snapshot_by_service": (SHIPPED, _request("rtt_waiting_list", by=("service",))),
    "percentile_from_bins": (SHIPPED, _request("rtt_median_wait", by=("region",))),
    "index_by_organisation": (SHIPPED, _request("shmi", by=("organisation",))),
    "derived_from_inputs": (SHIPPED, _request("emergency_admissions", by=("region",))),
    "filters": (
        EVERY_TYPE,
        _request(
            "visits",
            by=("site",),
            where={
                "region": ["Y56", "Y62"],
                "site": {"not_in": ["O'Brien \\ 100%"]},
                "site_kind": None,
                "age": {"from": 18, "to": 64},
                "admitted": {"in": ["true"], "null": True},
            },
        ),
    ),
    "mean_of_rows": (EVERY_TYPE, _request("mean_hours")),
    "count_by_joined_dimension": (EVERY_TYPE, _request("visits", by=("site_kind",), grain=Grain.MONTH)),
    "cumulative_ratio_over_28_days": (
        EVERY_TYPE,
        _request("within_four_hours", window="28 days", **ACROSS_THE_CLOCK_CHANGE),
    ),
    "distinct_by_month": (EVERY_TYPE, _request("patients", by=("region",), grain=Grain.MONTH)),
    "conversion_by_priority": (EVERY_TYPE, _request("seen_after_referral", by=("priority",))),
    "hours_of_a_clock_change": (EVERY_TYPE, _request("visits_an_hour", by=("site",), **ACROSS_THE_CLOCK_CHANGE)),
    "snapshot_of_each_ward": (EVERY_TYPE, _request("occupied_beds", by=("icb",), grain=Grain.MONTH)),
    "percentile_from_rows": (EVERY_TYPE, _request("p90_minutes")),
}


@cache
def _catalogue(folder: Path) -> Catalogue:
    return load(folder)


def _words(request: Request) -> str:
    words = ", ".join(request.metrics)
    words += f" by {', '.join(request.by)}" if request.by else ""
    words += f" each {request.grain.replace('_', ' ')}" if request.grain else ""
    words += f" over {request.window}" if request.window else ""
    words += f", {_day(request.period_from)} to {_day(request.period_to)}"
    words += "".join(f", {_filter(each)}" for each in request.where)
    return words + (", with totals" if request.totals else "")


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%B %Y}"


def _filter(each: Filter) -> str:
    kept = [f"in ({', '.join(each.values)})"] if each.values else []
    kept += [f"from {each.low} to {each.high}"] if each.has_range else []
    kept += ["missing"] if each.null else []
    return f"{each.dimension} {'not ' if each.negate else ''}{' or '.join(kept)}"


def _text(case: str, name: str) -> str:
    folder, request = CASES[case]
    header = f"-- Case: {case}\n-- Request: {_words(request)}\n-- Dialect: {TARGETS[name].title}\n"
    found = (f"\n{readable_sql_for(select, name)};\n" for select in statements(request, _catalogue(folder)))
    return header + "".join(found)


@pytest.fixture(scope="module")
def updating() -> bool:
    wanted = bool(os.environ.get(UPDATE))
    assert not (wanted and os.environ.get("CI")), "CI compares; it never writes what it compares with."
    return wanted


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("case", CASES)
def test_sql_is_as_reviewed(case: str, name: str, updating: bool):
    file, text = FOLDER / f"{case}.{name}.sql", _text(case, name)
    if updating:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file.name} is missing. Run with {UPDATE}=1, look at it and commit it."
    assert text == file.read_text(encoding="utf-8"), f"{file.name} is not what is asked now: see the top of this file."


def test_no_other_files_lie_there(updating: bool):
    expected = {f"{case}.{name}.sql" for case in CASES for name in TARGETS}
    others = {file for file in FOLDER.iterdir() if file.name not in expected}
    if updating:
        for file in others:
            file.unlink()
        others = set()
    assert not others, f"No case writes {', '.join(sorted(file.name for file in others))}."
