"""A world with three banners for tests of bandits: contexts, past decisions, how often each is clicked."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

import fullcycle as fc

Array = npt.NDArray[Any]

BANNERS = ("sale", "new", "brand")
CHANCES = np.array([[0.030, -0.010, 0.000], [0.015, 0.025, 0.000], [0.015, -0.005, 0.035]])


class Visit(fc.Row):
    phone: bool
    evening: bool


class Seen(fc.Row):
    phone: bool
    evening: bool


@fc.features
def seen(visit: Visit) -> Seen:
    return Seen(phone=visit.phone, evening=visit.evening)


CONTEXTS = tuple(Seen(phone, evening) for phone in (False, True) for evening in (False, True))


def chances(places: Array) -> Array:
    """How often each banner is clicked ``(n, 3)``, by the place of the context among ``CONTEXTS``."""
    x = np.column_stack([np.ones(len(places)), places // 2, places % 2])
    return x @ CHANCES.T


def past(random: np.random.Generator, n: int) -> pl.DataFrame:
    """Decisions drawn alike, with what they led to."""
    places, actions = random.integers(0, 4, n), random.integers(0, 3, n)
    return decided(places, actions, random.random(n) < chances(places)[np.arange(n), actions])


def decided(places: Array, actions: Array, clicked: Array) -> pl.DataFrame:
    """Decisions as ``fc.outcomes`` gives them."""
    return pl.DataFrame(
        {
            "phone": places // 2 == 1,
            "evening": places % 2 == 1,
            "action": np.array(BANNERS)[actions],
            "outcome": clicked.astype(np.float64),
        }
    )
