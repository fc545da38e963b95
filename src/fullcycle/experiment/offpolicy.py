"""What would a policy have been worth, had it decided? From decisions of another, whose chances were logged.

Each logged decision counts with the weight ``chance under the new policy / logged chance``.
Five estimates, which differ in what they trust:

=============  =====================================================================
``ips``        the logged chances alone; unbiased, and noisy
``snips``      the same, divided by the mean weight: less noise for a tiny bias
``dr``         a model of the reward, mended by ``ips`` of what it got wrong
``switch-dr``  the same, trusting the model alone where a weight is very large
``replay``     rows where the policy agrees with a log drawn evenly by lot
=============  =====================================================================

A policy is told as its chances of each action in each row, ``(n_rows, n_actions)``; one
without chance by ``always(log, chosen)``. Intervals are those of ``offpolicy_interval``.
All estimates refuse alike what ``offpolicy_weights`` refuses.
"""

from typing import Literal, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from fullcycle.experiment.offpolicy_interval import Ratios, spread_of
from fullcycle.experiment.offpolicy_log import (
    WHERE,
    DecisionLog,
    Matrix,
    Vector,
    as_chances,
    chances_done,
    weights_of,
)
from fullcycle.experiment.offpolicy_weights import require_weights, weight_diagnostics
from fullcycle.kernel import Invalid, Refused, UnknownName

Method = Literal["ips", "snips", "dr", "switch-dr", "replay"]

METHODS: tuple[str, ...] = get_args(Method)
_MODELLED = ("dr", "switch-dr")
_THRESHOLDS = 32  # tried by switch-dr, besides none


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """How far ``switch-dr`` trusts the model alone.

    ``threshold`` is the weight above which it does, chosen for the least possible mean squared
    error unless told. ``model_error`` is the most by which what the model expects may be off;
    unless told it is the model's largest error on a row, noise and all, and then it seldom pays
    to switch.
    """

    threshold: float | None = None
    model_error: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no weight or no error.

        Raises:
            Invalid: naming it.
        """
        for name, told in (("threshold", self.threshold), ("model_error", self.model_error)):
            if told is not None and not 0 < told < float("inf"):
                raise Invalid(f"{name}={told!r} is not above 0 and finite", WHERE, f"write, say, {name}=10")


EVERYWHERE = Trust()
"""The threshold is chosen by what the rows say."""


class PolicyValue(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's mean reward per decision, with its interval.

    ``effective`` is Kish's effective sample size. ``warning`` is found in old records only: what was
    warned of is refused now.
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
    threshold: float | None = None  # of switch-dr: the model alone is trusted above this weight
    bias: float = 0.0  # the most by which that may be off; the interval allows for it


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
    bias: float = 0.0


def policy_value(
    log: DecisionLog,
    chances: npt.ArrayLike,
    *,
    method: Method = "snips",
    predicted: npt.ArrayLike | None = None,
    trust: Trust = EVERYWHERE,
    alpha: float = 0.05,
) -> PolicyValue:
    """Value a policy on past decisions.

    Args:
        log: the past decisions, as :func:`decision_log` puts them together.
        chances: of each action in each row under the policy, shape ``(n_rows, n_actions)``.
        method: which estimate; see the sources.
        predicted: for ``dr`` and ``switch-dr``: the reward expected of each action in each
            row, shape ``(n_rows, n_actions)``, by a model that has not seen the row
            (:func:`cross_fit` makes one).
        trust: for ``switch-dr``: how far the model may be trusted alone.
        alpha: the chance that the interval misses.

    Returns:
        The value with a two-sided interval of ``1 - alpha``: normal with the influence
        function's variance, its skewness removed.

    Raises:
        Refused: below an effective sample of 100, with a mean weight outside 0.8 to 1.2, where
            all rows that count have the same reward, or where ``replay`` is asked of a log that
            was not drawn evenly; it says what to log instead.
        Invalid: for arrays of another shape, or chances that are none.
        UnknownName: for a method that there is not.

    Source:
        ``ips``: Horvitz & Thompson, JASA 1952. ``snips``: Swaminathan & Joachims, "The
        Self-Normalized Estimator for Counterfactual Learning", NeurIPS 2015. ``dr``: Dudík,
        Langford & Li, "Doubly Robust Policy Evaluation and Learning", ICML 2011.
        ``switch-dr``: Wang, Agarwal & Dudík, "Optimal and Adaptive Off-policy Evaluation in
        Contextual Bandits", ICML 2017. ``replay``: Li et al., "Unbiased Offline Evaluation of
        Contextual-bandit-based News Article Recommendation Algorithms", WSDM 2011.

    >>> from fullcycle.experiment import always, decision_log
    >>> rng = np.random.default_rng(1)
    >>> shown = rng.choice(["a", "b"], 4000, p=[0.7, 0.3])
    >>> log = decision_log(shown, np.where(shown == "a", 0.7, 0.3), rng.random(4000) < 0.2)
    >>> found = policy_value(log, always(log, ["b"] * 4000))
    >>> round(found.effective), round(found.value, 1)
    (1180, 0.2)
    """
    weights = weight_diagnostics(log, chances)
    require_weights(weights)
    found = _estimate(log, chances, method, predicted, trust, alpha)
    spread = spread_of(found.ratios, alpha=alpha, bias=found.bias)
    return PolicyValue(
        method=method,
        value=spread.value,
        stderr=spread.stderr,
        low=spread.low,
        high=spread.high,
        n=len(log),
        effective=weights.effective,
        mean_weight=weights.mean,
        threshold=found.threshold,
        bias=found.bias,
    )


def policy_difference(
    log: DecisionLog,
    chances: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    method: Method = "snips",
    predicted: npt.ArrayLike | None = None,
    trust: Trust = EVERYWHERE,
    alpha: float = 0.05,
) -> PolicyDifference:
    """Say how much more the policy of ``chances`` earns than that of ``other``, row by row.

    Arguments, errors and sources as for :func:`policy_value`; refused where either is.
    """
    both = [weight_diagnostics(log, one) for one in (chances, other)]
    for one in both:
        require_weights(one)
    ours, theirs = (_estimate(log, one, method, predicted, trust, alpha) for one in (chances, other))
    bias = 0.0 if np.array_equal(np.asarray(chances), np.asarray(other)) else ours.bias + theirs.bias
    spread = spread_of(ours.ratios.less(theirs.ratios), alpha=alpha, bias=bias)
    return PolicyDifference(
        method=method,
        difference=spread.value,
        stderr=spread.stderr,
        low=spread.low,
        high=spread.high,
        n=len(log),
        effective=min(one.effective for one in both),
        bias=bias,
    )


class _Estimate(msgspec.Struct, frozen=True):
    ratios: Ratios
    bias: float = 0.0
    threshold: float | None = None


def _estimate(
    log: DecisionLog,
    chances: npt.ArrayLike,
    method: Method,
    predicted: npt.ArrayLike | None,
    trust: Trust,
    alpha: float,
) -> _Estimate:
    if method not in METHODS:
        raise UnknownName.among(method, METHODS, where=WHERE)
    if not 0 < alpha < 1:
        raise Invalid(f"alpha={alpha!r} is no chance between 0 and 1", WHERE, "write alpha=0.05 for 95 %")
    weight, reward, ones = weights_of(log, chances), log.reward, np.ones(len(log))
    _require_variety(reward, weight)
    if method == "ips":
        return _Estimate(Ratios.of(log, weight * reward, ones))
    if method == "snips":
        return _Estimate(Ratios.of(log, weight * reward, weight))
    if method == "replay":
        _require_even(log)
        agrees = chances_done(log, chances)
        return _Estimate(Ratios.of(log, agrees * reward, agrees))
    model = _predictions(log, predicted, method)
    expected = (as_chances(log, chances) * model).sum(axis=1)
    left = reward - model[np.arange(len(log)), log.done]
    if method == "dr":
        return _Estimate(Ratios.of(log, expected + weight * left, ones))
    return _switch(log, weight, expected, left, trust, alpha)


def _switch(
    log: DecisionLog, weight: Vector, expected: Vector, left: Vector, trust: Trust, alpha: float
) -> _Estimate:
    """The model alone where a weight is above a threshold; the bias of that has a bound.

    It is at most the model's error times the policy's chance of landing above the threshold.
    Few rows have large weights, so that chance is told from the rows below: by how much their
    weights miss a mean of 1, at its upper 95 % bound.
    """
    error = trust.model_error if trust.model_error is not None else float(np.abs(left).max())

    def at(limit: float | None) -> _Estimate:
        kept = weight if limit is None else np.where(weight <= limit, weight, 0.0)
        bias = 0.0 if limit is None else error * _beyond(log, kept)
        return _Estimate(Ratios.of(log, expected + kept * left, np.ones(len(log))), bias, limit)

    if trust.threshold is not None:
        return at(trust.threshold if trust.threshold < weight.max() else None)
    positive = np.unique(weight[weight > 0])
    grid = np.unique(np.quantile(positive, np.linspace(0.5, 1, _THRESHOLDS)))[:-1]
    tried = [at(None), *(at(float(limit)) for limit in grid)]
    return min(tried, key=lambda one: spread_of(one.ratios, alpha=alpha).stderr ** 2 + one.bias**2)


def _beyond(log: DecisionLog, kept: Vector) -> float:
    """The most, at 95 %, of a policy's decisions that these weights leave out."""
    share = spread_of(Ratios.of(log, kept, np.ones(len(log))), alpha=0.1)
    return min(max(1 - share.low, 0.0), 1.0)


