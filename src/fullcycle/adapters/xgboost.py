"""XGBoost: boosters stored in its own binary JSON, asked in batches, explained exactly.

Needs ``pip install fullcycle[xgboost]``. Its estimators are stored with scikit-learn's.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from fullcycle.adapters.matrices import require_features
from fullcycle.kernel import Digest, Invalid, digest_bytes, digest_parts
from fullcycle.record import joined, parted, unreadable

Array = npt.NDArray[np.float64]


class XGBoostCodec:
    """Stores an ``xgboost.Booster`` as the UBJSON that XGBoost itself writes; never a pickle."""

    name = "xgboost-ubj@1"
    suffix = ".ubj"

    def matches(self, value: object) -> bool:
        """Whether it is a booster."""
        return isinstance(value, xgb.Booster)

    def encode(self, value: Any) -> bytes:
        """A digest, and the model with its features' names and its attributes."""
        model = bytes(value.save_raw("ubj"))
        return joined([digest_bytes(model).encode(), model])

    def decode(self, data: bytes) -> Any:
        """Read a model.

        Raises:
            Damaged: where XGBoost cannot read it.
        """
        digest, model = parted(data, 2, "an XGBoost model")
        if digest_bytes(model).encode() != digest:  # XGBoost's reader may end the process over it
            raise unreadable("an XGBoost model", "other bytes than were written")
        try:
            return xgb.Booster(model_file=bytearray(model))
        except (xgb.core.XGBoostError, ValueError, TypeError) as error:
            raise unreadable("an XGBoost model", error) from error

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the model as it is written."""
        return digest_parts(self.name, [data])


def asked_booster(model: Any) -> Any:
    """The booster of an estimator, of those trees that it is asked with."""
    booster = model.get_booster()
    best = getattr(booster, "best_iteration", None) if model.early_stopping_rounds else None
    return booster if best is None else booster[: best + 1]


class XGBoostModel:
    """A booster, or an estimator's, as evaluation asks it: float64 matrices in, one number per row out."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def of(cls, model: Any) -> "XGBoostModel":
        """The booster itself, or that of an estimator, up to its best iteration where it stopped early."""
        return cls(model if isinstance(model, xgb.Booster) else asked_booster(model))

    def predict(self, matrix: Array, /) -> Array:
        """Predictions ``(n_rows,)`` in the model's own output, for ``(n_rows, n_features)``."""
        return self._asked(matrix)

    def shap(self, matrix: Array, /) -> Array:
        """Exact TreeSHAP values ``(n_rows, n_features + 1)`` of the raw output, the expected value last.

        Source: Lundberg et al., "From local explanations to global understanding with
        explainable AI for trees", Nature Machine Intelligence 2, 2020.
        """
        return self._asked(matrix, pred_contribs=True)

    def _asked(self, matrix: Array, **options: Any) -> Array:
        features = self._booster.num_features()
        require_features(matrix, features, "XGBoost")
        if len(matrix) == 0:
            return np.empty((0, features + 1) if options else 0)
        rows = xgb.DMatrix(
            matrix, feature_names=self._booster.feature_names, feature_types=self._booster.feature_types
        )
        found = self._booster.predict(rows, **options)
        if found.ndim != (2 if options else 1):
            raise Invalid(
                "the model gives several numbers for a row, a score needs one",
                "XGBoost",
                "train for two classes, or one model per class",
            )
        return np.asarray(found, dtype=np.float64)
