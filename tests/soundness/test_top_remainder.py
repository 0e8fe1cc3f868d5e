"""The top and its remainder, and comparisons of both, equal loops over the rows: for ratios, distinct counts and all."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import REMAINDER, Against, Comparison, Top
from tests.query import daily

FIRST, LAST = date(2025, 1, 1), date(2026, 3, 31)
SERVICES = ("A", "B", "C", "D", "E", None)
Value = float | None


def _rate(rows: list[daily.Row]) -> Value:
    booked = sum(row[3] for row in rows)
    return sum(row[4] for row in rows) / booked if booked else None


MEASURES: dict[str, Callable[[list[daily.Row]], Value]] = {
    "booked": lambda rows: float(sum(row[3] for row in rows)),
    "missed_rate": _rate,
    "seen_share": lambda rows: None if _rate(rows) is None else 1 - (_rate(rows) or 0),
    "sites": lambda rows: float(len({row[2] for row in rows})),
    "busiest": lambda rows: float(max(row[3] for row in rows)) if rows else None,
}


def _bucket(day: date, grain: Grain) -> date:
    if grain is Grain.WEEK:
        return day - timedelta(days=day.isoweekday() - 1)
    if grain is Grain.MONTH:
        return day.replace(day=1)
    return day


def _previous(start: date, to: Against | int, grain: Grain) -> date:
    if grain is Grain.WEEK and to is Against.LAST_YEAR:
        year, week, _ = start.isocalendar()
        return date.fromisocalendar(year - 1, min(week, 52), 1)
    if to is Against.LAST_YEAR:
        return start.replace(year=start.year - 1)
    for _ in range(1 if to is Against.PREVIOUS else int(to)):
        start = _bucket(start - timedelta(days=1), grain)
    return start


class World:
    """Random rows, and the layer over them; too long to print."""

    def __init__(self, layer: MetricsLayer, rows: list[daily.Row]) -> None:
        self.layer, self.rows = layer, rows

    def __repr__(self) -> str:
        return f"World of {len(self.rows)} rows"


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    dice = random.Random(request.param)  # noqa: S311 - a repeatable table, not a secret
    rows: list[daily.Row] = []
    for ahead in range((LAST - FIRST).days + 1):
        for service in SERVICES:
            for site in ("North", "South"):
                if dice.random() < 0.4:
                    booked = dice.randrange(0, 30)
                    missed = dice.randrange(0, booked + 1)
                    rows.append((FIRST + timedelta(days=ahead), service, site, booked, missed, dice.randrange(9)))
    folder = tmp_path_factory.mktemp(f"top{request.param}")
    layer = daily.build(f"duckdb:///{folder / 'w'}", rows, folder / "definitions", lambda: date(2026, 4, 20))
    return World(layer, rows)


REQUESTS = st.fixed_dictionaries(
    {
        "metric": st.sampled_from(sorted(MEASURES)),
        "ranked": st.sampled_from(sorted(MEASURES)),
        "count": st.integers(1, 6),
        "least": st.booleans(),
        "by": st.sampled_from([("service",), ("service", "site"), ("site", "service")]),
        "grain": st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH]),
        "month": st.sampled_from([date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]),
        "length": st.integers(0, 45),
        "where": st.sampled_from([{}, {"site": {"North"}}, {"service": {"B", "C", "D"}}]),
        "totals": st.booleans(),
        "to": st.sampled_from([None, Against.PREVIOUS, Against.LAST_YEAR, 3]),
    }
)


@settings(max_examples=40)
@given(asked=REQUESTS)
def test_members_remainder_and_totals_equal_the_loop(world: World, asked: dict[str, Any]) -> None:
    layer, rows = world.layer, world.rows
    grain, name = asked["grain"], asked["metric"]
    span = (_bucket(asked["month"], grain), min(asked["month"] + timedelta(days=asked["length"]), LAST))
    kept = [row for row in rows if all(_of(row, key) in values for key, values in asked["where"].items())]
    buckets = sorted({_bucket(span[0] + timedelta(days=each), grain) for each in range((span[1] - span[0]).days + 1)})
    inside = [row for row in kept if _bucket(row[0], grain) in buckets]
    members = _ranked(inside, MEASURES[asked["ranked"]], asked["count"], least=asked["least"])
    result = layer.ask(
        Request.of(
            name, by=asked["by"], grain=grain, period_from=span[0], period_to=span[1], totals=asked["totals"],
where={key: {"from": min(values), "to": max(values)} for key, values in asked["where"].items()},
            top=Top(asked["count"], "service", metric=asked["ranked"], least=asked["least"]),
            compare=Comparison(asked["to"], like_for_like=False) if asked["to"] is not None else None,
        )
    )  # fmt: skip
    found = {
        (row["period"], row["is_total"], *(row[key] for key in asked["by"])): row
        for row in result.frame.iter_rows(named=True)
    }
    assert len(found) == result.frame.height
    assert {key for row in found.values() if not row["is_total"] for key in [row["service"]]} == {
        row[1] if row[1] in members else REMAINDER for row in inside
    } | (_gone(kept, buckets, asked, members) if asked["to"] is not None else set())
    for at, row in found.items():
        now = _cell(kept, at, asked, members, grain)
        assert _same(row["value"], MEASURES[name](now)), (at, row)
        if asked["to"] is not None:
            earlier = _previous(at[0], asked["to"], grain)
            then = _cell(kept, (earlier, *at[1:]), asked, members, grain)
            assert row["compared_period"] == earlier
            assert _same(row["compared_value"], MEASURES[name](then)), (at, row)
            if row["change"] is not None:
                assert row["change"] == pytest.approx(row["value"] - row["compared_value"])


NOBODY = date(2026, 1, 1)


@pytest.mark.parametrize("now", [[], [(NOBODY, None, "North", 5, 1, 0)]], ids=["no rows", "rows of no service"])
def test_where_nobody_is_ranked_nobody_is_shown_by_name(now: list[daily.Row], tmp_path: Path) -> None:
    before = [(date(2025, 12, 31), service, "North", 9, 2, 0) for service in ("A", "B", None)]
    layer = daily.build(f"duckdb:///{tmp_path / 'w'}", [*before, *now], tmp_path / "d", lambda: date(2026, 4, 20))
    result = layer.ask(
        Request.of(
            "booked", by=("service",), grain=Grain.DAY, period_from=NOBODY, period_to=NOBODY, totals=True,
            top=Top(1, "service"), compare=Comparison(Against.PREVIOUS, like_for_like=False),
        )
    )  # fmt: skip
    found = result.frame.select("is_total", "service", "value", "compared_value").rows()
    assert found == [*([(False, REMAINDER, 5, 27)] if now else []), (True, None, 5 if now else None, 27)]


def _of(row: daily.Row, key: str) -> str | None:
    return row[1] if key == "service" else row[2]


def _ranked(rows: list[daily.Row], measure: Callable[[list[daily.Row]], Value], count: int, *, least: bool) -> set[str]:
    by_service = sorted((row for row in rows if row[1] is not None), key=lambda row: str(row[1]))
    figures = {str(name): measure(list(each)) for name, each in groupby(by_service, key=lambda row: row[1])}
    there = [name for name, value in figures.items() if value is not None]
    order = sorted(there, key=lambda name: ((figures[name] or 0) * (1 if least else -1), name))
    return {*[*order, *sorted(set(figures) - set(there))][:count]}


def _cell(
    rows: list[daily.Row], at: tuple[Any, ...], asked: dict[str, Any], members: set[str], grain: Grain
) -> list[daily.Row]:
    period, is_total, *codes = at
    found = [row for row in rows if _bucket(row[0], grain) == period]
    if is_total:
        return found
    for key, code in zip(asked["by"], codes, strict=True):
        if key == "service" and code == REMAINDER:
            found = [row for row in found if row[1] not in members]
        else:
            found = [row for row in found if _of(row, key) == code]
    return found


def _gone(rows: list[daily.Row], buckets: list[date], asked: dict[str, Any], members: set[str]) -> set[str | None]:
    """Returns the members of the earlier periods alone, where there is any of them."""
    earlier = {_previous(each, asked["to"], asked["grain"]) for each in buckets}
    before = [row for row in rows if _bucket(row[0], asked["grain"]) in earlier]
    groups = {row[1] if row[1] in members else REMAINDER for row in before}
    if not any(row[1] not in members for row in rows if _bucket(row[0], asked["grain"]) in buckets):
        groups -= {REMAINDER}
    measure = MEASURES[asked["metric"]]
    return {
        name
        for name in groups
        for site in ("North", "South")
        if measure([row for row in before if (row[1] if row[1] in members else REMAINDER) == name and row[2] == site])
    }


def _same(found: Value, expected: Value) -> bool:
    """Returns whether both are the same number; nothing and 0 are where there are no rows."""
    if not expected:
        return not found
    return found is not None and found == pytest.approx(expected)


def test_shown_ratios_of_the_remainder_are_no_mean_and_no_difference(world: World) -> None:
    layer, rows = world.layer, world.rows
    asked = Request.of(
        "missed_rate", by=("service",), grain=Grain.MONTH, period_from=LAST.replace(day=1), period_to=LAST,
        top=Top(2, "service", metric="booked"), totals=True,
    )  # fmt: skip
    frame = layer.ask(asked).frame
    others = frame.filter(pl.col("service") == REMAINDER).row(0, named=True)
    members = set(frame["service"].drop_nulls()) - {REMAINDER}
    left = [row for row in rows if row[0] >= LAST.replace(day=1) and row[1] not in members]
    assert others["value"] == pytest.approx(sum(row[4] for row in left) / sum(row[3] for row in left))
    parts = frame.filter(~pl.col("is_total"))
    total = frame.filter(pl.col("is_total")).row(0, named=True)
    assert parts["numerator"].sum() == total["numerator"]  # parts of sums add up; the ratios do not
    assert parts["denominator"].sum() == total["denominator"]
    assert parts["value"].mean() != pytest.approx(total["value"], abs=1e-9)
