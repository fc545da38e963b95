"""Whether past decisions can speak for a policy at all: the weights looked at, and the refusal.

An estimate from an effective sample of 2 looks like any other on paper. So the weights are
judged first, and where they cannot carry an estimate there is none: only why, and what to
log so that next time there is.
"""

from math import ceil, sqrt

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from fullcycle.experiment.offpolicy_log import WHERE, DecisionLog, as_chances, weights_of
from fullcycle.kernel import Refused

FEWEST_EFFECTIVE = 100
"""Below this effective sample size nothing is estimated."""

WEIGHT_RANGE = (0.8, 1.2)
"""Outside this range of the mean weight, which should be 1, nothing is estimated."""

_Z = float(ndtri(0.975))


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What the weights of a policy look like on a log.

    ``effective`` is Kish's effective sample size, ``(sum w)**2 / sum w**2``: so many decisions
    of the policy's own would say as much. Where rows have units, weights are summed by unit
    first. The mean weight comes with its 95 % interval; if the logged propensities are right
    and every action of the policy had a chance, it is 1 up to chance.
    """

    rows: int
    effective: float
    mean: float
    mean_low: float
    mean_high: float
    largest: float
    zero: float  # share of rows that do not count, because the policy never does what was done
    covered: float  # share of the policy's decisions that are of an action the log has at all
    actions: int
    smallest_propensity: float


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a policy is not valued on a log, and what to log instead; in plain words."""

    why: str
    instead: str


def weight_diagnostics(log: DecisionLog, chances: npt.ArrayLike) -> Weights:
    """Look at a policy's weights; this is never refused, so look here when an estimate is.

    Args:
        log: the past decisions.
        chances: of each action in each row under the policy, shape ``(n_rows, n_actions)``.

    Raises:
        Invalid: for chances of another shape, below 0, or that do not sum to 1.

    Source:
        Kish, "Survey Sampling", 1965, 8.2; for what to look at, Owen, "Monte Carlo theory,
        methods and examples", 2013, 9.3.
    """
    matrix = as_chances(log, chances)
    weight = weights_of(log, matrix)
    summed = log.per_unit(weight)
    squares = float(np.sum(summed**2))
    mean = float(np.mean(weight))
    # The mean is over rows: sum over units of (weight − mean · rows), as a ratio.
    left = summed - mean * log.per_unit(np.ones(len(log)))
    reach = _Z * sqrt(float(np.sum(left**2)) * len(summed) / max(len(summed) - 1, 1)) / len(log)
    seen = np.bincount(log.done, minlength=len(log.actions)) > 0
    return Weights(
        rows=len(log),
        effective=float(np.sum(summed)) ** 2 / squares if squares > 0 else 0.0,
        mean=mean,
        mean_low=mean - reach,
        mean_high=mean + reach,
        largest=float(weight.max()),
        zero=float(np.mean(weight == 0)),
        covered=float(matrix[:, seen].sum() / len(log)),
        actions=len(log.actions),
        smallest_propensity=float(log.propensity.min()),
    )


def why_refused(weights: Weights) -> Refusal | None:
    """Why these weights carry no estimate; None where they do."""
    found = [one for one in (_few(weights), _off(weights)) if one is not None]
    if not found:
        return None
    return Refusal(why="; ".join(one.why for one in found), instead="; ".join(one.instead for one in found))


def require_weights(weights: Weights) -> None:
    """Refuse to go on where the weights carry no estimate.

    Raises:
        Refused: saying why, and what to log instead.
    """
    found = why_refused(weights)
    if found is not None:
        raise Refused(found.why, WHERE, found.instead)


def _few(weights: Weights) -> Refusal | None:
    if weights.effective >= FEWEST_EFFECTIVE:
        return None
    return Refusal(
        why=(
            f"these {weights.rows:,} past decisions say as much about this policy as "
            f"{weights.effective:,.0f} of its own would; {FEWEST_EFFECTIVE} are needed"
        ),
        instead=_log_instead(weights),
    )


def _log_instead(weights: Weights) -> str:
    """What would have been enough: more rows, or a floor under every action's chance."""
    floor = FEWEST_EFFECTIVE / weights.rows
    by_lot = floor * weights.actions
    ways = []
    if by_lot < 1:
        ways.append(
            f"give each of the {weights.actions} actions a chance of at least {floor:.2%} "
            f"(say, decide {by_lot:.0%} by lot), and as many rows are enough"
        )
    else:
        ways.append(
            f"decide some by lot among the {weights.actions} actions, in more than "
            f"{FEWEST_EFFECTIVE * weights.actions:,} rows"
        )
    if weights.effective > 0:
        more = ceil(weights.rows * (FEWEST_EFFECTIVE / weights.effective - 1))
        ways.append(f"or log about {_rounded(more)} more rows like these")
    return "; ".join([*ways, "and log each decision's propensity"])


def _off(weights: Weights) -> Refusal | None:
    low, high = WEIGHT_RANGE
    if low <= weights.mean <= high:
        return None
    interval = f"[{weights.mean_low:.2f}, {weights.mean_high:.2f}]"
    why = f"the mean weight is {weights.mean:.2f} {interval}, and should be 1"
    if weights.covered < low:
        return Refusal(
            why=f"{why}: {1 - weights.covered:.0%} of what this policy decides was never done in the log",
            instead="let a share of the decisions be drawn by lot among all actions, so that each is there",
        )
    if weights.mean_low <= 1 <= weights.mean_high:
        return Refusal(
            why=f"{why}: a few rows with weights up to {weights.largest:,.0f} decide it",
            instead=(
                "keep every logged chance away from 0 by a floor: "
                f"the smallest here is {weights.smallest_propensity:.2g}"
            ),
        )
    cause = (
        "the logged propensities are too high, or what this policy would do had no chance in the log"
        if weights.mean < 1
        else "the logged propensities are too low"
    )
    return Refusal(
        why=f"{why}: {cause}",
        instead="log the chance that the action had when it was drawn, and check how that is computed",
    )


def _rounded(many: int) -> str:
    """To two digits: more would claim too much."""
    return f"{float(f'{many:.1e}'):,.0f}" if many >= 100 else str(many)
