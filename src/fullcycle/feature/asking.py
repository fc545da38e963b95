"""What a decision may ask for besides its request: a model's prediction, a bandit's weights, a random draw.

All are protocols, so that a test passes any object that answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

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
class Bandit(Protocol[X_contra]):
    """Learnt weights to draw an action by: ``Bandit[Context]``, asked by the row it learnt from."""

    def weights(self, x: X_contra, among: Sequence[A], /) -> dict[A, float]:
        """The chance of each action in the context ``x``."""
        ...


class Weighed(dict[A, float]):
    """Weights that remember by which row of features a bandit gave them: it is logged with the pick."""

    __slots__ = ("features",)

    def __init__(self, weights: Iterable[tuple[A, float]], features: Any) -> None:
        super().__init__(weights)
        self.features = features


@runtime_checkable
class Draw(Protocol):
    """The only randomness of a decision: a function of its id, and logged."""

    def pick(self, weights: Mapping[A, float], /) -> A:
        """Pick one action, each with a chance in proportion to its weight."""
        ...
