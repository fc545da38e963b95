"""Sufficient statistics of several values: against NumPy's own, and by laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import Gram, Moments, checked_gram, merged_grams
from fullcycle.experiment.gram import at
from fullcycle.kernel import Invalid

values = st.lists(st.tuples(*[st.floats(-1e3, 1e3, allow_subnormal=False)] * 3), min_size=2, max_size=40).map(
    np.array
)


def gram_of(rows: np.ndarray, shifts: np.ndarray | None = None) -> Gram:
    """The statistics of rows of shape ``(n_units, k)``, by shifted sums."""
    shifts = rows.mean(axis=0) if shifts is None else shifts
    off = rows - shifts
    products = off.T @ off
    size = rows.shape[1]
    return Gram.shifted(
        len(rows),
        shifts.tolist(),
        off.sum(axis=0).tolist(),
        [float(products[i, j]) for i in range(size) for j in range(i + 1)],
    )


@given(values)
def test_its_covariances_are_those_of_numpy(rows):
    gram = gram_of(rows)
    expected = np.cov(rows, rowvar=False)
    for i in range(3):
        assert gram.means[i] == pytest.approx(rows[:, i].mean(), abs=1e-9)
        for j in range(3):
            assert gram.covariance(i, j) == pytest.approx(expected[i, j], rel=1e-9, abs=1e-7)


@given(values, st.integers(0, 40))
def test_parts_make_the_whole(rows, cut):
    cut = min(cut, len(rows))
    parts = [gram_of(part) if len(part) else Gram.none(3) for part in (rows[:cut], rows[cut:])]
    whole, together = gram_of(rows), merged_grams(parts, size=3)

    assert together.units == whole.units
    assert together.means == pytest.approx(whole.means, abs=1e-9)
    assert together.products == pytest.approx(whole.products, rel=1e-9, abs=1e-5)


def test_no_parts_are_no_units():
    assert merged_grams([], size=2) == Gram.none(2)
    assert Gram.shifted(0, [3.0, 4.0], [0.0, 0.0], [0.0, 0.0, 0.0]) == Gram.none(2)


def test_a_shift_far_from_the_mean_of_1e8_keeps_the_variance():
    rows = np.random.default_rng(1).normal(1e8, 1.0, (10_000, 1))
    assert gram_of(rows, rows[0]).covariance(0, 0) == pytest.approx(rows[:, 0].var(ddof=1), rel=1e-9)
    raw = gram_of(rows, np.zeros(1)).covariance(0, 0)
    assert abs(raw - rows[:, 0].var(ddof=1)) > 0.01  # what raw sums would have said


def test_one_value_of_several_is_its_moments():
    rows = np.array([[1.0, 5.0], [2.0, 7.0], [6.0, 0.0]])
    assert gram_of(rows).moments(1) == Moments(3, 4.0, 26.0)
    assert gram_of(rows).of([1, 0]) == Gram(3, (4.0, 3.0), (26.0, -17.0, 14.0))


def test_a_triangle_is_the_same_from_either_side():
    assert at(2, 1) == at(1, 2) == 4


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(Invalid, match="NaN or infinite"):
        checked_gram(Gram(1, (bad,), (0.0,)), where="here")
    with pytest.raises(Invalid, match="NaN or infinite"):
        checked_gram(Gram(1, (0.0,), (bad,)), where="here")
