"""Made-up histories: few keys, many times, rows in no order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl

from fullcycle.data import Row, fields, micros_of
from fullcycle.kernel import Invalid
from fullcycle.testing.tables import frame

_KEYS = 4
_START = datetime(2026, 1, 1, tzinfo=UTC)
_ON_THE_DOT = 0.2  # the share of rows at the very beginning of a period
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a contract, and when each is there to be used.

    ``wait`` is None for rows that are asked about, which are there at their own time.
    """

    contract: type[Row]
    frame: pl.DataFrame
    keys: list[str]
    time: str
    micros: list[int]
    wait: timedelta | None

    def known(self, cut: int) -> list[bool]:
        """Which rows may be used for what is filed under a moment."""
        if self.wait is None:
            return [moment <= cut for moment in self.micros]
        return [moment < cut for moment in self.from_when()]

    def from_when(self) -> list[int]:
        """The moment after which each row may be used."""
        wait = timedelta(0) if self.wait is None else self.wait
        return [moment + wait // _MOMENT for moment in self.micros]


def made_up(contract: type[Row], every: timedelta, days: int, seed: str, wait: timedelta | None) -> Table:
    """A history of two rows per period: at least one in each, the others anywhere.

    A key has at most one row at a time, as a contract's check demands.

    Raises:
        Invalid: for a contract without a key and a time.
    """
    declared = fields(contract)
    keys = [field.name for field in declared if field.key]
    times = [field.name for field in declared if field.time]
    if not keys or len(times) != 1:
        raise Invalid(
            f"{contract.__name__} has {len(keys)} key and {len(times)} time fields",
            "fc.testing.leaks",
            "mark its key and one time: Annotated[int, fc.key], Annotated[datetime, fc.time]",
        )
    random = Random(seed)
    periods = max(timedelta(days) // every, 1)
    starts = [*range(periods), *(random.randrange(periods) for _ in range(periods))]
    moments = [_START + every * start + _within(every, random) for start in starts]
    some = frame(contract, _KEYS)
    who = pl.Series([random.randrange(_KEYS) for _ in moments])
    fixed = {key: some[key][0] for key in keys}
    rows = frame(contract, len(moments), seed=random.randrange(10**6), **fixed).with_columns(
        *(some[key].gather(who) for key in keys),
        pl.Series(times[0], moments).cast(some.schema[times[0]]),
    )
    rows = rows.unique([*keys, *times], keep="first", maintain_order=True)
    rows = rows[random.sample(range(rows.height), rows.height)]
    when = rows.select(micros_of(times[0], rows.schema[times[0]])).to_series().to_list()
    return Table(contract, rows, keys, times[0], when, wait)


def moments_to_cut(tables: Sequence[Table], count: int, random: Random) -> list[int]:
    """Moments at which histories are cut, after their first tenth.

    Half of them, where there are enough, are those at which rows of one key meet in two
    tables to the microsecond: only there is "before" told from "not after".
    """
    shared = [name for name in tables[0].keys if all(name in table.keys for table in tables)]
    meeting = Counter(
        place
        for table in tables
        for place in {*zip(table.from_when(), table.frame.select(shared).rows(), strict=True)}
    )
    every = sorted({moment for moment, _ in meeting})
    late = every[len(every) // 10 :]
    sharp = sorted({moment for (moment, _), times in meeting.items() if times > 1} & set(late))
    chosen = random.sample(sharp, min(count // 2, len(sharp)))
    rest = [moment for moment in late if moment not in chosen]
    return sorted([*chosen, *random.sample(rest, min(count - len(chosen), len(rest)))])


def _within(every: timedelta, random: Random) -> timedelta:
    """A moment within a period, in whole seconds where it is long enough."""
    if random.random() < _ON_THE_DOT:
        return timedelta(0)
    grain = timedelta(seconds=1) if every >= timedelta(seconds=2) else _MOMENT
    return grain * random.randrange(every // grain)
