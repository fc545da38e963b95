"""Stand-ins for what a decision asks: plain Python, no files, no model library."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

from fullcycle.data import Row, fields
from fullcycle.kernel import Invalid
from fullcycle.serve.draw import HashedDraw

R = TypeVar("R", bound=Row)
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


class RowLookup(Generic[R]):
    """A lookup over rows in memory: the newest row per key."""

    def __init__(self, rows: Sequence[R]) -> None:
        self._rows: dict[tuple[object, ...], R] = {}
        for row in rows:
            declared = fields(type(row))
            key = tuple(getattr(row, field.name) for field in declared if field.key)
            time = next((field.name for field in declared if field.time), None)
            known = self._rows.get(key)
            if known is None or time is None or getattr(row, time) >= getattr(known, time):
                self._rows[key] = row

    def get(self, *key: object) -> R | None:
        """The row of ``key``, None where there is none."""
        return self._rows.get(key)


def model(function: Callable[[X], float]) -> FunctionModel[X]:
    """A model that predicts what ``function`` says of a feature row."""
    return FunctionModel(function)


def lookup(*rows: R) -> RowLookup[R]:
    """A lookup that holds these rows.

    Raises:
        Invalid: where their contract has no key.
    """
    for row in rows[:1]:
        _require_key(type(row))
    return RowLookup(rows)


def empty(contract: type[R]) -> RowLookup[R]:
    """A lookup of ``contract`` that holds nothing."""
    _require_key(contract)
    return RowLookup(())


def draw(seed: int = 7) -> HashedDraw:
    """The randomness of one decision; another seed is another decision."""
    return HashedDraw(f"test-{seed}")


def _require_key(contract: type[Any]) -> None:
    if not any(field.key for field in fields(contract)):
        raise Invalid(
            f"{contract.__name__} has no key to look it up by",
            "fc.testing.lookup",
            "mark its key: Annotated[int, fc.key]",
        )
