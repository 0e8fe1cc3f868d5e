"""New limits are suggested for a change that lasts and has settled, with evidence; hardly ever by chance; never applied."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.spc import chart, xmr
from metrics.spc.rebasing import suggested
from tests.spc.drawn_series import months, series

N = 40
AT = np.arange(N)


def noise(seed: int, count: int = N) -> Any:
    return np.random.default_rng(seed).normal(100, 5, count)


def stepped(seed: int = 12, start: int = 24, by: float = 20.0, count: int = N) -> pl.DataFrame:
    return series(
        value=(noise(seed, count) + by * (np.arange(count) >= start)).tolist(), improvement_direction=["increase"]
    )


def many(values: Any) -> pl.DataFrame:
    count, points = values.shape
    return pl.DataFrame({
        "series": np.repeat(np.arange(count), points), "date": pl.concat([months(points)] * count),
        "value": values.ravel(),
    })  # fmt: skip


def test_a_step_that_lasts_is_suggested_with_its_numbers() -> None:
    frame = stepped()
    drawn = xmr(frame)
    (row,) = suggested(drawn).iter_rows(named=True)
    before, after = frame["value"][:24].mean(), frame["value"][24:].mean()
    assert (row["series"], row["from_date"], row["points_since"]) == ("a", date(2017, 1, 1), 16)
    assert (row["mean_before"], row["mean_after"]) == (pytest.approx(before), pytest.approx(after))
    sigma = 2.66 / 3 * frame["value"][:24].diff().abs().mean()  # type: ignore[operator]
    assert row["sigmas"] == pytest.approx((after - before) / sigma)  # type: ignore[operator]
    assert row["nature"] == "improvement"
    assert row["evidence"].startswith("From 1 January 2017 on 16 of 16 final points lie above the mean before, 101.")
    assert row["evidence"].endswith("Set the limits anew only if the cause is known and the change is meant to stay.")
    assert drawn.points["rebase_group"].unique().to_list() == [0]


@pytest.mark.parametrize(
    ("by", "direction", "nature"),
    [(20.0, "decrease", "concern"), (-20.0, "decrease", "improvement"), (-20.0, "neutral", "change")],
)
def test_the_nature_of_the_change_is_told(by: float, direction: str, nature: str) -> None:
    frame = stepped(by=by).with_columns(improvement_direction=pl.lit(direction))
    assert suggested(xmr(frame))["nature"].to_list() == [nature]


@pytest.mark.parametrize(
    ("why", "frame"),
    [
        ("twelve points since then, and limits need thirteen", stepped(start=28)),
        ("too short an earlier level", stepped(start=12)),
        ("it went back", series(value=(noise(2) + 20 * ((AT >= 18) & (AT < 35))).tolist())),
        ("it still rises", series(value=(noise(3) + 1.5 * AT).tolist())),
        ("it is small", stepped(by=2.0)),
        ("it varies without any level", series(value=(noise(4) + 20 * (AT % 3)).tolist())),
    ],
)
def test_what_is_not_suggested(why: str, frame: pl.DataFrame) -> None:
    assert suggested(xmr(frame)).is_empty(), why


def test_thirteen_points_since_then_are_enough() -> None:
    assert suggested(xmr(stepped(start=27)))["points_since"].to_list() == [13]


def test_points_that_are_not_final_prove_nothing() -> None:
    frame = stepped(start=27).with_columns(
        status=pl.when(pl.int_range(pl.len()) == 39).then(pl.lit("provisional")).otherwise(pl.lit("final"))
    )
    assert suggested(xmr(frame)).is_empty()


def test_a_phase_that_was_set_is_not_suggested_again() -> None:
    frame = stepped().with_columns(rebase=pl.int_range(pl.len()) == 24)
    assert suggested(xmr(frame)).is_empty()


def test_against_a_frozen_baseline_it_is_suggested_too() -> None:
    assert suggested(xmr(stepped().with_columns(fix_after_n_points=20)))["from_date"].to_list() == [date(2017, 1, 1)]


@pytest.mark.parametrize("points", [30, 48, 96])
def test_stable_series_are_suggested_less_than_once_in_four_hundred(points: int) -> None:
    values = np.random.default_rng(points).normal(100, 5, (4_000, points))
    assert suggested(xmr(many(values))).height / 4_000 < 1 / 400


def test_a_step_of_three_sigmas_is_mostly_found_and_at_its_place() -> None:
    values = np.random.default_rng(8).normal(100, 5, (1_000, 48))
    values[:, 24:] += 15
    found = suggested(xmr(many(values)))
    assert found.height > 850
    assert (found["from_date"] == date(2017, 1, 1)).mean() > 0.85  # type: ignore[operator]


def test_series_are_looked_at_one_by_one() -> None:
    frames = [stepped(seed).with_columns(series=pl.lit(f"{seed}")) for seed in range(5)]
    frames.append(series("calm", value=noise(9).tolist(), improvement_direction=["increase"]))
    together = suggested(xmr(pl.concat(frames)))
    apart = pl.concat([suggested(xmr(frame)) for frame in frames])
    assert_frame_equal(together, apart)
    assert 3 <= together.height <= 5


def test_known_events_say_where_a_phase_may_start() -> None:
    drawn = xmr(stepped())
    event = pl.DataFrame({"series": ["a", "a", "b"], "date": [date(2016, 12, 20), date(2015, 3, 1), date(2017, 1, 1)]})
    assert suggested(drawn, starts=event)["from_date"].to_list() == [date(2017, 1, 1)]
    assert suggested(drawn, starts=event.filter(pl.col("date") == date(2015, 3, 1))).is_empty()
    assert suggested(drawn, starts=event.clear()).is_empty()


@pytest.mark.parametrize("kind", ["p", "pp", "u", "up", "i"])
def test_ratios_are_judged_with_their_own_denominators(kind: str) -> None:
    made = np.random.default_rng(11)
    den = made.integers(300, 500, N)
    frame = series(num=made.binomial(den, np.where(AT >= 24, 0.3, 0.15)).tolist(), den=den.tolist())
    (row,) = suggested(chart(frame, kind)).iter_rows(named=True)
    assert row["from_date"] == date(2017, 1, 1)
    num = frame["num"]
    assert row["mean_after"] == pytest.approx(num[24:].sum() / frame["den"][24:].sum())


@pytest.mark.parametrize("kind", ["mr", "run"])
def test_charts_without_such_limits_suggest_nothing(kind: str) -> None:
    assert suggested(chart(stepped(), kind)).is_empty()


def test_a_chart_without_rows_suggests_nothing() -> None:
    assert suggested(xmr(stepped().clear())).schema == suggested(xmr(stepped())).schema
