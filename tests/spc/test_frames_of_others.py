"""Frames as other libraries make them: gaps as NaN in whole and yes-or-no columns, days as text, categories, lazy frames."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from metrics.spc import FrameError, xmr
from tests.spc.test_states import UP_AND_DOWN, frame

NAN = float("nan")
SERIES: list[float | None] = [*UP_AND_DOWN, 30.0, 31.0]


def test_a_missing_flag_starts_no_phase() -> None:
    flags = [NAN] * 8 + [1.0] + [NAN] * 7
    drawn = xmr(frame(SERIES, rebase=pl.Series("rebase", flags)))
    assert drawn.points["rebase_group"].to_list() == [0] * 8 + [1] * 8
    written = xmr(frame(SERIES, rebase=pl.Series("rebase", ["nan"] * 8 + ["1"] + [""] * 7)))
    assert written.points["rebase_group"].to_list() == [0] * 8 + [1] * 8


def test_a_baseline_beside_gaps_is_a_whole_number_all_the_same() -> None:
    fixes = pl.Series("fix_after_n_points", [14.0] + [NAN] * 15)
    assert xmr(frame(SERIES, fix_after_n_points=fixes)).series["mean"].item() == pytest.approx(sum(UP_AND_DOWN) / 14)
    with pytest.raises(FrameError, match=r"'fix_after_n_points' holds 12\.5; it must hold whole numbers"):
        xmr(frame(SERIES, fix_after_n_points=12.5))


@pytest.mark.parametrize("due", [pl.lit(date(2030, 1, 1)), pl.lit(date(2030, 1, 1)).cast(pl.Datetime), "2030-01-01"])
def test_due_may_be_a_day_a_moment_or_text(due: Any) -> None:
    assert xmr(frame(SERIES).with_columns(due=pl.lit(due) if isinstance(due, str) else due)).series[
        "state"
    ].to_list() == ["stale"]


def test_due_must_be_a_date() -> None:
    with pytest.raises(FrameError, match="'due' holds text that is no date"):
        xmr(frame(SERIES, due="soon"))
    assert xmr(frame(SERIES, due=None)).series["state"].to_list() == ["ok"]


def test_final_is_final_however_it_is_written() -> None:
    standing = pl.Series("status", ["Final"] * 14 + [" FINAL ", "Provisional"])
    for each in (standing, standing.cast(pl.Categorical)):
        assert xmr(frame(SERIES, status=each)).points["included"].to_list() == [True] * 15 + [False]


def test_a_direction_that_is_unknown_is_told_where_it_stands() -> None:
    ways = pl.Series("improvement_direction", ["increase"] * 3 + ["up"] + ["increase"] * 12)
    with pytest.raises(FrameError, match="improvement_direction is 'up'") as caught:
        xmr(frame(SERIES, improvement_direction=ways))
    assert caught.value.row is not None
    assert caught.value.row["date"] == date(2024, 4, 1)


def test_what_is_no_frame_is_told_so() -> None:
    with pytest.raises(FrameError, match="This is a LazyFrame"):
        xmr(frame(SERIES).lazy())  # type: ignore[arg-type]
