"""Lists of runs: chosen by what they were, sorted by what came out, with what tells them apart."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fullcycle.kernel import Invalid, Money, UnknownName

_CONDITION = re.compile(r"(?P<name>[\w.]+)\s*(?P<sign>>=|<=|!=|=|>|<)\s*(?P<value>.*)")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_PROPERTIES: dict[str, Callable[["RunLine"], Any]] = {
    "run": lambda run: run.number,
    "when": lambda run: run.at,
    "by": lambda run: run.by,
    "status": lambda run: run.status,
    "took": lambda run: run.wall,
    "cost": lambda run: run.cost.amount if run.cost is not None else None,
    "message": lambda run: run.message,
}


@dataclass(frozen=True, slots=True)
class RunScore:
    """What a model of a run scored, with its 95 % interval, and what its baseline did."""

    score: str
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run in a list; ``at`` in microseconds since 1970 UTC, ``wall`` and ``cpu`` in seconds."""

    capability: str
    number: int
    at: int
    by: str
    message: str
    status: str
    scores: Mapping[str, RunScore] = field(default_factory=dict)  # by step
    parameters: Mapping[str, Any] = field(default_factory=dict)
    wall: float | None = None
    cpu: float | None = None
    cost: Money | None = None
    grid: int | None = None  # number of the grid that it is a trial of

    @property
    def ref(self) -> str:
        """Its reference, such as ``winback@42``."""
        return f"{self.capability}@{self.number}"


@dataclass(frozen=True, slots=True)
class Condition:
    """``leaves=63``, ``visit>0.02``: a parameter or a score held against a value."""

    name: str
    sign: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read a condition.

        Raises:
            Invalid: for anything else.

        >>> Condition.parse("leaves>=31")
        Condition(name='leaves', sign='>=', value='31')
        """
        found = _CONDITION.fullmatch(text.strip())
        if found is None:
            raise Invalid(f"{text!r} is no condition", "--where", "write it like leaves=63 or visit>0.02")
        return cls(found["name"], found["sign"], found["value"].strip())

    def holds(self, run: RunLine) -> bool:
        """Whether a run fulfils it; one that has no such parameter or score does not."""
        actual = _value(run, self.name)
        if actual is None:
            return self.sign == "=" and self.value == "None" and self.name in run.parameters
        wanted: Any = self.value
        if isinstance(actual, bool):
            wanted = {"true": True, "false": False}.get(self.value.lower(), self.value)
        elif isinstance(actual, int | float):
            wanted = _number(self.value, self.name)
        elif not isinstance(actual, str):
            actual = str(actual)
        return _compared(actual, self.sign, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs are asked for; what is None or empty does not choose."""

    where: Sequence[Condition] = ()
    by: str | None = None
    grep: str | None = None  # text in the message, whatever its case
    since: int | None = None  # microseconds since 1970 UTC
    status: str | None = None
    grid: int | None = None

    def holds(self, run: RunLine) -> bool:
        """Whether a run is one of them."""
        return (
            (self.by is None or run.by == self.by)
            and (self.grep is None or self.grep.casefold() in run.message.casefold())
            and (self.since is None or run.at >= self.since)
            and (self.status is None or run.status == self.status)
            and (self.grid is None or run.grid == self.grid)
            and all(condition.holds(run) for condition in self.where)
        )


def chosen(runs: Iterable[RunLine], wanted: Wanted, *, sort: str = "-run") -> list[RunLine]:
    """The runs asked for, sorted by a score, a parameter or a column; ``-visit`` has the highest first.

    Runs without such a value come last.

    Raises:
        UnknownName: for a name that no run has.
    """
    every = list(runs)
    for condition in wanted.where:
        _require_known(condition.name, every, "--where")
    name = sort.removeprefix("-")
    _require_known(name, every, "--sort")
    found = sorted((run for run in every if wanted.holds(run)), key=lambda run: run.number, reverse=True)
    there = [run for run in found if _value(run, name) is not None]
    there.sort(key=lambda run: _ordered(_value(run, name)), reverse=sort.startswith("-"))
    return there + [run for run in found if _value(run, name) is None]


def differing(runs: Sequence[RunLine]) -> list[str]:
    """The parameters that are not the same in all of these runs, in their order."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    return [name for name in names if len({_shown(run, name) for run in runs}) > 1]


def _value(run: RunLine, name: str) -> Any:
    if name in run.scores:
        return run.scores[name].value
    if name in run.parameters:
        return run.parameters[name]
    return _PROPERTIES[name](run) if name in _PROPERTIES else None


def _require_known(name: str, runs: Sequence[RunLine], where: str) -> None:
    known = {*_PROPERTIES, *(each for run in runs for each in (*run.scores, *run.parameters))}
    if name not in known and runs:
        raise UnknownName.among(name, sorted(known), where=where)


def _compared(actual: Any, sign: str, wanted: Any) -> bool:
    if isinstance(actual, bool) and not isinstance(wanted, bool):
        return sign == "!="
    return _SIGNS[sign](actual, wanted)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid(f"{text!r} is no number, and {name} is", "--where", f"write {name}=63") from None


def _ordered(value: Any) -> tuple[int, Any]:
    """Numbers before text, so that values of several sorts have an order."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _shown(run: RunLine, name: str) -> str:
    return repr(run.parameters[name]) if name in run.parameters else ""
