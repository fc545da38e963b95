"""Comparing two arms: the difference of their means, absolute and relative, with intervals."""

from dataclasses import dataclass
from math import copysign, inf, isfinite, sqrt

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.estimate import Sample
from fullcycle.kernel import NotEnoughData

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Contrast:
    """``treated - factor * control``, in the metric's own unit."""

    value: float
    stderr: float
    df: float  # Welch and Satterthwaite
    units: int

    def interval(self, boundary: Boundary) -> Ends:
        """Both ends of the interval."""
        reach = boundary.two_sided(self.df, self.units) * self.stderr
        return self.value - reach, self.value + reach

    def reach(self, boundary: Boundary) -> float:
        """How far a one-sided interval reaches beyond the estimate."""
        return boundary.one_sided(self.df, self.units) * self.stderr

    def p_value(self, boundary: Boundary) -> float:
        """Against no difference at all."""
        return boundary.p_value(self.value / self.stderr, self.df, self.units)


def comparable(control: Sample, treated: Sample) -> bool:
    """Whether a difference of the two has a standard error."""
    if min(control.units, treated.units) < 2:
        return False
    return 0 < control.variance_of_mean + treated.variance_of_mean < inf  # and no NaN


def contrast(control: Sample, treated: Sample, *, factor: float = 1.0) -> Contrast:
    """Compare two arms by unequal variances; ``factor`` other than 1 tests for a margin.

    Raises:
        NotEnoughData: with fewer than two units in an arm, or no spread at all.

    Source:
        Welch, "The generalization of Student's problem when several different population
        variances are involved", Biometrika 1947.

    >>> from fullcycle.experiment.moments import Moments
    >>> contrast(Moments(100, 1.0, 99.0), Moments(100, 1.5, 99.0)).value
    0.5
    """
    if not comparable(control, treated):
        raise NotEnoughData(
            f"{control.units} and {treated.units} units without any spread cannot be compared",
            "experiment.contrast",
            "wait for more units",
        )
    ours, theirs = treated.variance_of_mean, factor**2 * control.variance_of_mean
    total = ours + theirs
    shares = ours / total, theirs / total  # squares of the variances themselves may be too small for a number
    df = 1 / (shares[0] ** 2 / (treated.units - 1) + shares[1] ** 2 / (control.units - 1))
    return Contrast(treated.mean - factor * control.mean, sqrt(total), df, control.units + treated.units)


def relative_interval(control: Sample, treated: Sample, boundary: Boundary) -> Ends | None:
    """The interval of ``(treated - control) / |control|``; None where the control may be zero.

    It holds every ratio that :func:`contrast` with that ``factor`` would not reject, so it
    leaves out zero exactly where the absolute interval does, at every look if the boundary
    is always-valid. The degrees of freedom are those of the difference.

    Source:
        Fieller, "Some Problems in Interval Estimation", JRSS B 1954.
    """
    if not control.mean:
        return None
    plain = contrast(control, treated)
    reach = boundary.two_sided(plain.df, plain.units)
    ours, theirs = (reach * sqrt(arm.variance_of_mean) / control.mean for arm in (treated, control))
    kept = 1 - theirs * theirs
    if not kept > 0:
        return None
    ratio = treated.mean / control.mean
    root = sqrt(ours * ours * kept + ratio * theirs * ratio * theirs)
    middle = plain.value / control.mean + theirs * theirs
    sign = copysign(1.0, control.mean)
    ends = sorted(sign * (middle + side * root) / kept for side in (-1, 1))
    return (ends[0], ends[1]) if all(map(isfinite, ends)) else None
