"""A grid: runs with every combination of some parameters' values.

Its values are typed as ``15,31,63``. A list or dict is written as JSON and counts as one
value, and so does a text with a comma in double quotes: ``[1,7],[2,8]``, ``"a,b",c``.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec

from fullcycle.flow.graph import Graph
from fullcycle.flow.parameters import Chosen, choose
from fullcycle.flow.records import RunRecord
from fullcycle.kernel import Invalid

_DECODER = json.JSONDecoder()

Axes = Mapping[str, Sequence[Any]]
"""The values of each parameter that a grid varies."""


def split_values(text: str, where: str = "-p") -> list[str]:
    """The values of a parameter as they are typed, one or more.

    Raises:
        Invalid: where one of several is empty.

    >>> split_values("15,31"), split_values("[1,7],[2,8]"), split_values('"a,b",c')
    (['15', '31'], ['[1,7]', '[2,8]'], ['a,b', 'c'])
    """
    values, at = list[str](), 0
    while True:
        value, end = _next(text, at)
        values.append(value)
        if not text[at:end] and (values[1:] or end < len(text)):
            raise Invalid(f"{text!r} names an empty value", where, 'leave a comma out, or write "" in quotes')
        if end >= len(text):
            return values
        at = end + 1


def _next(text: str, at: int) -> tuple[str, int]:
    """The value that begins at ``at``, and where the comma after it stands."""
    if text[at : at + 1] in ("[", "{", '"'):
        try:
            found, end = _DECODER.raw_decode(text, at)
        except ValueError:
            pass
        else:
            if end == len(text) or text[end] == ",":
                return (found if isinstance(found, str) else text[at:end]), end
    comma = text.find(",", at)
    end = comma if comma >= 0 else len(text)
    return text[at:end], end


def combinations(axes: Axes) -> list[dict[str, Any]]:
    """Every combination, the last parameter's values changing first."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def chosen_by(graph: Graph, given: Mapping[str, Any], axes: Axes) -> list[Chosen]:
    """What each combination settles: all are checked before any is run.

    Raises:
        UnknownName, Invalid: see ``choose``; and where two combinations are the same.
    """
    found: dict[bytes, dict[str, Any]] = {}
    settled = []
    for values in combinations(axes):
        chosen = choose(graph, {**given, **values})
        same = found.setdefault(msgspec.json.encode(chosen, order="sorted"), values)
        if same is not values:
            raise Invalid(
                f"{spelled(same)} and {spelled(values)} are the same trial", "a grid", "name each value once"
            )
        settled.append(chosen)
    return settled


def spelled(values: Mapping[str, Any]) -> str:
    """A combination as it is typed: ``leaves=31 rate=0.02``."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def ranked(trials: Sequence[RunRecord], step: str, *, higher_is_better: bool) -> list[RunRecord]:
    """The best first by the score of one model, then those that it was not judged in."""
    judged = [one for one in trials if step in one.evaluations]
    rest = [one for one in trials if step not in one.evaluations]
    sign = -1 if higher_is_better else 1
    return sorted(judged, key=lambda one: sign * one.evaluations[step].value) + rest


def decisive(trials: Sequence[RunRecord]) -> str | None:
    """The model whose score a grid is ranked by: the last whose scores differ, else the last."""
    steps = list(dict.fromkeys(step for one in trials for step in one.evaluations))
    differing = [
        step
        for step in steps
        if len({one.evaluations[step].value for one in trials if step in one.evaluations}) > 1
    ]
    named = differing or steps
    return named[-1] if named else None
