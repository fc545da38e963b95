"""Judge a model beside its baseline on the test side of a split."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from fullcycle.evaluate.actions import PROPENSITY, action_parameter, logged_actions
from fullcycle.evaluate.bins import bins
from fullcycle.evaluate.bootstrap import Array, interval, resampled
from fullcycle.evaluate.evaluation import CurvePoint, Evaluation, Measured, Slice
from fullcycle.evaluate.explain import influences
from fullcycle.evaluate.ports import BatchPredictor, Explainer, Judged
from fullcycle.evaluate.sample import Split
from fullcycle.evaluate.score import Rows, Score, score_named
from fullcycle.evaluate.slices import slices
from fullcycle.evaluate.uplift import curves_at, qini_curves
from fullcycle.kernel import Invalid, UnknownName, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

_SHARES = 40  # steps from none to all at which a curve is drawn

Predict = Callable[[pl.DataFrame], Array]


def evaluate(
    judged: Judged,
    predictor: BatchPredictor,
    split: Split,
    *,
    explainer: Explainer | None = None,
    seed: int = 7,
) -> Evaluation:
    """Judge ``predictor`` on ``split.test``, which it has not seen.

    A score of gains (``qini@control``) asks the model once per action: the column of the
    action is replaced by each in turn. Rows count with the split's weight; a score of gains
    weighs by the column ``propensity`` instead, the probability with which the logged action
    was drawn, and where there is none by how often each action was taken.

    Raises:
        UnknownName: for a score or a slice that is not known.
        Invalid: where the score does not fit the labels, the predictions or the features.
        NotEnoughData: where the test side cannot tell.
    """
    case = _case(judged, split, seed)
    matrix = split.test.x(judged.features)
    logged = _predicted(predictor, matrix)
    predicted = case.ask(lambda frame: _predicted(predictor, judged.features.matrix(frame)), logged)
    baseline, baseline_name = _baseline(case)
    model, beside, difference, curve = _scored(case, predicted, baseline)
    return Evaluation(
        score=case.score.name,
        meaning=case.score.meaning,
        higher_is_better=case.score.higher_is_better,
        model=model,
        baseline=beside,
        baseline_name=baseline_name,
        difference=difference,
        train_rows=len(split.train),
        test_rows=len(split.test),
        slices=_slices(case, predicted),
        bins=bins(case.rows.y, logged, case.rows.weight),
        bins_kind="calibration" if np.isin(case.rows.y, (0.0, 1.0)).all() else "error",
        curve=curve,
        influences=influences(explainer, judged.features, matrix, seed=seed) if explainer is not None else [],
        notes=case.notes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """A model, the step that declares it, and the split that it was judged on."""

    judged: Judged
    predictor: BatchPredictor
    split: Split


def paired(was: Contender, now: Contender, *, seed: int = 7) -> Measured | None:
    """What ``now`` scores beyond ``was``, over the same resamples of the same rows.

    Two intervals that overlap say little: both models err on the same rows. Pair by pair,
    that cancels. None where the scores or the rows they were judged on are not the same.

    Raises:
        Invalid, NotEnoughData: see ``evaluate``.
    """
    if was.judged.score != now.judged.score or not _same_rows(was.split, now.split):
        return None
    cases = [_case(one.judged, one.split, seed) for one in (was, now)]
    rows, score = cases[0].rows, cases[0].score
    if not np.array_equal(rows.weight, cases[1].rows.weight):
        return None
    statistics = [
        case.score.prepare(case.rows, case.ask(_asking(one)))
        for case, one in zip(cases, (was, now), strict=True)
    ]
    before, after = resampled(
        statistics, rows.weight, strata=score.strata(rows), clusters=rows.group, seed=seed
    )
    point_before, point_after = (of(rows.weight[None, :])[0] for of in statistics)
    return _measured(point_after - point_before, after - before)


def _same_rows(was: Split, now: Split) -> bool:
    """Whether both test sides hold the same rows in the same order, by the columns of both."""
    before, after = was.test, now.test
    shared = [name for name in after.frame.columns if name in before.frame.columns]
    if before.label != after.label or before.label not in shared or before.group_column != after.group_column:
        return False
    return before.frame.select(shared).equals(after.frame.select(shared))


def _asking(one: Contender) -> Predict:
    return lambda frame: _predicted(one.predictor, one.judged.features.matrix(frame))


@dataclass(frozen=True, slots=True)
class _Case:
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


def _case(judged: Judged, split: Split, seed: int) -> _Case:
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
    return _Case(judged, split, score, rows, action, values, notes, seed)


def _drawn_unevenly(frame: pl.DataFrame) -> bool:
    return PROPENSITY in frame.columns and frame[PROPENSITY].n_unique() > 1


def _predicted(predictor: BatchPredictor, matrix: Array) -> Array:
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


def _baseline(case: _Case) -> tuple[Array, str]:
    """The declared baseline's predictions, or the constant that the score compares with."""
    told = case.judged.baseline
    if told is not None:
        return case.ask(lambda frame: _row_by_row(case, told, frame)), getattr(told, "__name__", "baseline")
    train = case.split.train
    weight = train.weight
    constant = case.score.constant(train.y, np.ones(len(train)) if weight is None else weight)
    return np.full((len(case.rows), max(len(case.values), 1)), constant), case.score.constant_name


def _row_by_row(case: _Case, baseline: Callable[..., float], frame: pl.DataFrame) -> Array:
    features = case.judged.features
    rows = (features.row(**named) for named in features.over(frame).iter_rows(named=True))
    return np.fromiter((baseline(row) for row in rows), dtype=np.float64, count=frame.height)


def _scored(
    case: _Case, predicted: Array, baseline: Array
) -> tuple[Measured, Measured, Measured, list[CurvePoint]]:
    """Model, baseline and their difference over the same resamples, and the curve if there is one."""
    rows, score = case.rows, case.score
    statistics = [score.prepare(rows, predicted), score.prepare(rows, baseline)]
    if rows.actions is not None:
        statistics.append(curves_at(_shares(), qini_curves(rows.y, rows.actions, predicted)))
    model, beside, *band = resampled(
        statistics, rows.weight, strata=score.strata(rows), clusters=rows.group, seed=case.seed
    )
    point, point_beside, *line = (of(rows.weight[None, :])[0] for of in statistics)
    curve = _curve(line[0], band[0]) if line else []
    return (
        _measured(point, model),
        _measured(point_beside, beside),
        _measured(point - point_beside, model - beside),
        curve,
    )


def _measured(value: float, draws: Array) -> Measured:
    return Measured(float(value), *interval(draws))


def _shares() -> Array:
    return np.linspace(0, 1, _SHARES + 1)


def _curve(line: Array, band: Array) -> list[CurvePoint]:
    low, high = np.nanquantile(band, [0.025, 0.975], axis=0)
    return [
        CurvePoint(share=float(share), gain=float(gain), low=float(under), high=float(over))
        for share, gain, under, over in zip(_shares(), line, low, high, strict=True)
    ]


def _slices(case: _Case, predicted: Array) -> list[Slice]:
    frame = case.split.test.frame
    return [
        part
        for name in case.judged.slices
        for part in slices(case.score, case.rows, predicted, frame[name], seed=case.seed)
    ]
