"""XmR charts over all series at once say what loops over one series at a time say, column for column."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.spc import PROFILES, Chart, FrameError, Profile, xmr
from tests.spc.oracle import judge
from tests.spc.oracle_rows import SETTINGS, Row, exact
from tests.spc.random_series import START, frame, profile, series

NAMES = ("mdc", "mdc-2.6", "plotthedots")
EACH = 1_200
FLIPPED = {"increase": "decrease", "decrease": "increase"}
MIRRORED = {
    "improvement_high": "improvement_low",
    "concern_high": "concern_low",
    "neutral_high": "neutral_low",
    "improvement_low": "improvement_high",
    "concern_low": "concern_high",
    "neutral_low": "neutral_high",
}
KEPT_BY_AFFINE = (
    *("relative_to_mean", "outside_limits", "close_to_limits", "rule_outside", "rule_trend", "rule_two_in_three"),
    *("rule_shift", "trend_direction", "rules", "special_cause_type", "point_type", "included", "rebase_group"),
)
KEPT_IN_SUMMARY = (
    *("state", "variation_type", "variation_icon", "assurance_type", "assurance_icon", "near_constant", "run_length"),
    *("trend_length", "shift_from", "points", "latest_date", "rules", "special_cause_type"),
)


def differences(many: Mapping[str, list[Row]], chart: Chart, settings: Any) -> list[tuple[Any, ...]]:
    """Returns every cell that differs, as column, series, row, the oracle's and ours."""
    points = defaultdict(list)
    for point in chart.points.iter_rows(named=True):
        points[point["series"]].append(point | {"rule_count": _parts(point["rules"])})
    summaries = {one["series"]: one for one in chart.series.iter_rows(named=True)}
    found: list[tuple[Any, ...]] = []
    for name, rows in many.items():
        wanted_points, wanted_summary = judge(rows, settings)
        assert len(points[name]) == len(rows), name
        for i, (wanted, ours) in enumerate(zip(wanted_points, points[name], strict=True)):
            found += [
                (column, name, i, cell, ours[column])
                for column, cell in wanted.items()
                if column != "beyond" and not _same(cell, ours[column])
            ]
        found += [
            (f"series.{column}", name, "", cell, summaries[name][column])
            for column, cell in wanted_summary.items()
            if not _same(cell, summaries[name][column])
        ]
    return found


def _parts(rules: str) -> int:
    return len(rules.split("; ")) if rules else 0


def _same(wanted: Any, ours: Any) -> bool:
    if isinstance(wanted, float) and isinstance(ours, float):
        return math.isclose(wanted, ours, rel_tol=1e-9, abs_tol=1e-9)
    return bool(wanted == ours)


def told(found: list[tuple[Any, ...]]) -> str:
    """Returns how many cells differ by column, and the first of each."""
    counts = Counter(one[0] for one in found)
    first = {one[0]: one for one in reversed(found)}
    return "\n".join(f"{column}: {count}, as {first[column][1:]}" for column, count in counts.most_common())


@pytest.mark.parametrize("name", NAMES)
def test_the_profiles_have_the_settings_of_the_method(name: str) -> None:
    ours = asdict(PROFILES[name])
    assert {setting: ours[setting] for setting in asdict(SETTINGS[name])} == asdict(SETTINGS[name])


@pytest.mark.parametrize("name", NAMES)
def test_thousands_of_random_series(name: str) -> None:
    many = {f"{i:05d}": series(f"{name} {i}") for i in range(EACH)}
    found = differences(many, xmr(frame(many), name), SETTINGS[name])
    assert not found, told(found)


@pytest.mark.parametrize("lot", range(4))
def test_profiles_of_ones_own(lot: int) -> None:
    found = []
    for number in range(lot * 12, lot * 12 + 12):
        own = profile(PROFILES["mdc"], f"profile {number}")
        many = {f"{i:05d}": series(f"own {number} {i}") for i in range(25)}
        found += [(*one, own.name) for one in differences(many, xmr(frame(many), own), own)]
    assert not found, told(found)


