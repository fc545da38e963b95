"""Two of the same kind side by side: what is new in the second, gone from it, or other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Change:
    """One name whose value is not the same on both sides; None stands where it is absent."""

    name: str
    kind: Literal["added", "removed", "changed"]
    was: Any = None
    now: Any = None


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs: in the order of the first, then what only the second has.

    >>> changes({"leaves": 31, "rounds": 20}, {"leaves": 63, "seed": 1})
    (Change(name='leaves', kind='changed', was=31, now=63), Change(name='rounds', kind='removed', was=20, \
now=None), Change(name='seed', kind='added', was=None, now=1))
    """
    found = [
        Change(name, "changed", value, now[name]) if name in now else Change(name, "removed", value)
        for name, value in was.items()
        if name not in now or not _same(value, now[name])
    ]
    return (*found, *(Change(name, "added", None, value) for name, value in now.items() if name not in was))


def _same(one: Any, other: Any) -> bool:
    """Equality in which true is not 1, and a NaN is itself."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other) or (one != one and other != other)
