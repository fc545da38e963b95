"""Where the dots of a beeswarm stand: beside each other where there are many, in plain Python."""

from collections import defaultdict
from collections.abc import Sequence

_BINS = 48  # across the whole range of values


def offsets(values: Sequence[float]) -> list[float]:
    """An offset in ``[-1, 1]`` for each value: 0 for a lone one, alternating outwards in a crowd.

    >>> offsets([1.0, 1.0, 1.0, 5.0])
    [0.0, 1.0, -1.0, 0.0]
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    width = (high - low) / _BINS or 1.0
    crowds: dict[int, list[int]] = defaultdict(list)
    for position, value in enumerate(values):
        crowds[int((value - low) / width)].append(position)
    tallest = max((len(crowd) for crowd in crowds.values()), default=1)
    reach = max(tallest // 2, 1)
    found = [0.0] * len(values)
    for crowd in crowds.values():
        for place, position in enumerate(crowd):
            step = (place + 1) // 2
            found[position] = (step if place % 2 else -step) / reach + 0.0
    return found
