"""What would a policy have been worth, had it decided? From decisions of another, whose chances were logged.

Each logged decision counts with the weight ``chance under the new policy / logged
chance``; for a policy that always decides the same, ``1 / propensity`` where it agrees
with what was done and 0 elsewhere.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from fullcycle.kernel import Invalid, NotEnoughData

Vector = npt.NDArray[np.float64]
Method = Literal["ips", "snips"]

FEWEST_EFFECTIVE = 100
WEIGHT_RANGE = (0.8, 1.2)
"""A warning is given below this effective sample size, or where the mean weight, which
should be 1, lies outside this range: then the logged chances are wrong, or a few rows decide all."""


class PolicyValue(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's mean reward per decision, with the interval of the normal approximation.

    ``effective`` is Kish's effective sample size, ``(sum w)**2 / sum w**2``.
    """

    method: Method
    value: float
    stderr: float
    low: float
    high: float
    n: int
    effective: float
    mean_weight: float
    warning: str = ""


class PolicyDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How much more one policy earns per decision than another, both valued on the same rows.

    Paired: where both decide alike a row says nothing about the difference and adds no noise.
    """

    method: Method
    difference: float
    stderr: float
    low: float
    high: float
    n: int
    effective: float  # of the policy that has less
    warning: str = ""


def weights_of(done: Sequence[object], propensity: Vector, chosen: Sequence[object]) -> Vector:
    """The weights of a policy that always decides ``chosen``, shape ``(n_rows,)``.

    Args:
        done: the action that was taken in each row.
        propensity: the chance with which it was taken.
        chosen: the action the policy takes in each row.

    Raises:
        Invalid: for sides of different length, or a propensity that is no chance above 0.
    """
    propensity = np.asarray(propensity, dtype=np.float64)
    if not len(done) == len(propensity) == len(chosen):
        raise Invalid(
            f"{len(done)} actions, {len(propensity)} propensities, {len(chosen)} choices",
            "valuing a policy",
            "give one of each per row",
        )
    if not bool(np.all((propensity > 0) & (propensity <= 1))):
        raise Invalid(
            "a propensity is not above 0 and at most 1",
            "valuing a policy",
            "log the chance with which each action was taken; leave out rows that have none",
        )
    agrees = np.fromiter((a == b for a, b in zip(done, chosen, strict=True)), dtype=np.bool_, count=len(done))
    return np.where(agrees, 1 / propensity, 0.0)


def ips(reward: Vector, weight: Vector, *, alpha: float = 0.05) -> PolicyValue:
    """Inverse propensity scoring: unbiased where every logged chance is right.

    Args:
        reward: what each decision led to, shape ``(n_rows,)``.
        weight: chance under the policy over logged chance, shape ``(n_rows,)``.
        alpha: the chance that the interval misses.

    Raises:
        NotEnoughData: with fewer than two rows, or no row the policy agrees with.
        Invalid: for values that are no finite numbers, or a negative weight.

    Source:
        Horvitz & Thompson, "A Generalization of Sampling Without Replacement From a Finite
        Universe", JASA 1952; Li et al., WSDM 2011.
    """
    reward, weight = _checked(reward, weight)
    return _value("ips", float(np.mean(weight * reward)), weight * reward, weight, alpha)


def snips(reward: Vector, weight: Vector, *, alpha: float = 0.05) -> PolicyValue:
    """Self-normalised: divided by the mean weight; a small bias for a smaller variance.

    Arguments and errors as for :func:`ips`. The standard error is that of a ratio of means
    (delta method).

    Source:
        Hájek, 1971; Swaminathan & Joachims, "The Self-Normalized Estimator for
        Counterfactual Learning", NeurIPS 2015.
    """
    reward, weight = _checked(reward, weight)
    value = float(np.sum(weight * reward) / np.sum(weight))
    return _value("snips", value, _influence(reward, weight, value), weight, alpha)


def difference(
    reward: Vector, weight: Vector, other: Vector, *, method: Method = "snips", alpha: float = 0.05
) -> PolicyDifference:
    """How much more the policy of ``weight`` earns than that of ``other``, on the same rows.

    Errors as for :func:`ips`.
    """
    reward, weight = _checked(reward, weight)
    _, other = _checked(reward, other)
    if method == "ips":
        each = (weight - other) * reward
        estimate = float(np.mean(each))
    else:
        ours, theirs = (float(np.sum(w * reward) / np.sum(w)) for w in (weight, other))
        each = _influence(reward, weight, ours) - _influence(reward, other, theirs)
        estimate = ours - theirs
    stderr = _stderr(each)
    reach = float(-ndtri(alpha / 2)) * stderr
    warnings = [_warning(w) for w in (weight, other)]
    return PolicyDifference(
        method=method,
        difference=estimate,
        stderr=stderr,
        low=estimate - reach,
        high=estimate + reach,
        n=len(reward),
        effective=min(_effective(weight), _effective(other)),
        warning=next((text for text in warnings if text), ""),
    )


def _value(method: Method, value: float, each: Vector, weight: Vector, alpha: float) -> PolicyValue:
    stderr = _stderr(each)
    reach = float(-ndtri(alpha / 2)) * stderr
    return PolicyValue(
        method=method,
        value=value,
        stderr=stderr,
        low=value - reach,
        high=value + reach,
        n=len(weight),
        effective=_effective(weight),
        mean_weight=float(np.mean(weight)),
        warning=_warning(weight),
    )


def _influence(reward: Vector, weight: Vector, value: float) -> Vector:
    return weight * (reward - value) / np.mean(weight)


def _stderr(each: Vector) -> float:
    return float(np.std(each, ddof=1)) / sqrt(len(each))


def _effective(weight: Vector) -> float:
    return float(np.sum(weight) ** 2 / np.sum(weight**2))


def _warning(weight: Vector) -> str:
    effective, mean = _effective(weight), float(np.mean(weight))
    if effective < FEWEST_EFFECTIVE:
        return (
            f"the effective sample is {effective:,.0f} of {len(weight):,} rows,"
            f" {FEWEST_EFFECTIVE} are needed: log decisions that the policy would take more often"
        )
    low, high = WEIGHT_RANGE
    if not low <= mean <= high:
        return f"the mean weight is {mean:.2f} and should be 1: check the logged propensities"
    return ""


def _checked(reward: Vector, weight: Vector) -> tuple[Vector, Vector]:
    where = "valuing a policy"
    reward, weight = np.asarray(reward, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    if reward.shape != weight.shape or reward.ndim != 1:
        raise Invalid(
            f"rewards have shape {reward.shape}, weights {weight.shape}", where, "give one of each per row"
        )
    if len(reward) < 2 or not weight.any():
        raise NotEnoughData(
            f"of {len(reward)} logged decisions, the policy agrees with {int(np.count_nonzero(weight))}",
            where,
            "log decisions that leave room for chance, so that the policy's own are among them",
        )
    if not (np.isfinite(reward).all() and np.isfinite(weight).all() and (weight >= 0).all()):
        raise Invalid(
            "a reward or weight is NaN, infinite or below zero", where, "leave such rows out, and say so"
        )
    return reward, weight
