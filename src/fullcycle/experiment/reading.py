"""The readout: what an experiment caused so far, and what is concluded from it."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil

import msgspec

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.checks import AgeEffect, age_effects, blocked, checks, held
from fullcycle.experiment.course import boundary_of, days_known, notes_of, of_plan, path_of, seen_of
from fullcycle.experiment.effect import DayEstimate, Effect, Role, effect
from fullcycle.experiment.guardrail import Guardrail, guardrail
from fullcycle.experiment.looks import (
    Look,
    Schedule,
    bounded,
    day_of,
    decided_after_s,
    first_day,
    schedule,
)
from fullcycle.experiment.pairing import pair
from fullcycle.experiment.ratio_check import SampleRatio, sample_ratio
from fullcycle.experiment.segments import (
    SegmentEffect,
    SegmentUnits,
    largest_levels,
    segment_effects,
    small_levels,
)
from fullcycle.experiment.situation import Check, Situation
from fullcycle.experiment.spec import Analysis, ExperimentSpec
from fullcycle.experiment.statistics import Count, Statistics, per_arm
from fullcycle.experiment.threshold import smallest_gain, told_smallest, unjudged
from fullcycle.experiment.verdict import Evidence, Verdict, verdict
from fullcycle.experiment.worth import ArmWorth, Prior, Rate, arm_worth

_DAY = 86_400_000_000  # microseconds


class ArmUnits(msgspec.Struct, frozen=True):
    """The units of one arm: promised share, assigned, counted (triggered), and of known primary value."""

    arm: str
    weight: float
    assigned: int
    counted: int
    known: int


class Readout(msgspec.Struct, frozen=True, kw_only=True):
    """All that an experiment says at one moment, as plain data.

    ``crossed`` units got two arms, ``untriggered`` ones were assigned but never counted,
    ``immature`` ones are still inside a metric's window, or of a table without its value: none of them
    is in an effect.
    ``path`` is the primary metric's interval after each day of exposure, or after each look of a
    group-sequential experiment; ``looks`` are those that are over, ``next_look`` the day (ISO date,
    UTC) on which another can be read, ``looks_ahead`` those to come. ``checks`` are what stands
    against believing it, those that block first. ``worth`` is the money per year of each treatment.
    ``small_segments`` are those levels whose units are too few for an effect in ``segments``.

    All of it is of the same units: those of the planned days; but of all days where the analysis is
    always-valid. ``after_plan`` are units that were counted later, and are nowhere else; ``unitless``
    are decisions for requests that name no unit, or rows of a table that name no arm.
    """

    experiment: str
    capability: str
    as_of: int  # microseconds since 1970 UTC
    analysis: Analysis
    alpha: float
    control: str
    first_day: str | None
    last_day: str | None
    days: int
    planned_units: int
    arms: list[ArmUnits]
    crossed: int
    untriggered: int
    immature: dict[str, int]
    sample_ratio: SampleRatio
    triggered_ratio: SampleRatio | None
    effects: list[Effect]
    guardrails: list[Guardrail]
    path: list[DayEstimate]
    units_by_day: list[Count]
    verdict: Verdict
    notes: list[str]
    looks: list[Look] = []
    next_look: str | None = None
    looks_ahead: list[Look] = []
    checks: list[Check] = []
    segments: list[SegmentEffect] = []
    small_segments: list[SegmentUnits] = []
    ages: list[AgeEffect] = []
    worth: list[ArmWorth] = []
    late: dict[str, int] = {}
    watermark: int | None = None
    after_plan: int = 0
    unitless: int = 0

    @property
    def primary(self) -> list[Effect]:
        """The primary metric's effects, one per arm but the control."""
        return [found for found in self.effects if found.role == "primary"]


