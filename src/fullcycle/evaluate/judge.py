"""Judge a model beside its baseline on the test side of a split."""

from typing import TYPE_CHECKING

from fullcycle.evaluate.bins import bins
from fullcycle.evaluate.bootstrap import Array, interval, resampled
from fullcycle.evaluate.case import Case, baseline_of, case_of, predicted_by
from fullcycle.evaluate.evaluation import CurvePoint, Evaluation, Measured, Slice
from fullcycle.evaluate.explain import influences
from fullcycle.evaluate.ports import BatchPredictor, Explainer, Judged
from fullcycle.evaluate.sample import Split
from fullcycle.evaluate.slices import slices
from fullcycle.evaluate.uplift import curves_at, qini_curves
from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

_SHARES = 40  # steps from none to all at which a curve is drawn


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
    case = case_of(judged, split, seed)
    matrix = split.test.x(judged.features)
    logged = predicted_by(predictor, matrix)
    predicted = case.ask(lambda frame: predicted_by(predictor, judged.features.matrix(frame)), logged)
    baseline, baseline_name = baseline_of(case)
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


def _scored(
    case: Case, predicted: Array, baseline: Array
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


def _slices(case: Case, predicted: Array) -> list[Slice]:
    frame = case.split.test.frame
    return [
        part
        for name in case.judged.slices
        for part in slices(case.score, case.rows, predicted, frame[name], seed=case.seed)
    ]
