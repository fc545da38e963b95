"""Stand-ins for what a decision asks: plain Python, no files, no model library."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

from fullcycle.data import Row
from fullcycle.serve.draw import HashedDraw

X = TypeVar("X", bound=Row)


class FunctionModel(Generic[X]):
    """A model that answers with a plain function of the feature row."""

    def __init__(self, function: Callable[[X], float]) -> None:
        self._function = function

    @overload
    def predict(self, x: X, /) -> float: ...
    @overload
    def predict(self, x: Sequence[X], /) -> list[float]: ...
    def predict(self, x: X | Sequence[X], /) -> float | list[float]:
        """Ask for one feature row, or for many."""
        if isinstance(x, Sequence):
            return [float(self._function(each)) for each in x]
        return float(self._function(x))


def model(function: Callable[[X], float]) -> FunctionModel[X]:
    """A model that predicts what ``function`` says of a feature row."""
    return FunctionModel(function)


def draw(seed: int = 7) -> HashedDraw:
    """The randomness of one decision; another seed is another decision."""
    return HashedDraw(f"test-{seed}")
