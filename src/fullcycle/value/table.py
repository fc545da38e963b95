"""The value ledger as a reader sees it: plain texts in rows, for a terminal or a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from fullcycle.brief import Reach, number
from fullcycle.kernel import Interval, Money, counted
from fullcycle.value.launch import Realised
from fullcycle.value.measurement import Effect, Measurement, calibrated
from fullcycle.value.row import ValueRow, Way

HEADER = ("", "change per unit", "per year", "from")
_STRENGTH = {"randomised": "by lot", "off-policy": "from the past", "estimate": "a guess"}


@dataclass(frozen=True, slots=True)
class ValueTable:
    """One measurement: a line per way to know the effect, then what it cost and what is concluded."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def lay_out(measurement: Measurement, row: ValueRow) -> ValueTable:
    """Lay out the parts of one verdict's value for a reader."""
    currency = measurement.worth.currency
    lines: list[tuple[str, ...]] = [
        ("estimated", _range(row.estimated.range), _money(row.estimated, currency), _from(row.estimated))
    ]
    if row.off_policy is not None:
        lines.append(_way("off-policy", row.off_policy, currency))
    if row.measured is not None:
        lines.append(_way("measured", row.measured, currency))
    else:
        lines.append(("measured", "too early", "too early", f"experiment {row.experiment}"))
    if row.expected is not None:
        why = "the measured effect, less what a winner owes to luck"
        lines.append(("to be expected", "", f"{_range(row.expected)} {currency}", why))
    if row.held_out is not None:
        lines.append(_way("held out", row.held_out, currency))
    lines.append(("realised", "", _brought(row), _standing(row)))
    lines.append(("cost so far", "", small(row.cost), row.cost_from))
    lines.append(("net so far", "", _net(row), "realised less cost"))
    return ValueTable(
        title=f"{measurement.metric}, {_reach(measurement.reach)}, {measurement.worth} each",
        header=HEADER,
        rows=tuple(lines),
        notes=(
            f"verdict: {measurement.verdict}: {measurement.reason}",
            *((f"not to be believed: {row.distrusted}",) if row.distrusted else ()),
            f"calibrated? {calibrated(measurement)}",
            measurement.arithmetic,
        ),
    )


def lay_out_rows(rows: Sequence[ValueRow]) -> ValueTable:
    """Lay out verdicts one below the other: money per year by each way to know, then money until now."""
    currencies = " and ".join(sorted({row.currency for row in rows}))
    told = [line for row in rows for line in _two_lines(row)]
    return ValueTable(
        title=f"{currencies} a year: estimated, off-policy, measured; until now: realised, cost, net",
        header=("", "estimated", "off-policy", "measured", "realised", "cost", "net"),
        rows=tuple(told),
        notes=(),
    )


def _two_lines(row: ValueRow) -> list[tuple[str, ...]]:
    """The figures of a verdict, and below them where each comes from."""
    best = row.held_out or row.measured
    figures = (
        f"{row.capability}, {row.experiment}: {row.verdict}",
        _range(row.estimated.per_year),
        _range(row.off_policy.per_year) if row.off_policy is not None else "–",
        _range(best.per_year) if best is not None else "too early",
        _brought(row),
        small(row.cost),
        _net(row),
    )
    sources = (
        f"  {row.metric}; {row.owner}" if row.owner else f"  {row.metric}",
        _from(row.estimated),
        _from(row.off_policy) if row.off_policy is not None else "",
        _from(best) if best is not None else "",
        _standing(row),
        "",
        "",
    )
    return [figures, sources]


def _way(name: str, way: Way, currency: str) -> tuple[str, ...]:
    source = f"{way.source}, {way.note}" if way.note else way.source
    return name, _effect(way.effect), _money(way, currency), f"{source} ({_STRENGTH[way.strength]})"


def _money(way: Way, currency: str) -> str:
    return f"{_range(way.per_year)} {currency}"


def _from(way: Way) -> str:
    return f"{way.source} ({_STRENGTH[way.strength]})"


def _brought(row: ValueRow) -> str:
    if row.realised is not None:
        return f"{_amounts(row.realised.worth)} {row.currency}"
    return "unknown" if row.net is None else f"0 {row.currency}"


def _net(row: ValueRow) -> str:
    if row.net is None:
        return "unknown"
    if row.net.low == row.net.high:
        return small(Money(row.net.low, row.currency))
    return f"{_amounts(row.net)} {row.currency}"


def _standing(row: ValueRow) -> str:
    return f"{row.standing}{_units(row.realised)}"


def _units(realised: Realised | None) -> str:
    if realised is None:
        return ""
    rate = "the holdout's rate" if realised.source == "holdout" else "the experiment's rate"
    return f": {counted(realised.units, 'unit')} at {rate}"


def _range(interval: Interval) -> str:
    return f"{number(interval.low)} to {number(interval.high)}"


def _amounts(money: Interval) -> str:
    """Two amounts of money to the unit, small ones to the cent."""
    decimals = 0 if max(abs(money.low), abs(money.high)) >= 100 else 2
    return f"{money.low:,.{decimals}f} to {money.high:,.{decimals}f}"


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return ""
    return f"{number(effect.value)} [{number(effect.low)}, {number(effect.high)}]"


def _reach(reach: Reach) -> str:
    return f"{number(reach.count)}{f' {reach.unit}' if reach.unit else ''} per {reach.period}"


def small(money: Money) -> str:
    """A small cost keeps the digits that matter."""
    digits = 2 if abs(money.amount) >= 0.1 or money.amount == 0 else 5
    return f"{money.amount + 0.0:,.{digits}f} {money.currency}"
