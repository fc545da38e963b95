"""Comparing two arms: the difference of their means, absolute and relative, with intervals."""

from dataclasses import dataclass
from math import copysign, inf, isfinite, sqrt

from fullcycle.experiment.boundary import Boundary
from fullcycle.experiment.estimate import Estimate, Sample
from fullcycle.kernel import NotEnoughData

Ends = tuple[float, float]
_ROUNDED = 1e-12  # of a difference: less than that is no level that it could be told by
_LEAST = 1e-12  # of a variance: below it, what is left of two parts that take each other away is rounding


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

    Arms that are freed from covariates share the level of these, and ``1 - factor`` of it is left.

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
    rest = 1 - factor
    ours, theirs = _spread(treated, 1.0, rest), _spread(control, -factor, rest)
    total = ours + theirs
    shares = ours / total, theirs / total  # squares of the variances themselves may be too small for a number
    df = 1 / (shares[0] ** 2 / (treated.units - 1) + shares[1] ** 2 / (control.units - 1))
    return Contrast(treated.mean - factor * control.mean, sqrt(total), df, control.units + treated.units)


def has_level(control: Sample, difference: float) -> bool:
    """Whether a difference can be told relative to the control: its mean is more than rounding leaves."""
    return abs(control.mean) > _ROUNDED * abs(difference)


def relative_interval(control: Sample, treated: Sample, boundary: Boundary) -> Ends | None:
    """The interval of ``(treated - control) / |control|``; None where the control may be zero.

    It holds every ratio that :func:`contrast` with that ``factor`` would not reject, so it
    leaves out zero exactly where the absolute interval does, at every look if the boundary
    is always-valid. The degrees of freedom are those of the difference. Arms that are freed from
    covariates go together by the level that they share.

    Source:
        Fieller, "Some Problems in Interval Estimation", JRSS B 1954.
    """
    plain = contrast(control, treated)
    if not has_level(control, plain.value):
        return None
    reach = boundary.two_sided(plain.df, plain.units)
    pair = ((treated, control), (control, treated))
    variances = (_spread(arm, 1.0, 1.0) + _spread(other, 0.0, 1.0) for arm, other in pair)
    ours, theirs = (reach * sqrt(variance) / control.mean for variance in variances)
    shared = sum(sum(_shared(arm)) for arm in (treated, control))
    both = copysign((reach * sqrt(abs(shared)) / control.mean) ** 2, shared)
    kept = 1 - theirs * theirs
    if not kept > 0:
        return None
    ratio = treated.mean / control.mean
    inside = ours * ours * kept + ratio * theirs * ratio * theirs + both * (both - 2 * ratio)
    root = sqrt(inside) if not inside < 0 else 0.0
    middle = plain.value / control.mean + theirs * theirs - both
    sign = copysign(1.0, control.mean)
    ends = sorted(sign * (middle + side * root) / kept for side in (-1, 1))
    return (ends[0], ends[1]) if all(map(isfinite, ends)) else None


def _spread(arm: Sample, weight: float, rest: float) -> float:
    """The variance of ``weight`` times an arm's value and ``rest`` times its part of the shared level."""
    level, along = _shared(arm)
    own = weight * weight * arm.variance_of_mean
    return max(own + rest * (rest * level + 2 * weight * along), _LEAST * own)


def _shared(arm: Sample) -> tuple[float, float]:
    return (arm.level, arm.along) if isinstance(arm, Estimate) else (0.0, 0.0)
