"""Rows made up from a contract: within its bounds, the same for the same seed, keys never repeated."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from string import ascii_lowercase
from typing import Any, TypeVar

from fullcycle.data.contract import Field, fields
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid, UnknownName

R = TypeVar("R", bound=Row)

_SPAN = 100  # of numbers whose contract leaves an end open
_START = datetime(2026, 1, 1, tzinfo=UTC)
_NULLS = 0.2  # the share of None where a field may be None


def rows(contract: type[R], n: int, *, seed: int = 7, **fixed: object) -> list[R]:
    """``n`` rows that keep ``contract``; ``fixed`` fields have that value in each.

    The first rows are the same whatever ``n``.

    Raises:
        UnknownName: for a fixed field that the contract has not.
        Invalid: for a field that only a pattern describes: fix its value; or more keys
            than its bounds allow.

    >>> class Client(Row):
    ...     newbie: bool
    >>> rows(Client, 2, newbie=True)
    [Client(newbie=True), Client(newbie=True)]
    """
    declared = fields(contract)
    for name in fixed:
        if name not in {field.name for field in declared}:
            raise UnknownName.among(
                name, [f.name for f in declared], where=f"the fields of {contract.__name__}"
            )
    made = []
    for number in range(n):
        random = Random(f"{seed}/{number}")
        drawn = {
            field.name: _value(field, random, number, contract)
            for field in declared
            if field.name not in fixed
        }
        made.append(contract(**{**drawn, **fixed}))
    return made


def row(contract: type[R], *, seed: int = 7, **fixed: object) -> R:
    """One row that keeps ``contract``; ``fixed`` fields have the given value."""
    return rows(contract, 1, seed=seed, **fixed)[0]


def _value(field: Field, random: Random, number: int, contract: type[Row]) -> Any:
    if field.optional and random.random() < _NULLS:
        return None
    if field.pattern is not None:
        raise Invalid(
            f"no text is made up for the pattern {field.pattern!r}",
            f"{contract.__name__}.{field.name}",
            f"say what it is: fc.testing.row({contract.__name__}, {field.name}=…)",
        )
    if field.choices is not None:
        return random.choice(field.choices)
    if field.key and field.type in (int, str):
        return _key(field, number, contract)
    if field.item is not None:
        item = _MAKERS[field.item]
        plain = Field(field.name, field.item)
        return [item(plain, random) for _ in range(3 if field.length is None else field.length)]
    return _MAKERS[field.type](field, random)


def _key(field: Field, number: int, contract: type[Row]) -> int | str:
    if field.type is int:
        first = 1 if field.low is None else int(field.low)
        if field.high is not None:
            first = min(first, int(field.high)) if field.low is None else first
        value = first + number
        beyond = field.high is not None and value > field.high
    else:
        value = number + 1
        beyond = field.length is not None and len(str(value)) > field.length
    if beyond:
        raise Invalid(
            f"{number + 1} different keys do not fit the bounds of {field.name!r}",
            f"{contract.__name__}.{field.name}",
            "ask for fewer rows",
        )
    return value if field.type is int else str(value).zfill(field.length or 0)


def _int(field: Field, random: Random) -> int:
    low, high = _ends(field)
    return random.randint(int(low), int(high))


def _float(field: Field, random: Random) -> float:
    low, high = _ends(field)
    return float(min(max(round(random.uniform(low, high), 2), low), high))


def _ends(field: Field) -> tuple[float, float]:
    if field.low is None and field.high is not None:
        return field.high - _SPAN, field.high
    low = 0 if field.low is None else field.low
    return low, low + _SPAN if field.high is None else field.high


def _bool(field: Field, random: Random) -> bool:
    return random.random() < 0.5


def _str(field: Field, random: Random) -> str:
    return "".join(random.choices(ascii_lowercase, k=8 if field.length is None else field.length))


def _datetime(field: Field, random: Random) -> datetime:
    return _START + timedelta(seconds=random.randrange(365 * 86400))


def _date(field: Field, random: Random) -> date:
    return _datetime(field, random).date()


_MAKERS: dict[type, Callable[[Field, Random], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    date: _date,
    datetime: _datetime,
}
