"""Forecasts of a metric at several levels that add up: who is whose sum, what else there is, and the step that mends.

Levels add up where the data do: a parent is the sum of its children, and of a leaf for what is not forecast among them,
over the periods learnt from. Forecasts are then moved to the nearest that add up (`models.reconcile`), by what earlier
forecasts missed by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.calendar import Days, Floats
from models.reconcile import LEARNT, NEAR_ZERO, Hierarchy, LevelByLevel
from models.usable import QUIETEST

OTHER: Final = " other"
"""Ends the name of the part, and of the series, of what a parent has beside its forecast children."""

NARROWEST, WIDEST = 0.5, 1.5
"""What intervals may become when forecasts are made to add up, as a share of what they were."""

_CLOSE: Final = 1e-6
_BOUNDS: Final = ("lo95", "lo80", "lo50", "hi50", "hi80", "hi95")


class Node(NamedTuple):
    """One series of one part."""

    part: str
    series: str

    @property
    def other(self) -> Node:
        """Returns the leaf of what it has beside its forecast children."""
        return Node(self.part + OTHER, self.series + OTHER)


Above = Callable[[Node], Node | None]


@dataclass(frozen=True, slots=True)
class Tree:
    """Who adds up to whom, among series that are forecast.

    Attributes:
        parents: each node's parent, None of a top; leaves of what else there is included.
        others: part to the final periods of those leaves: `series`, `date`, `value`.
        unlike: nodes that are less than their children, so that these do not add up to them.
    """

    parents: Mapping[Node, Node | None]
    others: Mapping[str, pl.DataFrame]
    unlike: tuple[Node, ...]

    @property
    def joined(self) -> frozenset[Node]:
        """Returns the nodes that add up with others."""
        above = {parent for parent in self.parents.values() if parent}
        return frozenset(node for node, parent in self.parents.items() if parent or node in above)


def tree_of(
    learnt: Mapping[str, pl.DataFrame], forecast: Collection[Node], above: Above, recent: int | None
) -> Tree:  # fmt: skip
    """Returns who adds up to whom, as the data say.

    Args:
        learnt: part to its final periods (`series` String, `date` Date, `value` Float64), parents before children.
        forecast: the series that have a forecast.
        above: a series' parent, whether or not that has a forecast or values; None of a top.
        recent: newest periods in which what a parent has beside its forecast children counts; None counts all.
    """
    values = _filled(learnt, above)
    kept = set(forecast)
    nearest = {node: _nearest(node, above, kept) for node in kept}
    children: dict[Node, list[Node]] = {}
    for node, parent in nearest.items():
        if parent is not None:
            children.setdefault(parent, []).append(node)
    others: dict[str, list[pl.DataFrame]] = {}
    parents: dict[Node, Node | None] = dict(nearest)
    unlike = []
    for parent, below in children.items():
        rest = _rest(learnt[parent.part], values, parent, below)
        close = _CLOSE * max(float(rest["whole"].abs().max() or 0.0), 1.0)  # type: ignore[arg-type]
        if rest.is_empty() or float(rest["value"].min() or 0.0) < -close:  # type: ignore[arg-type]
            unlike.append(parent)
            parents |= dict.fromkeys(below)
        elif float(rest["value"].tail(recent or rest.height).max() or 0.0) > close:  # type: ignore[arg-type]
            leaf = parent.other
            parents[leaf] = parent
            # From where there is anything on: a child that began of late was nothing before, and that is no history.
            began = rest.filter(pl.col("value") > close)["date"].min()
            held = rest.filter(pl.col("date") >= began)
            frame = held.select(pl.lit(leaf.series).alias("series"), "date", pl.col("value").clip(lower_bound=0.0))
            others.setdefault(leaf.part, []).append(frame)
    return Tree(parents, {part: pl.concat(frames).sort("series", "date") for part, frames in others.items()},
                tuple(sorted(unlike)))  # fmt: skip


def across_of(
    learnt: Mapping[str, pl.DataFrame], tree: Tree, beside: Above, forecast: Collection[Node], recent: int | None
) -> tuple[Mapping[Node, Node], tuple[Node, ...]]:  # fmt: skip
    """Returns what leaves of a tree add up to across it, as the data say, and the nodes that are not their sum.

    Args:
        learnt: part to its final periods, as of `tree_of`, those across the tree included.
        tree: who adds up to whom.
        beside: what a leaf is part of across the tree, whether or not that has a forecast; None of others.
        forecast: the series that have a forecast.
        recent: newest periods that are compared; None compares all.
    """
    leaves: dict[Node, list[Node]] = {}
    for node in sorted(tree.joined - set(tree.parents.values())):
        if (whole := beside(node)) is not None and whole in forecast:
            leaves.setdefault(whole, []).append(node)
    found: dict[Node, Node] = {}
    unlike = []
    for whole, below in leaves.items():
        own = learnt[whole.part].filter(pl.col("series") == whole.series).select("date", "value").drop_nulls()
        told = pl.concat([learnt[node.part].filter(pl.col("series") == node.series) for node in below])
        summed = told.group_by("date").agg(told=pl.col("value").sum())
        both = own.join(summed, on="date", how="left").sort("date").tail(recent or own.height)
        apart = both.select((pl.col("value") - pl.col("told").fill_null(0.0)).abs().max()).item() or 0.0
        if apart > _CLOSE * max(float(both["value"].abs().max() or 0.0), 1.0):  # type: ignore[arg-type]
            unlike.append(whole)
        else:
            found |= dict.fromkeys(below, whole)
    return found, tuple(unlike)


def _filled(learnt: Mapping[str, pl.DataFrame], above: Above) -> dict[Node, pl.DataFrame]:
    """Values of every node by date; a parent's missing ones are the sum of its children's.

    A region is not final where one of its trusts did not report, and its other trusts still count for England.
    """
    found: dict[Node, pl.DataFrame] = {}
    below: dict[Node, list[pl.DataFrame]] = {}
    for part in reversed(list(learnt)):
        own = {Node(part, str(name)): frame.select("date", "value")
               for (name,), frame in learnt[part].drop_nulls("value").group_by("series")}  # fmt: skip
        for node in {*own, *(each for each in below if each.part == part)}:
            frames = [own[node]] if node in own else []
            if node in below:
                summed = pl.concat(below[node]).group_by("date").agg(pl.col("value").sum())
                frames.append(summed.join(frames[0], on="date", how="anti") if frames else summed)
            found[node] = pl.concat(frames)
            if (parent := above(node)) is not None:
                below.setdefault(parent, []).append(found[node])
    return found


def _nearest(node: Node, above: Above, kept: Collection[Node]) -> Node | None:
    parent = above(node)
    while parent is not None and parent not in kept:
        parent = above(parent)
    return parent


def _rest(
    own: pl.DataFrame, values: Mapping[Node, pl.DataFrame], parent: Node, below: list[Node]
) -> pl.DataFrame:  # fmt: skip
    """What a parent has beside its forecast children: `date`, `whole` (its own), `value`; in order."""
    summed = pl.concat([values[node] for node in below]).group_by("date").agg(told=pl.col("value").sum())
    return (
        own.filter(pl.col("series") == parent.series, pl.col("date") >= summed["date"].min())
        .drop_nulls("value")
        .join(summed, on="date", how="left")
        .select("date", whole="value", value=pl.col("value") - pl.col("told").fill_null(0.0))
        .sort("date")
    )


@dataclass(frozen=True, slots=True)
class Misses:
    """What earlier forecasts of one series missed by: `errors` is origins x horizon; NaN where not known."""

    origins: Days
    errors: Floats


@dataclass(frozen=True, slots=True)
class Coherent:
    """Forecasts that add up.

    Attributes:
        means: node to its forecasts, period by period; NaN on days when it is closed.
        shares: node to how much of its interval's reach is left on each side.
    """

    means: Mapping[Node, Floats]
    shares: Mapping[Node, float]


def coherent(
    means: Mapping[Node, Floats], missed: Mapping[Node, Misses], parents: Mapping[Node, Node | None],
    across: Mapping[Node, Node] | None = None, nought: Mapping[Node, NDArray[np.bool_]] | None = None,
) -> Coherent:  # fmt: skip
    """Returns the nearest forecasts that add up.

    How far each is moved follows what earlier forecasts missed by (`LevelByLevel`). What lies across the tree becomes
    the sum of its leaves. Intervals keep their shape; their reach changes as the errors of the earlier forecasts do
    when these are made to add up by what the other half of them missed by.

    Args:
        means: node to its forecasts, made by itself, of the same periods for all; NaN on days when it is closed, which
            count as 0.
        missed: node to what its earlier forecasts missed by; may lack nodes.
        parents: of the nodes of a tree.
        across: leaf to what it adds up to across the tree. `means` has exactly these nodes and those of the tree.
        nought: node to the periods on whose weekday its newest figures are 0; may lack nodes.
    """
    across, nought = across or {}, nought or {}
    names = {_name(node): node for node in (*parents, *across.values())}
    tree = Hierarchy.of({_name(node): None if above is None else _name(above) for node, above in parents.items()})
    nodes = [*(names[name] for name in tree.nodes), *sorted(set(across.values()))]
    place = {node: number for number, node in enumerate(nodes)}
    beside = [
        (place[whole], [place[leaf] for leaf, other in across.items() if other == whole])
        for whole in nodes[len(tree.nodes) :]
    ]
    whole = np.stack([means[node] for node in nodes], axis=1)
    levels = LevelByLevel.of(tree, whole[:0, : len(tree.nodes)], np.ones(len(tree.nodes))).parents
    never = np.zeros(len(whole), dtype=bool)
    base, closed = _closed(whole, np.stack([nought.get(node, never) for node in nodes], axis=1), levels, beside)
    # Without any record errors grow with the root of the amount, as counts do.
    usual = np.maximum(base.mean(axis=0), 1.0)
    errors = _side_by_side(nodes, missed)
    still = base.mean(axis=0) < NEAR_ZERO
    sums = _Sums(tree, beside, usual, still)
    found = np.full_like(base, np.nan)
    for pattern in np.unique(closed, axis=0):
        alike = (closed == pattern).all(axis=1)
        found[alike] = np.where(pattern, np.nan, sums.kept(base[alike], _rows(errors), closed=pattern))
    shares = _shares(errors, sums)
    return Coherent(
        {node: found[:, number] for number, node in enumerate(nodes)},
        {node: float(shares[number]) for number, node in enumerate(nodes)},
    )


def _closed(
    means: Floats, nought: NDArray[np.bool_], parents: Sequence[tuple[int, NDArray[np.int64]]],
    across: Sequence[tuple[int, list[int]]],
) -> tuple[Floats, NDArray[np.bool_]]:  # fmt: skip
    """Forecasts (periods x nodes) with 0 for who is closed, and who is, parents and children alike.

    A parent is closed when all its children are; children are when their parent is, whose figures are 0 then, though
    theirs may be too few to tell. One without a forecast or figures whose children go on as usual, as where one of them
    never reports on Sundays, is their sum. So is what lies across the tree of its leaves.
    """
    closed = np.isnan(means)
    base = np.where(closed, 0.0, means)
    for whole_of, leaves in across:
        closed[:, leaves] |= (closed[:, whole_of] & nought[:, whole_of])[:, None]
        base[:, leaves] = np.where(closed[:, leaves], 0.0, base[:, leaves])
    for parent, below in parents:
        closed[:, parent] |= closed[:, below].all(axis=1)
        whole = base[:, below].sum(axis=1)
        quiet = nought[:, parent] | (whole < QUIETEST * whole.mean())
        closed[:, parent] &= closed[:, below].all(axis=1) | quiet
        base[:, parent] = np.where(closed[:, parent], 0.0, np.where(np.isnan(means[:, parent]), whole, base[:, parent]))
    for parent, below in reversed(parents):
        closed[:, below] |= closed[:, [parent]]
    for whole_of, leaves in across:
        closed[:, whole_of] = closed[:, leaves].all(axis=1)
    return np.where(closed, 0.0, base), closed


def moved(values: pl.DataFrame, part: str, found: Coherent) -> pl.DataFrame:
    """Returns a part's forecasts from one cut-off, by `series` and `ahead`, as they are when they add up.

    Days on which the series' parent is closed fall away.
    """
    own = {node.series: mean for node, mean in found.means.items() if node.part == part}
    if not own:
        return values
    shares = [found.shares[Node(part, name)] for name in own]
    told = (
        pl.DataFrame({"series": list(own), "summing": [mean.tolist() for mean in own.values()], "share": shares})
        .with_columns(ahead=pl.int_ranges(1, pl.col("summing").list.len() + 1))
        .explode("summing", "ahead")
    )
    joined = values.join(told, on=["series", "ahead"], how="left", maintain_order="left").filter(
        pl.col("summing").is_nan().fill_null(value=False).not_()
    )
    mean = pl.coalesce("summing", "mean")
    bounds = [
        # What reached down to nought still does: a hair above it would leave out every day on which nobody came.
        pl.when(pl.col("summing").is_null() | (pl.lit(name.startswith("lo")) & (pl.col(name) <= 0.0)))
        .then(pl.col(name))
        .otherwise((pl.col("summing") + pl.col("share") * (pl.col(name) - pl.col("mean"))).clip(lower_bound=0.0))
        .alias(name)
        for name in _BOUNDS
        if name in values.columns
    ]
    return joined.with_columns(*bounds, mean=mean).select(values.columns)


def _name(node: Node) -> str:
    return f"{node.part}\x1f{node.series}"


def _side_by_side(nodes: list[Node], missed: Mapping[Node, Misses]) -> Floats:
    """Errors of all nodes by the cut-off that they were forecast from: origins x horizon x nodes; NaN where none."""
    known = [missed[node] for node in nodes if node in missed]
    if not known:
        return np.empty((0, 1, len(nodes)))
    origins = np.unique(np.concatenate([each.origins for each in known]))
    horizon = max(each.errors.shape[1] for each in known)
    found = np.full((len(origins), horizon, len(nodes)), np.nan)
    for number, node in enumerate(nodes):
        if node in missed:
            own = missed[node]
            found[np.searchsorted(origins, own.origins), : own.errors.shape[1], number] = own.errors
    return found


def _rows(errors: Floats) -> Floats:
    rows = errors.reshape(-1, errors.shape[-1])
    return np.asarray(rows[~np.isnan(rows).all(axis=1)])


@dataclass(frozen=True, slots=True)
class _Sums:
    """Which columns add up: those of a tree, and after them those across it, each with the columns of its leaves."""

    tree: Hierarchy
    across: Sequence[tuple[int, list[int]]]
    usual: Floats
    still: NDArray[np.bool_]

    def kept(
        self, base: Floats, errors: Floats, *, closed: NDArray[np.bool_] | None = None, floor: bool = True
    ) -> Floats:
        """Returns forecasts that add up (periods x nodes), as errors (periods x nodes) teach; 0 of who is closed."""
        own = slice(len(self.tree.nodes))
        still = self.still if closed is None else self.still | closed
        learnt = LevelByLevel.of(self.tree, errors[:, own], self.usual[own], still[own])
        found = base.copy()
        found[:, own] = learnt.reconciled(base[:, own], floor=floor)
        if closed is not None:  # where all siblings are next to nothing, who is closed had a share of what is left
            found[:, closed] = 0.0
            for parent, below in learnt.parents:
                found[:, parent] = found[:, below].sum(axis=1)
        for whole, leaves in self.across:
            found[:, whole] = found[:, leaves].sum(axis=1)
        return found


def _shares(errors: Floats, sums: _Sums) -> Floats:
    """How the size of each node's errors changes when those of one half of the cut-offs are mended by the other's.

    Half of the way, as for the weights: few errors tell, and they overlap.
    """
    middle = len(errors) // 2
    before, after = np.zeros(errors.shape[-1]), np.zeros(errors.shape[-1])
    for own, others in ((errors[:middle], errors[middle:]), (errors[middle:], errors[:middle])):
        rows = _rows(own)
        if not len(rows):
            continue
        known = ~np.isnan(rows)
        mended = sums.kept(np.where(known, rows, 0.0), _rows(others), floor=False)
        before += (np.where(known, rows, 0.0) ** 2).sum(axis=0)
        after += (np.where(known, mended, 0.0) ** 2).sum(axis=0)
    ratio = np.sqrt(np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0)) ** LEARNT
    return np.asarray(np.clip(ratio, NARROWEST, WIDEST))
