"""The smallest gain worth having, which an experiment may tell in money."""

from fullcycle.experiment.effect import Effect
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.worth import Rate
from fullcycle.kernel import Invalid


def smallest_gain(spec: ExperimentSpec, rate: Rate | None) -> float | None:
    """The smallest gain worth having, in the primary metric; told in money, by what it is worth.

    Raises:
        Invalid: where it is told in another currency than the metric is worth.
    """
    if spec.matters_worth is None or rate is None or rate.per_year <= 0:
        return spec.matters
    if spec.matters_worth.currency != rate.currency:
        raise Invalid(
            f"matters is told in {spec.matters_worth.currency}, and {spec.primary} is worth {rate.currency}",
            f"the experiment {spec.name} of {spec.capability}",
            f'write it in {rate.currency}: matters="20000 {rate.currency}"',
        )
    return spec.matters_worth.amount / rate.per_year


def told_smallest(spec: ExperimentSpec, primary: Effect) -> str:
    """The same as it was declared; empty where it was not."""
    if spec.matters_worth is not None:
        return f"{spec.matters_worth} a year"
    share = primary.kind == "proportion"
    return "" if spec.matters is None else f"{100 * spec.matters:g} points" if share else f"{spec.matters:g}"


def unjudged(spec: ExperimentSpec, rate: Rate | None) -> list[str]:
    """What was declared and cannot be judged by."""
    if spec.matters_worth is None or (rate is not None and rate.per_year > 0):
        return []
    return [
        f"what matters is told in money ({spec.matters_worth} a year), and nothing says what {spec.primary} "
        "is worth: no arm is stopped for gaining too little"
    ]
