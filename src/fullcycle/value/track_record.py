"""How good a team's estimates were: how often they held, and by how much they were off.

Nothing is said of fewer than eight: a share of three out of four holds for anybody.
"""

from collections.abc import Sequence
from statistics import median

import msgspec
from scipy.special import bdtr, betaincinv

from fullcycle.kernel import Interval

FEWEST = 8
"""Below so many, a share or a correlation says too little to be told."""


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``measured`` effects of a team, how many fell into the estimated interval.

    ``share`` has a 95 % interval (Clopper & Pearson, Biometrika 1934). ``ratio`` is the median of
    measured over the middle of the estimate, with an interval between two of the ratios that
    holds the median with at least 95 %. All are None below :data:`FEWEST`; the ratio also where
    too few estimates have a middle other than zero.
    """

    team: str
    measured: int
    inside: int
    share: float | None = None
    share_interval: Interval | None = None
    ratio: float | None = None
    ratio_interval: Interval | None = None


def record_of(team: str, past: Sequence[tuple[Interval, float]]) -> TrackRecord:
    """Hold a team's estimates against what was measured.

    Args:
        team: the owner of the briefs.
        past: the estimated interval and the measured effect of each, in the same unit.
    """
    inside = sum(found in estimate for estimate, found in past)
    plain = TrackRecord(team=team, measured=len(past), inside=inside)
    if len(past) < FEWEST:
        return plain
    middles = [((estimate.low + estimate.high) / 2, found) for estimate, found in past]
    ratios = sorted(found / middle for middle, found in middles if middle)
    known = len(ratios) >= FEWEST
    return msgspec.structs.replace(
        plain,
        share=inside / len(past),
        share_interval=share_interval(inside, len(past)),
        ratio=median(ratios) if known else None,
        ratio_interval=median_interval(ratios) if known else None,
    )


def share_interval(hits: int, many: int, *, alpha: float = 0.05) -> Interval:
    """The exact interval of a share: ``hits`` out of ``many``.

    Source:
        Clopper & Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 1934.

    >>> found = share_interval(5, 10)
    >>> round(found.low, 4), round(found.high, 4)
    (0.1871, 0.8129)
    """
    low = float(betaincinv(hits, many - hits + 1, alpha / 2)) if hits else 0.0
    high = float(betaincinv(hits + 1, many - hits, 1 - alpha / 2)) if hits < many else 1.0
    return Interval(low, high)


def median_interval(ordered: Sequence[float], *, alpha: float = 0.05) -> Interval:
    """The narrowest pair of opposite order statistics that holds the median with ``1 - alpha``.

    Of so few numbers that no pair does, the smallest and the largest.

    Source:
        Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.2.

    >>> median_interval([1, 2, 3, 4, 5, 6, 7, 8])
    Interval(low=1, high=8)
    """
    many, left = len(ordered), 0
    while left + 1 < many / 2 and 2 * float(bdtr(left + 1, many, 0.5)) <= alpha:
        left += 1
    # `left` smaller ones fall below with a chance of P(X <= left), X binomial.
    return Interval(ordered[left], ordered[many - 1 - left])
