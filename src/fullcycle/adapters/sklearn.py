"""scikit-learn estimators, and those of LightGBM and XGBoost that speak its language.

Stored in the format of skops: the tree of an estimator's attributes as JSON, its arrays as
NumPy files, its boosters in their native form. Loading it makes objects of the classes that
it names, so only classes of the libraries themselves are allowed. skops names parts by
where they were in memory; they are numbered here, so that equal estimators give equal bytes.
Needs ``pip install fullcycle[sklearn]``.
"""

import io
import json
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt
import skops.io
from sklearn.base import BaseEstimator, is_classifier

from fullcycle.adapters.arrays import written
from fullcycle.adapters.matrices import require_features
from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record import unreadable

Array = npt.NDArray[np.float64]

_TRUSTED = ("sklearn", "numpy", "scipy", "lightgbm", "xgboost", "collections")
_SCHEMA = "schema.json"
_SHARED = ("ObjectNode", "NdArrayNode", "DictNode", "ListNode", "ReduceNode", "TreeNode")
"""What two attributes may hold together, and one of them change; of all else, who shares it means nothing."""


class EstimatorCodec:
    """Stores an estimator of scikit-learn, LightGBM or XGBoost, pipelines of them too; never a pickle."""

    name = "sklearn-skops@1"
    suffix = ".skops"

    def matches(self, value: object) -> bool:
        """Whether it is an estimator."""
        return isinstance(value, BaseEstimator)

    def encode(self, value: Any) -> bytes:
        """The estimator as skops writes it.

        Raises:
            Invalid: where it holds what none of those libraries defines, such as a function of the user's.
        """
        try:
            dumped = skops.io.dumps(value)
        except (TypeError, skops.io.exceptions.UnsupportedTypeException) as error:
            raise _refused(value, f"holds what cannot be stored: {str(error)[:200]}") from error
        foreign = [name for name in skops.io.get_untrusted_types(data=dumped) if not _is_trusted(name)]
        if foreign:
            raise _refused(value, f"holds {', '.join(foreign[:3])}, which is not one of scikit-learn's own")
        return _repeatable(dumped)

    def decode(self, data: bytes) -> Any:
        """Read an estimator; nothing but classes of those libraries is loaded.

        Raises:
            Damaged: where the bytes are none, or name other classes.
        """
        try:
            names = [name for name in skops.io.get_untrusted_types(data=data) if _is_trusted(name)]
            return skops.io.loads(data, trusted=names)
        except Exception as error:
            raise unreadable("an estimator", f"{type(error).__name__}: {error}") from error

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of its attributes and arrays; the version of skops counts not."""
        with zipfile.ZipFile(io.BytesIO(data)) as stored:
            schema = json.loads(stored.read(_SCHEMA))
            schema.pop("_skops_version", None)
            arrays = [stored.read(name) for name in stored.namelist() if name != _SCHEMA]
        return digest_parts(self.name, [json.dumps(schema).encode(), *arrays])


class EstimatorModel:
    """An estimator as evaluation asks it: a classifier gives the probability of its second class."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def predict(self, matrix: Array, /) -> Array:
        """Predictions ``(n_rows,)`` for ``(n_rows, n_features)``.

        Raises:
            Invalid: where it learnt from other features, or gives several numbers for a row.
        """
        _require_width(self._estimator, matrix)
        if len(matrix) == 0:
            return np.empty(0)
        estimator: Any = self._estimator
        given = estimator.predict_proba(matrix) if is_classifier(estimator) else estimator.predict(matrix)
        found = np.asarray(given, dtype=np.float64)
        if is_classifier(estimator) and found.ndim == 2 and found.shape[1] == 2:
            return found[:, 1]
        if found.ndim != 1:
            raise Invalid(
                f"a {type(estimator).__name__} gives {found.shape[1]} numbers for a row, a score needs one",
                "scikit-learn",
                "train for two classes, or one model per class",
            )
        return found


class LinearModel(EstimatorModel):
    """A linear model, explained exactly against the mean of the rows that are explained."""

    def shap(self, matrix: Array, /) -> Array:
        """SHAP values ``(n_rows, n_features + 1)`` of the linear output, the mean output last.

        With features taken as independent, what a feature adds is its coefficient times how
        far it is from its mean.

        Source: Lundberg & Lee, "A unified approach to interpreting model predictions", 2017, corollary 1.
        """
        _require_width(self._estimator, matrix)
        weights = np.asarray(self._estimator.coef_, dtype=np.float64).reshape(-1)
        intercept = float(np.asarray(self._estimator.intercept_).reshape(-1)[0])
        middle = matrix.mean(axis=0) if len(matrix) else np.zeros(len(weights))
        base = np.full((len(matrix), 1), middle @ weights + intercept)
        return np.hstack([(matrix - middle) * weights, base])


def estimator_model(estimator: Any) -> EstimatorModel:
    """An estimator as it can be asked; with ``shap`` where that is exact and cheap."""
    coefficients = np.shape(getattr(estimator, "coef_", ()))
    one_output = len(coefficients) == 1 or coefficients[:1] == (1,)
    explained = type(estimator).__module__.startswith("sklearn.linear_model.") and one_output
    return LinearModel(estimator) if explained else EstimatorModel(estimator)


def _require_width(estimator: Any, matrix: Array) -> None:
    learnt = getattr(estimator, "n_features_in_", None)  # not every estimator says
    require_features(matrix, matrix.shape[-1] if learnt is None else learnt, "scikit-learn")


def _is_trusted(name: str) -> bool:
    return name.partition(".")[0] in _TRUSTED


def _refused(value: object, why: str) -> Invalid:
    return Invalid(
        f"a {type(value).__name__} {why}",
        "storing an artifact",
        "build it of the libraries' own estimators and functions; or teach the store its type with "
        "fc.codec; or annotate the step -> fc.Pickled[…], which no service loads",
    )


def _repeatable(dumped: bytes) -> bytes:
    """The same archive with its parts numbered in the order in which they are met, and no times."""
    numbers: dict[Any, int] = {}
    with zipfile.ZipFile(io.BytesIO(dumped)) as source:
        schema = json.loads(source.read(_SCHEMA))
        files: dict[str, str] = {}
        numbered = _numbered(schema, numbers, files)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            for old, new in files.items():
                target.writestr(zipfile.ZipInfo(new), _repeatable_file(old, source.read(old)))
            target.writestr(zipfile.ZipInfo(_SCHEMA), json.dumps(numbered))
    return buffer.getvalue()


def _repeatable_file(name: str, data: bytes) -> bytes:
    """An array of a tree's nodes without what is left over in memory between their fields."""
    if not name.endswith(".npy"):
        return data
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.names is None:
        return data
    if {"left_child", "missing_go_to_left"} <= set(array.dtype.names):
        array["missing_go_to_left"][array["left_child"] < 0] = 0  # of leaves, where it is never set
    return written(array)


def _numbered(node: Any, numbers: dict[Any, int], files: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_numbered(part, numbers, files) for part in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, part in node.items():
        if key == "__id__":
            if node.get("__loader__") in _SHARED:
                found[key] = numbers.setdefault(part, len(numbers) + 1)
        elif key == "file" and isinstance(part, str) and "__loader__" in node:
            suffix = part.rpartition(".")[2]
            found[key] = files.setdefault(part, f"{len(files)}.{suffix}")
        elif key == "content" and node.get("__loader__") == "SetNode":
            parts = [_numbered(each, numbers, files) for each in part]
            found[key] = sorted(parts, key=lambda each: json.dumps(each))
        else:
            found[key] = _numbered(part, numbers, files)
    return found
