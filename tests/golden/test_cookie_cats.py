"""Cookie Cats, gate at level 30 or 40: published figures, and a sample ratio most analyses overlook.

The data carry no licence and are no part of the project; the test is skipped without them.
"""

from pathlib import Path

import polars as pl
import pytest
from scipy.stats import norm

from fullcycle.experiment import (
    Fixed,
    Moments,
    contrast,
    sample_ratio,
)

RAW = Path(__file__).parents[3] / "shared/data/cookie_cats/cookie_cats.csv.gz"
ARMS = ("gate_30", "gate_40")

pytestmark = pytest.mark.skipif(
    not RAW.exists(), reason="../shared/data/cookie_cats is not here: the data may not be shipped"
)


@pytest.fixture(scope="module")
def moments():
    raw = pl.read_csv(RAW).with_columns(pl.col("^retention_.*$").cast(pl.String).str.to_uppercase() == "TRUE")
    return {
        (metric, arm): Moments.of(raw.filter(version=arm)[metric].cast(pl.Float64).to_numpy())
        for metric in ("retention_1", "retention_7")
        for arm in ARMS
    }


def test_the_sample_ratio_fails_at_one_percent(moments):
    counts = {arm: moments["retention_1", arm].units for arm in ARMS}

    assert counts == {"gate_30": 44_700, "gate_40": 45_489}
    assert round(sample_ratio(counts, {"gate_30": 0.5, "gate_40": 0.5}).p, 4) == 0.0086


@pytest.mark.parametrize(
    ("metric", "z", "p"), [("retention_1", -1.7841, 0.07441), ("retention_7", -3.1644, 0.00155)]
)
def test_retention(moments, metric, z, p):
    """Published with the pooled variance; ours is not pooled, which moves z by less than 0.001."""
    found = contrast(*(moments[metric, arm] for arm in ARMS))

    assert found.value / found.stderr == pytest.approx(z, abs=1e-3)
    assert found.p_value(Fixed()) == pytest.approx(p, abs=1e-5)
    pooled = _pooled_z(*(moments[metric, arm] for arm in ARMS))
    assert (round(pooled, 4), float(f"{2 * norm.sf(abs(pooled)):.4g}")) == (z, pytest.approx(p, abs=6e-6))


def test_the_interval_of_retention_after_a_week(moments):
    found = contrast(*(moments["retention_7", arm] for arm in ARMS))
    low, high = found.interval(Fixed())

    assert round(100 * found.value, 3) == -0.820
    assert (round(100 * low, 2), round(100 * high, 2)) == (-1.33, -0.31)


def _pooled_z(a, b):
    pooled = (a.total + b.total) / (a.units + b.units)
    return (b.mean - a.mean) / (pooled * (1 - pooled) * (1 / a.units + 1 / b.units)) ** 0.5
