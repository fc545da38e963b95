"""How much past decisions count: all alike, those of the last while alone, or less the older they are.

How old a row is, is told from the newest of them, never from a clock: so equal rows teach the same.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from fullcycle.kernel import Invalid, UnknownName, duration, later

if TYPE_CHECKING:
    import polars as pl
else:
    pl = later("polars")

COUNTS = "fc_counts"
"""The column that says how much each row counts, from 0 to 1."""


class Memory(NamedTuple):
    """What is remembered of rows, by their time in the column ``at``."""

    half_life: timedelta | None
    window: timedelta | None
    at: str

    @classmethod
    def read(cls, half_life: str | None, window: str | None, at: str, where: str) -> "Memory":
        """Read lengths of time, such as ``"7d"``.

        Raises:
            Invalid: for one that is none, or not above zero.
        """
        return cls(_length("half_life", half_life, where), _length("window", window, where), at)

    def weighed(self, rows: "pl.DataFrame", where: str) -> "pl.DataFrame":
        """The rows that are remembered, with how much each counts where they do not count alike.

        Raises:
            UnknownName: where there is no such time.
            Invalid: where it is no time.
        """
        if self.half_life is None and self.window is None:
            return rows
        if self.at not in rows.columns:
            raise UnknownName.among(self.at, rows.columns, where=f"the rows given to {where}")
        if not isinstance(rows.schema[self.at], pl.Datetime | pl.Date | pl.Null):
            raise Invalid(
                f"its times are {rows.schema[self.at]}",
                f"the column {self.at} of the rows given to {where}",
                "name the column that says when each decision was made: at=",
            )
        times = pl.col(self.at).cast(pl.Datetime("us"))
        age = times.max() - times
        kept = rows if self.window is None else rows.filter(age < self.window)
        if self.half_life is None:
            return kept
        halves = age.dt.total_microseconds() / (self.half_life / timedelta(microseconds=1))
        return kept.filter(pl.col(self.at).is_not_null()).with_columns((0.5**halves).alias(COUNTS))


def _length(name: str, told: str | None, where: str) -> timedelta | None:
    if told is None:
        return None
    length = duration(told, where=f"{name} of {where}")
    if length <= timedelta(0):
        raise Invalid(f"{name}={told!r}", where, f'write a length of time above zero: {name}="7d"')
    return length
