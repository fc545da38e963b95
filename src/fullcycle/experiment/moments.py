"""Sufficient statistics of a mean: all that has to leave the warehouse."""

from collections.abc import Iterable
from math import isfinite, nan

import msgspec
import numpy as np
import numpy.typing as npt

from fullcycle.kernel import Invalid


class Moments(msgspec.Struct, frozen=True):
    """Units, their mean, and the sum of squared deviations from it.

    Deviations, never raw squares: at a mean of 1e8 the difference of two sums of squares
    has lost the variance.
    """

    units: int
    mean: float = 0.0
    m2: float = 0.0

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> "Moments":
        """The moments of one value per unit, shape ``(n_units,)``."""
        if len(values) == 0:
            return cls(0)
        mean = float(np.mean(values))
        return cls(len(values), mean, float(np.sum((values - mean) ** 2)))

    @property
    def variance(self) -> float:
        """The sample variance (ddof 1); NaN for fewer than two units."""
        return self.m2 / (self.units - 1) if self.units > 1 else nan

    @property
    def variance_of_mean(self) -> float:
        """The squared standard error of the mean."""
        return self.variance / self.units if self.units else nan

    @property
    def total(self) -> float:
        """The sum over all units; for a proportion, how many units it happened to."""
        return self.units * self.mean


def merged(parts: Iterable[Moments]) -> Moments:
    """The moments of all units together, as if they had never been apart.

    Source:
        Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
        Sample Variances", 1979, equation 2.1.

    >>> merged([Moments(2, 1.0, 2.0), Moments(1, 4.0, 0.0)])
    Moments(units=3, mean=2.0, m2=8.0)
    """
    units, mean, m2 = 0, 0.0, 0.0
    for part in parts:
        if part.units == 0:
            continue
        together = units + part.units
        step = part.mean - mean
        mean += step * (part.units / together)
        m2 += part.m2 + step * step * (units * part.units / together)
        units = together
    return Moments(units, mean, m2)


def checked(moments: Moments, *, where: str) -> Moments:
    """``moments``, if they are of numbers.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    if not (isfinite(moments.mean) and isfinite(moments.m2)):
        raise Invalid(
            "a unit's value is NaN or infinite",
            where,
            "leave such rows out with where=, or mend them in the table",
        )
    return moments
