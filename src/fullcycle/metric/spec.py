"""A metric as plain data: what a release's manifest and a readout's query need of it."""

from typing import Literal

import msgspec

from fullcycle.kernel import Money

Kind = Literal["mean", "proportion", "ratio", "quantile"]
Good = Literal["up", "down"]


class MetricSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A metric over a source that is told by its name.

    Of a ratio, all but ``over`` tells what is divided: a mean. A quantile is one of rows. A
    unit's value is taken over the source's rows with ``time`` in
    ``(start + after_s, start + after_s + within_s]``, where ``start`` is the unit's first
    exposure. It is known ``late_s`` after that window ends, when late rows have come.
    """

    name: str
    kind: Kind
    source: str
    unit: str  # the source's column that holds the unit
    time: str  # the source's column that holds when it happened
    column: str | None = None  # what is summed; None counts rows
    where: str | None = None  # SQL condition over the source's rows
    within_s: float
    after_s: float = 0.0
    late_s: float = 0.0
    cap: float | None = None  # a unit's value counts up to this much
    good: Good = "up"
    winsor: float | None = None  # as cap, at this quantile of the values of all arms' units together
    over: "MetricSpec | None" = None  # what a ratio divides by
    q: float | None = None  # which quantile
    worth: Money | None = None  # what one of it is worth; of a proportion, one unit to which it happened

    @property
    def known_after_s(self) -> float:
        """Seconds from a unit's exposure until its value is known; of a ratio, both of its sides."""
        own = self.after_s + self.within_s + self.late_s
        return own if self.over is None else max(own, self.over.known_after_s)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources whose rows it needs, each once."""
        return tuple(dict.fromkeys([self.source] if self.over is None else [self.source, self.over.source]))
