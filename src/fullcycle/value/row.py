"""One row of value: what was expected of a verdict, what was found, what it has brought, what it cost."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import msgspec

from fullcycle.kernel import Interval, Money, counted
from fullcycle.value.launch import Realised
from fullcycle.value.measurement import Effect, Measurement, Strength

NOT_LAUNCHED = "not launched"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to know an effect: the change per unit, money per year, how strong it is, and its source.

    ``effect`` is None of an estimate, which is a range without a middle. ``note`` says more of the source.
    """

    strength: Strength
    range: Interval
    per_year: Interval
    source: str
    effect: Effect | None = None
    note: str = ""


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A capability's verdict with all that is known of its worth; None where that is not known.

    Ways are money per year. ``realised`` is money until now, and so are ``cost`` and ``net``;
    ``cost_from`` says what was counted. ``standing`` says in a few words whether it was launched, or
    why ``realised`` is not known.
    """

    capability: str
    experiment: str
    at: int
    by: str
    owner: str
    verdict: str
    reason: str
    metric: str
    currency: str
    estimated: Way
    cost: Money
    off_policy: Way | None = None
    measured: Way | None = None
    expected: Interval | None = None
    held_out: Way | None = None
    realised: Realised | None = None
    standing: str = NOT_LAUNCHED
    cost_from: str = ""
    net: Interval | None = None
    distrusted: str = ""


def value_row(
    capability: str,
    row: Measurement,
    *,
    at: int,
    by: str,
    cost: Money,
    cost_from: str = "",
    held_out: Measurement | None = None,
    realised: Realised | None = None,
    standing: str = NOT_LAUNCHED,
) -> ValueRow:
    """Put together what is known of one verdict.

    Args:
        capability: whose verdict it is.
        row: what its experiment measured.
        at: when that was told, in µs since 1970 UTC.
        by: who told it.
        cost: what was spent for it.
        cost_from: what was counted for that.
        held_out: what the holdout measured since its launch.
        realised: what the launch has brought.
        standing: whether it was launched, in a few words.
    """
    launched = standing != NOT_LAUNCHED
    brought = realised.worth if realised is not None else None if launched else Interval(0.0, 0.0)
    return ValueRow(
        capability=capability,
        experiment=row.experiment,
        at=at,
        by=by,
        owner=row.owner,
        verdict=row.verdict,
        reason=row.reason,
        metric=row.metric,
        currency=row.worth.currency,
        estimated=Way(
            strength="estimate", range=row.estimate, per_year=row.yearly.estimate, source="the brief"
        ),
        off_policy=_off_policy(row),
        measured=_measured(row),
        expected=row.expected,
        held_out=_measured(held_out) if held_out is not None else None,
        realised=realised,
        standing=standing,
        cost=cost,
        cost_from=cost_from,
        net=None if brought is None else Interval(brought.low - cost.amount, brought.high - cost.amount),
        distrusted=row.distrusted,
    )


def costs_of(told: Sequence[Money], to_date: Money) -> list[Money]:
    """What each verdict cost: what was spent since the one before it, the last one's to date.

    So that together they are what the capability cost, and nothing counts twice. What was told may
    fall, as where a price was lowered since: no verdict then cost more than all that it has cost by now.

    Args:
        told: what the capability had cost when each verdict was told, oldest first.
        to_date: what it has cost by now.
    """
    so_far = accumulate((one.amount for one in told[:-1]), max)
    ends = [0.0, *(min(amount, to_date.amount) for amount in so_far), to_date.amount] if told else []
    return [Money(after - before, to_date.currency) for before, after in pairwise(ends)]


def _off_policy(row: Measurement) -> Way | None:
    off, yearly = row.off_policy, row.yearly.off_policy
    if off is None or yearly is None:
        return None
    return Way(
        strength="off-policy",
        range=off.effect.interval,
        per_year=yearly,
        source=counted(off.rows, "past decision"),
        note=f"as good as {off.effective:,.0f} of the policy's own",
        effect=off.effect,
    )


def _measured(row: Measurement) -> Way | None:
    effect, yearly = row.measured, row.yearly.measured
    if effect is None or yearly is None:
        return None
    releases = ", ".join(f"v{release}" for release in row.releases) or "no release"
    what = f"experiment {row.experiment}" if row.source == "experiment" else "units held out"
    return Way(
        strength=row.strength,
        range=effect.interval,
        per_year=yearly,
        source=f"{what}, {releases}",
        effect=effect,
    )
