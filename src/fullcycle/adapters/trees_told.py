"""scikit-learn's trees as nodes of our own form."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.adapters.trees_native import Nodes

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
    )


def of_histograms(nodes: Any) -> _Parts:
    """A tree of ``HistGradientBoosting``: its nodes as records."""
    leaf = nodes["is_leaf"] > 0
    return _parts(
        leaf,
        np.where(leaf, _LEAF, nodes["feature_idx"]),
        np.where(leaf, nodes["value"], nodes["num_threshold"]),
        nodes["left"],
        nodes["right"],
        nodes["missing_go_to_left"],
    )


def joined_nodes(trees: Sequence[_Parts]) -> Nodes:
    """The nodes of all trees, one after the other."""
    sizes = [len(one["feature"]) for one in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    moved = [
        {**one, "left": one["left"] + root * inner, "right": one["right"] + root * inner}
        for one, root in zip(trees, roots, strict=True)
        for inner in [one["feature"] >= 0]
    ]
    every = {name: np.concatenate([one[name] for one in moved]) for name in moved[0]}
    return Nodes(
        roots=_array("i", roots, np.int32),
        feature=_array("i", every["feature"], np.int32),
        number=_array("d", every["number"], np.float64),
        left=_array("i", every["left"], np.int32),
        right=_array("i", every["right"], np.int32),
        missing_left=_array("B", every["missing_left"], np.uint8),
    )


def _parts(leaf: Any, feature: Any, number: Any, left: Any, right: Any, missing_left: Any) -> _Parts:
    return {
        "feature": np.asarray(feature, dtype=np.int64),
        "number": np.asarray(number, dtype=np.float64),
        "left": np.where(leaf, 0, left).astype(np.int64),
        "right": np.where(leaf, 0, right).astype(np.int64),
        "missing_left": np.where(leaf, 0, missing_left).astype(np.uint8),
    }


def _array(kind: str, values: Any, dtype: Any) -> "array[Any]":
    return array(kind, np.asarray(values).astype(dtype).tobytes())
