"""How sure a score is: the score asked again, over the same rows drawn with replacement.

A resample is a vector of counts, so a score that is a function of weights answers
hundreds of resamples in one pass of matrix arithmetic, and two models judged on the
same counts are compared pair by pair.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fullcycle.kernel import NotEnoughData, later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
else:
    np = later("numpy")
    Array = Codes = Any


Weighted = Callable[[Array], Array]
"""A statistic of weighted rows: weights ``(n_draws, n_rows)`` in, values ``(n_draws, …)`` out."""

DRAWS = 600
LEVEL = 0.95
_CHUNK = 64  # resamples at a time: 64 × 8,000 counts are 4 MB, which stays in the cache


def resampled(
    statistics: Sequence[Weighted],
    weight: Array,
    *,
    strata: Codes | None = None,
    clusters: Codes | None = None,
    draws: int = DRAWS,
    seed: int = 7,
) -> list[Array]:
    """Each statistic over the same resamples, its first axis as long as ``draws``.

    Args:
        statistics: functions of the rows' weights.
        weight: weight of each row before resampling, shape ``(n_rows,)``.
        strata: code of each row's stratum; a resample keeps every stratum's size.
        clusters: code of each row's group; whole groups are drawn then, because their rows
            are not independent, and strata do not apply.
        draws: how many resamples.
        seed: of the generator; the same seed, the same resamples.

    Source:
        Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6, 8 and 13.
    """
    parts: list[list[Array]] = [[] for _ in statistics]
    for counts in _counts(len(weight), strata, clusters, draws, np.random.default_rng(seed)):
        weights = counts * weight
        for part, statistic in zip(parts, statistics, strict=True):
            part.append(statistic(weights))
    return [np.concatenate(part) for part in parts]


def interval(values: Array, *, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of resampled values, shape ``(n_draws,)``.

    Raises:
        NotEnoughData: where more than one resample in twenty has no value.
    """
    known = values[np.isfinite(values)]
    if known.size < 0.95 * values.size:
        raise NotEnoughData(
            f"{values.size - known.size} of {values.size} resamples have no value",
            "the bootstrap of a score",
            "judge on more rows",
        )
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _counts(
    n: int, strata: Codes | None, clusters: Codes | None, draws: int, rng: "np.random.Generator"
) -> Iterator[Array]:
    """How often each row is drawn, some ``(at most 64, n)`` at a time."""
    units, of_row = np.unique(clusters, return_inverse=True) if clusters is not None else (np.empty(0), None)
    for done in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - done)
        if of_row is not None:
            yield _drawn([np.arange(len(units))], len(units), size, rng)[:, of_row]
        elif strata is not None:
            yield _drawn([np.flatnonzero(strata == code) for code in np.unique(strata)], n, size, rng)
        else:
            yield _drawn([np.arange(n)], n, size, rng)


def _drawn(members: Sequence[Codes], n: int, size: int, rng: "np.random.Generator") -> Array:
    offset = np.arange(size)[:, None] * n
    picks = [stratum[rng.integers(0, len(stratum), (size, len(stratum)))] for stratum in members]
    flat = (np.concatenate(picks, axis=1) + offset).ravel()
    return np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)