def test_the_random_series_hold_every_case() -> None:
    many = {f"{i:05d}": series(f"mdc {i}") for i in range(EACH)}
    judged = [judge(rows, SETTINGS["mdc"]) for rows in many.values()]
    summaries = [summary for _, summary in judged]
    points = [point for points, _ in judged for point in points]
    counted: dict[str, Counter[Any]] = {
        column: Counter(summary[column] for summary in summaries)
        for column in ("state", "variation_icon", "assurance_icon", "near_constant")
    }
    assert set(counted["state"]) == {"ok", "no_variation", "too_few_points", "missing_latest", "stale", "no_data"}
    assert set(counted["assurance_icon"]) == {"pass", "fail", "inconsistent", None}
    assert set(counted["variation_icon"]) == {
        *("common_cause", "no_variation", "improvement_high", "improvement_low"),
        *("concern_high", "concern_low", "neutral_high", "neutral_low", None),
    }
    assert all(min(counts.values()) >= 5 for counts in counted.values())
    for rule in ("rule_outside", "rule_trend", "rule_two_in_three", "rule_shift"):
        assert sum(point[rule] for point in points) > 100
    assert sum(point["rule_count"] > 1 for point in points) > 100
    assert sum(point["relative_to_mean"] == 0 for point in points) > 100


small = st.one_of(st.none(), st.integers(0, 6).map(float), st.integers(0, 60).map(lambda n: n / 10))


@st.composite
def drawn_rows(draw: st.DrawFn) -> list[Row]:
    n = draw(st.integers(1, 45))
    values = draw(st.lists(small, min_size=n, max_size=n))
    if draw(st.booleans()):  # few gaps, as most rules need runs
        values = [value if value is not None else 3.0 for value in values]
    if draw(st.booleans()):
        values = sorted(values, key=lambda value: -1.0 if value is None else value)
    starts = draw(st.sets(st.integers(0, n - 1), max_size=3))
    direction = draw(st.sampled_from(["increase", "decrease", "neutral", None]))
    fix = draw(st.sampled_from([None, None, 12, 15, 30]))
    tail = draw(st.integers(0, 2))
    target = draw(small)
    screen = draw(st.sampled_from([None, True, False]))
    return [
        Row(
            START + timedelta(days=i),
            value,
            target=target,
            rebase=i in starts,
            direction=direction,
            fix=fix,
            screen=screen,
            status="provisional" if i >= n - tail else "final",
        )
        for i, value in enumerate(values)
    ]


@given(st.lists(drawn_rows(), min_size=1, max_size=3), st.sampled_from(NAMES))
def test_drawn_series(some: list[list[Row]], name: str) -> None:
    many = {f"{i}": rows for i, rows in enumerate(some)}
    found = differences(many, xmr(frame(many), name), SETTINGS[name])
    assert not found, told(found)


@given(drawn_rows(), st.integers(0, 10_000))
def test_drawn_series_under_a_profile_of_ones_own(rows: list[Row], seed: int) -> None:
    own = profile(PROFILES["mdc"], f"drawn {seed}")
    found = differences({"a": rows}, xmr(frame({"a": rows}), own), own)
    assert not found, told(found)


@pytest.fixture(scope="module")
def some() -> dict[str, list[Row]]:
    return {f"{i:03d}": series(f"some {i}") for i in range(250)}


def _same_chart(one: Chart, other: Chart) -> bool:
    return one.points.equals(other.points) and one.series.equals(other.series)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_rows_is_irrelevant(some: dict[str, list[Row]], name: str) -> None:
    rows = frame(some)
    assert _same_chart(xmr(rows, name), xmr(rows.sample(fraction=1.0, shuffle=True, seed=1), name))


@pytest.mark.parametrize("name", NAMES)
def test_a_series_is_judged_as_if_it_were_alone(some: dict[str, list[Row]], name: str) -> None:
    together = xmr(frame(some), name)
    for key, rows in some.items():
        alone = xmr(frame({key: rows}), name)
        assert together.series.filter(pl.col("series") == key).equals(alone.series), key
        theirs = together.points.filter(pl.col("series") == key)
        assert theirs.equals(alone.points), key


def _negated(rows: list[Row]) -> list[Row]:
    return [
        replace(
            row,
            value=None if row.value is None else -row.value,
            target=None if row.target is None else -row.target,
            lower_bound=None if row.upper_bound is None else -row.upper_bound,
            upper_bound=None if row.lower_bound is None else -row.lower_bound,
            direction=FLIPPED.get(row.direction or "", row.direction),
        )
        for row in rows
    ]


# NHSRplotthedots calls a trend that meets a tie falling, whichever way it goes: that is not to be mirrored.
MIRRORING = [PROFILES["mdc"], PROFILES["mdc-2.6"], replace(PROFILES["plotthedots"], trend_direction="later")]


