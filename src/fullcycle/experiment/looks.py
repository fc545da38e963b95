"""When a group-sequential experiment is looked at, and how much of its plan is there by then.

A look is a day of exposure: once the value of every unit that was exposed until then is known,
the plan may be read, over those units alone. So the same looks follow from the record at
whatever moment it is read, and nobody has to keep a list of them.
"""

from datetime import date, timedelta

import msgspec

from fullcycle.experiment.sequential import looks_until, spending_bounds
from fullcycle.experiment.spec import ExperimentSpec, Spending
from fullcycle.experiment.statistics import Statistics, per_arm

_DAY = 86_400_000_000  # microseconds


class Look(msgspec.Struct, frozen=True):
    """One look: its last day of exposure (ISO date, UTC), and the share of the plan by which is spent there.

    ``fraction`` is the share of the planned units that came until then, but never more than that of
    the planned days, and 1 at the last look. ``bound`` is how many standard errors an effect must be
    from zero to be found there, ``units`` how many there were; of a look to come, how many there will
    be at such traffic.
    """

    day: str
    fraction: float
    bound: float | None = None
    units: int = 0


class Schedule(msgspec.Struct, frozen=True):
    """The looks that are over, and the day on which the next can be read; None after the last.

    ``ahead`` are those to come, at the shares that were planned.
    """

    done: tuple[Look, ...]
    next_on: str | None = None
    ahead: tuple[Look, ...] = ()


def schedule(spec: ExperimentSpec, statistics: Statistics, planned: int) -> Schedule:
    """The looks of an experiment as of a moment.

    The last look has all of the plan, however many units came: whatever chance to be wrong is left
    is spent there. An earlier one has no more of it than of its days. If more units come than planned,
    one look would else take all that may be spent, and those after it could find next to nothing.

    Args:
        spec: the experiment.
        statistics: what is known of it.
        planned: units of all arms together.
    """
    first = first_day(spec, statistics)
    if first is None:
        return Schedule(())
    waits = round(decided_after_s(spec) * 1_000_000)
    ends = tuple(dict.fromkeys(looks_until(spec.looks or (1.0,), spec.days, spec.days)))
    known = [end for end in ends if _micros(first, end) + waits <= statistics.as_of]
    done: list[Look] = []
    for end in known:
        day = (first + timedelta(days=end - 1)).isoformat()
        units = sum(per_arm((c for c in statistics.counted if c.day <= day), spec.order).values())
        last = end == ends[-1]
        fraction = 1.0 if last else min(units / planned, end / spec.days)
        before = done[-1].units if done else 0
        if units > before or (last and units):  # a look at nothing new is none, but what is left is spent
            done.append(Look(day, fraction, units=units))
    if len(known) == len(ends):
        return Schedule(tuple(done))
    ready = _micros(first, ends[len(known)]) + waits
    so_far = done[-1].units if done else 0
    per_day = so_far / known[-1] if done else planned / spec.days
    ahead = [
        Look(
            (first + timedelta(days=end - 1)).isoformat(),
            min(end / spec.days, 1.0),
            units=max(round(per_day * end), so_far + 1),
        )
        for end in ends[len(known) :]
    ]
    return Schedule(tuple(done), day_of(ready), tuple(ahead))


def bounded(looks: Schedule, spending: Spending, alpha: float) -> Schedule:
    """The same looks with their bounds; what is spent at one does not depend on those after it."""
    every = (*looks.done, *looks.ahead)
    if not every:
        return looks
    fractions, units = tuple(look.fraction for look in every), tuple(look.units for look in every)
    bounds = spending_bounds(fractions, spending, alpha, information=units)
    told = [msgspec.structs.replace(look, bound=z) for look, z in zip(every, bounds, strict=True)]
    return Schedule(tuple(told[: len(looks.done)]), looks.next_on, tuple(told[len(looks.done) :]))


def decided_after_s(spec: ExperimentSpec) -> float:
    """Seconds from an exposure until all of it is known that decides: the primary metric and guardrails.

    Where they were read as their units become known, each day would be one more look.
    """
    return max(spec.metrics[name].known_after_s for name in (spec.primary, *spec.guardrails))


def last_planned(spec: ExperimentSpec, statistics: Statistics) -> str | None:
    """The last day of exposure of the plan (ISO date, UTC); None before the first, or without a plan."""
    first = first_day(spec, statistics)
    return None if first is None or not spec.days else (first + timedelta(days=spec.days - 1)).isoformat()


def day_of(micros: int) -> str:
    """The first day (ISO date, UTC) that begins no earlier than a moment in microseconds since 1970 UTC."""
    return (date(1970, 1, 1) + timedelta(days=-(-micros // _DAY))).isoformat()


def first_day(spec: ExperimentSpec, statistics: Statistics) -> date | None:
    """The first day of the plan: as declared, else that of the first unit."""
    days = [count.day for count in statistics.assigned if count.day]
    if spec.starts is None and not days:
        return None
    return date.fromisoformat(spec.starts or min(days))


def _micros(first: date, days: int) -> int:
    """The end of the day that is the given one of the plan, in microseconds since 1970 UTC."""
    return ((first - date(1970, 1, 1)).days + days) * _DAY