def _predictions(log: DecisionLog, predicted: npt.ArrayLike | None, method: str) -> Matrix:
    if predicted is None:
        raise Invalid(
            f"{method} needs a model's predictions",
            WHERE,
            "give predicted= the reward expected of each action in each row, say by cross_fit(log, features)",
        )
    model = np.asarray(predicted, dtype=np.float64)
    if model.shape != (len(log), len(log.actions)) or not np.isfinite(model).all():
        raise Invalid(
            f"the predictions have shape {model.shape}, the log ({len(log)}, {len(log.actions)})"
            if model.shape != (len(log), len(log.actions))
            else "a prediction is NaN or infinite",
            WHERE,
            "predict one finite number per row and action, in the order of log.actions",
        )
    return model


def _require_variety(reward: Vector, weight: Vector) -> None:
    counting = reward[weight > 0]
    if np.ptp(counting) == 0:
        raise Refused(
            f"the {len(counting):,} past decisions that count for this policy all led to {counting[0]:g}: "
            "nothing says how far that may be off",
            WHERE,
            "log more decisions, until some of them lead to something else",
        )


def _require_even(log: DecisionLog) -> None:
    low, high = float(log.propensity.min()), float(log.propensity.max())
    if high > low * (1 + 1e-6):
        raise Refused(
            f"replay is for decisions drawn evenly by lot; these chances go from {low:.3g} to {high:.3g}",
            WHERE,
            "use snips, which weights them: method='snips'",
        )
