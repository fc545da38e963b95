"""How an experiment goes: the rule it is read by, what it may see so far, and its interval over time."""

from collections.abc import Sequence

import msgspec

from fullcycle.experiment.boundary import AlwaysValid, Boundary, Fixed
from fullcycle.experiment.comparison import comparable, contrast
from fullcycle.experiment.effect import DayEstimate
from fullcycle.experiment.looks import Look, Schedule, last_planned
from fullcycle.experiment.pairing import Where, pair
from fullcycle.experiment.sequential import GroupSequential
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics


def boundary_of(spec: ExperimentSpec, planned: int, looks: Schedule) -> Boundary:
    """The rule of its intervals: each of k treatments at ``alpha / k``."""
    alpha = spec.alpha / len(spec.treatments)
    if spec.analysis == "fixed":
        return Fixed(alpha)
    if spec.analysis == "group-sequential":
        return (
            _after(looks.done, spec, alpha) if looks.done else GroupSequential((1.0,), spec.spending, alpha)
        )
    return AlwaysValid(planned, alpha)


def seen_of(spec: ExperimentSpec, statistics: Statistics, looks: Schedule) -> Statistics:
    """What may be looked at: the units of the plan, and of a group-sequential one those of its last look.

    Units that come after the plan are for an always-valid analysis alone: to any other, each day of
    them would be one look more. Quantiles, segments and days since the exposure are not told day by
    day, so they are not seen before the last look, and are of all units after it.
    """
    if spec.analysis == "always-valid":
        return statistics
    if spec.analysis == "fixed" or (looks.done and looks.next_on is None):
        if (last := last_planned(spec, statistics)) is None:
            return statistics
        kept = tuple(cell for cell in statistics.cells if cell.segment or cell.day <= last)
        return msgspec.structs.replace(statistics, cells=kept)
    last = looks.done[-1].day if looks.done else ""
    cells = tuple(cell for cell in statistics.cells if not cell.segment and cell.day <= last)
    return msgspec.structs.replace(statistics, cells=cells, quantiles=(), by_age=())


def path_of(
    spec: ExperimentSpec, statistics: Statistics, boundary: Boundary, looks: Schedule
) -> list[DayEstimate]:
    """The primary metric's interval after each day of exposure, or after each look."""
    if spec.analysis == "group-sequential":
        steps: list[tuple[str, Boundary]] = [
            (look.day, _after(looks.done[: n + 1], spec, boundary.alpha)) for n, look in enumerate(looks.done)
        ]
    else:
        steps = [(day, boundary) for day in statistics.days(spec.primary)]
    path = []
    for day, rule in steps:
        for arm in spec.treatments:
            both = pair(spec.metrics[spec.primary], statistics, (spec.control, arm), Where(day))
            if comparable(both.control, both.treated):
                found = contrast(both.control, both.treated)
                ends = found.interval(rule)
                path.append(DayEstimate(day, arm, found.units, found.value, *ends, found.stderr))
    return path


def _after(looks: Sequence[Look], spec: ExperimentSpec, alpha: float) -> GroupSequential:
    """The rule of the last of some looks."""
    fractions, units = tuple(look.fraction for look in looks), tuple(look.units for look in looks)
    return GroupSequential(fractions, spec.spending, alpha, units)


def notes_of(spec: ExperimentSpec, looks: Schedule) -> list[str]:
    """What somebody has to know to read the numbers."""
    notes = []
    if spec.analysis == "always-valid":
        notes.append("the interval may be read at any time, as often as you like")
    if spec.analysis == "group-sequential":
        notes.append("the interval holds at all planned looks together; between two of them nothing is read")
        if spec.segments and looks.next_on is not None:
            notes.append("segments are read at the last look")
    if spec.covariates:
        names = ", ".join(covariate.name for covariate in spec.covariates)
        notes.append(f"effects are adjusted for {names}; beside them is what was measured without")
    if len(spec.treatments) > 1:
        many, each = len(spec.treatments), spec.alpha / len(spec.treatments)
        notes.append(
            f"{many} arms are compared with {spec.control}: each is read at {each:.2%}, so that "
            f"{spec.alpha:.0%} holds for all together (Bonferroni)"
        )
    if len(spec.secondary) > 1:
        notes.append("secondary metrics are not corrected for being many")
    return notes
