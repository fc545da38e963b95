"""Are predictions right on average? Rows of similar predictions beside what came true."""

from statistics import NormalDist
from typing import TYPE_CHECKING

from fullcycle.evaluate.bootstrap import Array
from fullcycle.evaluate.evaluation import Bin
from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

_Z = NormalDist().inv_cdf(0.975)


def bins(y: Array, predicted: Array, weight: Array, *, count: int = 10) -> list[Bin]:
    """Divide rows into ``count`` parts of nearly equal size by their prediction, ties together.

    A label of 0 and 1 gets the Wilson interval of a share (Wilson, JASA 1927), any other
    the normal interval of a mean. With weights, n is the effective number of rows (Kish,
    "Survey Sampling", 1965, section 11.2).
    """
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, count + 1)[1:-1]))
    code = np.searchsorted(edges, predicted, side="left")
    parts = [np.flatnonzero(code == number) for number in range(len(edges) + 1)]
    return [_bin(y[part], predicted[part], weight[part], binary) for part in parts if weight[part].any()]


def _bin(y: Array, predicted: Array, weight: Array, binary: bool) -> Bin:
    n = weight.sum() ** 2 / (weight**2).sum()
    observed = float(np.average(y, weights=weight))
    if binary:
        middle = (observed + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(observed * (1 - observed) / n + _Z**2 / (4 * n**2))
    else:
        middle = observed
        variance = np.average((y - observed) ** 2, weights=weight) * n / max(n - 1, 1)
        half = _Z * np.sqrt(variance / n)
    return Bin(
        rows=len(y),
        predicted=float(np.average(predicted, weights=weight)),
        observed=observed,
        low=min(float(middle - half), observed),  # rounding only
        high=max(float(middle + half), observed),
    )
