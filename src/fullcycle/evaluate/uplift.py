"""Who is worth treating: the Qini curve of a model that predicts an outcome for every action.

For each row the model recommends the treatment (any action but the control) with the
highest prediction, and expects of it a gain over the control. Rows are ranked by that
gain, and the curve asks: had only the top share been treated as recommended, how much
more outcome would there have been, per row of everybody?

Two kinds of rows can tell: those whose logged action was the recommended treatment (t),
and those whose logged action was the control (c). Each counts with the inverse of its
propensity, so that either kind stands for everybody however actions were drawn. With
N and R for the weights and the weighted outcomes summed from the top down to rank k,

    q(k) = (R_t(k) - R_c(k) · N_t(k) / N_c(k)) / N_t(all)    at x(k) = (N_t + N_c)(k) / (N_t + N_c)(all)

and the Qini is the area between the curve and the straight line from (0, 0) to (1, q(all)),
which is what random order gives. Rows with the same gain enter together: the curve is
straight across them. Where several treatments are tied for the highest prediction, a row
that got one of k counts 1/k. So a constant prediction has a Qini of exactly zero, and no
result depends on the order of rows. Ranks above which one kind is absent have no value of
their own; the curve is straight from the origin to the first that has.

Sources:
    N. Radcliffe, "Using Control Groups to Target on Predicted Lift", Direct Marketing
    Analytics Journal 2007, for the curve and its area; P. Rzepakowski & S. Jaroszewicz,
    "Decision trees for uplift modeling with single and multiple treatments", Knowledge and
    Information Systems 32, 2012, for several treatments; D. Horvitz & D. Thompson,
    "A Generalization of Sampling Without Replacement from a Finite Universe", JASA 1952,
    for weighting by inverse propensities.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullcycle.evaluate.bootstrap import Array, Codes, Weighted
from fullcycle.kernel import NotEnoughData, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Actions:
    """What was done: ``names`` of all actions; code and propensity of each row's, ``(n_rows,)``."""

    names: tuple[str, ...]
    control: int
    logged: Codes
    propensity: Array

    def take(self, chosen: Codes) -> "Actions":
        """The rows at these positions."""
        return Actions(self.names, self.control, self.logged[chosen], self.propensity[chosen])


Curves = Callable[[Array], tuple[Array, Array]]
"""Weights ``(n_draws, n_rows)`` in; shares and gains out, both ``(n_draws, n_points)`` from the origin on."""


def qini_curves(y: Array, actions: Actions, predicted: Array) -> Curves:
    """Prepare the Qini curve of predictions ``(n_rows, n_actions)`` for outcomes ``(n_rows,)``.

    Raises:
        NotEnoughData: where no row got the control, or none the recommended treatment.
    """
    gain, recommended = _recommended(actions, predicted)
    treated = recommended / actions.propensity
    control = (actions.logged == actions.control) / actions.propensity
    _require_both_kinds(actions, treated, control)
    told = np.flatnonzero(treated + control > 0)
    order = told[np.argsort(-gain[told], kind="stable")]
    ranked = gain[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    columns = [sums[order] for sums in (treated, control, treated * y, control * y)]

    def of(weights: Array) -> tuple[Array, Array]:
        weights = weights[:, order]
        n_t, n_c, r_t, r_c = (
            np.cumsum(np.add.reduceat(weights * column, starts, axis=1), axis=1) for column in columns
        )
        return _curve(n_t, n_c, r_t, r_c)

    return of


def qini(y: Array, actions: Actions, predicted: Array) -> Weighted:
    """Prepare the area between the Qini curve and random order, in outcome per row."""
    curves = qini_curves(y, actions, predicted)

    def of(weights: Array) -> Array:
        share, gained = curves(weights)
        beyond = gained - share * gained[:, -1:]  # above random order; exactly 0 at both ends
        return np.asarray((np.diff(share, axis=1) * (beyond[:, 1:] + beyond[:, :-1]) / 2).sum(axis=1))

    return of


def curves_at(grid: Array, curves: Curves) -> Weighted:
    """The curve's gains at fixed shares ``(n_grid,)``, straight between its points."""

    def of(weights: Array) -> Array:
        share, gained = curves(weights)
        return np.stack([np.interp(grid, *points) for points in zip(share, gained, strict=True)])

    return of


def _recommended(actions: Actions, predicted: Array) -> tuple[Array, Array]:
    """Each row's expected gain, and the part with which its logged action is the one recommended."""
    candidates = predicted.copy()
    candidates[:, actions.control] = -np.inf
    best = candidates.max(axis=1)
    tied = candidates == best[:, None]
    got_it = tied[np.arange(len(best)), actions.logged]
    return best - predicted[:, actions.control], got_it / tied.sum(axis=1)


def _curve(n_t: Array, n_c: Array, r_t: Array, r_c: Array) -> tuple[Array, Array]:
    """Shares and gains from the origin on; NaN for weights that leave one kind out entirely."""
    known = (n_t > 0) & (n_c > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = (r_t - r_c * n_t / n_c) / n_t[:, -1:]
        share = (n_t + n_c) / (n_t[:, -1:] + n_c[:, -1:])
        first = np.argmax(known, axis=1)[:, None]
        slope = np.take_along_axis(gained, first, axis=1) / np.take_along_axis(share, first, axis=1)
        gained = np.where(known, gained, share * slope)
    origin = np.zeros((len(share), 1))
    return np.hstack([origin, share]), np.hstack([origin, gained])


def _require_both_kinds(actions: Actions, treated: Array, control: Array) -> None:
    for kind, weight in (
        ("the recommended treatment", treated),
        (f"the control {actions.names[actions.control]!r}", control),
    ):
        if not weight.any():
            raise NotEnoughData(
                f"none of {len(weight):,} rows got {kind}", "the score qini", "judge on more rows"
            )
