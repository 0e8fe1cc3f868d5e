"""Parts of a metric that are forecast together, made to add up where their data do, and published in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.backtest import Backtest
from models.calendar import Floats, Frequency
from models.coherence import OTHER, Coherent, Misses, Node, across_of, coherent, moved, tree_of
from models.family_sums import FamilySums
from models.forecast_run import Made
from models.forecast_store import ForecastStore
from models.panel import Panel
from models.publishing import (
    FREQUENCIES,
    HORIZON,
    Alone,
    Layer,
    Learnt,
    Part,
    alone_of,
    fingerprint,
    is_due,
    learn,
    made_of,
    replayed_alone,
    replayed_made_of,
    replays_of,
)
from models.rolling import SHORTEST, Missed
from models.training import BETWEEN

RECENT: Final[Mapping[Frequency, int]] = {Frequency.DAILY: 28, Frequency.WEEKLY: 13, Frequency.MONTHLY: 12}
"""Newest periods whose mean goes on where there is no better forecast."""

JUDGED: Final[Mapping[Frequency, int]] = {Frequency.DAILY: 371, Frequency.WEEKLY: 60, Frequency.MONTHLY: 28}
"""Newest periods whose errors say how far forecasts are moved: all that there was in them has a place in the sum."""

GOES_ON: Final = "It goes on as in its newest periods, without an interval."


@dataclass(frozen=True, slots=True)
class Family:
    """Parts of one metric that may add up, parents before children.

    Attributes:
        parents: series to its parent, whether or not either has a forecast.
        usual: part to the parent of its series that `parents` does not name.
        crossed: a part of several dimensions, as services within sites, to the part of the first of them, whose
            children its series are, and to that of the last, which they also add up to: services of all sites.
    """

    parts: tuple[Part, ...]
    parents: Mapping[Node, Node] = field(default_factory=dict, hash=False)
    usual: Mapping[str, Node] = field(default_factory=dict, hash=False)
    crossed: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)

    @property
    def metric(self) -> str:
        """Returns the metric's id."""
        return self.parts[0].metric

    def above(self, node: Node) -> Node | None:
        """Returns a series' parent; None of a top."""
        if node.part in self.crossed:
            return Node(self.crossed[node.part][0], node.series.partition(BETWEEN)[0])
        return self.parents.get(node, self.usual.get(node.part))

    def beside(self, node: Node) -> Node | None:
        """Returns what a series adds up to besides its parent; None of most."""
        if node.part not in self.crossed:
            return None
        return Node(self.crossed[node.part][1], node.series.partition(BETWEEN)[2])

    @property
    def across(self) -> frozenset[str]:
        """Returns the parts whose series lie across the tree."""
        return frozenset(whole for _, whole in self.crossed.values())


@dataclass(frozen=True, slots=True)
class LearntTogether:
    """What a family's forecasts are made from, each part with a key that names the values of all."""

    family: Family
    parts: tuple[Learnt, ...]


def learn_together(layer: Layer, family: Family) -> LearntTogether:
    """Returns the final periods of all parts of a family, asked of one state of the engine.

    Raises:
        UnknownMetricError, QueryError: a part cannot be asked.
    """
    return keyed_together(family, [learn(layer, part) for part in family.parts])


def keyed_together(family: Family, learnt: Sequence[Learnt]) -> LearntTogether:
    """Returns parts as they were learnt, each named by the values of all, which its forecast depends on."""
    if len(learnt) == 1:
        return LearntTogether(family, tuple(learnt))
    frames = [
        each.training.with_columns(series=pl.lit(f"{each.part.name}: ") + pl.col("series")) for each in learnt
    ]  # fmt: skip
    name = fingerprint(pl.concat(frames))
    return LearntTogether(family, tuple(replace(each, key=replace(each.key, learnt=name)) for each in learnt))


def is_due_together(store: ForecastStore, learnt: LearntTogether, now: datetime | None = None) -> bool:
    """Returns whether forecasts or replays of any part are not there yet, as of `publishing.is_due`."""
    return any(is_due(store, each, now) for each in learnt.parts)


def bring_up_together(store: ForecastStore, learnt: LearntTogether) -> dict[str, bool]:
    """Publishes the forecasts of a family, and its replays, where they are not there; returns which parts are new."""
    new = dict.fromkeys((each.part.name for each in learnt.parts), False)
    if not all(store.has(each.key) for each in learnt.parts):
        made = forecasts_of(learnt)
        for part, is_new in zip(made, store.publish_together(made), strict=True):
            new[part.key.part] = is_new
    if not all(store.has(each.key.replayed) for each in learnt.parts):
        made = replays_together(learnt)
        for part, is_new in zip(made, store.publish_together(made), strict=True):
            new[part.key.part] = new.get(part.key.part, False) or is_new
    return new


