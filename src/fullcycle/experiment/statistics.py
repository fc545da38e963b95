"""What a readout is made of: per metric, arm and day of exposure, the sufficient statistics."""

from collections.abc import Iterable
from functools import cached_property

import msgspec

from fullcycle.experiment.gram import Gram, merged_grams
from fullcycle.experiment.moments import Moments


class Cell(msgspec.Struct, frozen=True):
    """The units of one arm that were first exposed on one day (ISO date, UTC), and their values.

    The values of a unit are the metric's, then for a ratio its denominator's, then each covariate
    of the experiment in the specification's order. Where ``segment`` names a field of the request,
    the cell holds the units that had ``level`` in it; of all days together, its day being empty,
    where the experiment is read over all of them.
    """

    metric: str
    arm: str
    day: str
    gram: Gram
    segment: str = ""
    level: str = ""

    @property
    def moments(self) -> Moments:
        """The moments of the metric's value alone; of a ratio, of what it divides."""
        return self.gram.moments(0)


class QuantileCell(msgspec.Struct, frozen=True, kw_only=True):
    """A quantile of the rows of one arm's units; quantiles of parts cannot be put together.

    ``value`` is the row of rank ceil(q · rows). ``spread_of_share`` is the variance of the share of
    rows that are at most ``value``, where whole units are drawn and not rows: their rows resemble
    each other. ``ladder`` holds the rows at other ranks, ``(δ, at q - δ, at q + δ)`` with δ growing:
    how steep the distribution is near the quantile is read off it, at the δ nearest to the standard
    error of the share. ``units`` are those with a row; of a single one, the spread is infinite.
    ``day`` is the last day of exposure (ISO date, UTC) of its units; empty where they are of all days.

    Source:
        Deng, Knoblich & Lu, "Applying the Delta Method in Metric Analytics", KDD 2018;
        Woodruff, "Confidence Intervals for Medians and Other Position Measures", JASA 1952.
    """

    metric: str
    arm: str
    q: float
    rows: int
    units: int
    value: float
    spread_of_share: float
    ladder: tuple[tuple[float, float, float], ...] = ()
    segment: str = ""
    level: str = ""
    day: str = ""


class Count(msgspec.Struct, frozen=True):
    """How many units; ``metric`` is empty where the count concerns all of them.

    Where ``segment`` names a field of the request, those that had ``level`` in it.
    """

    arm: str
    day: str
    units: int
    metric: str = ""
    segment: str = ""
    level: str = ""


class Statistics(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All that one query brings home about an experiment.

    ``assigned`` are the units that got one arm; of these, ``counted`` were triggered
    (all, where the experiment names no trigger). ``cells`` hold the counted units whose
    value is known, ``immature`` the others. ``crossed`` units got two arms and count nowhere; ``moved``
    units had another arm in an earlier phase, and count in the arm of this one.

    ``by_segment`` are the counted units once more, by segment. ``by_age`` are cells of the primary
    metric, a mean or a proportion, by days since the exposure, which stand as ``day``: "0" is what
    a unit did within its first 24 hours of the metric's window, with no covariates. ``late`` counts
    the rows that came after their unit's value had counted as known, and are left out; there is
    one count per arm and metric where that can be told, be it of no row, and none where it cannot.

    Of an experiment with a trigger, ``exposed_without_decision`` are the triggering rows that name
    a decision which nobody logged, ``decided_without_exposure`` the units that were assigned and
    never triggered. ``unitless`` counts decisions of requests that name no unit, and table rows of no
    arm: they take part in nothing. ``watermark`` is up to when the exposures were published, in µs.
    """

    as_of: int  # microseconds since 1970 UTC
    cells: tuple[Cell, ...] = ()
    quantiles: tuple[QuantileCell, ...] = ()
    by_age: tuple[Cell, ...] = ()
    assigned: tuple[Count, ...] = ()
    counted: tuple[Count, ...] = ()
    by_segment: tuple[Count, ...] = ()
    immature: tuple[Count, ...] = ()
    late: tuple[Count, ...] = ()
    crossed: int = 0
    moved: int = 0
    exposed_without_decision: int = 0
    decided_without_exposure: int = 0
    unitless: int = 0
    watermark: int | None = None

    def days(self, metric: str) -> list[str]:
        """The days of exposure of which a metric's value is known, in order."""
        return sorted({cell.day for cell in self.cells if cell.metric == metric and not cell.segment})

    def levels(self, segment: str) -> list[str]:
        """The values that a segmenting field had, in order."""
        return sorted(level for one, level in self.by_level if one == segment)

    @cached_property
    def by_level(self) -> dict[tuple[str, str], tuple[Count, ...]]:
        """The counts of :attr:`by_segment`, by segment and level."""
        found: dict[tuple[str, str], list[Count]] = {}
        for count in self.by_segment:
            found.setdefault((count.segment, count.level), []).append(count)
        return {place: tuple(counts) for place, counts in found.items()}

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str, str], list[Cell]]:
        """Cells by metric, arm, segment and level: a readout asks for each of hundreds of levels."""
        found: dict[tuple[str, str, str, str], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.metric, cell.arm, cell.segment, cell.level), []).append(cell)
        return found

    @cached_property
    def _ranked(self) -> dict[tuple[str, str, str, str], list[QuantileCell]]:
        found: dict[tuple[str, str, str, str], list[QuantileCell]] = {}
        for cell in self.quantiles:
            found.setdefault((cell.metric, cell.arm, cell.segment, cell.level), []).append(cell)
        return found

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {cell.metric: cell.gram.size for cell in self.cells}

    def gram(
        self, metric: str, arm: str, *, until: str | None = None, segment: str = "", level: str = ""
    ) -> Gram:
        """A metric's statistics in one arm.

        Args:
            metric: its name.
            arm: whose units.
            until: the last day of exposure that counts; all without it.
            segment: a field of the request; all units without it.
            level: the value that the units had in it.
        """
        found = [
            cell.gram
            for cell in self._cells.get((metric, arm, segment, level), ())
            if until is None or cell.day <= until
        ]
        return merged_grams(found, size=self.size(metric))

    def size(self, metric: str) -> int:
        """How many values a unit has in a metric's cells: 1 where there is no cell."""
        return self._sizes.get(metric, 1)

    def moments(self, metric: str, arm: str, *, until: str | None = None) -> Moments:
        """A metric's moments in one arm over the units exposed up to the day ``until``, or all."""
        return self.gram(metric, arm, until=until).moments(0)

    def quantile(
        self, metric: str, arm: str, *, until: str | None = None, segment: str = "", level: str = ""
    ) -> QuantileCell | None:
        """A metric's quantile in one arm; None where no row is known.

        Args:
            metric: its name.
            arm: whose rows.
            until: the last day of exposure that counts, one of those it was told at; the last without it.
            segment: a field of the request; all units without it.
            level: the value that the units had in it.
        """
        found = [
            cell
            for cell in self._ranked.get((metric, arm, segment, level), ())
            if until is None or cell.day == until
        ]
        return max(found, key=lambda cell: cell.day, default=None)


def per_arm(
    counts: Iterable[Count], arms: Iterable[str], metric: str = "", *, segment: str = "", level: str = ""
) -> dict[str, int]:
    """Sum counts over days, an arm without any included."""
    found = dict.fromkeys(arms, 0)
    for count in counts:
        if (count.metric, count.segment, count.level) == (metric, segment, level) and count.arm in found:
            found[count.arm] += count.units
    return found
