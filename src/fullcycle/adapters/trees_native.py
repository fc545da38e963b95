"""Decision trees in a form of our own: nodes in arrays, asked without their library, bit for bit.

A row walks from node to node in plain Python, which beats NumPy's calls on one row; a matrix
goes down all trees at once. Leaves are added in the trees' order, as the library adds them.
What each feature adds is told of one row, from how many training rows came to each node.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isinf, isnan, nan
from typing import TYPE_CHECKING, Any

import msgspec

from fullcycle.adapters.asking import ByMatrix, other_width
from fullcycle.adapters.links import LINKS, rounding_after
from fullcycle.adapters.prepared import Preparation, Prepared
from fullcycle.adapters.trees_explained import Paths
from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is answered without it

_BLOCK = 1 << 17  # places in trees that are gone down together: they stay in the cache
CODES = 256  # categories that a node may tell apart, by their codes
_MOST = 100_000_000  # numbers that explaining a row may look at: some two seconds
_Node = Any  # a leaf's number, or (feature, threshold or categories, left, right, where a missing value goes)


class TreesHead(msgspec.Struct, frozen=True, kw_only=True):
    """How an ensemble of trees is asked.

    ``share`` is what the sum is divided by; ``any_order`` says that the library adds the trees in
    the order in which its threads come to an end.
    """

    width: int
    single: bool  # numbers are rounded to float32 first, as scikit-learn's trees do
    missing: bool  # NaN has its way at each node; refused otherwise
    infinite: bool  # infinity is a number like others; refused otherwise
    start: float = 0.0
    share: int = 1
    link: str = "identity"
    any_order: bool = False
    preparation: Preparation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes of all trees, each tree's root first and every node before those below it."""

    roots: "array[int]"  # int32
    feature: "array[int]"  # int32; -1 at a leaf
    number: "array[float]"  # float64: the threshold, or a leaf's number
    left: "array[int]"  # int32; where the feature is at most the threshold
    right: "array[int]"  # int32
    missing_left: "array[int]"  # uint8
    cover: "array[float]" = field(default_factory=lambda: array("d"))
    """float64: how many training rows came to each; none where it was not kept."""
    chosen: "array[int]" = field(default_factory=lambda: array("i"))
    """int32: of a node that asks for a category, the place of those that go left; -1 at others."""
    categories: "array[int]" = field(default_factory=lambda: array("B"))
    """uint8: for each such place ``CODES`` truths, whether the category of this code goes left."""


