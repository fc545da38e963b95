"""A bandit to ask: a row of features in, a weight for each action out. Plain Python, nothing random."""

from collections.abc import Hashable, Sequence
from functools import cached_property
from math import sqrt
from operator import mul
from typing import Any, Generic, NamedTuple, TypeVar

from fullcycle.bandit.chances import best, floored, highest
from fullcycle.bandit.context import context
from fullcycle.bandit.form import Form, Learnt
from fullcycle.data import Row, schema
from fullcycle.feature import Encoder, Weighed, compile_encoder
from fullcycle.kernel import Invalid

X = TypeVar("X", bound=Row)
A = TypeVar("A", bound=Hashable)

_REMEMBERED = 4096  # contexts whose weights are kept


class Told(NamedTuple):
    """What is known of an action in a context: the outcome expected, and how far that may be off."""

    action: Any
    mean: float
    spread: float  # standard deviation
    rows: int


class LearntBandit(Generic[X]):
    """What ``fc.thompson`` and ``fc.linucb`` return; any thread may ask it.

    ``contract`` is the row of features that it is asked by.
    """

    def __init__(self, form: Form, contract: type[X]) -> None:
        self.form = form
        self.contract = contract
        self._encode: Encoder = compile_encoder(contract)
        self._learnt = {_key(one.action): one for one in form.learnt}
        self._known: dict[tuple[Any, ...], list[float]] = {}

    @property
    def rows(self) -> int:
        """How many decisions it was learnt from."""
        return self.form.rows

    def weights(self, x: X, among: Sequence[A], /) -> dict[A, float]:
        """The chance of each action in the context ``x``: they sum to 1, and none is below the floor.

        An action that it has not learnt from counts as the prior says: like the mean of all, and
        unsure of it.

        Raises:
            Invalid: for no actions, or one that comes twice.
        """
        told = tuple(self._encode(x))
        key = (told, *map(_key, among))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._weights(told, among)
        return Weighed(zip(among, found, strict=True), x)

    def tell(self, x: X, among: Sequence[A], /) -> list[Told]:
        """What is known of each action in the context ``x``."""
        return self._told(self._encode(x), among)

    def of(self, contract: type[X]) -> "LearntBandit[X]":
        """The same, asked by rows of ``contract``, another class that says the same.

        Raises:
            Invalid: where it says something else.
        """
        if schema(contract) != self.form.contract:
            raise Invalid(
                f"it is asked by rows of another contract than {contract.__name__} is",
                f"a bandit of {self.form.contract['name']}",
                "run again what made it, with the features as they are now",
            )
        return LearntBandit(self.form, contract)

    def _weights(self, numbers: Sequence[float], among: Sequence[Any]) -> list[float]:
        if not among or len(set(among)) != len(among):
            raise Invalid(
                "it is asked to weigh no action" if not among else f"an action comes twice among {among!r}",
                "Bandit.weights",
                "name each action that may be taken, once",
            )
        told = self._told(numbers, among)
        sign = 1.0 if self.form.good == "up" else -1.0
        if self.form.rule == "linucb":
            chances = highest([sign * one.mean + self.form.alpha * one.spread for one in told])
        else:
            chances = best([sign * one.mean for one in told], [one.spread for one in told])
        return floored(chances, self.form.floor)

    def _told(self, numbers: Sequence[float], among: Sequence[Any]) -> list[Told]:
        x = context(self.form.columns, numbers)
        return [self._of(self._learnt.get(_key(action)), action, x) for action in among]

    def _of(self, learnt: Learnt | None, action: Any, x: Sequence[float]) -> Told:
        if learnt is None:
            spread = sqrt(self._prior * sum([number * number for number in x]))
            return Told(action, self.form.baseline, spread, 0)
        square = 0.0
        for row in learnt.factor:
            part = sum(map(mul, row, x))  # a row ends at the diagonal
            square += part * part
        return Told(action, sum(map(mul, learnt.mean, x)), sqrt(square), learnt.rows)

    @cached_property
    def _prior(self) -> float:
        return self.form.noise / self.form.strength

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LearntBandit):
            return NotImplemented
        return self.form == other.form

    __hash__ = None  # type: ignore[assignment]  # equal by what was learnt

    def __repr__(self) -> str:
        return (
            f"<{self.form.rule} bandit of {self.contract.__name__}: {len(self.form.learnt)} actions "
            f"learnt from {self.rows:,} decisions>"
        )


def _key(action: Hashable) -> tuple[type, Hashable]:
    """True is an action, and 1 another."""
    return type(action), action
