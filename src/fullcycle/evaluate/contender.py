"""Two models judged on the same rows: what one scores beyond the other, pair by pair."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl

from fullcycle.evaluate.actions import action_parameter
from fullcycle.evaluate.bootstrap import LEVEL, Array, Codes, interval, resampled
from fullcycle.evaluate.case import Case, Predict, baseline_of, case_of, predicted_by
from fullcycle.evaluate.evaluation import Measured, Slice
from fullcycle.evaluate.ports import BatchPredictor, Judged
from fullcycle.evaluate.sample import Sample, Split
from fullcycle.evaluate.score import score_named
from fullcycle.evaluate.slices import DRAWS, FEWEST, parts
from fullcycle.kernel import Invalid, NotEnoughData, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")


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
    cases = [case_of(one.judged, one.split, seed) for one in (was, now)]
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


@dataclass(frozen=True, slots=True)
class Challenge:
    """A new model beside an old one on ``rows`` that neither has learnt from.

    ``difference`` is new minus old, ``gain`` old minus the new one's baseline, both with 95 %
    intervals. The ``score`` of each slice is a difference; their intervals hold all at once
    with 95 %. ``left_out`` rows of the test side the old model had learnt from.
    """

    rows: int
    left_out: int
    difference: Measured
    gain: Measured
    slices: tuple[Slice, ...]


def challenged(was: Contender, now: Contender, *, beside: int = 1, seed: int = 7) -> Challenge:
    """Ask two models about the test side of the newer one, and hold them against each other there.

    Rows, or groups of rows, that the older model learnt from are left out: it would look
    better on them than it is.

    Args:
        was: the older model; of its split only what it learnt from counts.
        now: the newer one, whose score, slices and test side these are.
        beside: how many models are compared so at once; the intervals of slices are widened for it.
        seed: of the resamples.

    Raises:
        Invalid: where the older one cannot be asked so: another score, label or action.
        NotEnoughData: where too few rows are left, or they cannot tell.
        FullcycleError: where the older one's features cannot be computed of these rows.

    Source:
        Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13, for the
        intervals; O. J. Dunn, "Multiple Comparisons Among Means", JASA 56, 1961, for those
        of the slices, which are normal ones: 300 resamples do not reach that far into the tails.
    """
    _require_comparable(was, now)
    unseen = _unseen(was.split.train, now.split.test)
    left_out = len(now.split.test) - len(unseen)
    if len(unseen) < FEWEST:
        raise NotEnoughData(
            f"{len(unseen):,} rows that the older model has not learnt from are fewer than {FEWEST}",
            "comparing two models",
            "judge on rows that came later, say with fc.split(…, since=…)",
        )
    case = case_of(now.judged, Split(now.split.train, unseen, by_time=now.split.by_time), seed)
    before, after = (case.ask(_asking(one)) for one in (was, now))
    rows, score = case.rows, case.score
    baseline, _ = baseline_of(case)
    statistics = [score.prepare(rows, predicted) for predicted in (before, after, baseline)]
    draws = resampled(statistics, rows.weight, strata=score.strata(rows), clusters=rows.group, seed=seed)
    points = [float(of(rows.weight[None, :])[0]) for of in statistics]
    return Challenge(
        rows=len(rows),
        left_out=left_out,
        difference=_measured(points[1] - points[0], draws[1] - draws[0]),
        gain=_measured(points[0] - points[2], draws[0] - draws[2]),
        slices=_slices(case, before, after, beside),
    )


def _require_comparable(was: Contender, now: Contender) -> None:
    if was.judged.score != now.judged.score:
        raise _incomparable(f"scored by {was.judged.score} before")
    if was.split.test.label != now.split.test.label:
        raise _incomparable(f"judged by {was.split.test.label} before")
    control = score_named(now.judged.score).control
    if control is not None:
        frame = now.split.test.frame
        asked = {action_parameter(one.judged.features, frame, control)[0] for one in (was, now)}
        if len(asked) > 1:
            raise _incomparable(f"asked by other actions before: {' and '.join(sorted(asked))}")


def _incomparable(why: str) -> Invalid:
    return Invalid(why, "comparing two models", "compare models that are judged by the same")


def _unseen(learnt: Sample, judged: Sample) -> Sample:
    """The rows of ``judged`` that are not among ``learnt``, nor of a group that is."""
    group = judged.group_column
    if group is not None and group in learnt.frame.columns:
        known, asked = learnt.frame[group], judged.frame[group]
    else:
        shared = [name for name in judged.frame.columns if name in learnt.frame.columns]
        known, asked = (one.frame.select(shared).hash_rows(seed=0) for one in (learnt, judged))
    try:
        seen = asked.is_in(known.unique().implode())
    except pl.exceptions.PolarsError:  # a group of another type: none of them is known
        return judged
    return Sample(judged.frame.filter(~seen), judged.label, judged.weight_column, group)


def _slices(case: Case, before: Array, after: Array, beside: int) -> tuple[Slice, ...]:
    frame = case.split.test.frame
    found = [(name, *part) for name in case.judged.slices for part in parts(frame[name])]
    tail = (1 - LEVEL) / 2 / max(len(found) * beside, 1)
    reach = NormalDist().inv_cdf(1 - tail)
    return tuple(
        Slice(column=column, value=value, rows=len(chosen), **_beyond(case, before, after, chosen, reach))
        for column, value, chosen in found
    )


def _beyond(case: Case, before: Array, after: Array, chosen: Codes, reach: float) -> dict[str, Any]:
    """What the newer one scores beyond the older one on these rows; or a note why nothing is told."""
    rows, score = case.rows.take(chosen), case.score
    if len(rows) < FEWEST:
        return {"note": f"too few rows: fewer than {FEWEST}"}
    try:
        statistics = [score.prepare(rows, predicted[chosen]) for predicted in (before, after)]
        was, now = resampled(
            statistics,
            rows.weight,
            strata=score.strata(rows),
            clusters=rows.group,
            draws=DRAWS,
            seed=case.seed,
        )
        interval(now - was)  # refuses where too many resamples have no value
    except NotEnoughData as reason:
        return {"note": reason.what}
    point_was, point_now = (float(of(rows.weight[None, :])[0]) for of in statistics)
    half = reach * float(np.nanstd(now - was, ddof=1))
    change = point_now - point_was
    return {"score": Measured(change, change - half, change + half)}


def _same_rows(was: Split, now: Split) -> bool:
    """Whether both test sides hold the same rows in the same order, by the columns of both."""
    before, after = was.test, now.test
    shared = [name for name in after.frame.columns if name in before.frame.columns]
    if before.label != after.label or before.label not in shared or before.group_column != after.group_column:
        return False
    return before.frame.select(shared).equals(after.frame.select(shared))


def _asking(one: Contender) -> Predict:
    return lambda frame: predicted_by(one.predictor, one.judged.features.matrix(frame))


def _measured(value: float, draws: Array) -> Measured:
    return Measured(float(value), *interval(draws))
