"""What evaluation asks of a model, of its features and of the step that declares both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from fullcycle.data import Row
from fullcycle.evaluate.bootstrap import Array


class BatchPredictor(Protocol):
    """A model, asked for many rows at once."""

    def predict(self, matrix: Array, /) -> Array:
        """Predictions ``(n_rows,)`` for features ``(n_rows, n_features)``."""
        ...


class Explainer(Protocol):
    """A model that can say what each feature added to a prediction."""

    def shap(self, matrix: Array, /) -> Array:
        """Exact SHAP values ``(n_rows, n_features + 1)``, the last column the expected prediction."""
        ...


class Features(Protocol):
    """A feature set: what the model sees of a row."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the matrix."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The type of each parameter, by its name."""
        ...

    @property
    def row(self) -> type[Row]:
        """The type of one row of features."""
        ...

    def matrix(self, frame: pl.DataFrame, /) -> Array:
        """Float64, shape ``(n_rows, n_features)``."""
        ...

    def over(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        """One column per field of ``row``."""
        ...


class Judged(Protocol):
    """A model step, as ``@fc.model`` declared it."""

    @property
    def features(self) -> Any:
        """Its feature set (``Features``)."""
        ...

    @property
    def score(self) -> str:
        """The name of its score."""
        ...

    @property
    def baseline(self) -> Callable[[Any], float] | None:
        """What it has to beat: a plain function of a row of features."""
        ...

    @property
    def slices(self) -> Sequence[str]:
        """The columns by which its score is broken down."""
        ...
