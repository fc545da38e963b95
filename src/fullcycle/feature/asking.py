"""What a decision may ask for besides its request: a model's prediction, a random draw.

Both are protocols, so that a test passes any object that answers.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, overload, runtime_checkable

A = TypeVar("A")
X_contra = TypeVar("X_contra", contravariant=True)


@runtime_checkable
class Model(Protocol[X_contra]):
    """A model to ask, by the row of features that it was trained on: ``Model[Traits]``."""

    @overload
    def predict(self, x: X_contra, /) -> float: ...
    @overload
    def predict(self, x: Sequence[X_contra], /) -> list[float]: ...


@runtime_checkable
class Draw(Protocol):
    """The only randomness of a decision: a function of its id, and logged."""

    def pick(self, weights: Mapping[A, float], /) -> A:
        """Pick one action, each with a chance in proportion to its weight."""
        ...
