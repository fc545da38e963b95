"""A test for leaks: a feature filed under a moment may only hang on what happened before it.

Histories are made up, and the function is asked twice: with all of a history, and with
what of it lay before some moment. What it files under moments up to that one must be the
same; where it is not, it has seen its own future.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isclose
from random import Random
from typing import Any

import polars as pl

from fullcycle.data import Row, micros_of, time_dtype
from fullcycle.kernel import Invalid, Refused, duration
from fullcycle.testing.histories import Table, made_up, moments_to_cut

Function = Callable[..., pl.DataFrame]
_ROW = "the row itself"
_CLOSE = 1e-9  # sums may be added up in another order


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that has seen the future: in ``row``, ``event`` changes it from ``known`` to ``told``."""

    column: str
    row: Mapping[str, Any]
    known: Any
    told: Any
    source: str  # the contract of the event
    event: Mapping[str, Any]

    def __str__(self) -> str:
        return (
            f"{self.column} at {_shown(self.row)} is {self.told!r}, and {self.known!r} "
            f"without the {self.source} that came later: {_shown(self.event)}"
        )


def leaks(
    function: Function,
    *histories: type[Row],
    asked: type[Row] | None = None,
    at: str | None = None,
    delay: str = "0s",
    every: str = "1d",
    days: int = 200,
    cuts: int = 20,
    seed: int = 7,
) -> list[Leak]:
    """Look for features that see their own future, on made-up histories; one leak per column.

    ``function`` takes a frame for each contract of ``histories`` and returns features, each
    row filed under a time. A row of time ``t`` may hang on history rows strictly before
    ``t - delay``, on nothing else. With ``asked`` it takes first a frame of rows that are
    asked about, as ``fc.asof`` does; a row of these may hang on itself and earlier ones.

    Args:
        function: what is tried, with tables whose rows are in no order.
        *histories: contracts with an ``fc.key`` and an ``fc.time``.
        asked: the contract of the rows that are asked about.
        at: the column of the result that says when; its only time, or that of ``asked``,
            unless given.
        delay: how long after its time a history row is there to be used.
        every: some key has a history row in each of these periods.
        days: how long the histories are; make them longer than your longest window.
        cuts: how many moments are tried.
        seed: another one makes other histories.

    Raises:
        Invalid: where nothing could be compared, or the function gives another answer to
            the same question.
    """
    trial = _Trial.of(function, histories, asked, at, delay, every, days, seed)
    return trial.leaks(cuts, Random(f"cuts {seed}"))


def refuse_leaks(function: Function, *histories: type[Row], **how: Any) -> None:
    """Fail where :func:`leaks` finds one; for a test of your own, with the same arguments.

    Raises:
        Refused: naming each column that leaks, the row, and the later event that it saw.
    """
    found = leaks(function, *histories, **how)
    if found:
        name = getattr(function, "__name__", repr(function))
        raise Refused(
            f"{name} sees its own future\n" + "\n".join(f"  {leak}" for leak in found),
            "fc.testing.refuse_leaks",
            "file windows under their end (fc.trailing), and join what was known then (fc.asof)",
        )


_Filed = dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]]
"""Each row of a result by its keys, its time and its place among equals: when, and its values."""


