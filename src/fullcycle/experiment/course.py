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


def of_plan(spec: ExperimentSpec, statistics: Statistics) -> Statistics:
    """The units of the planned days, in everything that is counted or measured.

    Units that come after the plan are for an always-valid analysis alone: to any other, each day of
    them would be one look more.
    """
    last = None if spec.analysis == "always-valid" else last_planned(spec, statistics)
    return statistics if last is None else _until(statistics, last)


def seen_of(spec: ExperimentSpec, statistics: Statistics, looks: Schedule) -> Statistics:
    """What may be looked at: all of it, but of a group-sequential plan the units until its last look.

    Segments and days since the exposure are not told before the last of all looks: reading them at
    each would be so many looks more.
    """
    if spec.analysis != "group-sequential" or (looks.done and looks.next_on is None):
        return statistics
    seen = _until(statistics, looks.done[-1].day if looks.done else "")
    return msgspec.structs.replace(
        seen,
        cells=tuple(cell for cell in seen.cells if not cell.segment),
        quantiles=tuple(cell for cell in seen.quantiles if not cell.segment),
        by_age=(),
    )


def days_known(spec: ExperimentSpec, statistics: Statistics) -> list[str]:
    """The days of exposure of which the primary metric is known; a quantile has none of its own."""
    if spec.metrics[spec.primary].kind != "quantile":
        return statistics.days(spec.primary)
    waiting: dict[str, int] = {}
    for count in statistics.immature:
        if count.metric == spec.primary:
            waiting[count.day] = waiting.get(count.day, 0) + count.units
    there = dict.fromkeys(sorted({count.day for count in statistics.counted}), 0)
    for count in statistics.counted:
        there[count.day] += count.units
    return [day for day, units in there.items() if units > waiting.get(day, 0)]


def _until(statistics: Statistics, last: str) -> Statistics:
    """Of the units that were exposed until a day (ISO date); what has no day is of all of them."""
    return msgspec.structs.replace(
        statistics,
        cells=tuple(cell for cell in statistics.cells if cell.day <= last),
        quantiles=tuple(cell for cell in statistics.quantiles if cell.day <= last),
        assigned=tuple(count for count in statistics.assigned if count.day <= last),
        counted=tuple(count for count in statistics.counted if count.day <= last),
        by_segment=tuple(count for count in statistics.by_segment if count.day <= last),
        immature=tuple(count for count in statistics.immature if count.day <= last),
    )


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
        plain = [name for name, metric in spec.metrics.items() if metric.kind == "quantile"]
        but = f", but not those on {', '.join(plain)}" if plain else ""
        notes.append(
            f"effects are adjusted for {names}{but}; beside them is what was measured without"
            if len(plain) < len(spec.metrics)
            else f"effects on quantiles are not adjusted for {names}"
        )
    if len(spec.treatments) > 1:
        many, each = len(spec.treatments), spec.alpha / len(spec.treatments)
        notes.append(
            f"{many} arms are compared with {spec.control}: each is read at {each:.2%}, so that "
            f"{spec.alpha:.0%} holds for all together (Bonferroni)"
        )
    if len(spec.secondary) > 1:
        notes.append("secondary metrics are not corrected for being many")
    return notes
