"""A released model behind the one method that a service knows of it: ``predict``."""

from array import array
from collections.abc import Callable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, overload, runtime_checkable

from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@runtime_checkable
class Predictor(Protocol):
    """A model as its library has it, asked by encoded rows of ``n_features`` numbers.

    A row gives the same bits alone, among others and in any thread. Where the library would
    refuse a row's numbers, such as a missing value where it learnt of none, it gives NaN.
    """

    n_features: int

    def score(self, values: Sequence[float]) -> float:
        """Predict one row."""
        ...

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Predict ``(n_rows, n_features)`` numbers in one call."""
        ...


@runtime_checkable
class MatrixPredictor(Predictor, Protocol):
    """A ``Predictor`` that takes a table's worth of rows at once."""

    def scores_of(self, matrix: Any, *, threads: int = 1) -> "npt.NDArray[np.float64]":
        """Predict ``(n_rows,)`` from a float64 matrix, or buffer, of ``(n_rows, n_features)``."""
        ...


@runtime_checkable
class Rounding(Protocol):
    """A predictor that adds in another order than its library does, and so may round otherwise."""

    def rounding(self, values: Sequence[float]) -> float:
        """The most by which this row's prediction may differ from the library's own."""
        ...


@runtime_checkable
class FlatPredictor(Protocol):
    """A ``Predictor`` that takes the numbers of many rows as one buffer, which spares a list for each."""

    def scores_flat(self, values: "array[float]") -> Sequence[float]:
        """Predict rows whose numbers follow each other, the same as ``scores``."""
        ...


def scores_of(predictor: Predictor, values: "array[float]") -> Sequence[float]:
    """Predict rows whose numbers follow each other in ``values``, in one call."""
    if isinstance(predictor, FlatPredictor):
        return predictor.scores_flat(values)
    width = predictor.n_features
    if isinstance(predictor, MatrixPredictor):
        matrix = memoryview(values).cast("B").cast("d", (len(values) // width, width))
        found: list[float] = predictor.scores_of(matrix).tolist()
        return found
    return predictor.scores([values[start : start + width] for start in range(0, len(values), width)])


class NoNumber(Invalid):
    """A model's prediction is NaN or infinite; ``step`` names the model."""

    def __init__(self, what: str, where: str, mend: str, step: str) -> None:
        super().__init__(what, where, mend)
        self.args = (what, where, mend, step)
        self.step = step


Encoder = Callable[[Any], list[float]]
"""Turns a row of features into the numbers that a model sees."""


class ReleasedModel:
    """A ``Model[X]``: rows of features in, predictions out.

    A prediction that is no finite number is the model's failure, never an answer.
    """

    def __init__(self, step: str, encode: Encoder, predictor: Predictor) -> None:
        self.step = step
        self.encode = encode
        self.predictor = predictor
        self._score = predictor.score
        self._scores = predictor.scores

    @overload
    def predict(self, x: Sequence[Any], /) -> list[float]: ...
    @overload
    def predict(self, x: Any, /) -> float: ...
    def predict(self, x: Any, /) -> float | list[float]:
        """Predict one row, or each of many in one call.

        Raises:
            NoNumber: where the model gives NaN or infinity.
        """
        if isinstance(x, (list, tuple)):
            predictions = self._scores([self.encode(row) for row in x])
            for prediction in predictions:
                if not isfinite(prediction):
                    raise self.no_number(prediction)
            return predictions
        prediction = self._score(self.encode(x))
        if not isfinite(prediction):
            raise self.no_number(prediction)
        return prediction

    def no_number(self, prediction: float) -> NoNumber:
        """What a prediction that is no finite number raises."""
        return NoNumber(
            f"model {self.step} predicted {prediction}",
            f"step {self.step} of the release's run",
            "see what it was trained on: fullcycle show",
            self.step,
        )
