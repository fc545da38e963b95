"""scikit-learn's trees as nodes of our own form."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.adapters.trees_native import CODES, Nodes

_LEAF = -1
_Parts = dict[str, npt.NDArray[Any]]  # of one tree, its root first


def of_tree(tree: Any, column: int = 0, *, scale: float = 1.0) -> _Parts:
    """A ``sklearn.tree`` tree; its leaves hold the number of a class, ``scale`` times."""
    leaf = tree.children_left == _LEAF
    missing = tree.missing_go_to_left if hasattr(tree, "missing_go_to_left") else np.zeros(len(leaf))
    return _parts(
        leaf,
        np.where(leaf, _LEAF, tree.feature),
        np.where(leaf, scale * tree.value[:, 0, column], tree.threshold),
        tree.children_left,
        tree.children_right,
        missing,
        tree.weighted_n_node_samples,
    )


def of_histograms(predictor: Any, known: Any, rows: Any) -> _Parts:
    """A tree of ``HistGradientBoosting``: its nodes as records, its categories as sets of bits.

    ``known`` holds the categories of each feature that has some, ``rows`` which of them a
    feature's are. A category that was not known goes where a missing value goes.
    """
    nodes = predictor.nodes
    leaf = nodes["is_leaf"] > 0
    parts = _parts(
        leaf,
        np.where(leaf, _LEAF, nodes["feature_idx"]),
        np.where(leaf, nodes["value"], nodes["num_threshold"]),
        nodes["left"],
        nodes["right"],
        nodes["missing_go_to_left"],
        nodes["count"],
    )
    asks = np.flatnonzero(~leaf & (nodes["is_categorical"] > 0))
    left = _bits(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][asks]])
    unknown = ~_bits(known[rows[nodes["feature_idx"][asks]]]) & (nodes["missing_go_to_left"][asks, None] > 0)
    parts["chosen"][asks] = np.arange(len(asks))
    return {**parts, "categories": left | unknown}


def joined_nodes(trees: Sequence[_Parts]) -> Nodes:
    """The nodes of all trees, one after the other."""
    sizes = [len(one["feature"]) for one in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    moved = [
        {**one, "left": one["left"] + root * inner, "right": one["right"] + root * inner}
        for one, root in zip(trees, roots, strict=True)
        for inner in [one["feature"] >= 0]
    ]
    sets = np.cumsum([0, *(len(one["categories"]) for one in trees[:-1])])
    moved = [
        {**one, "chosen": np.where(one["chosen"] >= 0, one["chosen"] + before, -1)}
        for one, before in zip(moved, sets, strict=True)
    ]
    every = {name: np.concatenate([one[name] for one in moved]) for name in moved[0]}
    categorical = len(every["categories"]) > 0
    return Nodes(
        roots=_array("i", roots, np.int32),
        feature=_array("i", every["feature"], np.int32),
        number=_array("d", every["number"], np.float64),
        left=_array("i", every["left"], np.int32),
        right=_array("i", every["right"], np.int32),
        missing_left=_array("B", every["missing_left"], np.uint8),
        cover=_array("d", every["cover"], np.float64),
        chosen=_array("i", every["chosen"] if categorical else [], np.int32),
        categories=_array("B", every["categories"], np.uint8),
    )


def _parts(
    leaf: Any, feature: Any, number: Any, left: Any, right: Any, missing_left: Any, cover: Any
) -> _Parts:
    return {
        "feature": np.asarray(feature, dtype=np.int64),
        "number": np.asarray(number, dtype=np.float64),
        "left": np.where(leaf, 0, left).astype(np.int64),
        "right": np.where(leaf, 0, right).astype(np.int64),
        "missing_left": np.where(leaf, 0, missing_left).astype(np.uint8),
        "cover": np.asarray(cover, dtype=np.float64),
        "chosen": np.full(len(leaf), -1),
        "categories": np.zeros((0, CODES), dtype=bool),
    }


def _bits(sets: Any) -> Any:
    """Sets of bits, 32 in a number, as truths ``(n_sets, CODES)``."""
    numbers = np.asarray(sets, dtype=np.uint32).reshape(-1, CODES // 32)
    return ((numbers[:, :, None] >> np.arange(32, dtype=np.uint32)) & 1).reshape(-1, CODES).astype(bool)


def _array(kind: str, values: Any, dtype: Any) -> "array[Any]":
    return array(kind, np.asarray(values).astype(dtype).tobytes())
