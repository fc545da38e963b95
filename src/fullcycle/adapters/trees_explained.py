"""What each feature adds to what trees predict: exact Shapley values, one row at a time.

The game is TreeSHAP's along the paths: a feature that is not known goes both ways at a node, by
how many training rows went each. A leaf is then reached with a chance that is a product over the
features on its path, of 1 or 0 where the feature is known and of the shares of rows where it is
not. The Shapley values of such a product are an integral of a polynomial, which a Gauss-Legendre
rule gives exactly. Every term that is added is positive, so deep trees lose no digits.

Source: Lundberg et al., "From local explanations to global understanding with explainable AI for
trees", Nature Machine Intelligence 2, 2020 (the game, "tree path dependent"); Owen, "Multilinear
extensions of games", Management Science 18, 1972 (the integral).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fullcycle.adapters.trees_native import Nodes

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")

_BLOCK = 1 << 18  # leaves times depth that are looked at together: they stay in the cache


class Paths:
    """The leaves of all trees, and the way to each; ``player`` is the feature of each column that is seen.

    Columns that were made of one feature are known together, or not.
    """

    def __init__(self, nodes: "Nodes", player: Sequence[int], width: int) -> None:
        self._width = width
        self._number = np.asarray(nodes.number)
        feature, left, right = (np.asarray(one) for one in (nodes.feature, nodes.left, nodes.right))
        inner = np.flatnonzero(feature >= 0)
        self._parent = np.full(len(feature), -1)
        self._parent[left[inner]] = self._parent[right[inner]] = inner
        self._is_left = np.zeros(len(feature), dtype=bool)
        self._is_left[left[inner]] = True
        self._player = np.full(len(feature), width)  # that decides whether a node is come to; none at a root
        self._player[left[inner]] = self._player[right[inner]] = np.asarray(player)[feature[inner]]
        self._share = _shares(np.asarray(nodes.cover), inner, left, right)
        self._leaves = np.flatnonzero(feature < 0)
        self._depth = _depths(self._parent, self._leaves)

    @property
    def terms(self) -> int:
        """How many numbers are looked at for one row: what explaining it costs."""
        return int((self._depth * (self._depth // 2 + 1)).sum())

    def added(self, goes_left: Any) -> "tuple[Array, float]":
        """What each feature adds to the sum of the trees ``(width,)``, and what all rows begin with.

        ``goes_left`` says of every node whether the row goes left there, ``(n_nodes,)``.
        """
        taken = np.where(self._is_left, goes_left[self._parent], ~goes_left[self._parent])
        added, base = np.zeros(self._width + 1), 0.0
        for leaves, depth in self._blocks():
            way = self._ways(leaves, depth, taken)
            added += np.bincount(way.player.ravel(), weights=way.shapley().ravel(), minlength=self._width + 1)
            base += float((way.number * way.unknown.prod(axis=1)).sum())
        return added[:-1], base

    def _blocks(self) -> "Iterator[tuple[Any, int]]":
        """Leaves that are looked at together, those of like depth, and how deep they lie."""
        order = np.argsort(self._depth, kind="stable")
        many = max(_BLOCK // max(int(self._depth.max()), 1), 1)
        for start in range(0, len(order), many):
            block = order[start : start + many]
            yield self._leaves[block], int(self._depth[block[-1]])

    def _ways(self, leaves: Any, depth: int, taken: Any) -> "_Ways":
        """The nodes on the way to each leaf, a feature that is asked twice put together."""
        shape = len(leaves), max(depth, 1)
        player = np.full(shape, self._width)
        unknown, known = np.ones(shape), np.ones(shape)
        at = leaves
        for step in range(depth):
            there = self._parent[at] >= 0
            player[:, step] = self._player[at]
            unknown[:, step] = np.where(there, self._share[at], 1.0)
            known[:, step] = np.where(there, taken[at], 1.0)
            at = np.where(there, self._parent[at], at)
        ways = _Ways(self._number[leaves], player, unknown, known)
        ways.put_together(self._width)
        return ways


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways to leaves ``(n_leaves, depth)``: whose they are, and their chance if unknown, and if known."""

    number: "Array"  # of each leaf
    player: Any
    unknown: "Array"
    known: "Array"

    def put_together(self, nobody: int) -> None:
        """Let each feature stand once on a way; what is left over is nobody's and changes nothing."""
        for step in range(1, self.player.shape[1]):
            before = self.player[:, :step] == self.player[:, step : step + 1]
            rows = np.flatnonzero(before.any(axis=1))
            first = before[rows].argmax(axis=1)
            self.unknown[rows, first] *= self.unknown[rows, step]
            self.known[rows, first] *= self.known[rows, step]
            self.unknown[rows, step] = self.known[rows, step] = 1.0
            self.player[rows, step] = nobody

    def shapley(self) -> "Array":
        """The Shapley values of each leaf's game, ``(n_leaves, depth)``."""
        points, weights = np.polynomial.legendre.leggauss(self.player.shape[1] // 2 + 1)
        mean = np.zeros(self.player.shape)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            factor = point * self.known + (1 - point) * self.unknown
            others = np.zeros(factor.shape)
            np.divide(factor.prod(axis=1)[:, None], factor, out=others, where=factor > 0)
            mean += weight * others
        return self.number[:, None] * (self.known - self.unknown) * mean


def _shares(cover: "Array", inner: Any, left: Any, right: Any) -> "Array":
    """Of the rows that came to a node's parent, the share that came to it; half where none did."""
    share = np.ones(len(cover))
    both = cover[left[inner]] + cover[right[inner]]
    for side in (left[inner], right[inner]):
        share[side] = np.divide(cover[side], both, out=np.full(len(inner), 0.5), where=both > 0)
    return share


def _depths(parent: Any, leaves: Any) -> Any:
    """How many nodes are above each leaf."""
    depth = np.zeros(len(leaves), dtype=np.int64)
    at = parent[leaves]
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, parent[at], -1)
    return depth
