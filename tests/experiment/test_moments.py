"""fullcycle.experiment.moments and statistics: examples, then laws, then refusals."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import Cell, Count, Gram, Moments, QuantileCell, Statistics, merged
from fullcycle.experiment.moments import checked
from fullcycle.experiment.statistics import per_arm
from fullcycle.kernel import Invalid

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)
groups = st.lists(values, min_size=1, max_size=6)


def test_moments_of_three_values():
    found = Moments.of(np.array([1.0, 2.0, 6.0]))

    assert found == Moments(3, 3.0, 14.0)
    assert found.variance == 7.0
    assert found.variance_of_mean == pytest.approx(7 / 3)


def test_a_mean_of_a_hundred_million_does_not_swallow_the_variance():
    x = np.random.default_rng(7).normal(1e8, 1.0, 100_000)

    days = merged(Moments.of(part) for part in np.array_split(x, 28))

    assert days.variance == pytest.approx(np.var(x - 1e8, ddof=1), rel=1e-9)
    raw = (np.sum(x**2) - np.sum(x) ** 2 / len(x)) / (len(x) - 1)
    assert raw != pytest.approx(1.0, rel=0.1)  # what sums of squares would say


def test_days_up_to_one_are_merged_per_arm():
    cells = tuple(Cell("m", "a", f"2026-01-0{d}", Gram(d, (float(d),), (0.0,))) for d in (1, 2, 3))
    found = Statistics(as_of=0, cells=(*cells, Cell("m", "b", "2026-01-01", Gram(9, (9.0,), (0.0,)))))

    assert found.moments("m", "a", until="2026-01-02") == merged([Moments(1, 1.0), Moments(2, 2.0)])
    assert found.days("m") == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert found.moments("m", "nobody").units == 0


def test_a_segment_is_told_apart_from_the_units_of_all_days():
    whole = Cell("m", "a", "2026-01-01", Gram(3, (1.0, 2.0), (0.0, 0.0, 0.0)))
    part = Cell("m", "a", "", Gram(2, (1.5, 2.0), (0.0, 0.0, 0.0)), "device", "phone")
    found = Statistics(
        as_of=0, cells=(whole, part), by_segment=(Count("a", "", 2, segment="device", level="phone"),)
    )

    assert found.gram("m", "a").units == 3
    assert found.gram("m", "a", segment="device", level="phone") == part.gram
    assert found.gram("m", "b").means == (0.0, 0.0)  # nobody, of two values
    assert found.days("m") == ["2026-01-01"]
    assert found.levels("device") == ["phone"]
    assert per_arm(found.by_segment, ["a"]) == {"a": 0}
    assert per_arm(found.by_segment, ["a"], segment="device", level="phone") == {"a": 2}


def test_a_quantile_is_found_by_arm_and_segment():
    cell = QuantileCell(metric="m", arm="a", q=0.5, rows=3, units=2, value=7.0, spread_of_share=0.1)
    found = Statistics(as_of=0, quantiles=(cell,))

    assert found.quantile("m", "a") == cell
    assert found.quantile("m", "a", segment="device", level="phone") is None


def test_counts_are_summed_per_arm_and_an_empty_arm_is_told():
    counts = [Count("a", "d1", 2), Count("a", "d2", 3), Count("a", "d1", 5, "m")]

    assert per_arm(counts, ["a", "b"]) == {"a": 5, "b": 0}
    assert per_arm(counts, ["a", "b"], "m") == {"a": 5, "b": 0}


@given(groups)
def test_days_merged_equal_all_at_once(parts):
    together = Moments.of(np.concatenate([np.array(part) for part in parts]))

    found = merged(Moments.of(np.array(part)) for part in parts)

    scale = max([sys.float_info.min, *(abs(v) for part in parts for v in part)])  # below it, halves round
    assert found.units == together.units
    assert found.mean == pytest.approx(together.mean, rel=1e-9, abs=1e-9 * scale)
    assert found.m2 == pytest.approx(together.m2, rel=1e-7, abs=1e-9 * scale**2)


@given(groups)
def test_merging_does_not_care_for_order_or_for_nobody(parts):
    moments = [Moments.of(np.array(part)) for part in parts]

    found, other = merged([*moments, Moments(0)]), merged([Moments(0), *reversed(moments)])

    assert found.units == other.units
    assert found.mean == pytest.approx(other.mean, rel=1e-9, abs=1e-6)
    assert found.m2 == pytest.approx(other.m2, rel=1e-7, abs=1e-3)


@given(values, st.floats(0.01, 100))
def test_moments_scale_with_the_currency(amounts, rate):
    euro, other = Moments.of(np.array(amounts)), Moments.of(np.array(amounts) * rate)

    assert other.mean == pytest.approx(euro.mean * rate, rel=1e-6, abs=1e-6)
    assert other.m2 == pytest.approx(euro.m2 * rate**2, rel=1e-6, abs=1e-3)


def test_a_value_that_is_no_number_says_whose():
    with pytest.raises(Invalid, match="NaN") as caught:
        checked(Moments(2, float("nan"), 0.0), where="the metric spent")

    assert "spent" in str(caught.value)
