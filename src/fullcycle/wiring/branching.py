"""Every way that a decision's draws may fall, each with its exact chance."""

from collections.abc import Callable, Iterator, Mapping
from math import fsum
from typing import Any, TypeVar

from fullcycle.kernel import Invalid
from fullcycle.serve import HashedDraw

A = TypeVar("A")

MOST_BRANCHES = 10_000


def branches(decide: Callable[[Any], A]) -> Iterator[tuple[A, float]]:
    """What ``decide`` answers for each way its draws may fall, and how likely that is.

    A decision without draws has one. Chances sum to 1.

    Raises:
        Invalid: where there are more than ten thousand ways, or weights are none.

    >>> sorted(branches(lambda draw: draw.pick({"a": 3.0, "b": 1.0})))
    [('a', 0.75), ('b', 0.25)]
    """
    waiting: list[tuple[int, ...]] = [()]
    many = 0
    while waiting:
        many += 1
        if many > MOST_BRANCHES:
            raise Invalid(
                f"a decision draws so that it can fall in more than {MOST_BRANCHES:,} ways",
                "valuing a policy on past decisions",
                "pick once, among whole answers",
            )
        draw = _Forced(waiting.pop())
        answer = decide(draw)
        yield answer, draw.chance
        waiting.extend(draw.untaken)


class _Forced:
    """A draw that picks by places told beforehand, then always the first, and notes the ways it left."""

    def __init__(self, places: tuple[int, ...]) -> None:
        self.chance = 1.0
        self.untaken: list[tuple[int, ...]] = []
        self._told = places
        self._taken: tuple[int, ...] = ()

    def pick(self, weights: Mapping[A, float], /) -> A:
        """Pick as told; refuses what a draw while serving refuses."""
        HashedDraw("past").pick(weights)
        possible = [action for action, weight in weights.items() if weight > 0]
        nth = len(self._taken)
        place = self._told[nth] if nth < len(self._told) else 0
        if nth >= len(self._told):
            self.untaken += [(*self._taken, other) for other in range(1, len(possible))]
        self._taken = (*self._taken, place)
        self.chance *= weights[possible[place]] / fsum(weights.values())
        return possible[place]
