"""What a policy is given, watched: each question is passed on, and noted with its answer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fullcycle.data import fields
from fullcycle.release import NoNumber, ReleasedModel
from fullcycle.serve.draw import HashedDraw, uniform

if TYPE_CHECKING:
    from fullcycle.bandit import Told


class Notes(Protocol):
    """Who wants to know what was asked."""

    def predicted(self, model: "WatchedModel", row: Any, prediction: float | None) -> None:
        """A model was asked; None where it gave no number."""
        ...

    def looked_up(self, lookup: "WatchedLookup", key: tuple[object, ...], row: Any) -> None:
        """A lookup was asked; None where it holds no such key."""
        ...

    def weighed(
        self, bandit: "WatchedBandit", row: Any, told: "Sequence[Told]", weights: Sequence[float]
    ) -> None:
        """A bandit was asked; what it knows of each action, and the weight that follows."""
        ...

    def picked(self, weights: Mapping[Any, float], number: float, chosen: Any) -> None:
        """A draw picked one of the weights' keys, by a uniform number."""
        ...


class WatchedModel:
    """A ``Model[X]`` that is watched."""

    def __init__(self, model: ReleasedModel, name: str, element: str, trace: Notes) -> None:
        self.model = model
        self.name = name
        self.element = element
        self._trace = trace

    def predict(self, x: Any, /) -> Any:
        """What the model predicts for one row, or for each of many."""
        many = isinstance(x, (list, tuple))
        try:
            predictions = self.model.predict(x)
        except NoNumber:
            for row in x if many else [x]:
                self._trace.predicted(self, row, None)
            raise
        for row, prediction in zip(x, predictions, strict=True) if many else [(x, predictions)]:
            self._trace.predicted(self, row, prediction)
        return predictions


class WatchedLookup:
    """An ``fc.Lookup`` that is watched; whatever else is asked of it, it answers itself."""

    def __init__(self, lookup: Any, name: str, trace: Notes) -> None:
        self.name = name
        self._lookup = lookup
        self._trace = trace

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the key's fields."""
        return tuple(one.name for one in fields(self._lookup.contract) if one.key)

    def get(self, *key: object) -> Any:
        """The row of a key, None where there is none."""
        row = self._lookup.get(*key)
        self._trace.looked_up(self, key, row)
        return row

    def __len__(self) -> int:
        return len(self._lookup)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lookup, name)


class WatchedBandit:
    """A ``Bandit[X]`` that is watched; whatever else is asked of it, it answers itself."""

    def __init__(self, bandit: Any, name: str, trace: Notes) -> None:
        self.bandit = bandit
        self.name = name
        self._trace = trace

    def weights(self, x: Any, among: Sequence[Any], /) -> Any:
        """The chance of each action."""
        weights = self.bandit.weights(x, among)
        self._trace.weighed(self, x, self.bandit.tell(x, among), list(weights.values()))
        return weights

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bandit, name)


class WatchedDraw:
    """An ``fc.Draw`` that is watched."""

    def __init__(self, draw: HashedDraw, id: str, trace: Notes) -> None:
        self._draw = draw
        self._id = id.encode()
        self._picks = 0
        self._trace = trace

    def pick(self, weights: Mapping[Any, float], /) -> Any:
        """What the draw picks."""
        chosen = self._draw.pick(weights)
        self._picks += 1
        self._trace.picked(weights, uniform(self._id, self._picks), chosen)
        return chosen
