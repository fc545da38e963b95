"""Offline scores: what a number about a model means, and how it is computed from weighted rows.

A score is prepared once for some rows and predictions and can then be asked for any
weights of those rows: the sample's own weights give the score, resampled ones its interval.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullcycle.evaluate import uplift
from fullcycle.evaluate.bootstrap import Array, Codes, Weighted
from fullcycle.evaluate.uplift import Actions
from fullcycle.kernel import Invalid, NotEnoughData, UnknownName, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What predictions are judged against: labels and weights ``(n_rows,)``, perhaps actions.

    ``group`` is the code of each row's group where rows of a group are not independent.
    """

    y: Array
    weight: Array
    actions: Actions | None = None
    group: Codes | None = None

    def take(self, chosen: Codes) -> "Rows":
        """The rows at these positions."""
        actions = self.actions.take(chosen) if self.actions is not None else None
        group = self.group[chosen] if self.group is not None else None
        return Rows(self.y[chosen], self.weight[chosen], actions, group)

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Score:
    """A score and everything that belongs to it.

    ``prepare`` takes rows and predictions, ``(n_rows, n_actions)`` or ``(n_rows, 1)``.
    ``constant`` is the prediction of the default baseline from the training side's labels
    and weights, and ``constant_name`` says what that is. ``control`` is the action that a
    score of gains compares with.
    """

    name: str
    higher_is_better: bool
    meaning: str
    prepare: Callable[[Rows, Array], Weighted]
    constant: Callable[[Array, Array], float]
    constant_name: str
    strata: Callable[[Rows], Codes | None] = lambda _: None
    control: str | None = None


def score_named(name: str) -> Score:
    """Look a score up: ``mae rmse r2 auc logloss brier``, or ``qini@<control action>``.

    Raises:
        Invalid: for ``qini`` without its control.
        UnknownName: for a score that is not known.

    >>> score_named("auc").higher_is_better
    True
    >>> score_named("qini@No E-Mail").control
    'No E-Mail'
    """
    family, _, control = name.partition("@")
    if family == "qini":
        if not control:
            raise Invalid(
                "qini needs the action that gains are measured against",
                f"score={name!r}",
                "write it after an @, such as qini@No E-Mail",
            )
        return _qini(name, control)
    if name not in _SCORES:
        raise UnknownName.among(name, [*_SCORES, "qini@<control action>"], where="the scores fullcycle knows")
    return _SCORES[name]


# Every weighted sum over rows is one matrix product: (n_draws, n_rows) @ (n_rows,).


def _mean_loss(loss: Callable[[Array, Array], Array]) -> Callable[[Rows, Array], Weighted]:
    def prepare(rows: Rows, predicted: Array) -> Weighted:
        each = loss(rows.y, predicted[:, 0])
        return lambda weights: np.asarray(weights @ each / weights.sum(axis=1))

    return prepare


def _rmse(rows: Rows, predicted: Array) -> Weighted:
    squared = _mean_loss(_squared)(rows, predicted)
    return lambda weights: np.sqrt(squared(weights))


def _r2(rows: Rows, predicted: Array) -> Weighted:
    y = rows.y - np.average(rows.y, weights=rows.weight)  # near zero, so that no digits cancel
    squared = (rows.y - predicted[:, 0]) ** 2
    if not y.any():
        raise NotEnoughData(
            "every label is the same, so R² is undefined", "the score r2", "score by rmse or mae"
        )

    def of(weights: Array) -> Array:
        spread = weights @ y**2 - (weights @ y) ** 2 / weights.sum(axis=1)
        return np.asarray(1 - weights @ squared / np.where(spread > 0, spread, np.nan))

    return of


def _auc(rows: Rows, predicted: Array) -> Weighted:
    """Probability that a positive row is ranked above a negative one, ties counted half."""
    y = _binary(rows.y, "auc")
    if y.all() or not y.any():
        raise NotEnoughData(
            "every label is the same, so no pair can be ranked", "the score auc", "judge on more rows"
        )
    order = np.argsort(predicted[:, 0], kind="stable")
    ranked = predicted[order, 0]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])

    def of(weights: Array) -> Array:
        weights = weights[:, order]
        positive = np.add.reduceat(weights * y[order], starts, axis=1)
        negative = np.add.reduceat(weights * (1 - y[order]), starts, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        return np.asarray((positive * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan))

    return of


def _squared(y: Array, predicted: Array) -> Array:
    return np.asarray((y - predicted) ** 2)


def _absolute(y: Array, predicted: Array) -> Array:
    return np.abs(y - predicted)


def _log_loss(y: Array, predicted: Array) -> Array:
    tiny = np.finfo(np.float64).eps
    p = np.clip(_probability(predicted, "logloss"), tiny, 1 - tiny)
    return np.asarray(-np.where(_binary(y, "logloss") == 1, np.log(p), np.log1p(-p)))


def _brier(y: Array, predicted: Array) -> Array:
    return _squared(_binary(y, "brier"), _probability(predicted, "brier"))


def _binary(y: Array, score: str) -> Array:
    other = y[(y != 0) & (y != 1)]
    if other.size:
        raise Invalid(
            f"the label has {np.unique(other).size} other value(s) than 0 and 1, such as {other[0]:g}",
            f"the score {score}",
            "score a number by mae or rmse, or make the label yes or no",
        )
    return y


def _probability(predicted: Array, score: str) -> Array:
    wrong = predicted[(predicted < 0) | (predicted > 1)]
    if wrong.size:
        raise Invalid(
            f"{wrong.size:,} of {predicted.size:,} predictions are no probability, such as {wrong[0]:g}",
            f"the score {score}",
            'let the model predict probabilities (LightGBM: {"objective": "binary"}), or score by auc',
        )
    return predicted


def _mean(y: Array, weight: Array) -> float:
    return float(np.average(y, weights=weight))


def _median(y: Array, weight: Array) -> float:
    order = np.argsort(y, kind="stable")
    share = np.cumsum(weight[order])
    return float(y[order][np.searchsorted(share, share[-1] / 2)])


def _by_class(rows: Rows) -> Codes:
    return rows.y.astype(np.int64)


def _by_arm(rows: Rows) -> Codes | None:
    return rows.actions.logged if rows.actions is not None else None


def _qini(name: str, control: str) -> Score:
    def prepare(rows: Rows, predicted: Array) -> Weighted:
        if rows.actions is None:
            raise Invalid(
                "these rows do not tell their actions", f"the score {name}", "give Rows their actions"
            )
        return uplift.qini(rows.y, rows.actions, predicted)

    return Score(
        name,
        higher_is_better=True,
        meaning=f"area between the Qini curve against {control} and random order, in outcome per row",
        prepare=prepare,
        constant=lambda _y, _weight: 0.0,
        constant_name="random order",
        strata=_by_arm,
        control=control,
    )


_SCORES = {
    score.name: score
    for score in (
        Score("mae", False, "mean absolute error", _mean_loss(_absolute), _median, "the training median"),
        Score("rmse", False, "root mean squared error", _rmse, _mean, "the training mean"),
        Score("r2", True, "share of the label's variance explained", _r2, _mean, "the training mean"),
        Score(
            "auc",
            True,
            "chance that a positive row is ranked above a negative one",
            _auc,
            _mean,
            "random order",
            strata=_by_class,
        ),
        Score(
            "logloss",
            False,
            "mean negative log-likelihood",
            _mean_loss(_log_loss),
            _mean,
            "the training rate",
        ),
        Score(
            "brier",
            False,
            "mean squared error of a probability",
            _mean_loss(_brier),
            _mean,
            "the training rate",
        ),
    )
}
