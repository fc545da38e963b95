"""Vectors: the inner product, the same bits on one row and over a table."""

from collections.abc import Sequence


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """The inner product, added from left to right, so that every engine gives the same bits.

    Raises:
        ValueError: where the lengths differ.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += x * y
    return total
