"""Forecasts of several levels add up where the data do, are as good as before, and know nothing that came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.query.request import Grain
from metrics.warehouse.settings import Settings, embedded_url
from models.coherence import Node, tree_of
from models.families import (
    Family,
    LearntTogether,
    bring_up_together,
    forecasts_of,
    is_due_together,
    keyed_together,
    replays_together,
)
from models.forecast_run import Key, Kind
from models.forecast_store import ForecastStore
from models.forecast_tables import PARTS, QUANTILES
from models.model_version import model_version
from models.publishing import Learnt, Part, fingerprint, forecast_of, replay_of
from tests.models.series import daily, monthly

GRAIN = Grain.DAY
ABOVE = {Node("organisation", code): Node("region", region) for code, region in
         (("A", "N"), ("B", "N"), ("C", "S"), ("D", "S"))}  # fmt: skip
USUAL = {"region": Node("england", "visits"), "organisation": Node("england", "visits")}


def family(grain: Grain = GRAIN) -> Family:
    england = Part("visits", "england", grain, organisation="ENG")
    parts = tuple(Part("visits", level, grain, level) for level in ("region", "organisation"))
    return Family((england, *parts), ABOVE, USUAL)


def learnt(leaves: pl.DataFrame, extra: float = 0.0, grain: Grain = GRAIN, drop: str = "") -> LearntTogether:
    """Three levels whose totals are those of the leaves, with `extra` in England that is of no region."""
    regions = pl.DataFrame({"series": ["A", "B", "C", "D"], "region": ["N", "N", "S", "S"]})
    summed = leaves.join(regions, on="series").group_by(series="region", date="date").agg(pl.col("value").sum())
    whole = leaves.group_by("date").agg(pl.col("value").sum() + extra).with_columns(series=pl.lit("visits"))
    frames = (whole.select("series", "date", "value"), summed, leaves.filter(pl.col("series") != drop))
    found = []
    for part, frame in zip(family(grain).parts, frames, strict=True):
        tidy = frame.sort("series", "date")
        key = Key(Kind.PUBLISHED, "visits", part.name, grain.value, "1", model_version(), fingerprint(tidy))
        found.append(Learnt(part, tidy, key, "w1", tidy["date"].max()))
    return keyed_together(family(grain), found)


def leaves(count: int = 300) -> pl.DataFrame:
    """Trusts that share what moves them, some of it one day against another."""
    frames = [daily(count, seed=seed, level=100.0 * seed, noise=9.0 * seed, series=name)
              for seed, name in enumerate("ABCD", start=1)]  # fmt: skip
    return pl.concat(frames).with_columns(pl.col("value").clip(lower_bound=0.0))


@pytest.fixture(scope="module")
def known() -> LearntTogether:
    return learnt(leaves())


def by_series(made: object) -> pl.DataFrame:
    return pl.concat([each.values.with_columns(part=pl.lit(each.key.part)) for each in made])


def gaps(values: pl.DataFrame) -> np.ndarray:
    """How far every parent is from the sum of its children: regions of their trusts, England of its regions."""
    keys = ["cutoff", "ahead"]
    found = []
    for part, region in (("region", "N"), ("region", "S"), ("england", None)):
        parent = values.filter(pl.col("part") == part, pl.col("organisation") == (region or "ENG"))
        below = (
            values.filter(pl.col("organisation").is_in([n.series for n, up in ABOVE.items() if up.series == region]))
            if region
            else values.filter((pl.col("part") == "region") | pl.col("part").str.ends_with(" other"))
        )
        summed = below.group_by(keys).agg(told=pl.col("mean").sum())
        both = parent.join(summed, on=keys)
        assert both.height == parent.height > 0
        found.append((both["mean"] - both["told"]).to_numpy())
    return np.concatenate(found)


def test_published_parents_are_the_sums_of_their_children(known: LearntTogether) -> None:
    made = forecasts_of(known)
    values = by_series(made)
    assert np.abs(gaps(values)).max() < 1e-6
    bounds = values.select(QUANTILES).to_numpy()
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert (bounds >= 0).all()
    for each in made:
        both = each.values.join(each.parts, on=["organisation", "service", "ahead"])
        np.testing.assert_allclose(both.select(pl.sum_horizontal(PARTS)).to_series(), both["mean"], rtol=1e-9)


def test_what_belongs_to_no_child_is_a_leaf_of_its_own() -> None:
    made = forecasts_of(learnt(leaves(120), extra=40.0))
    values = by_series(made)
    other = values.filter(organisation="ENG other")
    assert other["mean"].to_list() == pytest.approx([40.0] * 56, abs=5)
    assert np.abs(gaps(values)).max() < 1e-6


def test_a_child_that_is_not_forecast_is_in_that_leaf() -> None:
    """D is too short for a forecast: its region is C and what else there is."""
    short = leaves(120).filter((pl.col("series") != "D") | (pl.col("date") >= date(2022, 4, 1)))
    made = forecasts_of(learnt(short))
    values = by_series(made)
    assert values.filter(organisation="D").is_empty()
    south = values.filter(organisation="S").sort("ahead")["mean"]
    parts = values.filter(pl.col("organisation").is_in(["C", "S other"])).group_by("ahead").agg(pl.col("mean").sum())
    np.testing.assert_allclose(south, parts.sort("ahead")["mean"], atol=1e-6)
    assert values.filter(organisation="S other")["lo80"].null_count() == 56, "of nothing that can be judged"


def test_a_total_that_is_less_than_its_children_is_left_alone_and_said() -> None:
    frames = {
        "england": daily(90, level=50, series="visits").select("series", "date", "value"),
        "region": daily(90, level=500, series="N"),
    }
    nodes = [Node("england", "visits"), Node("region", "N")]
    tree = tree_of(frames, nodes, lambda node: nodes[0] if node == nodes[1] else None, 28)
    assert tree.unlike == (nodes[0],)
    assert not tree.joined


def test_a_region_that_is_not_final_is_its_trusts_and_nothing_else() -> None:
    """The last month of region N is not final, and its trusts' are: England has nothing beside them."""
    whole = learnt(leaves(90))
    frames = {each.part.name: each.training for each in whole.parts}
    last = frames["region"]["date"].max()
    frames["region"] = frames["region"].filter((pl.col("series") != "N") | (pl.col("date") < last))
    nodes = [Node(part, name) for part, frame in frames.items() for name in frame["series"].unique()]
    tree = tree_of(frames, nodes, family().above, 28)
    assert not tree.others
    assert len(tree.joined) == 7


