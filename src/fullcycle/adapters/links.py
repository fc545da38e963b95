"""From what a model adds up to what it predicts, one number at a time: the same bits, however many.

NumPy's own functions over arrays may round differently from those of the C library, by the
processor they find; these are the C library's.
"""

import math
from collections.abc import Callable

_ULP = 2.0**-52


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + _exp(-x))


LINKS: dict[str, Callable[[float], float]] = {
    "identity": lambda x: x,
    "logistic": _logistic,
    "logistic-of-twice": lambda x: _logistic(2.0 * x),
    "exp": _exp,
}


def rounding_after(link: str, prediction: float, before: float) -> float:
    """How much a prediction may be off, where what went into its link is off by at most ``before``."""
    if link == "identity":
        return before
    if link.startswith("logistic"):
        return before / 2 + 4 * _ULP * prediction  # its slope is at most a quarter, of twice a half
    return prediction * (_exp(before) - 1 + 4 * _ULP)
