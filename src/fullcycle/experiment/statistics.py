"""What a readout is made of: per metric, arm and day of exposure, the sufficient statistics."""

from collections.abc import Iterable

import msgspec

from fullcycle.experiment.moments import Moments, merged


class Cell(msgspec.Struct, frozen=True):
    """The units of one arm that were first exposed on one day (ISO date, UTC), and their values."""

    metric: str
    arm: str
    day: str
    moments: Moments


class Count(msgspec.Struct, frozen=True):
    """How many units; ``metric`` is empty where the count concerns all of them."""

    arm: str
    day: str
    units: int
    metric: str = ""


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """All that one query brings home about an experiment.

    ``assigned`` are the units that got one arm; of these, ``counted`` were triggered
    (all, where the experiment names no trigger). ``cells`` hold the counted units whose
    value is known, ``immature`` the others. ``crossed`` units got two arms and count nowhere.
    """

    as_of: int  # microseconds since 1970 UTC
    cells: tuple[Cell, ...] = ()
    assigned: tuple[Count, ...] = ()
    counted: tuple[Count, ...] = ()
    immature: tuple[Count, ...] = ()
    crossed: int = 0

    def days(self, metric: str) -> list[str]:
        """The days of exposure of which a metric's value is known, in order."""
        return sorted({cell.day for cell in self.cells if cell.metric == metric})

    def moments(self, metric: str, arm: str, *, until: str | None = None) -> Moments:
        """A metric's moments in one arm over the units exposed up to the day ``until``, or all."""
        return merged(
            cell.moments
            for cell in self.cells
            if cell.metric == metric and cell.arm == arm and (until is None or cell.day <= until)
        )


def per_arm(counts: Iterable[Count], arms: Iterable[str], metric: str = "") -> dict[str, int]:
    """Sum counts over days, an arm without any included."""
    found = dict.fromkeys(arms, 0)
    for count in counts:
        if count.metric == metric and count.arm in found:
            found[count.arm] += count.units
    return found