def test_replays_add_up_know_nothing_later_and_are_no_worse(known: LearntTogether) -> None:
    made = replays_together(known)
    values = by_series(made)
    assert np.abs(gaps(values)).max() < 1e-6
    cutoff = values["cutoff"].max()
    frame = leaves().filter(pl.col("date") < cutoff)
    then = by_series(forecasts_of(learnt(frame))).filter(pl.col("ahead") <= 28)
    order = ["part", "organisation", "ahead"]
    past = values.filter(pl.col("cutoff") == cutoff).sort(order)
    for name in ("mean", "lo80", "hi95"):
        np.testing.assert_allclose(past[name], then.sort(order)[name], rtol=1e-6)
    missed, before = [], []
    for one, each in zip(made, known.parts, strict=True):
        actual = each.training.with_columns(*each.whose(pl.col("series"))).select(
            "organisation", period="date", actual="value"
        )
        for found, told in ((one, missed), (replay_of(each), before)):
            both = found.values.join(actual, on=["organisation", "period"])
            told.append(float((both["mean"] - both["actual"]).abs().sum() / both["actual"].sum()))
    assert np.mean(missed) <= np.mean(before) * 1.005, (missed, before)


def shut(count: int = 300) -> pl.DataFrame:
    """A reports nothing at weekends, B and all others 0 on Sundays: what is shut brings nothing to a total."""
    weekday = pl.col("date").dt.weekday()
    return (
        leaves(count)
        .filter((pl.col("series") != "A") | (weekday < 6))
        .with_columns(value=pl.when(weekday == 7).then(0.0).otherwise("value"))
    )


