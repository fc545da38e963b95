"""A row of the value ledger: what was estimated, what was measured, and what it cost to find out."""

from typing import Literal

import msgspec

from fullcycle.brief import Brief, Good, Reach, in_words, number, worth_per_year
from fullcycle.kernel import Digest, Interval, Invalid, Money
from fullcycle.record import fact
from fullcycle.value.cost import Cost

Calibration = Literal["inside", "above", "below", "too early"]

Source = Literal["experiment", "holdout"]
"""What a measurement was taken from: units that were drawn by lot, for a trial or to be left out."""

Strength = Literal["randomised", "off-policy", "estimate"]
"""How much a number can be leant on, the strongest first."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of the metric per unit, absolute, with its interval; ``stderr`` None where it was not kept."""

    value: float
    low: float
    high: float
    stderr: float | None = None

    @property
    def interval(self) -> Interval:
        """Where it lies."""
        return Interval(self.low, self.high)


class OffPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the past says about a policy before launch: its effect, and how many rows speak for it.

    ``effective`` is the effective sample size of the weights, out of ``rows``.
    """

    effect: Effect
    effective: float
    rows: int


class Yearly(msgspec.Struct, frozen=True, kw_only=True):
    """Money per year by each of three ways to know; None where that one is not known."""

    estimate: Interval
    off_policy: Interval | None = None
    measured: Interval | None = None


@fact("value.measured")
class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Estimate, off-policy estimate, measured effect and cost, side by side in the same money.

    Effects are changes of ``metric`` per unit; ``cost`` is what was spent so far; ``brief`` and
    ``readout`` are the objects that the numbers come from. ``arm`` is the one that was measured,
    ``control_mean`` what it was held against. ``expected`` is money per year, freed from the arm's
    having been picked for its looks. ``distrusted`` says why the number is not to be believed; empty
    where nothing stands against it. Older facts lack what stands below ``readout``.
    """

    experiment: str
    releases: tuple[int, ...]
    metric: str
    good: Good
    estimate: Interval
    off_policy: OffPolicy | None
    measured: Effect | None
    reach: Reach
    worth: Money
    yearly: Yearly
    arithmetic: str
    cost: Cost
    verdict: str
    reason: str
    brief: Digest
    readout: Digest
    source: Source = "experiment"
    owner: str = ""  # of the brief
    arm: str | None = None
    environment: str = ""
    release: int | None = None  # that the experiment went out with
    control_mean: float | None = None
    expected: Interval | None = None
    distrusted: str = ""

    @property
    def strength(self) -> Strength:
        """How much ``measured`` can be leant on."""
        return "randomised"

    @property
    def counts(self) -> bool:
        """Whether there is a measured effect that may be held against estimates."""
        return self.measured is not None and not self.distrusted


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, and of what: see ``Measurement``."""

    effect: Effect | None
    expected: Interval | None = None
    source: Source = "experiment"
    arm: str | None = None
    environment: str = ""
    release: int | None = None
    control_mean: float | None = None
    distrusted: str = ""


def measure(
    brief: Brief,
    *,
    experiment: str,
    releases: tuple[int, ...],
    good: Good,
    off_policy: OffPolicy | None,
    found: Found,
    cost: Cost,
    verdict: str,
    reason: str,
    readout: Digest,
) -> Measurement:
    """Put what an experiment found beside what the brief expected.

    Args:
        brief: says what was expected, how many units are reached and what one is worth.
        experiment: its name.
        releases: the releases that answered while it ran.
        good: which way the metric should go.
        off_policy: what the past said before launch, if it could.
        found: what the experiment says; its effect is None where it is too early to say.
        cost: what was spent so far, in the currency of the brief's worth.
        verdict: ship, stop, keep going or unknown, and why in ``reason``.
        reason: one sentence.
        readout: the readout's object.

    Raises:
        Invalid: where costs and worth are told in two currencies.
    """
    estimate, measured = brief.estimate, found.effect
    if cost.total.currency != estimate.worth.currency:
        raise Invalid(
            f"costs are in {cost.total.currency} and the brief's worth in {estimate.worth.currency}",
            "value",
            f"write worth in {cost.total.currency} in brief.md, or set currency in fullcycle.toml",
        )
    yearly = Yearly(
        estimate=worth_per_year(estimate.effect, estimate, good=good),
        off_policy=worth_per_year(off_policy.effect.interval, estimate, good=good) if off_policy else None,
        measured=worth_per_year(measured.interval, estimate, good=good) if measured else None,
    )
    return Measurement(
        experiment=experiment,
        releases=releases,
        metric=brief.metric,
        good=good,
        estimate=estimate.effect,
        off_policy=off_policy,
        measured=measured,
        reach=estimate.reach,
        worth=estimate.worth,
        yearly=yearly,
        arithmetic=in_words(measured.interval if measured else estimate.effect, estimate, good=good),
        cost=cost,
        verdict=verdict,
        reason=reason,
        brief=brief.digest,
        readout=readout,
        source=found.source,
        owner=brief.owner,
        arm=found.arm,
        environment=found.environment,
        release=found.release,
        control_mean=found.control_mean,
        expected=found.expected,
        distrusted=found.distrusted,
    )


def calibration(measurement: Measurement) -> Calibration:
    """Whether the estimate held: where the measured interval lies against the estimated one.

    ``inside`` wholly within it, ``above`` or ``below`` wholly outside; ``too early`` where the
    two overlap without that, or nothing is measured yet. Above and below are told in the
    metric's own numbers, whichever way is good.
    """
    measured, estimate = measurement.measured, measurement.estimate
    if measured is None:
        return "too early"
    if measured.low > estimate.high:
        return "above"
    if measured.high < estimate.low:
        return "below"
    return "inside" if measured.low in estimate and measured.high in estimate else "too early"


def calibrated(measurement: Measurement) -> str:
    """``calibration`` as one line for a reader."""
    expected = f"the estimate {number(measurement.estimate.low)} to {number(measurement.estimate.high)}"
    measured = measurement.measured
    if measured is None:
        return f"too early to hold against {expected}: nothing is measured yet"
    found = f"measured {number(measured.low)} to {number(measured.high)}"
    match calibration(measurement):
        case "inside":
            return f"{found} lies inside {expected}: it held"
        case "too early":
            return f"{found} reaches beyond {expected} and overlaps it: too early to say whether it held"
        case side:
            return f"{found} lies {side} {expected}: it did not hold"