@pytest.mark.parametrize("settings", MIRRORING, ids=lambda settings: settings.name)
def test_negated_values_mirror_every_icon(some: dict[str, list[Row]], settings: Profile) -> None:
    with_direction = {
        key: [replace(row, direction=row.direction or "increase") for row in rows] for key, rows in some.items()
    }
    one = xmr(frame(with_direction), settings)
    mirror = xmr(frame({key: _negated(rows) for key, rows in with_direction.items()}), settings)
    for column in ("state", "assurance_icon", "run_length", "trend_length", "shift_from", "near_constant"):
        assert one.series[column].equals(mirror.series[column]), column
    icons = [MIRRORED.get(icon, icon) for icon in one.series["variation_icon"]]
    assert mirror.series["variation_icon"].to_list() == icons
    for column in ("rule_outside", "rule_trend", "rule_two_in_three", "rule_shift", "outside_limits"):
        assert one.points[column].equals(mirror.points[column]), column
    for column in ("relative_to_mean", "trend_direction"):
        assert (-one.points[column]).equals(mirror.points[column]), column


@pytest.mark.parametrize(("times", "plus"), [("2", "0"), ("0.01", "0"), ("1", "1000"), ("37", "-12.5"), ("0.001", "1")])
@pytest.mark.parametrize("name", NAMES)
def test_another_unit_keeps_every_flag(some: dict[str, list[Row]], name: str, times: str, plus: str) -> None:
    def moved(number: float | None) -> float | None:
        return None if number is None else float(exact(number) * exact(float(times)) + exact(float(plus)))

    other = {
        key: [
            replace(
                row,
                value=moved(row.value),
                target=moved(row.target),
                lower_bound=moved(row.lower_bound),
                upper_bound=moved(row.upper_bound),
            )
            for row in rows
        ]
        for key, rows in some.items()
    }
    one, in_other_unit = xmr(frame(some), name), xmr(frame(other), name)
    for column in KEPT_BY_AFFINE:
        assert one.points[column].equals(in_other_unit.points[column]), column
    for column in KEPT_IN_SUMMARY:
        assert one.series[column].equals(in_other_unit.series[column]), column


@pytest.mark.parametrize("name", NAMES)
def test_a_date_that_stands_twice_is_refused(name: str) -> None:
    rows = [*series("twice"), replace(series("twice")[0], value=1.0)]
    with pytest.raises(ValueError, match="twice"):
        judge(rows, SETTINGS[name])
    with pytest.raises(FrameError, match=f"Series 'a' has {rows[0].date} more than once"):
        xmr(frame({"a": rows}), name)


@pytest.mark.parametrize("fix", [1, 11])
def test_a_baseline_of_fewer_than_twelve_rows_is_refused(fix: int) -> None:
    rows = [replace(row, fix=fix) for row in series("short baseline")]
    with pytest.raises(FrameError, match=f"Series 'a': fix_after_n_points is {fix}"):
        xmr(frame({"a": rows}), "mdc")


def test_random_series_are_the_same_each_time() -> None:
    assert series("again") == series("again") != series("another")
    assert profile(PROFILES["mdc"], "again") == profile(PROFILES["mdc"], "again")


def _plain(values: list[float], **columns: object) -> pl.DataFrame:
    return frame({"a": [Row(START + timedelta(days=i), value) for i, value in enumerate(values)]}).with_columns(
        **{name: pl.lit(value) for name, value in columns.items()}
    )


def test_a_point_on_a_mean_of_nought_is_on_it() -> None:
    """Sums of 0.7, -0.3 and the like are some 1e-17 in floats, and a stretch of noughts was a shift below the mean."""
    rng = random.Random(12)  # noqa: S311 - not a secret
    for _ in range(200):
        apart = [rng.randint(1, 60) / 1000 for _ in range(8)]
        values = [sign * one for one in apart for sign in (1, -1)]
        rng.shuffle(values)
        one = xmr(_plain(values[:8] + [0.0] * 8 + values[8:]), "mdc")
        assert one.points["relative_to_mean"].to_list()[8:16] == [0] * 8
        assert one.points["rule_shift"].to_list()[8:16] == [0] * 8


@pytest.mark.parametrize(("name", "icon"), [("mdc", "pass"), ("plotthedots", "inconsistent")])
def test_a_target_on_a_limit_as_printed_is_on_it(name: str, icon: str) -> None:
    """The mean is (low + high) / 2 and the limits lie 2.66 times high - low from it: decimals that floats only near."""
    for low in range(1, 400):
        values, limit = [low / 100, (low + 30) / 100] * 8, (low * 10 + 150 - 798) / 1000
        one = xmr(_plain(values, target=limit, improvement_direction="increase"), name)
        assert one.series["assurance_icon"].to_list() == [icon], (low, limit, one.series["lpl"][0])
