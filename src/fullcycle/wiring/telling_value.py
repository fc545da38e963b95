"""The row of value on a capability's page: that of its last verdict, or what is known of it until then."""

from fullcycle.brief import Brief, in_words, worth_per_year
from fullcycle.experiment import Effect as Caused
from fullcycle.experiment import PolicyDifference
from fullcycle.flow import RunRecord
from fullcycle.kernel import Interval, Money, counted
from fullcycle.report import Effect, ValueRow, Worth
from fullcycle.value import ValueRow as Row
from fullcycle.value import Way
from fullcycle.wiring.experiments import Reading
from fullcycle.wiring.offpolicy import off_policy_of
from fullcycle.wiring.outcome import is_share, releases_told
from fullcycle.wiring.project import Project
from fullcycle.wiring.valued import Valued, Values, values


def value_part(
    project: Project,
    capability: str,
    brief: Brief | None,
    reading: Reading | None,
    run: RunRecord,
    spent: Money,
) -> ValueRow | None:
    """What is told of a capability's value; None without a brief.

    Args:
        project: whose record is read.
        capability: whose value it is.
        brief: of the run that the page tells of.
        reading: its last experiment as it stands now.
        run: the run that the page tells of.
        spent: what the capability has cost.
    """
    found = values(project, [capability])
    told = _verdict(found, reading)
    if told is not None:
        return _concluded(told, found, reading)
    return None if brief is None else _open(project, brief, reading, run, spent)


def _verdict(found: Values, reading: Reading | None) -> Valued | None:
    """The verdict on the experiment that the page tells of, where it is closed."""
    name = reading.spec.name if reading is not None else None
    mine = [one for one in found.verdicts if one.row.experiment == name]
    return mine[-1] if mine else None


def _concluded(told: Valued, found: Values, reading: Reading | None) -> ValueRow:
    row, measured = told.row, told.measurement
    best = row.held_out or row.measured
    return ValueRow(
        metric=row.metric,
        unit=_unit(reading),
        share=is_share(reading, row.metric),
        estimated=_effect(row.estimated),
        off_policy=_effect(row.off_policy) if row.off_policy is not None else None,
        off_policy_note=row.off_policy.note if row.off_policy is not None else "",
        measured=_effect(best) if best is not None else None,
        estimated_worth=_worth(row.estimated.per_year, row.currency),
        measured_worth=_worth(best.per_year, row.currency) if best is not None else None,
        cost=row.cost,
        worth_note=measured.arithmetic,
        realised=_brought(row),
        realised_note=_note(row),
        net=_worth(row.net, row.currency) if row.net is not None else None,
        together=found.together,
    )


def _brought(row: Row) -> Worth | None:
    return _worth(row.realised.worth, row.currency) if row.realised is not None else None


def _note(row: Row) -> str:
    if row.realised is None:
        return row.standing
    return f"{row.standing}: {counted(row.realised.units, 'unit')} at the {row.realised.source}'s rate"


def _effect(way: Way) -> Effect:
    return Effect(
        way.range.low, way.range.high, way.source, way.effect.value if way.effect is not None else None
    )


def _open(project: Project, brief: Brief, reading: Reading | None, run: RunRecord, spent: Money) -> ValueRow:
    """What is known before there is a verdict."""
    estimate = brief.estimate
    metric = reading.spec.metrics.get(brief.metric) if reading is not None else None
    good = metric.good if metric is not None else brief.good
    caused = _caused(reading, brief)
    gain = _gain(project, reading, caused)
    return ValueRow(
        metric=brief.metric,
        unit=_unit(reading),
        share=is_share(reading, brief.metric),
        estimated=Effect(estimate.effect.low, estimate.effect.high, f"brief of {run.ref}"),
        off_policy=None if gain is None else _past(gain),
        off_policy_note="" if gain is None else f"as good as {gain.effective:,.0f} of its own",
        measured=_so_far(caused, reading),
        estimated_worth=_worth(worth_per_year(estimate.effect, estimate, good=good), estimate.worth.currency),
        cost=spent,
        worth_note=in_words(estimate.effect, estimate, good=good),
    )


def _caused(reading: Reading | None, brief: Brief) -> Caused | None:
    """The effect on the brief's metric of the arm that the verdict names, or of the first."""
    if reading is None or not reading.readout.primary:
        return None
    arm = reading.readout.verdict.arm or reading.readout.primary[0].arm
    return next(
        (one for one in reading.readout.effects if (one.metric, one.arm) == (brief.metric, arm)), None
    )


def _gain(project: Project, reading: Reading | None, caused: Caused | None) -> PolicyDifference | None:
    before = off_policy_of(project, reading.record) if reading is not None else None
    if before is None:
        return None
    if caused is not None:
        return before.differences.get(caused.arm)
    return next(iter(before.differences.values()), None)


def _past(gain: PolicyDifference) -> Effect:
    return Effect(gain.low, gain.high, counted(gain.n, "past decision"), gain.difference)


def _so_far(caused: Caused | None, reading: Reading | None) -> Effect | None:
    if caused is None or reading is None or caused.low is None or caused.high is None:
        return None
    source = f"experiment {reading.spec.name}, {releases_told(reading)}"
    return Effect(caused.low, caused.high, source, caused.difference)


def _worth(money: Interval, currency: str) -> Worth:
    return Worth(Money(money.low, currency), Money(money.high, currency))


def _unit(reading: Reading | None) -> str:
    return reading.spec.unit.removesuffix("_id") if reading is not None else "unit"
