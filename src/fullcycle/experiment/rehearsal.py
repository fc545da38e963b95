"""An analysis rehearsed on the past: how often it rings where nothing was done, and how soon it finds.

Looks are those that the analysis allows: every day where it is always valid, the planned ones where it
is group-sequential, and one at the end where it is fixed.
"""

from dataclasses import replace

import msgspec

from fullcycle.experiment.boundary import AlwaysValid, Fixed
from fullcycle.experiment.design import Rule
from fullcycle.experiment.history import FalseAlarms, Found, Looks, Past, false_alarms_of, found_by_day
from fullcycle.experiment.sequential import GroupSequential, looks_until
from fullcycle.experiment.spec import Analysis


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """An A/A check of one analysis: ``looks`` at each of many random splits of the past.

    ``promised`` is False where a test for one look was taken at several: what it costs to peek.
    """

    analysis: Analysis
    looks: int
    promised: bool
    alarms: FalseAlarms


def looks_of(rule: Rule, days: int, units: int) -> Looks:
    """When an experiment of so many days of exposure is looked at, and by which boundary.

    Args:
        rule: how it is read.
        days: how long units are exposed.
        units: of the two arms together, once all days are over.
    """
    if rule.analysis == "fixed":
        return {days - 1: Fixed(rule.alpha)}
    if rule.analysis == "always-valid":
        return dict.fromkeys(range(days), AlwaysValid(max(units, 2), rule.alpha))
    ends = sorted(set(looks_until(rule.looks or (1.0,), days, days)))
    shares = [end / days for end in ends]
    return {
        end - 1: GroupSequential(tuple(shares[: n + 1]), rule.spending, rule.alpha)
        for n, end in enumerate(ends)
    }


def rehearse(
    past: Past, rule: Rule, *, weights: tuple[float, float] = (0.5, 0.5), splits: int = 1_000, seed: int = 0
) -> list[Rehearsed]:
    """Check on the past that the analysis, and a fixed one beside it, keep to their share of false alarms.

    The last is a fixed one looked at every day: what peeking would cost.
    """
    fixed = replace(rule, analysis="fixed")
    days, units = past.days, int(past.units.sum())
    told: list[tuple[Analysis, Looks, bool]] = [
        (one.analysis, looks_of(one, days, units), True) for one in dict.fromkeys((rule, fixed))
    ]
    if days > 1:
        told.append(("fixed", dict.fromkeys(range(days), Fixed(rule.alpha)), False))
    return [
        Rehearsed(
            analysis=analysis,
            looks=len(looks),
            promised=promised,
            alarms=false_alarms_of(past, looks, weights=weights, splits=splits, seed=seed),
        )
        for analysis, looks, promised in told
    ]


def chance_by_day(
    past: Past,
    rule: Rule,
    effect: float,
    *,
    days: int,
    units_per_day: float,
    weights: tuple[float, float] = (0.5, 0.5),
    splits: int = 1_000,
    seed: int = 0,
) -> list[Found]:
    """How likely an effect is found by the end of each day of exposure, had it been there in the past.

    Args:
        past: the units.
        rule: how it is read.
        effect: by how much the metric of each treated unit is moved.
        days: of exposure.
        units_per_day: of the two arms together.
        weights: the shares of control and treatment.
        splits: how many experiments are made up.
        seed: of the splits.

    Raises:
        NotEnoughData: where the past cannot stand for such a plan.
    """
    plan = past.over(days, units_per_day, seed=seed)
    looks = looks_of(rule, days, int(units_per_day * days))
    return found_by_day(plan, looks, effect, weights=weights, splits=splits, seed=seed)
