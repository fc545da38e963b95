"""What a winner is worth: an effect that was shipped because it was large looks larger than it is.

The measured effect is weighed against what effects are like here: around nothing, with some
spread. The posterior of that does not mind by which rule an effect was selected, nor at which
look the experiment ended. It is as good as its prior, whose origin is told beside it.

Source:
    Efron, "Tweedie's Formula and Selection Bias", JASA 2011; Senn, "A Note Concerning a
    Selection Paradox of Dawid's", The American Statistician 2008. For a spread that is itself
    measured: Morris, "Parametric Empirical Bayes Inference", JASA 1983, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtri

from fullcycle.kernel import Interval, Invalid

FEWEST_EFFECTS = 8
"""Below so many measured effects, their spread says too little to be a prior."""


@dataclass(frozen=True, slots=True)
class Shrunken:
    """An effect as it is to be expected once it was selected, with a credible interval.

    ``weight`` is the share of the measured effect that is left.
    """

    value: float
    low: float
    high: float
    weight: float


def shrunken(
    estimate: float, stderr: float, spread: float, *, alpha: float = 0.05, effects: int | None = None
) -> Shrunken:
    """The posterior of an effect whose prior is normal around zero.

    Args:
        estimate: the effect as measured.
        stderr: its standard error.
        spread: the standard deviation of effects such as this one.
        alpha: the posterior chance outside the interval.
        effects: on how many the spread was measured; the fewer, the wider the interval. None where
            it is taken as known.

    Raises:
        Invalid: for a standard error or a spread that is not above zero.

    >>> shrunken(0.04, 0.01, 0.01).value
    0.02
    """
    if not (stderr > 0 and spread > 0):
        raise Invalid(
            f"a standard error of {stderr!r} and a spread of {spread!r}",
            "what a winner is worth",
            "give both above zero",
        )
    weight = spread**2 / (spread**2 + stderr**2)
    unsure = 0.0 if effects is None else 2 / max(effects - 2, 1) * ((1 - weight) * estimate) ** 2
    reach = float(-ndtri(alpha / 2)) * sqrt(weight * stderr**2 + unsure)
    value = weight * estimate
    return Shrunken(value, value - reach, value + reach, weight)


def spread_expected(estimate: Interval) -> float:
    """The spread of effects if one as large as the brief's boldest guess comes once in twenty.

    >>> round(spread_expected(Interval(-0.01, 0.0392)), 3)
    0.02
    """
    return max(abs(estimate.low), abs(estimate.high)) / float(-ndtri(0.025))


def spread_measured(effects: Sequence[tuple[float, float]]) -> float | None:
    """The spread of past effects around zero, without what chance added to each.

    None for fewer than :data:`FEWEST_EFFECTS`, or where chance alone explains them.

    Args:
        effects: each effect with its standard error, all in the same unit.

    Source:
        DerSimonian & Laird, "Meta-Analysis in Clinical Trials", Controlled Clinical Trials
        1986, with a mean that is known to be zero.
    """
    if len(effects) < FEWEST_EFFECTS:
        return None
    weights = [1 / stderr**2 for _, stderr in effects]
    excess = sum(w * effect**2 for w, (effect, _) in zip(weights, effects, strict=True)) - len(effects)
    return sqrt(excess / sum(weights)) if excess > 0 else None
