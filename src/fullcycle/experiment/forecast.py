"""How long until an experiment is decided, if effect and spread stay as they are."""

from collections.abc import Callable, Iterable

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.effect import Effect
from fullcycle.experiment.guardrail import Guardrail

Reach = Callable[[float, int], float]
"""Standard errors that an interval reaches, by degrees of freedom and units."""

LONGEST = 365  # days; beyond that a forecast is no help


def days_until_clear(found: Effect, boundary: Boundary, units_per_day: float) -> int | None:
    """How many more days of units until the interval leaves zero, if effect and spread stay as they are.

    None where that takes longer than a year.
    """
    if found.stderr is None or found.difference is None:
        return None
    units = found.control_units + found.arm_units
    return _days(found.difference, found.stderr, units, units_per_day, boundary.two_sided)


def days_until_kept(rail: Guardrail, boundary: Boundary, units_per_day: float) -> int | None:
    """How many more days until a guardrail is known to hold or to be broken, likewise."""
    if rail.stderr is None or rail.slack is None:
        return None
    return _days(rail.slack, rail.stderr, rail.units, units_per_day, boundary.one_sided)


def longest(days: Iterable[int | None]) -> int | None:
    """The last of several; None where one of them takes longer than a year."""
    found = list(days)
    known = [one for one in found if one is not None]
    return max(known) if known and len(known) == len(found) else None


def _days(value: float, stderr: float, units: int, per_day: float, reach: Reach) -> int | None:
    if per_day <= 0 or not units:
        return None
    for days in range(LONGEST + 1):
        grown = units + round(days * per_day)
        if abs(value) > reach(grown - 2, grown) * stderr * (units / grown) ** 0.5:
            return days
    return None
