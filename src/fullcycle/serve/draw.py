"""All randomness of a decision is one call, and a function of the decision's id."""

from collections.abc import Mapping
from math import fsum, isfinite
from typing import Any, TypeVar

from fullcycle.feature import Weighed
from fullcycle.kernel import Invalid, digest_parts

A = TypeVar("A")

_MOST = 32
"""Of more actions than that the log holds the chance of the one that was picked alone."""
_NAMED = {str, int, bool}


class HashedDraw:
    """Draws for one decision: equal ids and equal weights give equal picks, on any machine.

    ``propensity`` is the probability of all picks so far: the product of the chances of
    what was picked, exactly as drawn; None before the first pick. ``chances`` holds that of each
    pick in its order, where there is more than one. ``features`` is the row by which a bandit
    gave the weights of the first pick, None where none did, and ``weights`` the chance of each
    action then, by its name.
    """

    __slots__ = ("_id", "_picks", "chances", "features", "propensity", "weights")

    def __init__(self, decision_id: str) -> None:
        self._id = decision_id.encode()
        self._picks = 0
        self.propensity: float | None = None
        self.chances: tuple[float, ...] = ()
        self.features: Any = None
        self.weights: dict[str, float] = {}

    def pick(self, weights: Mapping[A, float], /) -> A:
        """Pick one of ``weights``' keys, each with a chance in proportion to its weight.

        Raises:
            Invalid: for no weights, a negative or infinite one, or none above zero.
        """
        total = _total(weights)
        self._picks += 1
        if self._picks == 1 and isinstance(weights, Weighed):
            self.features = weights.features
            self.weights = _named(weights, total)
        point = uniform(self._id, self._picks) * total
        chosen: A | None = None
        reached = 0.0
        for action, weight in weights.items():
            if weight > 0:
                chosen, reached = action, reached + weight
                if point < reached:
                    break
        # Rounding may leave the point at the very end: it then falls to the last that has weight.
        picked: A = chosen  # type: ignore[assignment]  # _total has found one above zero
        chance = weights[picked] / total
        if self.propensity is None:
            self.propensity = chance
        else:
            self.chances = (*(self.chances or (self.propensity,)), chance)
            self.propensity *= chance
        return picked


def uniform(decision_id: bytes, nth: int) -> float:
    """A number in [0, 1) with 53 random bits, for the nth pick of a decision.

    >>> uniform(b"a", 1) == uniform(b"a", 1) != uniform(b"a", 2)
    True
    """
    digest = digest_parts("draw@1", [decision_id, nth.to_bytes(4, "little")])
    return (int(digest[:16], 16) >> 11) / 2**53


def _named(weights: Mapping[Any, float], total: float) -> dict[str, float]:
    """The chance of each action by its name in JSON; nothing of many, or where names are none or alike."""
    if len(weights) > _MOST or not set(map(type, weights)) <= _NAMED:
        return {}
    found = {_name(action): weight / total for action, weight in weights.items()}
    return found if len(found) == len(weights) else {}


def _name(action: Any) -> str:
    return str(action).lower() if type(action) is bool else str(action)


def _total(weights: Mapping[A, float]) -> float:
    wrong = [weight for weight in weights.values() if not (isfinite(weight) and weight >= 0)]
    total = fsum(weights.values()) if not wrong else 0.0
    if wrong or not 0 < total < float("inf"):
        what = f"{wrong[0]} is no weight" if wrong else "no action has a weight above zero"
        raise Invalid(what, "draw.pick", "pass weights of zero or more, at least one of them above zero")
    return total
