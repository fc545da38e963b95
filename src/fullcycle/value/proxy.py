"""The proxy ledger: does what the offline score gains come back as an effect on the metric?"""

from collections.abc import Iterable, Sequence
from math import atanh, fsum, sqrt, tanh
from typing import Literal

import msgspec
from scipy.special import ndtri

from fullcycle.kernel import Interval
from fullcycle.value.track_record import FEWEST


class ProxyPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One launch: how much better its models scored before it, and what it then caused.

    ``gain`` and ``effect`` are turned so that more is better; ``against`` is what the score was
    held against. ``stderr`` is that of the effect, None where it was not kept.
    """

    capability: str
    experiment: str
    release: int
    score: str
    metric: str
    gain: float
    against: Literal["baseline", "incumbent"]
    effect: float
    stderr: float | None = None


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """Pearson's correlation with its 95 % interval by Fisher's z, and Spearman's."""

    value: float
    interval: Interval
    spearman: float


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """The launches of one score and one metric; ``correlation`` is None where it is not known."""

    score: str
    metric: str
    launches: list[ProxyPoint]
    correlation: Correlation | None = None
    unknown: str = ""  # why


def proxies(points: Iterable[ProxyPoint]) -> list[Proxy]:
    """Set gain beside effect, score by score and metric by metric: other pairs have other units."""
    pairs: dict[tuple[str, str], list[ProxyPoint]] = {}
    for point in points:
        pairs.setdefault((point.score, point.metric), []).append(point)
    return [_proxy(*pair, launches) for pair, launches in sorted(pairs.items())]


def _proxy(score: str, metric: str, launches: list[ProxyPoint]) -> Proxy:
    plain = Proxy(score=score, metric=metric, launches=launches)
    if len(launches) < FEWEST:
        return msgspec.structs.replace(plain, unknown=f"unknown until {FEWEST} launches")
    found = correlation([one.gain for one in launches], [one.effect for one in launches])
    if found is None:
        return msgspec.structs.replace(plain, unknown="unknown: one of the two never changes")
    return msgspec.structs.replace(plain, correlation=found)


def correlation(xs: Sequence[float], ys: Sequence[float], *, alpha: float = 0.05) -> Correlation | None:
    """How two numbers of the same things go together; None where one of them is always the same.

    It is that of what was measured: chance in the effects pulls it towards nothing.

    Source:
        Fisher, "On the Probable Error of a Coefficient of Correlation", Metron 1921.
    """
    value, ranked = _pearson(xs, ys), _pearson(_ranks(xs), _ranks(ys))
    if value is None or ranked is None or len(xs) < 4:
        return None
    if abs(value) >= 1:
        return Correlation(value=value, interval=Interval(value, value), spearman=ranked)
    reach = float(-ndtri(alpha / 2)) / sqrt(len(xs) - 3)
    ends = Interval(tanh(atanh(value) - reach), tanh(atanh(value) + reach))
    return Correlation(value=value, interval=ends, spearman=ranked)


def _pearson(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    if len(xs) < 2 or min(xs) == max(xs) or min(ys) == max(ys):
        return None
    a, b = _scaled(xs), _scaled(ys)
    found = sum(x * y for x, y in zip(a, b, strict=True)) / sqrt(
        sum(x * x for x in a) * sum(y * y for y in b)
    )
    return min(max(found, -1.0), 1.0)


def _scaled(values: Sequence[float]) -> list[float]:
    """Deviations from the mean as shares of the largest, whose squares are numbers however small they are."""
    mean = fsum(values) / len(values)
    largest = max(abs(one - mean) for one in values)
    return [(one - mean) / largest for one in values]


def _ranks(values: Sequence[float]) -> list[float]:
    """From 1; equal ones share the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(one) + (ordered.count(one) + 1) / 2 for one in values]
