"""LightGBM: models stored as their own text, asked in batches, explained exactly.

Needs ``pip install fullcycle[lightgbm]``. Serving does not come here: it reads the same
text with the native library alone.
"""

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from fullcycle.adapters.matrices import require_features
from fullcycle.kernel import Damaged, Digest, digest_parts

Array = npt.NDArray[np.float64]

_END = (b"\nend of trees\n", b"\npandas_categorical:")


class BoosterCodec:
    """Stores a ``lightgbm.Booster`` as the text that LightGBM itself writes; never a pickle."""

    name = "lightgbm-text@1"
    suffix = ".lgb.txt"

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, lgb.Booster)

    def encode(self, value: lgb.Booster) -> bytes:
        """The model text, up to its best iteration where early stopping found one."""
        return value.model_to_string().encode()

    def decode(self, data: bytes) -> lgb.Booster:
        """Read a model text.

        Raises:
            Damaged: where LightGBM cannot read it.
        """
        try:
            if not all(part in data for part in _END):  # it would be read, with fewer trees
                raise lgb.basic.LightGBMError("its end is missing")
            return lgb.Booster(model_str=data.decode())
        except (lgb.basic.LightGBMError, UnicodeDecodeError) as error:
            raise Damaged(
                f"LightGBM cannot read this model: {str(error)[:200]}",
                "a model in the artifact store",
                "run the step again, with the version of LightGBM that the run's lock names",
            ) from error

    def content(self, value: lgb.Booster, data: bytes) -> Digest:
        """Digest of the model text: equal text, equal model."""
        return digest_parts("lightgbm-text@1", [data])


class LightGBMModel:
    """A booster as evaluation asks it: predictions and SHAP values of float64 matrices."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster

    def predict(self, matrix: Array, /) -> Array:
        """Predictions ``(n_rows,)`` in the model's own output, for ``(n_rows, n_features)``."""
        return self._asked(matrix, pred_contrib=False)

    def shap(self, matrix: Array, /) -> Array:
        """Exact TreeSHAP values ``(n_rows, n_features + 1)`` of the raw output, the expected value last.

        A row sums to its raw prediction.

        Source: Lundberg et al., "From local explanations to global understanding with
        explainable AI for trees", Nature Machine Intelligence 2, 2020.
        """
        return self._asked(matrix, pred_contrib=True)

    def _asked(self, matrix: Array, **options: Any) -> Array:
        features = self._booster.num_feature()
        require_features(matrix, features, "LightGBM")
        if len(matrix) == 0:
            return np.empty((0, features + 1) if options["pred_contrib"] else 0)
        return np.asarray(self._booster.predict(matrix, **options), dtype=np.float64)