class TreesPredictor(ByMatrix):
    """An ensemble of trees, for one row or many; any thread may ask it.

    A row that the library refuses gives NaN. ``unexplained`` says why it does not tell what each
    feature adds, where it does not.
    """

    def __init__(self, head: TreesHead, nodes: Nodes) -> None:
        self.head = head
        self.nodes = nodes
        self.n_features = head.width
        self._single, self._start, self._share = head.single, head.start, head.share
        self._link = LINKS[head.link]
        self._prepared = Prepared(head.preparation) if head.preparation is not None else None
        self._roots = _nested(nodes)

    def score(self, values: Sequence[float]) -> float:
        """Predict one row of ``n_features`` numbers."""
        if len(values) != self.n_features:
            raise other_width(len(values), self.n_features)
        seen: Sequence[float] | None = values if self._prepared is None else self._prepared.row(values)
        if seen is None:
            return nan
        if self._single:
            seen = array("f", seen).tolist()
        if sum(seen) * 0.0 != 0.0:  # NaN or infinity somewhere
            return self._unusual(seen)
        total = self._start
        for node in self._roots:
            while node.__class__ is tuple:
                feature, threshold, left, right, _ = node
                node = left if seen[feature] <= threshold else right
            total += node
        return self._link(total / self._share)

    def rounding(self, values: Sequence[float]) -> float:
        """The most by which a row's prediction may differ from the library's; mostly 0."""
        head = self.head
        if head.link != "exp" and not head.any_order:
            return 0.0
        score = self.score(values)
        trees = len(self.nodes.roots)
        before = trees * 2.0**-52 * max(map(abs, self.nodes.number)) if head.any_order else 0.0
        return rounding_after(head.link, score, before)

    @property
    def unexplained(self) -> str:
        """Why ``contributions`` has nothing to say; empty where it has."""
        if not self.nodes.cover:
            return "this release does not hold how many rows came to each node; release its run again"
        if self._paths.terms > _MOST:
            return "its trees have too many leaves to be explained within a request"
        return ""

    def contributions(self, values: Sequence[float]) -> list[float]:
        """What each feature of one row adds to the raw score, and last what all rows begin with.

        They sum to the raw score, before the link function: for boosted probabilities the log-odds,
        for a forest's the probability itself. NaN where the library refuses the row.
        """
        score = self.score(values)
        if isnan(score):
            return [nan] * (self.n_features + 1)
        seen = np.array([values if self._prepared is None else self._prepared.row(values)], dtype=np.float64)
        seen = self._rounded(seen)
        feature = np.maximum(np.asarray(self.nodes.feature), 0)
        with np.errstate(all="ignore"):
            goes_left = self._goes_left(seen[0][feature], np.arange(len(feature)), missing=True)
        added, base = self._paths.added(goes_left)
        scale = (2.0 if self.head.link == "logistic-of-twice" else 1.0) / self.head.share
        return [*(added * scale).tolist(), (self.head.start + base) * scale]

    @cached_property
    def _paths(self) -> Paths:
        form = self.head.preparation
        columns = range(self.n_features) if form is None else [one.source for one in form.columns]
        return Paths(self.nodes, columns, self.n_features)

    def _unusual(self, seen: Sequence[float]) -> float:
        """Predict a row that may hold NaN or infinity."""
        head = self.head
        for value in seen:
            if (isinf(value) and not head.infinite) or (value != value and not head.missing):
                return nan
        total = head.start
        for node in self._roots:
            while node.__class__ is tuple:
                feature, threshold, left, right, missing = node
                value = seen[feature]
                node = left if value <= threshold else missing if value != value else right
            total += node
        return self._link(total / head.share)

    def _asked(self, matrix: "Array") -> "Array":
        step = max(_BLOCK // len(self.nodes.roots), 1)
        blocks = [self._block(matrix[start : start + step]) for start in range(0, len(matrix), step)]
        return np.concatenate(blocks) if blocks else np.empty(0)

    def _block(self, matrix: "Array") -> "Array":
        head = self.head
        none = np.zeros(len(matrix), dtype=bool)
        seen, refused = (matrix, none) if self._prepared is None else self._prepared.matrix(matrix)
        seen = self._rounded(seen)
        if not head.infinite:
            refused = refused | np.isinf(seen).any(axis=1)
        if not head.missing:
            refused = refused | np.isnan(seen).any(axis=1)
        total = np.full(len(seen), head.start)
        for numbers in self._leaves(seen):
            total += numbers
        total /= head.share
        if head.link != "identity":
            total = np.array(list(map(self._link, total.tolist())))
        total[refused] = np.nan
        return total

    def _rounded(self, seen: "Array") -> "Array":
        """Numbers as the trees see them."""
        if not self.head.single:
            return seen
        with np.errstate(all="ignore"):  # what is too large is infinite, looked for later; whoever set seterr
            return seen.astype(np.float32).astype(np.float64)

    def _goes_left(self, values: "Array", here: Any, *, missing: bool) -> Any:
        """Whether each of the values goes left at the node in its place; ``missing``: some may be NaN."""
        _, number, _, _, missing_left = _arrays(self.nodes)
        goes_left = values <= number[here]
        if self.nodes.chosen:
            self._by_category(goes_left, values, here)
        if missing:
            goes_left |= np.isnan(values) & (missing_left[here] > 0)
        return goes_left

    def _by_category(self, goes_left: Any, values: "Array", here: Any) -> None:
        """Set where those go who are at a node that asks for a category."""
        chosen = np.asarray(self.nodes.chosen)[here]
        asked = np.flatnonzero(chosen >= 0)
        codes = values[asked]
        known = (codes >= 0) & (codes < CODES) & (codes == np.trunc(codes))
        table = np.asarray(self.nodes.categories).reshape(-1, CODES)
        goes_left[asked] = known & (table[chosen[asked], np.where(known, codes, 0.0).astype(np.intp)] > 0)

    def _leaves(self, seen: "Array") -> "Array":
        """The number of the leaf that each row comes to, ``(n_trees, n_rows)``."""
        feature, number, left, right, _ = _arrays(self.nodes)
        width = seen.shape[1]
        flat = np.ascontiguousarray(seen).ravel()
        rows = len(seen)
        at = np.repeat(np.asarray(self.nodes.roots), rows)
        first = np.tile(np.arange(rows) * width, len(self.nodes.roots))
        missing = bool(np.isnan(flat).any())
        walking = np.flatnonzero(feature[at] >= 0)
        while len(walking):
            here = at[walking]
            goes_left = self._goes_left(flat[first[walking] + feature[here]], here, missing=missing)
            here = np.where(goes_left, left[here], right[here])
            at[walking] = here
            walking = walking[feature[here] >= 0]
        leaves: Array = number[at].reshape(-1, rows)
        return leaves


def _arrays(nodes: Nodes) -> "tuple[Any, ...]":
    every = (nodes.feature, nodes.number, nodes.left, nodes.right, nodes.missing_left)
    return tuple(np.asarray(one) for one in every)


class _Among:
    """The categories that go left, where others have a threshold: ``value <= _Among`` asks it."""

    def __init__(self, codes: Sequence[int]) -> None:
        self._codes = frozenset(float(code) for code, left in enumerate(codes) if left)

    def __ge__(self, value: float) -> bool:
        return value in self._codes


def _nested(nodes: Nodes) -> list[_Node]:
    """The roots, each holding its tree: following a reference is what Python does fastest."""
    made: list[_Node] = [None] * len(nodes.feature)
    chosen = [
        _Among(nodes.categories[start : start + CODES]) for start in range(0, len(nodes.categories), CODES)
    ]
    for place in range(len(made) - 1, -1, -1):
        feature = nodes.feature[place]
        asks = nodes.chosen[place] if chosen else -1
        number = nodes.number[place] if asks < 0 else chosen[asks]
        if feature < 0:
            made[place] = number
        else:
            left, right = made[nodes.left[place]], made[nodes.right[place]]
            made[place] = (feature, number, left, right, left if nodes.missing_left[place] else right)
    return [made[root] for root in nodes.roots]


def fit_together(head: TreesHead, nodes: Nodes) -> bool:
    """Whether a form can be asked: every node leads to those after it, by features that are there."""
    size, form = len(nodes.feature), head.preparation
    width = head.width if form is None else len(form.columns)
    parts = (nodes.number, nodes.left, nodes.right, nodes.missing_left)
    optional = (nodes.cover, nodes.chosen)
    sets, more = divmod(len(nodes.categories), CODES)
    if any(len(part) not in (0, size) for part in optional) or more or (sets and not nodes.chosen):
        return False
    if any(not -1 <= place < sets for place in nodes.chosen) or not all(0 <= n < inf for n in nodes.cover):
        return False
    if any(len(part) != size for part in parts) or head.link not in LINKS or head.share < 1:
        return False
    if form is not None and not (form.fits and form.width == head.width):
        return False
    return (
        len(nodes.roots) > 0
        and all(0 <= root < size for root in nodes.roots)
        and all(
            feature < 0 or (feature < width and place < left < size and place < right < size)
            for place, (feature, left, right) in enumerate(
                zip(nodes.feature, nodes.left, nodes.right, strict=True)
            )
        )
        and all(-inf <= number <= inf for number in nodes.number)
    )
