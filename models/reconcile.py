"""Forecasts of a hierarchy that add up: every parent is the sum of its children, at every period.

MinT with a shrunk covariance (Wickramasuriya, Athanasopoulos & Hyndman 2019; Schaefer & Strimmer 2005): the coherent
forecasts that are nearest to the given ones, where nearness counts by what the forecasts missed by on past data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.calendar import Floats

NEAR_ZERO = 1.0
"""Leaves whose forecast is below this on average keep it: errors of large sums would swamp them."""


LEAST_SHRUNK = 0.1
"""A covariance is drawn to its diagonal at least so far: errors of neighbouring days are alike, and tell less."""


LEARNT = 0.5
"""How far a parent's own forecast gives way as its errors say: few errors tell, and they overlap."""


class HierarchyError(ValueError):
    """A hierarchy that is not a tree. Says which node is wrong."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Who adds up to whom.

    Attributes:
        nodes: parents first, then leaves.
        summing: nodes by leaves; 1 where the leaf is part of the node.
        parents: each node's parent, None of a top.
    """

    nodes: tuple[str, ...]
    summing: Floats
    parents: Mapping[str, str | None] = field(default_factory=dict, repr=False)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The nodes that have no children."""
        return self.nodes[len(self.nodes) - self.summing.shape[1] :]

    @classmethod
    def of(cls, parents: Mapping[str, str | None]) -> Hierarchy:
        """Returns the hierarchy in which each node has the parent that is given, None for a top.

        Raises:
            HierarchyError: a parent is no node itself, or a node is its own ancestor.
        """
        named = {parent for parent in parents.values() if parent is not None}
        if unknown := sorted(named - set(parents)):
            raise HierarchyError(f"'{unknown[0]}' is a parent and no node. Give its own parent, or None for a top.")
        leaves = tuple(sorted(node for node in parents if node not in named))
        nodes = (*sorted(named), *leaves)
        row = {node: number for number, node in enumerate(nodes)}
        summing = np.zeros((len(nodes), len(leaves)))
        for column, leaf in enumerate(leaves):
            node: str | None = leaf
            for _ in range(len(nodes) + 1):
                if node is None:
                    break
                summing[row[node], column] = 1.0
                node = parents[node]
            else:
                raise HierarchyError(f"'{leaf}' has no top: a node above it is its own ancestor.")
        if not leaves:
            raise HierarchyError("There is no node without children: every node is its own ancestor.")
        return cls(nodes, summing, dict(parents))


def shrunk_covariance(errors: Floats) -> tuple[Floats, float]:
    """Returns the covariance of errors (periods x nodes), drawn to its diagonal, and how far (0 to 1).

    Rows with a missing error are left out. The share is the one that is best on average for that many rows if they
    are independent, but at least `LEAST_SHRUNK`.

    Raises:
        ValueError: fewer than two rows are whole.
    """
    whole = errors[~np.isnan(errors).any(axis=1)]
    count = len(whole)
    if count < 2:
        raise ValueError(f"A covariance needs two periods in which every node has an error; there are {count}.")
    covariance = whole.T @ whole / count
    size = np.sqrt(np.diag(covariance))
    standard = whole / np.where(size > 0, size, 1.0)
    correlation = standard.T @ standard / count
    # The variance of each correlation, from the products of standardised errors.
    spread = ((standard**2).T @ (standard**2) / count - correlation**2) * count**2 / (count - 1) ** 3
    off = ~np.eye(len(size), dtype=bool)
    total = (correlation[off] ** 2).sum()
    share = float(np.clip(spread[off].sum() / total, LEAST_SHRUNK, 1)) if total > 0 else 1.0
    return np.where(off, (1 - share) * covariance, covariance), share


def reconciled(base: Floats, hierarchy: Hierarchy, covariance: Floats, *, floor: float | None = 0.0) -> Floats:
    """Returns forecasts that add up, nearest to those given.

    Args:
        base: forecasts, ... x nodes, in the order of `hierarchy.nodes`; more axes before are kept, such as paths and
            periods.
        hierarchy: who adds up to whom.
        covariance: of the forecasts' errors, nodes x nodes.
        floor: least value of a leaf; None allows any.

    Leaves that forecast next to nothing keep their forecasts, and the others take up the difference.
    """
    leaves = hierarchy.summing.shape[1]
    own = base[..., -leaves:]
    small = np.abs(own.reshape(-1, leaves)).mean(axis=0) < NEAR_ZERO
    kept = np.where(small, own, 0.0)
    found = own.copy()
    if not small.all():
        rest = hierarchy.summing[:, ~small]
        rows = rest.any(axis=1)
        found[..., ~small] = (base - kept @ hierarchy.summing.T)[..., rows] @ _weights(
            rest[rows], covariance[np.ix_(rows, rows)]
        ).T
    if floor is not None:
        found = np.maximum(found, floor)
    return np.asarray(found @ hierarchy.summing.T)


def reconciled_paths(paths: Floats, hierarchy: Hierarchy) -> Floats:
    """Returns paths that add up, for the intervals of reconciled forecasts and of their sums.

    Each half of the paths is reconciled by what the other half misses by: a covariance makes the very errors that it
    was learnt from smaller than those to come, and intervals of them too narrow.

    Args:
        paths: paths x periods x nodes, in the order of `hierarchy.nodes`, as `models.demand` gives them: the second
            half mirrors the first.
        hierarchy: who adds up to whom.

    Raises:
        ValueError: fewer than four paths, so that a half has no other to learn from.
    """
    if len(paths) < 4:
        raise ValueError(f"Paths are reconciled by each other: at least 4 are needed, and there are {len(paths)}.")
    errors = paths - paths.mean(axis=0)
    mirrored = np.arange(len(paths)) % (len(paths) // 2)
    early = mirrored < len(paths) // 4
    found = np.empty_like(paths)
    for half in (early, ~early):
        covariance, _ = shrunk_covariance(errors[~half].reshape(-1, paths.shape[-1]))
        found[half] = reconciled(paths[half], hierarchy, covariance)
    return found


@dataclass(frozen=True, slots=True)
class LevelByLevel:
    """MinT with few errors to learn from: one parent at a time, from its own errors and those of its children's sum.

    A covariance of hundreds of nodes from a few overlapping errors is mostly noise. Of each parent only three numbers
    are learnt here: the variance of its own forecast, that of the sum of its children's (who err together, as they do),
    and their covariance. They say how both are best put together. What is left is shared out among the children by the
    variance of each.

    Attributes:
        parents: for each parent, children before their own parent: its number and those of its children.
        own: weight of a parent's own forecast beside the sum of its children's.
        variance: of each node's error; 0 of those that keep their forecasts.
    """

    parents: tuple[tuple[int, NDArray[np.int64]], ...]
    own: Floats
    variance: Floats

    @classmethod
    def of(
        cls, hierarchy: Hierarchy, errors: Floats, usual: Floats, still: NDArray[np.bool_] | None = None
    ) -> LevelByLevel:
        """Returns what errors teach.

        Args:
            hierarchy: who adds up to whom; every node has one parent at most.
            errors: periods x nodes, in the order of `hierarchy.nodes`; NaN where not known.
            usual: variance of nodes without any known error.
            still: nodes that keep their forecasts while a sibling does not, as those of next to nothing.
        """
        known = ~np.isnan(errors)
        mixed = np.where(known, errors, 0.0)
        own = np.ones(len(hierarchy.nodes))
        found = _children(hierarchy)
        for parent, below in found:
            rows = known[:, parent]
            apart = mixed[rows, parent] - mixed[np.ix_(rows, below)].sum(axis=1)
            size = float(apart @ apart)
            best = 1.0 - float(apart @ mixed[rows, parent]) / size if size > 0 else 1.0
            own[parent] = 1.0 - (1.0 - np.clip(best, 0.0, 1.0)) * LEARNT
            mixed[rows, parent] -= (1.0 - own[parent]) * apart
        count = known.sum(axis=0)
        variance = np.where(count > 0, (mixed**2 * known).sum(axis=0) / np.maximum(count, 1), usual)
        moving = np.maximum(variance, 1e-9)
        return cls(found, own, moving if still is None else np.where(still, 0.0, moving))

    def reconciled(self, base: Floats, *, floor: bool = True) -> Floats:
        """Returns forecasts that add up (periods x nodes); `floor` keeps leaves and parents at or above nought."""
        mixed = base.copy()
        for parent, below in self.parents:
            mixed[:, parent] += (1.0 - self.own[parent]) * (mixed[:, below].sum(axis=1) - mixed[:, parent])
        if floor:
            mixed = np.maximum(mixed, 0.0)
        for parent, below in reversed(self.parents):
            gap = mixed[:, parent] - mixed[:, below].sum(axis=1)
            size = self.variance[below]
            share = size / size.sum() if size.any() else np.full(len(below), 1 / len(below))
            told = mixed[:, below] + gap[:, None] * share
            if floor:
                told = np.maximum(told, 0.0)
                whole = told.sum(axis=1, keepdims=True)
                there = whole > 0
                told = np.where(there, told / np.where(there, whole, 1.0), share) * mixed[:, [parent]]
            mixed[:, below] = told
        return mixed


def _children(hierarchy: Hierarchy) -> tuple[tuple[int, NDArray[np.int64]], ...]:
    """Each parent's number with its children's, children before their own parent."""
    row = {node: number for number, node in enumerate(hierarchy.nodes)}
    below: dict[str, list[int]] = {}
    for node, parent in hierarchy.parents.items():
        if parent is not None:
            below.setdefault(parent, []).append(row[node])

    def depth(node: str) -> int:
        above = hierarchy.parents[node]
        return 0 if above is None else 1 + depth(above)

    order = sorted(below, key=depth, reverse=True)
    return tuple((row[node], np.array(sorted(below[node]), dtype=np.int64)) for node in order)


def _weights(summing: Floats, covariance: Floats) -> Floats:
    """How each leaf is made of all nodes' forecasts: (S' W^-1 S)^-1 S' W^-1."""
    steady = covariance + np.diag(_floor(np.diag(covariance)))
    inverse = np.linalg.solve(steady, summing)
    return np.asarray(np.linalg.solve(inverse.T @ summing, inverse.T))


def _floor(variance: NDArray[np.float64]) -> Floats:
    """A little more variance everywhere, so that a node that never erred does not stop the rest."""
    usual = variance[variance > 0].mean() if (variance > 0).any() else 1.0
    return np.asarray(1e-8 * usual + np.where(variance > 0, 0.0, 1e-3 * usual))
