"""What an experiment's effect is worth: the brief's arithmetic, and what effects were like before."""

from scipy.special import ndtri

from fullcycle.brief import Brief, number
from fullcycle.experiment import (
    FEWEST_EFFECTS,
    ExperimentSpec,
    Prior,
    Rate,
    spread_expected,
    spread_measured,
)
from fullcycle.kernel import Interval, Invalid, counted
from fullcycle.value import Measurement, measurements
from fullcycle.wiring.project import Project


def rate_of(brief: Brief | None, spec: ExperimentSpec) -> Rate | None:
    """What a change of one in the primary metric is worth; None where neither brief nor metric says.

    The brief says how many units are reached in a year. What one of the metric is worth is the
    metric's own ``worth``, else the brief's, where that is about the same metric.
    """
    metric = spec.metrics[spec.primary]
    if brief is None or (metric.worth is None and brief.metric != metric.name):
        return None
    reach, worth = brief.estimate.reach, metric.worth or brief.estimate.worth
    units = f"{number(reach.count)}{f' {reach.unit}' if reach.unit else ''} per {reach.period}"
    if spec.condition is not None:  # the brief does not know of it
        units += ", those who do not meet the condition among them,"
    return Rate(
        per_year=reach.per_year * worth.amount,
        currency=worth.currency,
        arithmetic=f"{units} × {worth} for each {metric.name}",
    )


def require_worth(brief: Brief | None, spec: ExperimentSpec) -> None:
    """Refuse an experiment whose ``matters`` is told in money that its primary metric cannot be told in.

    Raises:
        Invalid: where nothing says what one of the metric is worth, or how many units are reached in a
            year; or where that is another currency.
    """
    matters, rate, metric = spec.matters_worth, rate_of(brief, spec), spec.metrics[spec.primary]
    if matters is None:
        return
    where = f"the experiment {spec.name} in {spec.capability}/experiment.py"
    told = f'matters="{matters}" is money a year'
    if rate is None and brief is None:
        mend = f"write {spec.capability}/brief.md; or say matters in {spec.primary} itself: matters=0.005"
        raise Invalid(f"{told}, and no brief says how many units are reached in a year", where, mend)
    if rate is None or rate.per_year <= 0:
        raise Invalid(
            f"{told}, and nothing says what one {spec.primary} is worth",
            where,
            f'say it where the metric is declared, in {spec.capability}/flow.py: worth="0.80 '
            f'{matters.currency}"; or say matters in {spec.primary} itself: matters=0.005',
        )
    if rate.currency != matters.currency:
        whose = "the metric" if metric.worth is not None else "the brief"
        raise Invalid(
            f"{told}, and {whose} tells what {spec.primary} is worth in {rate.currency}",
            where,
            f'say both in one currency: matters="{matters.amount:g} {rate.currency}"',
        )


def prior_of(project: Project, brief: Brief | None, spec: ExperimentSpec) -> Prior | None:
    """What effects on the primary metric are like; None where the brief expects none of it.

    From what this project's other experiments measured, each against the boldest guess of its own brief,
    once there are enough of them; else from this brief's boldest guess alone.
    """
    if brief is None or brief.metric != spec.primary:
        return None
    guess = spread_expected(brief.estimate.effect)
    if guess <= 0:
        return None
    past = [
        fact.body
        for name in project.capabilities()
        for fact in measurements(project.ledger, name)
        if (name, fact.body.experiment) != (spec.capability, spec.name)  # it says nothing beside itself
    ]
    known = [one for one in map(_against_its_guess, past) if one is not None]
    spread = spread_measured(known)
    if spread is None:
        origin = "the brief: an effect as large as its boldest guess, once in twenty"
        if len(known) >= FEWEST_EFFECTS:
            origin += (
                f". The {counted(len(known), 'effect')} that this project measured look like chance alone, "
                "so that this believes rather too much"
            )
        return Prior(spread=guess, origin=origin)
    origin = (
        f"{counted(len(known), 'effect')} that this project measured, each against its brief's boldest guess"
    )
    return Prior(spread=spread * guess, origin=origin, effects=len(known))


def _against_its_guess(one: Measurement) -> tuple[float, float] | None:
    """A measured effect and its standard error, as multiples of what its brief guessed at boldest."""
    guess = spread_expected(Interval(one.estimate.low, one.estimate.high))
    if one.measured is None or not one.counts or guess <= 0:
        return None
    stderr = one.measured.stderr
    if stderr is None:  # of before it was kept; at most so large, since an interval may be wider
        stderr = (one.measured.high - one.measured.low) / 2 / float(-ndtri(0.025))
    return (one.measured.value / guess, stderr / guess) if stderr > 0 else None
