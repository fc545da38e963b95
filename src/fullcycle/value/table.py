"""The value ledger as a reader sees it: plain texts in rows, for a terminal or a page."""

from dataclasses import dataclass

from fullcycle.brief import Reach, number
from fullcycle.kernel import Interval, Money
from fullcycle.value.measurement import Effect, Measurement, calibrated

HEADER = ("", "change per unit", "per year", "from")


@dataclass(frozen=True, slots=True)
class ValueTable:
    """One measurement: a line per way to know the effect, then what it cost and what is concluded."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def lay_out(measurement: Measurement) -> ValueTable:
    """Lay out a measurement for a reader."""
    currency = measurement.worth.currency
    off, yearly = measurement.off_policy, measurement.yearly
    rows = [("estimated", _range(measurement.estimate), _per_year(yearly.estimate, currency), "the brief")]
    if off is not None:
        origin = f"{off.rows:,} past decisions, as good as {off.effective:,.0f} of the policy's own"
        rows.append(("off-policy", _effect(off.effect), _per_year(yearly.off_policy, currency), origin))
    origin = f"experiment {measurement.experiment}, {_releases(measurement.releases)}"
    rows.append(("measured", _effect(measurement.measured), _per_year(yearly.measured, currency), origin))
    rows.append(("cost so far", "", _small(measurement.cost.total), _parts(measurement)))
    return ValueTable(
        title=f"{measurement.metric}, {_reach(measurement.reach)}, {measurement.worth} each",
        header=HEADER,
        rows=tuple(rows),
        notes=(
            f"verdict: {measurement.verdict}: {measurement.reason}",
            f"calibrated? {calibrated(measurement)}",
            measurement.arithmetic,
        ),
    )


def _range(interval: Interval) -> str:
    return f"{number(interval.low)} to {number(interval.high)}"


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return "too early"
    return f"{number(effect.value)} [{number(effect.low)}, {number(effect.high)}]"


def _per_year(money: Interval | None, currency: str) -> str:
    return f"{_range(money)} {currency}" if money is not None else "too early"


def _reach(reach: Reach) -> str:
    return f"{number(reach.count)}{f' {reach.unit}' if reach.unit else ''} per {reach.period}"


def _releases(releases: tuple[int, ...]) -> str:
    return ", ".join(f"v{release}" for release in releases) or "no release"


def _parts(measurement: Measurement) -> str:
    return "; ".join(f"{part.name} {_small(part.amount)}" for part in measurement.cost.parts)


def _small(money: Money) -> str:
    """A small cost keeps the digits that matter."""
    digits = 2 if abs(money.amount) >= 0.1 or money.amount == 0 else 5
    return f"{money.amount:,.{digits}f} {money.currency}"
