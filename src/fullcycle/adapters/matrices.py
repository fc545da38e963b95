"""Matrices that a model is asked with."""

import numpy as np
import numpy.typing as npt

from fullcycle.kernel import Invalid


def require_features(matrix: npt.NDArray[np.float64], features: int, library: str) -> None:
    """Refuse what has not the shape ``(n_rows, features)``.

    Raises:
        Invalid: naming both.
    """
    if matrix.ndim != 2 or matrix.shape[1] != features:
        raise Invalid(
            f"the model learnt from {features} features and is asked with shape {matrix.shape}",
            library,
            "train and judge with the same feature set",
        )