@dataclass(frozen=True, slots=True)
class _Trial:
    function: Function
    tables: list[Table]
    at: str
    keys: list[str]
    columns: list[str]

    @classmethod
    def of(
        cls,
        function: Function,
        histories: tuple[type[Row], ...],
        asked: type[Row] | None,
        at: str | None,
        delay: str,
        every: str,
        days: int,
        seed: int,
    ) -> "_Trial":
        wait = duration(delay, where="fc.testing.leaks")
        period = duration(every, where="fc.testing.leaks")
        tables = [
            made_up(contract, period, days, f"{seed}/{n}", wait) for n, contract in enumerate(histories)
        ]
        if asked is not None:
            tables.insert(0, made_up(asked, period, days, f"{seed}/asked", None))
        if not tables:
            raise Invalid("there is no history to make up", "fc.testing.leaks", "name its contract")
        result = function(*(table.frame for table in tables))
        when = at or (tables[0].time if asked is not None else _only_time(result))
        time_dtype(result, when, f"what {_name(function)} returned")
        known = {key for table in tables for key in table.keys}
        keys = [name for name in result.columns if name in known and name != when]
        columns = [name for name in result.columns if name not in (*keys, when)]
        return cls(function, tables, when, keys, columns)

    def leaks(self, cuts: int, random: Random) -> list[Leak]:
        whole = self._filed([[True] * table.frame.height for table in self.tables])
        found: dict[str, Leak] = {}
        compared = 0
        for cut in moments_to_cut(self.tables, cuts, random):
            known = [table.known(cut) for table in self.tables]
            past = self._filed(known)
            compared += sum(when <= cut for when, _ in past.values())
            for place, column in self._differences(whole, past, cut):
                if column not in found:
                    found[column] = self._told(place, column, known, past)
        if not compared and not found:
            raise Invalid(
                "no feature is filed under a time within the histories, so nothing was compared",
                f"{_name(self.function)}, with made-up histories",
                "make them longer (days=), or name the column that says when (at=)",
            )
        if self._filed([[True] * table.frame.height for table in self.tables]) != whole:
            raise Invalid(
                "it gives another answer to the same question",
                _name(self.function),
                "give it a seed, and sort what has no order",
            )
        return list(found.values())

    def _filed(self, masks: list[list[bool]]) -> _Filed:
        """What the function files when it is given these rows of each table."""
        frames = [table.frame.filter(mask) for table, mask in zip(self.tables, masks, strict=True)]
        result = self.function(*frames)
        when = result.select(micros_of(self.at, result.schema[self.at])).to_series().to_list()
        identity = result.select(*self.keys, self.at).rows()
        rows = sorted(
            zip(identity, when, result.select(self.columns).rows(), strict=True),
            key=lambda row: repr((row[0], row[2])),
        )
        seen: dict[tuple[Any, ...], int] = {}
        filed: _Filed = {}
        for who, moment, values in rows:
            if moment is not None:
                seen[who] = seen.get(who, 0) + 1
                filed[(*who, seen[who])] = (moment, values)
        return filed

    def _differences(self, whole: _Filed, past: _Filed, cut: int) -> list[tuple[tuple[Any, ...], str]]:
        """Rows up to a moment, and a column of each, that are not the same in both."""
        differing = []
        for place in sorted({*whole, *past}, key=repr):
            if (whole.get(place) or past[place])[0] <= cut:
                names = _unlike(self.columns, whole.get(place), past.get(place))
                differing += [(place, name) for name in names]
        return differing

    def _told(self, place: tuple[Any, ...], column: str, known: list[list[bool]], past: _Filed) -> Leak:
        """The leak with the one later row that makes the difference.

        Later rows are added in the order of time. Without any the row is as it was, with
        all it is not: between two numbers of added rows, halved again and again, it turns.
        """
        later = sorted(
            (table.micros[row], number, row)
            for number, table in enumerate(self.tables)
            for row in range(table.frame.height)
            if not known[number][row]
        )

        def with_first(count: int) -> _Filed:
            masks = [list(mask) for mask in known]
            for _, number, row in later[:count]:
                masks[number][row] = True
            return self._filed(masks)

        same, other = 0, len(later)
        while other - same > 1:
            middle = (same + other) // 2
            turned = column in _unlike(self.columns, with_first(middle).get(place), past.get(place))
            same, other = (same, middle) if turned else (middle, other)
        _, number, row = later[other - 1]
        table = self.tables[number]
        return Leak(
            column,
            dict(zip([*self.keys, self.at], place[:-1], strict=True)),
            self._value(column, past.get(place)),
            self._value(column, with_first(other).get(place)),
            table.contract.__name__,
            table.frame.row(row, named=True),
        )

    def _value(self, column: str, filed: tuple[int, tuple[Any, ...]] | None) -> Any:
        if column == _ROW:
            return "there" if filed is not None else "not there"
        return None if filed is None else filed[1][self.columns.index(column)]


def _unlike(
    columns: list[str], one: tuple[int, tuple[Any, ...]] | None, other: tuple[int, tuple[Any, ...]] | None
) -> list[str]:
    """The columns in which two rows differ; a row that is in one result only differs itself."""
    if one is None or other is None:
        return [] if one is other else [_ROW]
    pairs = zip(columns, one[1], other[1], strict=True)
    return [name for name, ours, theirs in pairs if not _same(ours, theirs)]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE) or (one != one and other != other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _only_time(result: pl.DataFrame) -> str:
    times = [name for name, dtype in result.schema.items() if dtype in (pl.Date, pl.Datetime)]
    if len(times) != 1:
        raise Invalid(
            f"its columns of dates or times are {', '.join(times) or 'none'}: "
            "under which are its rows filed?",
            "what the function under test returned",
            "name it: at='day'",
        )
    return times[0]


def _name(function: Function) -> str:
    return getattr(function, "__name__", repr(function))


def _shown(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())
