"""What an effect is worth in a year, and the same arithmetic in words.

The brief's estimate, the off-policy estimate and the measured effect all pass through
here, so that the three can be compared.
"""

from fullcycle.brief.brief import PER_YEAR, Estimate, Good, Reach
from fullcycle.kernel import Interval


def worth_per_year(effect: Interval, estimate: Estimate, *, good: Good = "up") -> Interval:
    """Money per year, in the currency of ``estimate.worth``, if the effect lies in ``effect``.

    Args:
        effect: absolute change of the metric per unit.
        estimate: says how many units are reached and what one of the metric is worth.
        good: which way the metric should go; where ``"down"``, a fall earns.

    >>> from fullcycle.kernel import Money
    >>> reach = Reach(count=500_000, period="year")
    >>> estimate = Estimate(effect=Interval(0.01, 0.03), reach=reach, worth=Money(0.8, "USD"))
    >>> worth_per_year(estimate.effect, estimate)
    Interval(low=4000.0, high=12000.0)
    """
    sign = 1 if good == "up" else -1
    return effect.scaled(sign * estimate.reach.per_year * estimate.worth.amount)


def in_words(effect: Interval, estimate: Estimate, *, good: Good = "up") -> str:
    """The arithmetic of ``worth_per_year`` written out, for a reader to check by hand."""
    money = worth_per_year(effect, estimate, good=good)
    factors = [_range(effect, estimate.effect_unit), *_reach(estimate.reach)]
    per = f" per {estimate.worth_per}" if estimate.worth_per else ""
    factors.append(f"{number(estimate.worth.amount, places=2)} {estimate.worth.currency}{per}")
    turned = " saved, because less is better" if good == "down" else ""
    return f"{' × '.join(factors)} = {_range(money, estimate.worth.currency)} per year{turned}"


def number(value: float, *, places: int = 0) -> str:
    """A number as people write it: thousands apart, four digits that matter below a thousand.

    ``places`` are decimals that money keeps even where they are zero.

    >>> number(500_000), number(-0.0171234), number(0.8, places=2)
    ('500,000', '-0.01712', '0.80')
    """
    value += 0.0  # zero has no sign here
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    plain = f"{float(f'{value:.4g}'):f}".rstrip("0").rstrip(".") if abs(value) >= 1e-4 else f"{value:.4g}"
    return plain if len(plain.partition(".")[2]) >= places else f"{value:.{places}f}"


def _range(values: Interval, unit: str) -> str:
    return f"{number(values.low)} to {number(values.high)}{f' {unit}' if unit else ''}"


def _reach(reach: Reach) -> list[str]:
    unit = f" {reach.unit}" if reach.unit else ""
    said = f"{number(reach.count)}{unit} per {reach.period}"
    return [said] if reach.period == "year" else [said, f"{PER_YEAR[reach.period]} {reach.period}s per year"]