def forecasts_of(learnt: LearntTogether) -> tuple[Made, ...]:
    """Returns the forecasts of all parts, and of what else there is, which add up where the data do."""
    alone = {each.part.name: alone_of(each) for each in learnt.parts}
    parts = {each.part.name: each for each in learnt.parts}
    cutoffs = {each.cutoff for each in alone.values() if each.cutoff}
    if len(cutoffs) == 1:  # what cannot be forecast there still belongs to two sums
        alone |= {name: _stated(alone[name], parts[name], *cutoffs) for name in learnt.family.crossed}
    sums = _sums_of(learnt, alone, JUDGED[FREQUENCIES[learnt.family.parts[0].grain]])
    alone |= {name: alone_of(each) for name, each in sums.others.items()}
    every = {**parts, **sums.others}
    cutoffs = {each.cutoff for each in alone.values() if each.cutoff}
    found = _nothing()
    if len(cutoffs) == 1 and sums.tree.joined:
        (cutoff,) = cutoffs
        alone |= {name: _stated(alone[name], each, cutoff) for name, each in sums.others.items()}
        missed = {node: each for name, one in alone.items() for node, each in _misses(name, one.missed)}
        found = _together(sums, {name: one.values for name, one in alone.items()}, missed, every, cutoff)
    made = []
    for name, one in alone.items():
        mended = replace(one, values=moved(one.values, name, found))
        made.append(replace(made_of(every[name], mended), sums=sums.told(every, name, found)))
    return tuple(made)


def replays_together(learnt: LearntTogether) -> tuple[Made, ...]:
    """Returns what would have been forecast at earlier cut-offs; none of parts whose history is too short for any."""
    tested = {each.part.name: found for each in learnt.parts if (found := replayed_alone(each)) is not None}
    if not tested:
        return ()
    sums = _sums_of(learnt, {name: Alone(replays_of(one)) for name, one in tested.items()}, None)
    tested |= {name: one for name, each in sums.others.items() if (one := replayed_alone(each)) is not None}
    every = {**{each.part.name: each for each in learnt.parts}, **sums.others}
    values = {name: replays_of(one) for name, one in tested.items()}
    done: dict[str, list[pl.DataFrame]] = {name: [] for name in values}
    cutoffs = sorted({cutoff for frame in values.values() for cutoff in frame["cutoff"].unique()})
    for cutoff in cutoffs:
        own = {name: frame.filter(pl.col("cutoff") == cutoff) for name, frame in values.items()}
        missed = {node: each for name, one in tested.items() for node, each in _misses_at(name, one, cutoff)}
        summing = _together(sums, own, missed, every, cutoff) if sums.tree.joined else _nothing()
        for name, frame in own.items():
            done[name].append(moved(frame, name, summing))
    return tuple(replayed_made_of(every[name], pl.concat(frames)) for name, frames in done.items())


def _sums_of(learnt: LearntTogether, alone: Mapping[str, Alone], recent: int | None) -> FamilySums:
    """Who adds up to whom, and what is to be forecast beside: parts of what else there is."""
    family, parts = learnt.family, {each.part.name: each for each in learnt.parts}
    nodes = [Node(name, series) for name, one in alone.items() for series in one.values["series"].unique()]
    frames = {name: each.training for name, each in parts.items()}
    inside = {name: frame for name, frame in frames.items() if name not in family.across}
    tree = tree_of(inside, [node for node in nodes if node.part in inside], family.above, recent)
    across, apart = across_of(frames, tree, family.beside, nodes, recent)
    others = {}
    for name, frame in tree.others.items():
        whole = parts[name.removesuffix(OTHER)]
        named = f"{whole.part.organisation}{OTHER}" if not whole.part.by else whole.part.organisation
        part = replace(whole.part, name=name, organisation=named)
        others[name] = replace(whole, part=part, training=frame, key=replace(whole.key, part=name))
    return FamilySums(tree, across, apart, others)