@pytest.mark.parametrize("made", [forecasts_of, replays_together], ids=["forecasts", "replays"])
def test_totals_are_right_where_a_child_is_closed_and_no_closed_day_is_published(made) -> None:
    values = by_series(made(learnt(shut())))
    assert np.abs(gaps(values)).max() < 1e-6
    days = {code: set(frame["period"].dt.weekday()) for (code,), frame in values.group_by("organisation")}
    assert days.pop("A") == {1, 2, 3, 4, 5}
    assert set(map(frozenset, days.values())) == {frozenset({1, 2, 3, 4, 5, 6})}
    whole = values.group_by("cutoff", level=pl.col("part")).agg(pl.col("mean").sum()).sort("cutoff", "level")
    for _, each in whole.group_by("cutoff"):
        np.testing.assert_allclose(each["mean"], each["mean"][0], rtol=1e-9)
    saturday = values.filter(pl.col("organisation") == "B", pl.col("period").dt.weekday() == 6)
    assert saturday["mean"].min() > 80
    first = values["period"] - values["cutoff"]
    assert (first.dt.total_days() + 1 == values["ahead"]).all()


def test_a_region_that_never_has_its_sundays_leaves_its_trusts_theirs() -> None:
    known = learnt(leaves())
    england, regions, trusts = known.parts
    sunday = (pl.col("series") == "N") & (pl.col("date").dt.weekday() == 7)
    fewer = replace(regions, training=regions.training.filter(~sunday))
    values = by_series(forecasts_of(keyed_together(family(), [england, fewer, trusts])))
    sundays = values.filter(pl.col("period").dt.weekday() == 7)
    assert set(sundays["organisation"]) == {"ENG", "S", "A", "B", "C", "D"}
    told = sundays.group_by("ahead").agg(
        whole=pl.col("mean").filter(pl.col("organisation") == "ENG").sum(),
        parts=pl.col("mean").filter(pl.col("part") == "organisation").sum(),
    )
    np.testing.assert_allclose(told["whole"], told["parts"], rtol=1e-9)
    assert sundays.filter(organisation="A")["mean"].min() > 0


def test_a_part_alone_is_as_it_was() -> None:
    single = learnt(leaves(120)).parts[2]
    alone = keyed_together(Family((single.part,)), [single])
    (made,) = forecasts_of(alone)
    assert made.values.equals(forecast_of(single).values)
    assert made.sums.above == {}


def test_months_add_up() -> None:
    frames = [monthly(40, seed=seed, level=1000.0 * seed, series=name) for seed, name in enumerate("ABCD", start=1)]
    known = learnt(pl.concat(frames), grain=Grain.MONTH)
    assert np.abs(gaps(by_series(forecasts_of(known)))).max() < 1e-6
    assert np.abs(gaps(by_series(replays_together(known)))).max() < 1e-6


def test_a_family_is_published_whole_and_once_and_the_store_knows_the_sums(tmp_path: Path) -> None:
    store = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    known = learnt(leaves(120), extra=40.0)
    assert is_due_together(store, known)
    new = bring_up_together(store, known)
    assert [new[part] for part in ("england", "region", "organisation")] == [True] * 3
    assert not is_due_together(store, known)
    assert not any(bring_up_together(store, known).values())
    published = store.standing("visits", "ENG").filter(kind="published").row(0, named=True)
    above, below = store.summed(published["series_id"])
    assert above.is_empty()
    assert below["organisation"].to_list() == ["N", "S", "ENG other"]
    sums = store.means(below["series_id"].to_list()).group_by("ahead").agg(pl.col("mean").sum()).sort("ahead")
    np.testing.assert_allclose(sums["mean"], store.means([published["series_id"]])["mean"], atol=1e-6)
    assert store.coherence(published["run_id"]) == (1, 0, "")
    changed = leaves(120).with_columns(
        pl.when(pl.col("series") == "D").then(pl.col("value") + 1).otherwise("value").alias("value")
    )
    again = learnt(changed, extra=40.0)
    assert again.parts[0].key != known.parts[0].key
    assert again.parts[2].key.learnt == again.parts[0].key.learnt, "one trust's day makes all levels anew"
    assert is_due_together(store, again, store.runs("visits")["made_at"].max() + timedelta(hours=21))
