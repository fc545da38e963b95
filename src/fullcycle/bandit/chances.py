"""From what is known of each action to the chance that it is drawn.

Nothing here is random: the draw is, and it is a function of the decision's id.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from math import asin, ceil, erfc, exp, hypot, pi, sin, sqrt
from operator import mul, truediv

_ROOT = sqrt(0.5)
_REACH = 4.5  # standard deviations beyond which a Gaussian is taken to end
_ALIKE = 4.0  # times as wide as the narrowest: up to there points are evenly apart
_APART = 0.75  # by so many standard deviations of the narrowest
_NEAR = 3.0  # standard deviations from its mean within which an action is narrow
_FAR = 40.0  # standard deviations beyond which nothing is left of a Gaussian, to a float
_LEGENDRE = (  # points in [0, 1] and weights by which six values of a function give its integral
    (0.03376524289842397, 0.08566224618958517),
    (0.16939530676686776, 0.18038078652406930),
    (0.38069040695840156, 0.23395696728634552),
    (0.61930959304159849, 0.23395696728634552),
    (0.83060469323313224, 0.18038078652406930),
    (0.96623475710157603, 0.08566224618958517),
)


def best(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """The probability that each of independent Gaussians is the highest; they sum to 1.

    It is the integral of the product of the others' distribution functions over its own. Off by
    less than 0.001, where the actions are about as wide as each other, and of up to three, far less.

    Args:
        means: of each action.
        spreads: their standard deviations, above zero.
    """
    if len(means) == 2:
        first = _below((means[0] - means[1]) / sqrt(spreads[0] ** 2 + spreads[1] ** 2))
        return [first, 1.0 - first]
    if len(means) == 3:
        return _of_three(means, spreads)
    alike = max(spreads) <= _ALIKE * min(spreads)
    found = (_evenly if alike else _graded)(means, spreads)
    total = sum(found)
    return [chance / total for chance in found]


def highest(bounds: Sequence[float]) -> list[float]:
    """1 for the highest of upper bounds, shared where several are equal, 0 for all others.

    Source: Li, Chu, Langford & Schapire, WWW 2010, algorithm 1, line 11.
    """
    most = max(bounds)
    share = 1.0 / sum(bound == most for bound in bounds)
    return [share if bound == most else 0.0 for bound in bounds]


def floored(chances: Sequence[float], floor: float) -> list[float]:
    """Each chance raised to at least ``floor``; uniform where that is more than there is to share.

    Every action has the floor, and what is left is shared out by ``chances``.
    """
    count = len(chances)
    left = 1.0 - count * floor
    return [1.0 / count] * count if left <= 0 else [floor + left * chance for chance in chances]


def _below(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * erfc(-z * _ROOT)


def _of_three(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """An action is the best where two differences are above zero, which are Gaussian and correlated.

    That is told of the two that are known best: their differences correlate by 0.71 at most, so
    that six points are enough. The third has the rest.

    Source: Drezner & Wesolowsky, "On the computation of the bivariate normal integral", JSCS 1990.
    """
    last = spreads.index(max(spreads))
    one, other = (last + 1) % 3, (last + 2) % 3
    apart = hypot(spreads[one], spreads[other])
    found = [0.0, 0.0, 0.0]
    for this, that in ((one, other), (other, one)):
        wide = hypot(spreads[this], spreads[last])
        found[this] = _both(
            (means[this] - means[that]) / apart,
            (means[this] - means[last]) / wide,
            (spreads[this] / apart) * (spreads[this] / wide),
        )
    found[last] = max(1.0 - found[one] - found[other], 0.0)
    return found


def _both(h: float, k: float, correlation: float) -> float:
    """The probability that two standard Gaussians are below ``h`` and ``k``."""
    h, k = max(-_FAR, min(_FAR, h)), max(-_FAR, min(_FAR, k))
    angle, squares, twice = asin(correlation), h * h + k * k, 2.0 * h * k
    found = 0.0
    for point, weight in _LEGENDRE:
        sine = sin(point * angle)
        found += weight * exp((twice * sine - squares) / (2.0 - 2.0 * sine * sine))
    return _below(h) * _below(k) + found * angle / (2.0 * pi)


def _times(one: Iterable[float], other: Iterable[float]) -> list[float]:
    return list(map(mul, one, other))


def _ends(means: Sequence[float], spreads: Sequence[float]) -> tuple[float, float]:
    """Where the highest lies, for all that counts."""
    low = max([mean - _REACH * spread for mean, spread in zip(means, spreads, strict=True)])
    return low, max([mean + _REACH * spread for mean, spread in zip(means, spreads, strict=True)])


def _evenly(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """The integrals, up to one factor, by the trapezoidal rule.

    Of what is smooth and ends in nothing its error falls exponentially with the number of points.

    Source: Trefethen & Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 2014.
    """
    low, high = _ends(means, spreads)
    steps = ceil((high - low) / (_APART * min(spreads)) - 1e-6)  # rounding adds none
    grid = [low + (high - low) / steps * n for n in range(steps + 1)]
    scaled = zip(means, [_ROOT / spread for spread in spreads], strict=True)
    z = [[(mean - at) * scale for at in grid] for mean, scale in scaled]
    lower = [list(map(erfc, one)) for one in z]  # twice the distribution function
    every = reduce(_times, lower)
    return [
        sum(map(mul, [exp(-at * at) for at in one], map(truediv, every, own))) / spread
        for one, own, spread in zip(z, lower, spreads, strict=True)
    ]


def _graded(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """The integrals, up to one factor, by Simpson's rule on panels that are finest where one is narrow."""
    grid = _grid(means, spreads)
    scaled = zip(means, [_ROOT / spread for spread in spreads], strict=True)
    lower = [[erfc((mean - at) * scale) for at in grid] for mean, scale in scaled]
    every = reduce(_times, lower)
    return [max(_simpson(list(map(truediv, every, own)), own), 0.0) for own in lower]


def _grid(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """The ends of panels and their middles, one after the other."""
    known = list(zip(means, spreads, strict=True))
    at, end = _ends(means, spreads)
    grid = [at]
    while at < end:
        fine = min([max(spread, abs(at - mean) / _NEAR) for mean, spread in known])
        following = min(at + fine, end)
        if following <= at:  # the panel is finer than a float
            break
        grid += [(at + following) / 2, following]
        at = following
    return grid


def _simpson(others: Sequence[float], own: Sequence[float]) -> float:
    """Six times the integral of one function over another, both quadratic on each panel."""
    parts = [
        4 * ((g - k) * b + h * (c - a)) + k * a - g * c
        for g, h, k, a, b, c in zip(
            others[::2], others[1::2], others[2::2], own[::2], own[1::2], own[2::2], strict=False
        )
    ]
    return float(sum(parts) + 3 * (others[-1] * own[-1] - others[0] * own[0]))
