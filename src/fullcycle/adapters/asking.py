"""What predictors have in common: rows of the right width, and matrices that are asked in parts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fullcycle.kernel import Invalid, later

if TYPE_CHECKING:
    from array import array

    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is answered without it

_ALONE = 4_096  # rows that are not worth another thread


def other_width(given: int, expected: int) -> Invalid:
    """The error of a row that is not of the model's features."""
    return Invalid(
        f"{given} features were given to a model of {expected}",
        "the stored model",
        "ask it with the features it was trained on",
    )


def several_outputs(outputs: int) -> Invalid:
    """The error of a model that gives more than a service asks for."""
    return Invalid(
        f"the model gives {outputs} numbers for a row, a service asks for one",
        "the stored model",
        "train one model per class: annotate the step's input fc.Each over the classes",
    )


def matrix_of(rows: Any, width: int) -> "Array":
    """A float64 matrix ``(n_rows, width)``, row by row in memory; not copied where it is one.

    Raises:
        Invalid: where a row is of another width.
    """
    if isinstance(rows, Sequence) and not isinstance(rows, memoryview):
        for row in rows:
            if len(row) != width:
                raise other_width(len(row), width)
        return np.array(rows, dtype=np.float64).reshape(len(rows), width)
    matrix = np.ascontiguousarray(rows, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != width:
        raise other_width(matrix.shape[-1] if matrix.ndim else 0, width)
    return matrix


def in_parts(ask: Callable[["Array"], "Array"], matrix: "Array", threads: int) -> "Array":
    """Ask for a matrix's rows, in that many threads where there are enough of them."""
    threads = min(threads, len(matrix) // _ALONE)
    if threads < 2:
        return ask(matrix)
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(ask, np.array_split(matrix, threads))))


class ByMatrix(ABC):
    """A predictor whose many rows are asked as a matrix: ``_asked`` has to predict one."""

    n_features: int

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Predict ``(n_rows, n_features)`` numbers."""
        found: list[float] = self.scores_of(rows).tolist() if len(rows) else []
        return found

    def scores_flat(self, values: "array[float]") -> Sequence[float]:
        """Predict rows whose ``n_features`` numbers each follow each other."""
        found: list[float] = self.scores_of(np.frombuffer(values).reshape(-1, self.n_features)).tolist()
        return found

    def scores_of(self, matrix: Any, *, threads: int = 1) -> "Array":
        """Predict ``(n_rows,)`` from a float64 matrix, or buffer, of ``(n_rows, n_features)``."""
        return in_parts(self._asked, matrix_of(matrix, self.n_features), threads)

    @abstractmethod
    def _asked(self, matrix: "Array") -> "Array":
        """What the model itself says of a part of the rows, ``(n_rows,)`` of ``(n_rows, n_features)``."""