def readout(
    spec: ExperimentSpec,
    statistics: Statistics,
    *,
    planned_units: int | None = None,
    rate: Rate | None = None,
    prior: Prior | None = None,
    more: Iterable[Check] = (),
) -> Readout:
    """Read an experiment.

    Args:
        spec: the experiment.
        statistics: what its one query brought home.
        planned_units: of all arms together, by the design; without it, the units of the first
            day or of the second, whichever had more, times the planned days. It tunes where the
            always-valid interval is tightest and how far along a group-sequential plan is, and
            never looks at an outcome.
        rate: what one of the primary metric is worth in a year.
        prior: what effects on it are like, which says what of a winner's is to be expected.
        more: checks of what the statistics do not show.

    Each of k treatments is read at ``alpha / k`` (Bonferroni), so that the promise holds
    for all of them together. Secondary metrics are not corrected for being many. A plan that
    ends is read over the units of its days, whatever comes after, and a group-sequential one at
    its last look, over the units exposed until then.
    """
    statistics, crowded = largest_levels(spec, statistics)
    whole, statistics = statistics, of_plan(spec, statistics)
    planned = planned_units or _planned(spec, statistics)
    looks = _looks(spec, statistics, planned)
    boundary = boundary_of(spec, planned, looks)
    seen = seen_of(spec, statistics, looks)
    effects = [
        effect(
            spec.metrics[name],
            role,
            (spec.control, arm),
            pair(spec.metrics[name], seen, (spec.control, arm)),
            boundary,
        )
        for name, role in _roles(spec)
        for arm in spec.treatments
    ]
    guardrails = [
        guardrail(
            spec.metrics[name], arm, pair(spec.metrics[name], seen, (spec.control, arm)), margin, boundary
        )
        for name, margin in spec.guardrails.items()
        for arm in spec.treatments
    ]
    primary = [found for found in effects if found.role == "primary"]
    counted = per_arm(statistics.counted, spec.order)
    assigned = sample_ratio(per_arm(statistics.assigned, spec.order), spec.weights)
    days, left = days_known(spec, seen), _days_left(spec, statistics)
    told = checks(
        Situation(spec, msgspec.structs.replace(statistics, by_age=seen.by_age), primary, left), more
    )
    segments = segment_effects(spec, seen, boundary)
    days_counted = max(len({count.day for count in statistics.counted}), 1)
    evidence = Evidence(
        primary=primary,
        guardrails=guardrails,
        boundary=boundary,
        analysis=spec.analysis,
        days_left=left,
        units_per_day={arm: units / days_counted for arm, units in counted.items()},
        assigned=sum(assigned.counts.values()),
        planned=spec.days > 0,
        known_on=_known_on(spec, statistics),
        matters=smallest_gain(spec, rate),
        matters_told=told_smallest(spec, primary[0]),
        blocked=blocked(told),
        held=held(told),
        qualified=tuple(check.name for check in told if check.standing == "qualifies"),
        looked=bool(looks.done) or spec.analysis != "group-sequential",
        next_look=looks.next_on,
    )
    return Readout(
        experiment=spec.name,
        capability=spec.capability,
        as_of=statistics.as_of,
        analysis=spec.analysis,
        alpha=spec.alpha,
        control=spec.control,
        first_day=days[0] if days else None,
        last_day=days[-1] if days else None,
        days=spec.days,
        planned_units=planned,
        arms=[
            ArmUnits(
                arm,
                spec.weights[arm],
                assigned.counts[arm],
                counted[arm],
                _known(spec, seen, arm),
            )
            for arm in spec.order
        ],
        crossed=statistics.crossed,
        untriggered=sum(assigned.counts.values()) - sum(counted.values()),
        immature=_by_metric(spec, statistics.immature),
        sample_ratio=assigned,
        triggered_ratio=None if spec.triggered is None else sample_ratio(counted, spec.weights),
        effects=effects,
        guardrails=guardrails,
        path=path_of(spec, seen, boundary, looks),
        units_by_day=list(statistics.counted),
        verdict=verdict(evidence),
        notes=[*notes_of(spec, looks), *crowded, *unjudged(spec, rate)],
        looks=list(looks.done),
        next_look=looks.next_on,
        looks_ahead=list(looks.ahead),
        checks=told,
        segments=segments,
        small_segments=small_levels(spec, seen, segments),
        ages=age_effects(spec, seen),
        worth=[one for one in (_worth(found, rate, prior, boundary) for found in primary) if one is not None],
        late=_by_metric(spec, statistics.late),
        watermark=statistics.watermark,
        after_plan=_units(whole) - _units(statistics),
        unitless=statistics.unitless,
    )


def _units(statistics: Statistics) -> int:
    return sum(count.units for count in statistics.counted)


def _roles(spec: ExperimentSpec) -> list[tuple[str, Role]]:
    roles: list[tuple[str, Role]] = [(spec.primary, "primary")]
    roles += [(name, "secondary") for name in spec.secondary]
    return roles + [(name, "guardrail") for name in spec.guardrails if name not in dict(roles)]


def _looks(spec: ExperimentSpec, statistics: Statistics, planned: int) -> Schedule:
    if spec.analysis != "group-sequential":
        return Schedule(())
    found = schedule(spec, statistics, planned)
    return bounded(found, spec.spending, spec.alpha / len(spec.treatments))


def _planned(spec: ExperimentSpec, statistics: Statistics) -> int:
    """The units of the fuller of the first two days, times the days: the same at every later look.

    The first day is only part of one where it began in the evening.
    """
    by_day: dict[str, int] = {}
    for count in statistics.counted:
        by_day[count.day] = by_day.get(count.day, 0) + count.units
    first = max((by_day[day] for day in sorted(by_day)[:2]), default=0)
    return max(first * spec.days, 2)


def _days_left(spec: ExperimentSpec, statistics: Statistics) -> int:
    """Days until the last planned unit's primary value is known; of a plan that ends, all that decides it."""
    always = spec.analysis == "always-valid"
    seconds = spec.metrics[spec.primary].known_after_s if always else decided_after_s(spec)
    window = seconds * 1_000_000
    first = first_day(spec, statistics)
    start = statistics.as_of if first is None else (first - date(1970, 1, 1)).days * _DAY
    return max(ceil((start + spec.days * _DAY + window - statistics.as_of) / _DAY), 0)


def _known(spec: ExperimentSpec, statistics: Statistics, arm: str) -> int:
    """The units of one arm whose primary value is known."""
    if spec.metrics[spec.primary].kind != "quantile":
        return statistics.gram(spec.primary, arm).units
    cell = statistics.quantile(spec.primary, arm)
    return cell.units if cell is not None else 0


def _known_on(spec: ExperimentSpec, statistics: Statistics) -> str | None:
    """The day from which units of the first day of exposure have a primary value."""
    days = [count.day for count in statistics.counted if count.day]
    if not days:
        return None
    start = (date.fromisoformat(min(days)) - date(1970, 1, 1)).days * _DAY
    return day_of(start + round(spec.metrics[spec.primary].known_after_s * 1e6))


def _worth(found: Effect, rate: Rate | None, prior: Prior | None, boundary: Boundary) -> ArmWorth | None:
    return None if rate is None else arm_worth(found, rate, prior, alpha=boundary.alpha)


def _by_metric(spec: ExperimentSpec, counts: Sequence[Count]) -> dict[str, int]:
    return {name: sum(per_arm(counts, spec.order, name).values()) for name in spec.metrics}
