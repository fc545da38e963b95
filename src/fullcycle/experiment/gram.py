"""Sufficient statistics of several values per unit: all that has to leave the warehouse.

From them come means and proportions, ratios by the delta method, and regressions on any
number of covariates.
"""

from collections.abc import Iterable, Sequence
from math import isfinite, nan

import msgspec

from fullcycle.experiment.moments import Moments
from fullcycle.kernel import Invalid


class Gram(msgspec.Struct, frozen=True):
    """Units, the mean of each of k values, and the sums of products of deviations from them.

    ``products`` is the lower triangle row by row, k (k + 1) / 2 sums: those of (0, 0), (1, 0),
    (1, 1), (2, 0) and so on. Deviations, never raw products: at a mean of 1e8 the difference
    of two sums of squares has lost the variance.
    """

    units: int
    means: tuple[float, ...]
    products: tuple[float, ...]

    @classmethod
    def none(cls, size: int) -> "Gram":
        """No unit at all, of ``size`` values."""
        return cls(0, (0.0,) * size, (0.0,) * (size * (size + 1) // 2))

    @classmethod
    def shifted(
        cls, units: int, shifts: Sequence[float], sums: Sequence[float], products: Sequence[float]
    ) -> "Gram":
        """From sums of values less a shift each, and of their products: what one pass can add up.

        The nearer each shift lies to its mean, the less is lost.

        Args:
            units: how many.
            shifts: what was taken off each value, k of them.
            sums: Σ(v - s) of each value.
            products: Σ(v - s)(w - t) of each pair, as a lower triangle.

        >>> Gram.shifted(2, [1.0], [3.0], [5.0])
        Gram(units=2, means=(2.5,), products=(0.5,))
        """
        if units == 0:
            return cls.none(len(shifts))
        centred = [
            products[at(i, j)] - sums[i] * sums[j] / units for i in range(len(sums)) for j in range(i + 1)
        ]
        for i in range(len(sums)):  # a square is never negative but by rounding
            centred[at(i, i)] = max(centred[at(i, i)], 0.0)
        means = tuple(shift + total / units for shift, total in zip(shifts, sums, strict=True))
        return cls(units, means, tuple(centred))

    @property
    def size(self) -> int:
        """How many values a unit has."""
        return len(self.means)

    def moments(self, i: int = 0) -> Moments:
        """The moments of one value alone."""
        return Moments(self.units, self.means[i], self.products[at(i, i)])

    def covariance(self, i: int, j: int) -> float:
        """The sample covariance of two values (ddof 1), a variance where i is j; NaN below two units."""
        return self.products[at(i, j)] / (self.units - 1) if self.units > 1 else nan

    def of(self, indices: Sequence[int]) -> "Gram":
        """Of some of the values only, in the order given."""
        return Gram(
            self.units,
            tuple(self.means[i] for i in indices),
            tuple(self.products[at(i, j)] for n, i in enumerate(indices) for j in indices[: n + 1]),
        )


def at(i: int, j: int) -> int:
    """Where the product of two values stands in the lower triangle.

    >>> [at(i, j) for i in range(3) for j in range(i + 1)] == list(range(6))
    True
    """
    low, high = min(i, j), max(i, j)
    return high * (high + 1) // 2 + low


def merged_grams(parts: Iterable[Gram], *, size: int) -> Gram:
    """The statistics of all units together, as if they had never been apart.

    Source:
        Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
        Sample Variances", 1979, equation 2.1, for products of two values.

    >>> merged_grams([Gram(2, (1.0,), (2.0,)), Gram(1, (4.0,), (0.0,))], size=1)
    Gram(units=3, means=(2.0,), products=(8.0,))
    """
    units, means = 0, [0.0] * size
    products = [0.0] * (size * (size + 1) // 2)
    for part in parts:
        if part.units == 0:
            continue
        together = units + part.units
        steps = [mean - known for mean, known in zip(part.means, means, strict=True)]
        weight = units * part.units / together
        for i in range(size):
            means[i] += steps[i] * (part.units / together)
            for j in range(i + 1):
                products[at(i, j)] += part.products[at(i, j)] + steps[i] * steps[j] * weight
        units = together
    return Gram(units, tuple(means), tuple(products))


def checked_gram(gram: Gram, *, where: str) -> Gram:
    """``gram``, if it is of numbers.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    if not all(map(isfinite, (*gram.means, *gram.products))):
        raise Invalid(
            "a unit's value is NaN or infinite",
            where,
            "leave such rows out with where=, or mend them in the table",
        )
    return gram
