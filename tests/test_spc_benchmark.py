"""The benchmark of control charts compares with a peer that says the same, and tells when an aim is missed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.spc import recipe, table
from benchmarks.spc.__main__ import markdown, missed, ratio
from benchmarks.spc.timed import counted
from metrics.spc import xmr


@pytest.fixture
def found() -> dict[str, Any]:
    names = (
        "ours all",
        "ours package",
        "recipe package",
        "ours scorecard",
        "ours board",
        "ours beside",
        "recipe beside",
    )
    return {
        "rounds": 3,
        "taken": {name: [[20.0, 10.0], [40.0, 20.0], [30.0, 15.0]] for name in names}
        | {"recipe beside": [[900.0, 800.0], [900.0, 800.0], [900.0, 900.0]]},
        "sizes": {"all": 10_000, "package": 130, "scorecard": 2_000, "board": 2_000, "beside": 500},
        "differ": {"variation_icon": 0, "assurance_icon": 0},
        "threads": 1,
        "versions": {"polars": "2.1.0"},
    }


def test_the_recipe_says_what_ours_says() -> None:
    frame = table.series(150, seed=7)
    differ = recipe.agreement(counted(frame), recipe.icons(frame.to_pandas()))
    assert differ == dict.fromkeys(("variation_icon", "assurance_icon", *recipe.RULES), 0)


def test_the_agreement_counts_what_differs() -> None:
    frame = table.series(20)
    theirs = recipe.icons(frame.to_pandas())
    theirs.loc[:3, "rule_shift"] += 1
    assert recipe.agreement(counted(frame), theirs)["rule_shift"] == 4


def test_the_timed_series_have_gaps_signals_and_every_icon() -> None:
    frame = table.series(2_000)
    drawn = xmr(frame)
    assert frame.height == 72_000
    assert frame["value"].null_count() > 500
    assert set(drawn.series["variation_icon"]) == {
        *("common_cause", "improvement_high", "improvement_low"),
        *("concern_high", "concern_low", "neutral_high", "neutral_low"),
    }
    assert set(drawn.series["assurance_icon"]) == {"pass", "fail", "inconsistent", None}


def test_a_missed_aim_is_told(found: dict[str, Any]) -> None:
    assert missed(found) == []
    assert "All are met." in markdown(found, {"cores": 2})
    slow = found | {"taken": found["taken"] | {"ours scorecard": [[301.0, 1.0]] * 3}}
    assert missed(slow) == ["2,000 series took 301 ms, not 300"]
    assert "Missed: 2,000 series took 301 ms, not 300." in markdown(slow, {"cores": 2})
    wrong = found | {"differ": {"variation_icon": 2}}
    assert missed(wrong) == ["variation_icon of 2 series is not the recipe's"]


def test_the_ratio_is_of_rounds_that_ran_together(found: dict[str, Any]) -> None:
    assert ratio(found, "ours beside", "recipe beside") == 60.0
