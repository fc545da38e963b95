"""Where did a field drift, and does it look like a change of unit?

A segment explains a drift if the rest of the rows has none left worth a look. A change of
unit multiplies the whole distribution: the three quartiles move by the same factor.
"""

from collections.abc import Sequence
from math import log

import msgspec

from fullcycle.brief import number
from fullcycle.monitor.drift import ALPHA, NOTABLE, Stability, stability
from fullcycle.monitor.tally import FieldTally, Segment, Tally, without

_UNITS = {
    10.0: "tenths for wholes",
    100.0: "cents for whole units, or percent for shares",
    1000.0: "thousandths for wholes, such as grams for kilograms",
    1e6: "millionths for wholes, such as micro-units",
    60.0: "minutes for hours, or seconds for minutes",
    3600.0: "seconds for hours",
    86400.0: "seconds for days",
    24.0: "hours for days",
    7.0: "days for weeks",
    12.0: "months for years",
    2.54: "centimetres for inches",
    0.453592: "kilograms for pounds",
    1.609344: "kilometres for miles",
}
_CLOSE = 0.1  # relative: medians of a few hundred rows are not known better
_FEWEST = 30  # rows, for quartiles to say something


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a drift sits, and how the values moved there.

    ``segment`` is None where no segment explains it; ``rest_psi`` is the drift left in the other
    rows. ``factor`` is by how much the quartiles grew, None where not all by the same.
    """

    segment: str | None
    rest_psi: float
    share: float  # of today's rows
    factor: float | None
    says: str


def locate(field: str, reference: Tally, current: Tally) -> Location:
    """Find the segment that explains the drift of ``field``, and say how its values moved."""
    whole_was, whole_now = reference.fields[field], current.fields[field]
    psi = stability(whole_was, whole_now).psi
    best: tuple[float, Segment, Segment] | None = None
    for now in current.segments:
        was = reference.segment(now.field, now.value)
        if was is None or field not in was.fields or field not in now.fields or now.field == field:
            continue
        others = stability(without(whole_was, was.fields[field]), without(whole_now, now.fields[field]))
        if _quiet(others, psi) and (best is None or others.psi < best[0]):
            best = (others.psi, was, now)
    if best is None:
        says = f"{field} moved in all segments that were looked at{_moved(whole_was, whole_now)}"
        return Location(
            segment=None, rest_psi=psi, share=1.0, factor=_factor(whole_was, whole_now), says=says
        )
    rest, was, now = best
    moved, share = _moved(was.fields[field], now.fields[field]), now.rows / current.rows
    return Location(
        segment=now.name,
        rest_psi=rest,
        share=share,
        factor=_factor(was.fields[field], now.fields[field]),
        says=f"{field} moved where {now.name} ({share:.0%} of the rows) and not elsewhere{moved}",
    )


def _quiet(rest: Stability, psi: float) -> bool:
    """Whether the other rows are enough to tell, and show no drift, or next to none and by chance."""
    if min(rest.reference_rows, rest.current_rows) < _FEWEST:
        return False
    return rest.psi < min(NOTABLE, psi) or (rest.p_value > ALPHA and rest.psi < psi / 4)


def unit_of(factor: float) -> tuple[float, str] | None:
    """The known change of unit that a factor is near to, and what it would be; None for none.

    >>> unit_of(101.3)
    (100.0, 'cents for whole units, or percent for shares')
    """
    known = {**_UNITS, **{1 / each: "" for each in _UNITS}}
    nearest = min(known, key=lambda each: abs(log(factor / each)))
    if abs(log(factor / nearest)) > log(1 + _CLOSE):
        return None
    return nearest, known[nearest] or f"the other way round: {_UNITS[_inverse(nearest)]}"


def _inverse(factor: float) -> float:
    return min(_UNITS, key=lambda each: abs(each * factor - 1))


def _factor(was: FieldTally, now: FieldTally) -> float | None:
    """By how much all three quartiles grew, if by the same factor; else None."""
    if was.quartiles is None or now.quartiles is None or min(was.rows, now.rows) < _FEWEST:
        return None
    ratios = [b / a for a, b in zip(was.quartiles, now.quartiles, strict=True) if a and b / a > 0]
    if len(ratios) < 3 or max(ratios) / min(ratios) > (1 + _CLOSE) ** 2:
        return None
    return ratios[1]


def _moved(was: FieldTally, now: FieldTally) -> str:
    """How values moved, in plain words; begins with a colon."""
    factor = _factor(was, now)
    if factor is not None and abs(log(factor)) > log(1 + _CLOSE):
        unit = unit_of(factor)
        grew = f": every quartile is {number(factor)} times what it was"
        return f"{grew}, like a change of unit by {number(unit[0])} ({unit[1]})" if unit else grew
    if was.quartiles is not None and now.quartiles is not None and was.quartiles[1] != now.quartiles[1]:
        return f": its median went from {number(was.quartiles[1])} to {number(now.quartiles[1])}"
    return f": {_largest(was, now)}"


def _largest(was: FieldTally, now: FieldTally) -> str:
    """The bin whose share changed most."""
    a, b = _shares(was), _shares(now)
    i = max(range(len(a)), key=lambda i: abs(b[i] - a[i]))
    return f"{was.bins[i]} went from {a[i]:.1%} to {b[i]:.1%}"


def _shares(tally: FieldTally) -> Sequence[float]:
    return [count / max(tally.rows, 1) for count in tally.counts]
