"""Counts of rows in bins: all that comparing two tables needs, whatever holds the tables.

A tally of the rows that a model was released with is kept; a tally of today's rows, in the
same bins, is held against it.
"""

from collections.abc import Sequence

import msgspec

from fullcycle.kernel import Invalid


class FieldTally(msgspec.Struct, frozen=True, kw_only=True):
    """Rows per bin of one field.

    ``bins`` names them in order: ranges of a number, or categories. ``quartiles`` are the three
    of a number; None for categories and where there is no number.
    """

    bins: tuple[str, ...]
    counts: tuple[int, ...]
    quartiles: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if len(self.bins) != len(self.counts):
            raise Invalid(
                f"{len(self.counts)} counts for {len(self.bins)} bins", "a tally", "give each bin its count"
            )

    @property
    def rows(self) -> int:
        """All of its rows, the missing among them."""
        return sum(self.counts)


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """The rows where ``field`` is ``value``, tallied."""

    field: str
    value: str
    rows: int
    fields: dict[str, FieldTally]

    @property
    def name(self) -> str:
        """As people write it: ``channel = Web``."""
        return f"{self.field} = {self.value}"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A table's rows, counted field by field, whole and by segment."""

    rows: int
    fields: dict[str, FieldTally]
    segments: tuple[Segment, ...] = ()

    def segment(self, field: str, value: str) -> Segment | None:
        """The segment where ``field`` is ``value``; None where it was not counted."""
        return next((each for each in self.segments if (each.field, each.value) == (field, value)), None)


def without(whole: FieldTally, part: FieldTally) -> FieldTally:
    """The rows of ``whole`` that are not in ``part``, bin by bin."""
    counts = [a - b for a, b in zip(whole.counts, part.counts, strict=True)]
    return FieldTally(bins=whole.bins, counts=tuple(counts))


def require_same_bins(a: FieldTally, b: FieldTally, *, where: str) -> None:
    """Refuse to compare counts of different bins.

    Raises:
        Invalid: where the bins differ.
    """
    if a.bins != b.bins:
        raise Invalid(
            f"bins {_few(a.bins)} against {_few(b.bins)}",
            where,
            "tally today's rows in the bins of the release's profile",
        )


def _few(bins: Sequence[str]) -> str:
    return ", ".join(bins[:3]) + (", …" if len(bins) > 3 else "")
