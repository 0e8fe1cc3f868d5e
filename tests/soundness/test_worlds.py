"""Any definition over any table, asked in any way, gives what loops over the rows give; at every level and total."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Filter, Grain, MetricsLayer, Request
from tests.query import events as tables_of
from tests.soundness import loops, worlds
from tests.soundness.loops import Cell, Oracle
from tests.soundness.worlds import START, Row, World

EXAMPLES = max(
    200, settings.default.max_examples if settings.default else 0
)  # `--hypothesis-profile=long` asks for more
GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR)
EVENT_FILTERS: tuple[tuple[Filter, Callable[[Row], bool]], ...] = (
    (Filter("kind", ("x",)), lambda row: row["kind"] == "x"),
    (Filter("kind", ("x", "y")), lambda row: row["kind"] in ("x", "y")),
    (Filter("kind", ("x",), negate=True), lambda row: row["kind"] != "x"),
    (Filter("band", null=True), lambda row: row["band"] is None),
    (Filter("band", null=True, negate=True), lambda row: row["band"] is not None),
    (Filter("band", ("old",), null=True), lambda row: row["band"] in ("old", None)),
    (Filter("size", low=2, high=5), lambda row: row["size"] is not None and 2 <= row["size"] <= 5),
    (Filter("size", low=3, negate=True), lambda row: row["size"] is None or row["size"] < 3),
    (Filter("size", high=4), lambda row: row["size"] is not None and row["size"] <= 4),
)
LEVEL_FILTERS: tuple[tuple[Filter, Callable[[Row], bool]], ...] = (
    (Filter("site", ("N",)), lambda row: row["site"] == "N"),
    (Filter("ward", ("W1",), negate=True), lambda row: row["ward"] != "W1"),
)

SCHEMAS = {
    "events": {"event": pl.Int64, "person": pl.Int64, "at": pl.Datetime("us"), "kind": pl.String, "size": pl.Int64},
    "people": {"person": pl.Int64, "band": pl.String},
    "levels": {"at": pl.Date, "ward": pl.String, "site": pl.String, "beds": pl.Int64},
    "outcomes": {"outcome": pl.Int64, "person": pl.Int64, "at": pl.Date},
}


@pytest.fixture(scope="module")
def world_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[MetricsLayer, World]]:
    base: Path = tmp_path_factory.mktemp("worlds")

    @cache
    def build(seed: int) -> tuple[MetricsLayer, World]:
        world = worlds.make(seed)
        rows = {"events": world.events, "people": world.people, "levels": world.levels, "outcomes": world.outcomes}
        frames = {name: pl.DataFrame(rows[name], schema=schema, orient="row") for name, schema in SCHEMAS.items()}
        folder = base / str(seed)
        layer = tables_of.build(
            f"duckdb:///{folder / 'w'}", frames, folder / "d", worlds.definitions(world), today=lambda: date(2027, 1, 1)
        )
        if seed % 2:  # every other world is asked through cubes
            layer.keep_cubes()
            while layer.build_cube():
                pass
        return layer, world

    return build


ASKED = st.fixed_dictionaries(
    {
        "world": st.integers(0, EXAMPLES // 8),
        "metric": st.integers(0, 999),
        "by": st.integers(0, 999),
        "grain": st.sampled_from(GRAINS),
        "filters": st.sets(st.integers(0, 999), max_size=2),
        "first": st.integers(-5, 100),
        "length": st.integers(0, 90),
        "totals": st.booleans(),
        "subtotals": st.booleans(),
    }
)


@given(asked=ASKED)
@settings(max_examples=EXAMPLES)
def test_the_engine_gives_what_loops_over_the_rows_give(
    world_of: Callable[[int], tuple[MetricsLayer, World]], asked: dict[str, Any]
) -> None:
    layer, world = world_of(asked["world"])
    names = sorted(world.metrics)
    metric = world.metrics[names[asked["metric"] % len(names)]]
    choices = [(), ("site",), ("ward",), ("site", "ward")] if metric.kind == "snapshot" else [
        (), ("kind",), ("band",), ("kind", "band"), ("band", "kind", "size")]  # fmt: skip
    by = choices[asked["by"] % len(choices)]
    known = LEVEL_FILTERS if metric.kind == "snapshot" else EVENT_FILTERS
    chosen = {known[each % len(known)][0].dimension: known[each % len(known)] for each in sorted(asked["filters"])}
    grain = asked["grain"]
    first = START + timedelta(days=asked["first"])
    request = Request(
        metrics=(metric.name,),
        by=by,
        grain=grain,
        period_from=first,
        period_to=first + timedelta(days=asked["length"]),
        where=tuple(each for each, _ in chosen.values()),
        totals=asked["totals"],
        subtotals=((by[0],),) if asked["subtotals"] and len(by) > 1 else (),
    )
    _agree(layer, world, metric, request, [test for _, test in chosen.values()])


def _agree(
    layer: MetricsLayer, world: World, metric: worlds.Metric, request: Request, kept: list[Callable[[Row], bool]]
) -> None:
    oracle = Oracle(world)
    frame = layer.ask(request).frame
    assert (
        not frame.select("period", *request.by, "is_total", *(["over"] if request.subtotals else []))
        .is_duplicated()
        .any()
    )
    seen = set()
    for row in frame.iter_rows(named=True):
        over = (
            set((row.get("over") or "").split(",")) if request.subtotals else set(request.by if row["is_total"] else ())
        )
        shown = [name for name in request.by if name not in over]
        values = {name: row[name] for name in shown}

        def belongs(each: Row, values: dict[str, Any] = values) -> bool:
            matches = all(_text(each[name]) == value for name, value in values.items())
            return matches and all(test(each) for test in kept)

        start, end = loops.period_of(row["period"], str(request.grain))
        assert start == row["period"]
        wanted = oracle.value(metric, Cell(start, end, belongs))
        told = (metric, request, row)
        if wanted is None:
            assert row["value"] is None, told
        else:
            assert row["value"] == pytest.approx(wanted, rel=1e-9, abs=1e-9), told
        if not row["is_total"]:
            seen.add((row["period"], *values.values()))
    assert seen >= _held(oracle, metric, request, kept)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _held(
    oracle: Oracle, metric: worlds.Metric, request: Request, kept: list[Callable[[Row], bool]]
) -> set[tuple[Any, ...]]:
    """Returns the cells in which some row stands: none of them may be absent."""
    read = metric if metric.kind in ("snapshot", "conversion") else oracle.world.metrics["m_sum"]
    if metric.kind in ("percentile", "conversion", "derived") or metric.of == "quantile":
        return set()  # these hold the members with something to show
    found = set()
    for row in oracle.world.rows_of(read):
        day = loops.day_of(row)
        period, end = loops.period_of(day, str(request.grain))
        inside = request.period_from is None or loops.period_of(request.period_from, str(request.grain))[0] <= period
        inside = inside and (request.period_to is None or period <= request.period_to)
        if metric.kind == "cumulative":
            end = min(end, oracle.newest(metric))
            inside = inside and loops.reaches_from(end, metric.window, metric.to_date) <= day <= end
        if inside and all(test(row) for test in kept):
            found.add((period, *(_text(row[name]) for name in request.by)))
    return found
