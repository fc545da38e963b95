"""Models of scikit-learn on a made-up table, and what the library itself says of them."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fullcycle as fc
from fullcycle.adapters.linear_native import LinearCodec, LinearPredictor
from fullcycle.adapters.sklearn import estimator_model
from fullcycle.adapters.sklearn_served import told
from fullcycle.adapters.trees_codec import TreesCodec

WIDTH = 5
FEW = {"n_estimators": 7, "random_state": 0}
CATEGORICAL = [
    HistGradientBoostingRegressor(max_iter=15, categorical_features=[2, 3], random_state=0),
    HistGradientBoostingRegressor(max_iter=9, categorical_features=[2, 3], loss="poisson", random_state=0),
    HistGradientBoostingClassifier(max_iter=9, categorical_features=[4, 3], random_state=0),
    HistGradientBoostingRegressor(
        max_iter=30, categorical_features=[3], early_stopping=True, n_iter_no_change=3, random_state=0
    ),
    make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=9, categorical_features=[2, 3])),
]


def table(rows: int, seed: int = 0, *, missing: bool = False) -> np.ndarray:
    """Two numbers, one of them large, a code of four, a count and a flag."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [
            rng.normal(size=rows),
            rng.exponential(1e4, rows),
            rng.integers(0, 4, rows),
            rng.integers(0, 30, rows),
            rng.integers(0, 2, rows),
        ]
    ).astype(np.float64)
    if missing:
        x[rng.random(x.shape) < 0.1] = np.nan
    return x


def outcome(x: np.ndarray) -> np.ndarray:
    """Positive, and all features count."""
    x = np.nan_to_num(x)
    return np.exp(0.4 * x[:, 0] + 2e-5 * x[:, 1] + 0.2 * (x[:, 2] == 2) - 0.02 * x[:, 3] * x[:, 4])


def fitted(estimator, *, missing: bool = False):
    x = table(600, missing=missing)
    y = outcome(x)
    is_classifier = getattr(estimator, "_estimator_type", None) == "classifier" or "Classifier" in repr(
        estimator
    )
    binary = is_classifier or "Logistic" in repr(estimator)
    return estimator.fit(x, (y > np.median(y)).astype(int) if binary else y)


def library(estimator, x: np.ndarray) -> list[float]:
    """What the library says of each row, NaN where it refuses it."""
    model = estimator_model(estimator)
    try:
        with np.errstate(all="ignore"):  # it looks for infinity by adding
            return model.predict(x).tolist()
    except ValueError:
        if len(x) == 1:
            return [float("nan")]
        return [one for row in x for one in library(estimator, row[None])]


def same(estimator, *matrices: np.ndarray) -> None:
    predictor = told(estimator, "flow.py:1")
    codec = LinearCodec() if isinstance(predictor, LinearPredictor) else TreesCodec()
    for x in matrices:
        fc.testing.same_predictions(codec.decode(codec.encode(predictor)), x, library(estimator, x))


def kind(estimator) -> str:
    return " ".join(repr(estimator).split())[:60]
