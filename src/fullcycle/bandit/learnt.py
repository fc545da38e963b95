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
_SHARED = 3  # actions from which on it pays to multiply the numbers of a context with each other once
_CANCELLED = 1e-7  # of what a variance could be: below, products have lost too many of its digits


class Told(NamedTuple):
    """What is known of an action in a context: the outcome expected, and how far that may be off."""

    action: Any
    mean: float
    spread: float  # standard deviation
    rows: int


class _Posterior:
    """What is known of an action, ready to be asked: its variance as products of the context with itself."""

    __slots__ = ("factor", "mean", "products", "rows")

    def __init__(self, learnt: Learnt) -> None:
        self.rows, self.mean, self.factor = learnt.rows, learnt.mean, learnt.factor
        self.products = [
            (1.0 if i == j else 2.0) * sum([row[i] * row[j] for row in learnt.factor[i:]])
            for i in range(len(learnt.factor))
            for j in range(i + 1)
        ]

    def exactly(self, x: Sequence[float]) -> float:
        """The variance in a context as a sum of squares, where nothing can cancel out."""
        return float(sum([sum(map(mul, row, x)) ** 2 for row in self.factor]))  # a row ends at the diagonal


class LearntBandit(Generic[X]):
    """What ``fc.thompson`` and ``fc.linucb`` return; any thread may ask it.

    ``contract`` is the row of features that it is asked by.
    """

    def __init__(self, form: Form, contract: type[X]) -> None:
        self.form = form
        self.contract = contract
        self._encode: Encoder = compile_encoder(contract)
        self._learnt = {_key(one.action): one for one in form.learnt}
        self._posteriors: dict[tuple[type, Hashable], _Posterior] = {}
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
        means, spreads = self._known_of(self._encode(x), among)
        known = [self._posterior(action) for action in among]
        rows = [one.rows if one is not None else 0 for one in known]
        return [Told(*one) for one in zip(among, means, spreads, rows, strict=True)]

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
        means, spreads = self._known_of(numbers, among)
        if self.form.good == "down":
            means = [-mean for mean in means]
        if self.form.rule == "linucb":
            alpha = self.form.alpha
            bounds = [mean + alpha * spread for mean, spread in zip(means, spreads, strict=True)]
            return floored(highest(bounds), self.form.floor)
        return floored(best(means, spreads), self.form.floor)

    def _known_of(self, numbers: Sequence[float], among: Sequence[Any]) -> tuple[list[float], list[float]]:
        """The mean and the standard deviation of each action's outcome."""
        x = context(self.form.columns, numbers)
        most = self._prior * sum(map(mul, x, x))
        shared = len(among) >= _SHARED
        products = [one * other for n, one in enumerate(x, 1) for other in x[:n]] if shared else []
        means, spreads = [], []
        for action in among:
            posterior = self._posterior(action)
            if posterior is None:
                means.append(self.form.baseline)
                spreads.append(sqrt(most))
                continue
            variance = sum(map(mul, posterior.products, products)) if shared else 0.0
            if variance < _CANCELLED * most:
                variance = posterior.exactly(x)
            means.append(sum(map(mul, posterior.mean, x)))
            spreads.append(sqrt(variance))
        return means, spreads

    def _posterior(self, action: Any) -> _Posterior | None:
        key = _key(action)
        found = self._posteriors.get(key)
        if found is None and key in self._learnt:
            found = self._posteriors[key] = _Posterior(self._learnt[key])
        return found

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
