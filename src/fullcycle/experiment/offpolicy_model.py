"""A model of the reward for doubly robust estimates, cross-fitted: it never predicts a row that it saw."""

from collections.abc import Callable, Hashable, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from fullcycle.experiment.offpolicy_log import Codes, DecisionLog, Matrix, Vector
from fullcycle.kernel import Invalid, NotEnoughData, digest_parts

_WHERE = "cross-fitting a model of the reward"

Predict = Callable[[Matrix], Matrix]
"""Features ``(n_rows, n_features)`` in, the reward expected of each action out, ``(n_rows, n_actions)``."""

Fit = Callable[[Matrix, Codes, Vector, int], Predict]
"""Features, the action done ``(n_rows,)``, the reward ``(n_rows,)`` and how many actions there are."""


def cross_fit(
    log: DecisionLog,
    features: npt.ArrayLike,
    *,
    ids: Sequence[Hashable] | None = None,
    folds: int = 5,
    seed: int = 7,
    fit: Fit | None = None,
) -> Matrix:
    """Predict the reward of each action in each row, by a model fitted on the other folds.

    Args:
        log: the past decisions.
        features: what the model sees of each row, shape ``(n_rows, n_features)``; the action is
            not among them.
        ids: what keeps rows together: those of one id are in one fold, whatever else is in the
            log. The log's units unless told, else each row by its number.
        folds: how many parts.
        seed: of the hash that puts an id into a fold.
        fit: makes a model from some rows; :func:`ridge` unless told.

    Returns:
        Expected rewards, shape ``(n_rows, n_actions)``, in the order of ``log.actions``.

    Raises:
        Invalid: for features of another shape or that are no finite numbers, or fewer than two folds.
        NotEnoughData: where a fold holds all rows.

    Source:
        Chernozhukov et al., "Double/debiased machine learning for treatment and structural
        parameters", Econometrics Journal 2018.
    """
    seen = np.asarray(features, dtype=np.float64)
    if seen.ndim != 2 or len(seen) != len(log) or not np.isfinite(seen).all():
        raise Invalid(
            f"the features have shape {seen.shape}, for {len(log)} rows"
            if seen.ndim != 2 or len(seen) != len(log)
            else "a feature is NaN or infinite",
            _WHERE,
            "give one row of finite numbers per past decision",
        )
    if ids is not None and len(ids) != len(log):
        raise Invalid(f"{len(ids)} ids for {len(log)} rows", _WHERE, "give one id per row")
    kept = ids if ids is not None else (log.unit if log.unit is not None else np.arange(len(log))).tolist()
    placed = folds_of(kept, folds, seed=seed)
    model = fit if fit is not None else ridge
    found = np.empty((len(log), len(log.actions)))
    for fold in np.unique(placed):
        here = placed == fold
        if here.all():
            raise NotEnoughData(
                f"all {len(log)} rows fall into one of {folds} folds", _WHERE, "give more ids"
            )
        predict = model(seen[~here], log.done[~here], log.reward[~here], len(log.actions))
        found[here] = predict(seen[here])
    return found


def folds_of(ids: Sequence[Hashable], folds: int, *, seed: int = 7) -> Codes:
    """The fold of each id, from 0, by a hash of what it reads like: the same alone and among others.

    Raises:
        Invalid: for fewer than two folds.
    """
    if folds < 2:
        raise Invalid(f"{folds} folds", _WHERE, "use at least 2: a model may not predict what it saw")
    salt = seed.to_bytes(8, "little", signed=True)
    known = {
        one: int(digest_parts("fold@1", [salt, repr(one).encode()])[:16], 16) % folds for one in set(ids)
    }
    return np.fromiter((known[one] for one in ids), dtype=np.int64, count=len(ids))


def ridge(features: Matrix, done: Codes, reward: Vector, actions: int) -> Predict:
    """Fit a linear model per action, shrunken towards one of all actions together.

    An action that was done in few rows leans on the common model; one that never was is told by
    it alone. Predictions stay within the rewards that were seen. The penalty is one row's worth
    per feature for the common model and ten for what an action adds.

    Source:
        Hoerl & Kennard, "Ridge Regression", Technometrics 1970.
    """
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale == 0] = 1.0

    def design(some: Matrix) -> Matrix:
        return np.column_stack([np.ones(len(some)), (some - centre) / scale / sqrt(max(some.shape[1], 1))])

    seen = design(features)
    common = _solved(seen, reward, penalty=1.0, free=1)
    left = reward - seen @ common
    own = np.stack(
        [
            _solved(seen[done == action], left[done == action], penalty=10.0, free=0)
            for action in range(actions)
        ],
        axis=1,
    )
    low, high = float(reward.min()), float(reward.max())

    def predict(some: Matrix) -> Matrix:
        rows = design(some)
        return np.clip((rows @ common)[:, None] + rows @ own, low, high)

    return predict


def _solved(rows: Matrix, values: Vector, *, penalty: float, free: int) -> Vector:
    """Coefficients by ridge; the first ``free`` of them are not shrunken."""
    weights = np.full(rows.shape[1], penalty)
    weights[:free] = 0.0
    return np.asarray(np.linalg.solve(rows.T @ rows + np.diag(weights), rows.T @ values), dtype=np.float64)
