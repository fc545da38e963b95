"""One judging: the test side's rows, the score, and the model asked about each action."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from fullcycle.evaluate.actions import PROPENSITY, action_parameter, logged_actions
from fullcycle.evaluate.bootstrap import Array
from fullcycle.evaluate.ports import BatchPredictor, Judged
from fullcycle.evaluate.sample import Split
from fullcycle.evaluate.score import Rows, Score, score_named
from fullcycle.kernel import Invalid, UnknownName, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

Predict = Callable[[pl.DataFrame], Array]


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, and by what; ``action`` is the column that a score of gains varies."""

    judged: Judged
    split: Split
    score: Score
    rows: Rows
    action: str | None
    values: tuple[object, ...]  # that the action can take
    notes: list[str]
    seed: int

    def ask(self, predict: Predict, logged: Array | None = None) -> Array:
        """Predictions for the test side, ``(n_rows, n_actions)``, or ``(n_rows, 1)`` as logged.

        ``logged`` are those for the rows as they are, where they are known already.
        """
        frame = self.split.test.frame
        if self.action is None:
            return (logged if logged is not None else predict(frame))[:, None]
        column = frame.schema[self.action]
        each = (
            predict(frame.with_columns(pl.lit(value, dtype=column).alias(self.action)))
            for value in self.values
        )
        return np.stack(list(each), axis=1)


def case_of(judged: Judged, split: Split, seed: int) -> Case:
    """Settle what a model is judged by, and on which rows.

    Raises:
        UnknownName, Invalid: where the score or a slice does not fit the rows.
    """
    score, frame, notes = score_named(judged.score), split.test.frame, list[str]()
    for name in judged.slices:
        if name not in frame.columns:
            raise UnknownName.among(name, frame.columns, where="slices= of @fc.model")
    action, values, actions = None, (), None
    weight = split.test.weight
    if weight is None and _drawn_unevenly(split.train.frame):
        notes.append("the training decisions were not drawn evenly, and the split gives them no weight")
    if score.control is not None:
        action, values = action_parameter(judged.features, frame, score.control)
        actions, told = logged_actions(frame, action, values, score.control)
        notes.extend(told)
        if weight is not None:
            notes.append(f"the split's weight is left out: {score.name} weighs by propensity")
            weight = None
    y, sizes = split.test.y, split.test.group
    group = np.repeat(np.arange(len(sizes)), sizes) if sizes is not None else None
    rows = Rows(y, np.ones_like(y) if weight is None else weight, actions, group)
    return Case(judged, split, score, rows, action, values, notes, seed)


def baseline_of(case: Case) -> tuple[Array, str]:
    """The declared baseline's predictions, or the constant that the score compares with."""
    told = case.judged.baseline
    if told is not None:
        return case.ask(lambda frame: _row_by_row(case, told, frame)), getattr(told, "__name__", "baseline")
    train = case.split.train
    weight = train.weight
    constant = case.score.constant(train.y, np.ones(len(train)) if weight is None else weight)
    return np.full((len(case.rows), max(len(case.values), 1)), constant), case.score.constant_name


def predicted_by(predictor: BatchPredictor, matrix: Array) -> Array:
    """Predictions, ``(n_rows,)``.

    Raises:
        Invalid: where they are of another shape, or one is no number.
    """
    predicted = np.asarray(predictor.predict(matrix), dtype=np.float64)
    if predicted.shape != (len(matrix),):
        raise Invalid(
            f"the model answers {len(matrix):,} rows with an array of shape {predicted.shape}",
            "evaluating the model",
            "let it predict one number per row",
        )
    if not np.isfinite(predicted).all():
        raise Invalid(
            f"{(~np.isfinite(predicted)).sum():,} of {len(matrix):,} predictions are NaN or infinite",
            "evaluating the model",
            "look at the features of those rows, and at the learning rate",
        )
    return predicted


def _drawn_unevenly(frame: pl.DataFrame) -> bool:
    return PROPENSITY in frame.columns and frame[PROPENSITY].n_unique() > 1


def _row_by_row(case: Case, baseline: Callable[..., float], frame: pl.DataFrame) -> Array:
    features = case.judged.features
    rows = (features.row(**named) for named in features.over(frame).iter_rows(named=True))
    return np.fromiter((baseline(row) for row in rows), dtype=np.float64, count=frame.height)
