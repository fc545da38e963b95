"""fullcycle.experiment.baseline: a metric in the past, held against NumPy on the units themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import (
    Baseline,
    Cell,
    Gram,
    QuantileCell,
    Statistics,
    adjusted,
    baseline_of,
    merged_grams,
    past_of,
    quantile_of,
    ratio_of,
)
from fullcycle.experiment.baseline import linearised
from fullcycle.kernel import NotEnoughData
from made_up_experiment import metric

SPENT = metric("spent", kind="mean", column="spend")
PER_ORDER = metric("per_order", kind="ratio", column="spend", over=metric("orders", kind="mean"))
MEDIAN = metric("median", kind="quantile", column="spend", q=0.5)


def gram(rows):
    off = rows - rows.mean(axis=0)
    products = off.T @ off
    triangle = [float(products[i, j]) for i in range(rows.shape[1]) for j in range(i + 1)]
    return Gram(len(rows), tuple(rows.mean(axis=0).tolist()), tuple(triangle))


def told(name, rows, *, buckets=40, days=5):
    """Units in buckets and days, in the order in which they stand."""
    parts = np.array_split(rows, buckets * days)
    places = [(f"b{n % buckets}", f"2026-01-{n // buckets + 1:02d}") for n in range(buckets * days)]
    cells = tuple(Cell(name, arm, day, gram(part)) for (arm, day), part in zip(places, parts, strict=True))
    return Statistics(as_of=0, cells=cells)


def units(rng, n=4_000):
    """Spending, orders, and two covariates: one that explains much, one in quite another unit."""
    before, age = rng.normal(size=n), 1e6 * rng.normal(size=n)
    orders = rng.poisson(2, n) + 1.0
    spend = 10 + 3 * before + 1e-6 * age + orders * rng.lognormal(size=n)
    return np.column_stack([spend, orders, before, age])


def test_a_mean_has_the_mean_and_the_variance_of_its_units(rng):
    rows = units(rng)[:, :1]

    found = baseline_of(SPENT, told("spent", rows))

    assert found.units == 4_000
    assert found.mean == pytest.approx(rows.mean())
    assert found.variance == pytest.approx(rows.var(ddof=1))
    assert found.adjusted is None
    assert found.reduction is None
    assert found.moments().variance == pytest.approx(found.variance)


def test_covariates_leave_the_variance_of_the_residuals_of_a_regression(rng):
    rows = units(rng)[:, [0, 2, 3]]
    design = np.column_stack([np.ones(len(rows)), rows[:, 1:]])
    fit, *_ = np.linalg.lstsq(design, rows[:, 0], rcond=None)
    left = rows[:, 0] - design @ fit

    found = baseline_of(SPENT, told("spent", rows))

    assert found.adjusted == pytest.approx(left @ left / (len(rows) - 1), rel=1e-9)
    assert found.reduction == pytest.approx(1 - found.adjusted / found.variance)
    assert found.moments().variance == pytest.approx(found.adjusted)
    assert found.moments(adjusted=False).variance == pytest.approx(found.variance)


def test_covariates_that_repeat_each_other_or_never_vary_explain_no_more(rng):
    rows = units(rng)[:, [0, 2]]
    more = np.column_stack([rows, 3 * rows[:, 1], np.full(len(rows), 7.0)])

    one, both = (baseline_of(SPENT, told("spent", each)) for each in (rows, more))

    assert both.adjusted == pytest.approx(one.adjusted, rel=1e-6)


def test_a_ratio_varies_as_the_delta_method_says(rng):
    rows = units(rng)[:, :2]
    whole = gram(rows)

    found = baseline_of(PER_ORDER, told("per_order", rows))

    assert found.mean == pytest.approx(rows[:, 0].sum() / rows[:, 1].sum())
    assert found.variance == pytest.approx(ratio_of(whole).variance_of_mean * len(rows))


def test_a_ratio_is_adjusted_as_the_readout_adjusts_it(rng):
    rows = units(rng)
    halves = [gram(rows[::2]), gram(rows[1::2])]
    readout = adjusted(*halves, ratio=True)

    found = baseline_of(PER_ORDER, told("per_order", rows))

    assert found.reduction == pytest.approx(readout.reduction, abs=0.02)


def test_the_past_of_a_ratio_moves_by_as_much_as_the_ratio(rng):
    rows = units(rng)[:, :2]
    whole, part = gram(rows), gram(rows[:300])

    moved = linearised(part, whole)

    ratio = rows[:300, 0].mean() / rows[:300, 1].mean() - rows[:, 0].mean() / rows[:, 1].mean()
    assert moved.means[0] == pytest.approx(ratio * rows[:300, 1].mean() / rows[:, 1].mean())
    assert past_of(PER_ORDER, told("per_order", rows)).means[0] == pytest.approx(0.0, abs=1e-12)


def test_a_quantile_varies_as_its_order_statistics_say():
    cell = QuantileCell(
        metric="median", arm="b0", q=0.5, rows=900, units=300, value=12.0, spread_of_share=4e-4,
        ladder=((0.05, 11.0, 13.0), (0.025, 11.4, 12.4)),
    )  # fmt: skip
    told_of = quantile_of(300, 12.0, 4e-4, cell.ladder)

    found = baseline_of(MEDIAN, Statistics(as_of=0, quantiles=(cell,)))

    assert (found.mean, found.units) == (12.0, 300)
    assert found.variance == pytest.approx(told_of.variance_of_mean * 300)


@given(st.floats(-1e6, 1e6), st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_where_values_begin_changes_no_spread_and_their_unit_squares_it(shift, scale, seed):
    rows = np.random.default_rng(seed).normal(size=(400, 2))
    moved = np.column_stack([scale * rows[:, 0] + shift, rows[:, 1]])

    plain, other = (baseline_of(SPENT, told("spent", each, buckets=20, days=2)) for each in (rows, moved))

    assert other.variance == pytest.approx(plain.variance * scale**2, rel=1e-5)
    assert other.reduction == pytest.approx(plain.reduction, abs=1e-5)


def test_how_units_fall_into_buckets_changes_nothing(rng):
    rows = units(rng)[:, [0, 2]]
    one, other = (baseline_of(SPENT, told("spent", each)) for each in (rows, rng.permutation(rows)))

    assert one.variance == pytest.approx(other.variance)
    assert merged_grams([cell.gram for cell in told("spent", rows).cells], size=2).units == 4_000


def test_a_past_of_nothing_says_how_to_go_on():
    with pytest.raises(NotEnoughData, match="spent of 0 unit") as caught:
        baseline_of(SPENT, Statistics(as_of=0))
    assert "--baseline" in caught.value.mend
    with pytest.raises(NotEnoughData, match="median of 0 unit"):
        baseline_of(MEDIAN, Statistics(as_of=0))
    nobody = Statistics(
        as_of=0, cells=(Cell("per_order", "b0", "2026-01-01", Gram(5, (1.0, 0.0), (1.0, 0.0, 0.0))),)
    )
    with pytest.raises(NotEnoughData, match="denominator is zero"):
        baseline_of(PER_ORDER, nobody)


def test_without_any_spread_nothing_is_reduced():
    assert Baseline(metric="spent", units=9, mean=1.0, variance=0.0, adjusted=0.0).reduction == 0.0
