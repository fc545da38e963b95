"""The readout: what an experiment caused so far, and what is concluded from it."""

from datetime import date
from math import ceil

import msgspec

from fullcycle.experiment.boundary import AlwaysValid, Boundary, Fixed
from fullcycle.experiment.comparison import comparable, contrast
from fullcycle.experiment.effect import DayEstimate, Effect, Role, effect
from fullcycle.experiment.guardrail import Guardrail, guardrail
from fullcycle.experiment.moments import Moments
from fullcycle.experiment.ratio_check import ALARM, SampleRatio, sample_ratio
from fullcycle.experiment.spec import Analysis, ExperimentSpec
from fullcycle.experiment.statistics import Count, Statistics, per_arm
from fullcycle.experiment.verdict import Evidence, Verdict, verdict

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
    ``immature`` ones are still inside a metric's window: none of them is in an effect.
    ``path`` is the primary metric's interval after each day of exposure.
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

    @property
    def primary(self) -> list[Effect]:
        """The primary metric's effects, one per arm but the control."""
        return [found for found in self.effects if found.role == "primary"]


def readout(spec: ExperimentSpec, statistics: Statistics, *, planned_units: int | None = None) -> Readout:
    """Read an experiment.

    Args:
        spec: the experiment.
        statistics: what its one query brought home.
        planned_units: of all arms together, by the design; without it, the units of the
            first day times the planned days. It only tunes where the always-valid
            interval is tightest, and never looks at an outcome.

    Each of k treatments is read at ``alpha / k`` (Bonferroni), so that the promise holds
    for all of them together. Secondary metrics are not corrected for being many.
    """
    planned = planned_units or _planned(spec, statistics)
    boundary = _boundary(spec, planned)
    effects = [
        _effect(spec, statistics, name, role, arm, boundary)
        for name, role in _roles(spec)
        for arm in spec.treatments
    ]
    guardrails = [
        guardrail(spec.metrics[name], arm, _pair(spec, statistics, name, arm), margin, boundary)
        for name, margin in spec.guardrails.items()
        for arm in spec.treatments
    ]
    assigned = sample_ratio(per_arm(statistics.assigned, spec.order), spec.weights)
    counted = per_arm(statistics.counted, spec.order)
    triggered = None if spec.triggered is None else sample_ratio(counted, spec.weights)
    days = statistics.days(spec.primary)
    evidence = Evidence(
        primary=[found for found in effects if found.role == "primary"],
        guardrails=guardrails,
        boundary=boundary,
        analysis=spec.analysis,
        days_left=_days_left(spec, statistics),
        units_per_day=sum(counted.values()) / max(len({count.day for count in statistics.counted}), 1),
        matters=spec.matters,
        blocked=_blocked(assigned, "assigned") or (_blocked(triggered, "triggered") if triggered else ""),
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
                statistics.moments(spec.primary, arm).units,
            )
            for arm in spec.order
        ],
        crossed=statistics.crossed,
        untriggered=sum(assigned.counts.values()) - sum(counted.values()),
        immature={
            name: sum(per_arm(statistics.immature, spec.order, name).values()) for name in spec.metrics
        },
        sample_ratio=assigned,
        triggered_ratio=triggered,
        effects=effects,
        guardrails=guardrails,
        path=_path(spec, statistics, boundary),
        units_by_day=list(statistics.counted),
        verdict=verdict(evidence),
        notes=_notes(spec, statistics),
    )


def _roles(spec: ExperimentSpec) -> list[tuple[str, Role]]:
    roles: list[tuple[str, Role]] = [(spec.primary, "primary")]
    roles += [(name, "secondary") for name in spec.secondary]
    return roles + [(name, "guardrail") for name in spec.guardrails if name not in dict(roles)]


def _pair(
    spec: ExperimentSpec, statistics: Statistics, metric: str, arm: str, until: str | None = None
) -> tuple[Moments, Moments]:
    return (
        statistics.moments(metric, spec.control, until=until),
        statistics.moments(metric, arm, until=until),
    )


def _effect(
    spec: ExperimentSpec, statistics: Statistics, metric: str, role: Role, arm: str, boundary: Boundary
) -> Effect:
    moments = _pair(spec, statistics, metric, arm)
    return effect(spec.metrics[metric], role, (spec.control, arm), moments, boundary)


def _path(spec: ExperimentSpec, statistics: Statistics, boundary: Boundary) -> list[DayEstimate]:
    path = []
    for day in statistics.days(spec.primary):
        for arm in spec.treatments:
            pair = _pair(spec, statistics, spec.primary, arm, until=day)
            if comparable(*pair):
                found = contrast(*pair)
                path.append(DayEstimate(day, arm, found.units, found.value, *found.interval(boundary)))
    return path


def _boundary(spec: ExperimentSpec, planned: int) -> Boundary:
    alpha = spec.alpha / len(spec.treatments)
    return Fixed(alpha) if spec.analysis == "fixed" else AlwaysValid(planned, alpha)


def _planned(spec: ExperimentSpec, statistics: Statistics) -> int:
    """The units of the first day, times the days: known after one day, and the same at every later look."""
    days = sorted({count.day for count in statistics.counted})
    first = sum(count.units for count in statistics.counted if days and count.day == days[0])
    return max(first * spec.days, 2)


def _days_left(spec: ExperimentSpec, statistics: Statistics) -> int:
    """Days until the last planned unit's primary value is known."""
    days = sorted({count.day for count in statistics.assigned})
    window = spec.metrics[spec.primary].known_after_s * 1_000_000
    if days or spec.starts:
        start = (date.fromisoformat(spec.starts or days[0]) - date(1970, 1, 1)).days * _DAY
    else:
        start = statistics.as_of
    return max(ceil((start + spec.days * _DAY + window - statistics.as_of) / _DAY), 0)


def _blocked(ratio: SampleRatio, which: str) -> str:
    if ratio.ok:
        return ""
    counts = ", ".join(
        f"{arm} {n:,} of {ratio.expected[arm]:,.0f} expected" for arm, n in ratio.counts.items()
    )
    return (
        f"the {which} units do not have the promised ratio ({counts}; p = {ratio.p:.2g},"
        f" alarm below {ALARM}): something lets one arm's units get lost, so no effect can be believed"
    )


def _notes(spec: ExperimentSpec, statistics: Statistics) -> list[str]:
    notes = []
    if statistics.crossed:
        notes.append(f"{statistics.crossed:,} units got two arms and are left out")
    if spec.analysis == "always-valid":
        notes.append("the interval may be read at any time, as often as you like")
    if len(spec.treatments) > 1:
        share = spec.alpha / len(spec.treatments)
        notes.append(f"each of {len(spec.treatments)} arms is read at {share:.3g} (Bonferroni)")
    if len(spec.secondary) > 1:
        notes.append("secondary metrics are not corrected for being many")
    return notes
