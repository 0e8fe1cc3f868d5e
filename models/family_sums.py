"""Who adds up to whom in a family of parts, and how a published run says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.coherence import Coherent, Node, Tree
from models.forecast_run import Sums, Whose
from models.publishing import Learnt

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class FamilySums:
    """Who adds up to whom.

    Attributes:
        tree: by the tree.
        across: leaf to what it adds up to across the tree.
        apart: nodes across the tree that are not the sum of their leaves.
        others: parts of what else there is, by name.
    """

    tree: Tree
    across: Mapping[Node, Node]
    apart: tuple[Node, ...]
    others: Mapping[str, Learnt]

    def told(self, every: Mapping[str, Learnt], name: str, found: Coherent) -> Sums:
        """Returns what a run says of adding up: the parents of each of its series, and what stands against it.

        Args:
            every: all parts.
            name: of the part that the run is of.
            found: the forecasts that add up.
        """

        def whose(node: Node) -> Whose:
            return every[node.part].named(node.series)

        def over(node: Node) -> tuple[str, *Whose]:
            return (node.part, *whose(node))

        own = sorted(node for node in found.means if node.part == name)
        above = {
            whose(node): None if (parent := self.tree.parents[node]) is None else over(parent)
            for node in own
            if node in self.tree.parents
        }
        beside = self._beside(found)
        across = {whose(node): over(beside[node]) for node in own if node in beside}
        unlike = [node.series for node in self.tree.unlike if node.part == name]
        apart = [node.series for node in self.apart if node.part == name]
        said = [f"Less than their children: {', '.join(unlike)}."] if unlike else []
        said += [f"Not the sum of their sites: {', '.join(apart)}."] if apart else []
        return Sums(above, " ".join(said)[:_LONGEST], across)

    def _beside(self, found: Coherent) -> Mapping[Node, Node]:
        """Each node's parent across the tree: of leaves what they are part of there, of that the tree's top.

        Leaves that are part of nothing there stand under the top themselves, so that it is the sum of all that do.
        """
        beside = {leaf: whole for leaf, whole in self.across.items() if whole in found.means}
        parents = set(self.tree.parents.values())
        tops: dict[Node, set[Node]] = {}
        under: dict[Node, set[Node]] = {}
        for leaf in self.tree.joined - parents:
            top = self._top(leaf)
            under.setdefault(top, set()).add(beside.get(leaf, leaf))
            if leaf in beside:
                tops.setdefault(beside[leaf], set()).add(top)
        for top, nodes in under.items():
            # A top whose leaves are all its own there: what lies across several tops is part of none.
            if nodes & set(tops) and all(len(tops.get(node, {top})) == 1 for node in nodes):
                beside |= dict.fromkeys(nodes, top)
        return beside

    def _top(self, node: Node) -> Node:
        while (parent := self.tree.parents[node]) is not None:
            node = parent
        return node
