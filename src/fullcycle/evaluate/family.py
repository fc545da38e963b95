"""Several models judged, each on rows of its own: what they come to as one."""

from collections.abc import Sequence
from math import fsum, sqrt

from fullcycle.evaluate.evaluation import Measured

_NORMAL = 1.959963984540054  # half the width of a 95 % interval, in standard errors


def mean_of(scores: Sequence[Measured]) -> Measured:
    """The mean of independent estimates, each of which counts alike, with its 95 % interval.

    A single one is as it is. Estimates that err together, as of shops on the same rainy
    days, have a wider interval than this one.

    >>> mean_of([Measured(1.0, 0.0, 2.0), Measured(3.0, 2.0, 4.0)])
    Measured(value=2.0, low=1.2928932188134525, high=2.7071067811865475)
    """
    if len(scores) == 1:
        return scores[0]
    value = fsum(one.value for one in scores) / len(scores)
    errors = [(one.high - one.low) / 2 / _NORMAL for one in scores]
    half = _NORMAL * sqrt(fsum(error**2 for error in errors)) / len(scores)
    return Measured(value, value - half, value + half)