def _together(
    sums: FamilySums, values: Mapping[str, pl.DataFrame], missed: Mapping[Node, Misses], every: Mapping[str, Learnt],
    cutoff: date,
) -> Coherent:  # fmt: skip
    """Forecasts from one cut-off that add up; a series that had none yet goes on as it was of late."""
    told = {
        Node(name, str(series)): frame.select("ahead", "mean")
        for name, one in values.items()
        for (series,), frame in one.group_by("series")
    }
    if not told:
        return _nothing()
    length = max(int(frame["ahead"].max()) for frame in told.values())  # type: ignore[arg-type]
    means = {node: _on_every_day(frame, length) for node, frame in told.items()}
    tree = sums.tree
    for node in tree.joined - set(means):
        means[node] = np.full(length, _of_late(every[node.part], node.series, cutoff))
    parents = {node: parent for node, parent in tree.parents.items() if node in tree.joined}
    across = {leaf: whole for leaf, whole in sums.across.items() if whole in means}
    nought = {node: days for learnt in every.values() for node, days in _nought(learnt, cutoff, length)}
    return coherent({node: means[node] for node in (*parents, *across.values())}, missed, parents, across, nought)


def _nought(learnt: Learnt, cutoff: date, length: int) -> Iterator[tuple[Node, NDArray[np.bool_]]]:
    """Of daily series with weekdays of nothing but 0 lately: which of the days from a cut-off on lie on those."""
    frequency = FREQUENCIES[learnt.part.grain]
    if frequency is not Frequency.DAILY:
        return
    newest = learnt.training.filter(
        pl.col("date") < cutoff, pl.col("date") >= pl.lit(cutoff).dt.offset_by(f"-{SHORTEST[frequency]}d")
    )
    lately = newest.group_by("series", weekday=pl.col("date").dt.weekday()).agg(most=pl.col("value").abs().max())
    weekdays = (cutoff.weekday() + np.arange(length)) % 7 + 1
    for (series,), frame in lately.filter(pl.col("most") == 0).group_by("series"):
        yield Node(learnt.part.name, str(series)), np.isin(weekdays, frame["weekday"].to_numpy())


def _on_every_day(frame: pl.DataFrame, length: int) -> Floats:
    """A series' forecasts by period ahead; NaN on days without a row, when it is closed."""
    found = np.full(length, np.nan)
    found[frame["ahead"].to_numpy() - 1] = frame["mean"].to_numpy()
    return found


def _of_late(learnt: Learnt, series: str, cutoff: date) -> float:
    known = learnt.training.filter(pl.col("series") == series, pl.col("date") < cutoff).sort("date")
    return float(known["value"].tail(RECENT[FREQUENCIES[learnt.part.grain]]).mean() or 0.0)  # type: ignore[arg-type]


def _stated(alone: Alone, learnt: Learnt, cutoff: date) -> Alone:
    """Forecasts with series that cannot be forecast going on as they were of late: they belong to the sum."""
    lacking = {
        name: mean
        for name in sorted(set(learnt.training["series"]) - set(alone.values["series"]))
        if (mean := _of_late(learnt, name, cutoff)) > 0
    }
    if not lacking:
        return alone
    periods = _periods_of(learnt, cutoff)
    frames = [alone.values]
    for name, mean in lacking.items():
        frames.append(
            pl.DataFrame({"series": name, "cutoff": cutoff, "period": periods}).with_columns(
                ahead=pl.int_range(1, pl.len() + 1), mean=pl.lit(mean)
            )
        )
    values = pl.concat(frames, how="diagonal_relaxed").select(alone.values.columns)
    why = {name: f"{alone.refused[name]} {GOES_ON}" for name in lacking if name in alone.refused}
    return replace(alone, values=values, cutoff=cutoff, notes={**alone.notes, **{name: (why[name],) for name in why}})


def _periods_of(learnt: Learnt, cutoff: date) -> list[date]:
    """Returns the first days of the periods that a published forecast from a cut-off reaches."""
    grain = learnt.part.grain
    unit = {Frequency.DAILY: "d", Frequency.WEEKLY: "w", Frequency.MONTHLY: "mo"}[FREQUENCIES[grain]]
    last = pl.select(pl.lit(cutoff).dt.offset_by(f"{HORIZON[grain] - 1}{unit}")).item()
    return pl.date_range(cutoff, last, f"1{unit}", eager=True).to_list()


def _misses(part: str, told: Sequence[tuple[Panel, Missed]]) -> Iterator[tuple[Node, Misses]]:
    for panel, missed in told:
        origins = panel.periods[list(missed.origins)]
        for number, name in enumerate(panel.names):
            yield Node(part, name), Misses(origins, missed.errors[:, :, number].astype(np.float64))


def _misses_at(part: str, tested: Backtest, cutoff: date) -> Iterator[tuple[Node, Misses]]:
    same = [(panel, missed) for panel, at, missed in tested.missed if panel.periods[at] == np.datetime64(cutoff)]
    return _misses(part, same)


def _nothing() -> Coherent:
    return Coherent({}, {})
