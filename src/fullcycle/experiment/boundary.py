"""How many standard errors an interval reaches: once at the end, or at every look.

A *fixed* interval holds its promise at one look that was planned. An *always-valid* one
holds it at all looks together, so it may be read every day; it pays by being wider.
"""

from dataclasses import dataclass
from math import exp, log, log2, sqrt
from sys import float_info
from typing import Protocol

from scipy.special import stdtr, stdtrit

LEAST_P = float_info.min
"""No p value is zero: one that a double cannot hold is told as the least that it can, about 2e-308."""


class Boundary(Protocol):
    """A rule that turns an estimate over ``units`` with ``df`` degrees of freedom into an interval."""

    @property
    def alpha(self) -> float:
        """The chance, at most, that the interval misses the truth."""
        ...

    def two_sided(self, df: float, units: int) -> float:
        """Standard errors to either side."""
        ...

    def one_sided(self, df: float, units: int) -> float:
        """Standard errors to one side, the other being open."""
        ...

    def p_value(self, z: float, df: float, units: int) -> float:
        """The smallest ``alpha`` at which the interval leaves out zero, ``z`` standard errors away."""
        ...

    def at(self, alpha: float) -> "Boundary":
        """The same rule at another ``alpha``."""
        ...

    def among(self, share: float) -> "Boundary":
        """The same rule for some of the units: how large a share of them it is told of."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Student's t, for the one look that was planned.

    Source: Welch, "The generalization of Student's problem", Biometrika 1947.
    """

    alpha: float = 0.05

    def two_sided(self, df: float, units: int) -> float:
        """Standard errors to either side."""
        return float(-stdtrit(df, self.alpha / 2))

    def one_sided(self, df: float, units: int) -> float:
        """Standard errors to one side."""
        return float(-stdtrit(df, self.alpha))

    def p_value(self, z: float, df: float, units: int) -> float:
        """Two-sided, from the tail itself, so that a tiny one is not rounded to zero."""
        return max(float(2 * stdtr(df, -abs(z))), LEAST_P)

    def at(self, alpha: float) -> "Fixed":
        """The same rule at another ``alpha``."""
        return Fixed(alpha)

    def among(self, share: float) -> "Fixed":
        """The same rule."""
        return self


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """An asymptotic confidence sequence, tightest near ``planned`` units.

    ``planned`` must not be chosen by looking at outcomes. The promise is asymptotic: it
    holds from the first look on that has enough units for the normal approximation.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory
    and asymptotic confidence sequences", arXiv 2103.06476v7: equations 9 (two-sided), 134
    (one-sided), 155 (p value) and 161 (tuning).
    """

    planned: int
    alpha: float = 0.05

    def two_sided(self, df: float, units: int) -> float:
        """Standard errors to either side."""
        rho2, spread = self._mixture(self.alpha, units)
        return sqrt(2 * spread / (units * rho2) * log(sqrt(spread) / self.alpha))

    def one_sided(self, df: float, units: int) -> float:
        """Standard errors to one side."""
        rho2, spread = self._mixture(2 * self.alpha, units)
        return sqrt(2 * spread / (units * rho2) * log(1 + sqrt(spread) / (2 * self.alpha)))

    def p_value(self, z: float, df: float, units: int) -> float:
        """Always-valid: it may be read at every look; at most 1."""
        rho2, spread = self._mixture(self.alpha, units)
        return max(min(1.0, sqrt(spread) * exp(-z * z * units * rho2 / (2 * spread))), LEAST_P)

    def at(self, alpha: float) -> "AlwaysValid":
        """The same rule at another ``alpha``; it is tuned for that one."""
        return AlwaysValid(self.planned, alpha)

    def among(self, share: float) -> "AlwaysValid":
        """Tuned for so many of the planned units.

        By the nearest power of a half, so that a share which moves a little while units come leaves
        the rule as it was; what that costs is below 0.5 % of the width.
        """
        return AlwaysValid(max(round(self.planned * 2 ** round(log2(share))), 1), self.alpha)

    def _mixture(self, alpha: float, units: int) -> tuple[float, float]:
        """The squared scale of the mixture, and ``units * rho**2 + 1``."""
        rho2 = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / self.planned
        return rho2, units * rho2 + 1
