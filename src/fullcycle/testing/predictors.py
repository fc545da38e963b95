"""The contract of a predictor: what a service asks answers as its library does, however it is asked."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import TYPE_CHECKING, Any

from fullcycle.kernel import Invalid, Refused, later
from fullcycle.release.predicting import MatrixPredictor, Predictor, Rounding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")

_THREADS = 8
_EXTREMES = (nan, inf, -inf, 0.0, -0.0, 1e308, -1e308, 5e-324)


def same_predictions(
    predictor: Predictor, matrix: Any, expected: Sequence[float], *, within: float = 0.0
) -> None:
    """Hold a predictor to its contract, with rows and what their library predicts for them.

    Each row of ``matrix`` ``(n_rows, n_features)`` alone gives what is ``expected``, NaN where
    the library refuses it: bit for bit, or ``within`` as much, or as the predictor's own
    ``rounding`` says. Many rows give the same bits as one, in eight threads, too, and beside rows
    that hold NaN, infinity and the largest numbers. None give none, and rows of another width
    are refused.

    Raises:
        Refused: naming the row, and what of this is not so.

    >>> import numpy as np
    >>> import fullcycle as fc
    >>> from fullcycle.adapters.linear_native import LinearForm, LinearPredictor
    >>> halves = LinearPredictor(LinearForm(width=2, weights=(0.5, 0.5), intercept=0.0))
    >>> fc.testing.same_predictions(halves, [[1.0, 2.0], [4.0, 6.0]], [1.5, 5.0])
    """
    rows = np.array(matrix, dtype=np.float64).tolist()
    alone = [predictor.score(row) for row in rows]
    for row, found, wanted in zip(rows, alone, expected, strict=True):
        slack = max(within, predictor.rounding(row) if isinstance(predictor, Rounding) else 0.0)
        if not (_same(found, wanted) or (slack > 0 and abs(found - wanted) <= slack)):
            raise _refused(predictor, row, f"gives {found!r}, its library {float(wanted)!r}")
    with ThreadPoolExecutor(_THREADS) as pool:
        asked = rows * (1 + _THREADS * 8 // max(len(rows), 1))
        together = list(pool.map(predictor.score, asked))
    _require_alike(predictor, asked, together, alone * (len(asked) // max(len(rows), 1)), "in eight threads")
    every = [*rows, *_extremes(predictor.n_features)]
    one_by_one = [predictor.score(row) for row in every]
    for how, ask in _ways(predictor).items():
        _require_alike(predictor, every, ask(every), one_by_one, how)
        if list(ask([])):
            raise _refused(predictor, [], f"gives predictions, {how}")
        for width in (predictor.n_features - 1, predictor.n_features + 1):
            _require_refused(predictor, ask, [1.0] * width, how)
    for width in (predictor.n_features - 1, predictor.n_features + 1):
        _require_refused(predictor, lambda wrong: predictor.score(wrong[0]), [1.0] * width, "alone")


def _ways(predictor: Predictor) -> dict[str, Callable[[list[list[float]]], Sequence[float]]]:
    """How many rows can be asked, by what it is called."""
    ways: dict[str, Callable[[list[list[float]]], Sequence[float]]] = {"among others": predictor.scores}
    if isinstance(predictor, MatrixPredictor):
        width, of = predictor.n_features, predictor.scores_of
        ways["in a matrix"] = lambda rows: of(
            np.array(rows).reshape(len(rows), -1 if rows else width)
        ).tolist()
        ways["in a matrix by two threads"] = lambda rows: of(
            np.array(rows).reshape(len(rows), -1 if rows else width), threads=2
        ).tolist()
    return ways


def _extremes(width: int) -> Iterator[list[float]]:
    for number in _EXTREMES:
        yield [number] * width
        yield [number] + [1.0] * (width - 1)


def _require_alike(
    predictor: Predictor,
    rows: Sequence[Sequence[float]],
    found: Sequence[float],
    wanted: Sequence[float],
    how: str,
) -> None:
    for row, one, other in zip(rows, found, wanted, strict=True):
        if not _same(one, other):
            raise _refused(predictor, row, f"gives {one!r} {how}, and {other!r} alone")


def _require_refused(
    predictor: Predictor, ask: Callable[[list[list[float]]], Any], row: list[float], how: str
) -> None:
    try:
        ask([row])
    except Invalid:
        return
    raise _refused(predictor, row, f"is answered {how}, though the model has {predictor.n_features} features")


def _same(one: float, other: float) -> bool:
    """The same bits, any NaN like another."""
    return (one != one and other != other) or (one == other and str(one) == str(float(other)))


def _refused(predictor: Predictor, row: Sequence[float], what: str) -> Refused:
    shown = ", ".join(f"{value!r}" for value in row[:8]) + (", …" if len(row) > 8 else "")
    return Refused(
        f"the row [{shown}] {what}",
        f"the predictor {type(predictor).__name__}",
        "compute it as its library does: the same casts, comparisons and order of sums",
    )
