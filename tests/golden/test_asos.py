"""ASOS digital experiments: 78 real experiments over time, as count, mean and variance per arm and look.

Source: Liu, Cardoso, Couturier & McCoy, "Datasets for Online Controlled Experiments", NeurIPS
Datasets and Benchmarks 2021; CC BY 4.0. The estimates are held against SciPy's Welch test, and
what the daily look does against what each analysis promises of it. Skipped where the data are
not beside the project.
"""

from pathlib import Path

import polars as pl
import pytest
from scipy.stats import ttest_ind_from_stats

from fullcycle.experiment import AlwaysValid, Fixed, Moments, contrast
from fullcycle.experiment.comparison import comparable

RAW = (
    Path(__file__).parents[3]
    / "shared/data/asos_digital_experiments/asos_digital_experiments_dataset.parquet"
)

pytestmark = pytest.mark.skipif(
    not RAW.exists(), reason="../shared/data/asos_digital_experiments is not here: it is not shipped"
)


def moments(row, arm):
    return Moments(
        int(row[f"count_{arm}"]), row[f"mean_{arm}"], row[f"variance_{arm}"] * (row[f"count_{arm}"] - 1)
    )


@pytest.fixture(scope="module")
def comparisons():
    """Each arm against its control in each metric: the looks at it, in the order of time."""
    raw = pl.read_parquet(RAW).drop_nulls().sort("time_since_start")
    found = []
    for _, looks in raw.group_by("experiment_id", "variant_id", "metric_id", maintain_order=True):
        pairs = [(moments(row, "c"), moments(row, "t")) for row in looks.iter_rows(named=True)]
        pairs = [pair for pair in pairs if comparable(*pair)]
        if pairs:
            found.append(pairs)
    return found


def test_the_file_is_the_published_one():
    raw = pl.read_parquet(RAW)

    assert (raw.height, raw["experiment_id"].n_unique()) == (24_153, 78)
    assert raw.select("experiment_id", "variant_id").unique().height == 99
    assert raw["variance_c"].null_count() == 778


def test_every_look_at_every_comparison_is_that_of_scipy(comparisons):
    for looks in comparisons:
        for a, b in looks[:: max(len(looks) // 5, 1)]:
            found = contrast(a, b)
            expected = ttest_ind_from_stats(
                b.mean, b.variance**0.5, b.units, a.mean, a.variance**0.5, a.units, equal_var=False
            )
            assert found.p_value(Fixed()) == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


def crossed(pair, rule):
    low, high = contrast(*pair).interval(rule)
    return low > 0 or high < 0


def test_who_peeks_finds_more_than_who_waits_unless_the_interval_is_made_for_it(comparisons):
    """Of comparisons with ten looks or more: found at any look, and at the last."""
    long = [looks for looks in comparisons if len(looks) >= 10]
    fixed_any = sum(any(crossed(pair, Fixed()) for pair in looks) for looks in long)
    fixed_last = sum(crossed(looks[-1], Fixed()) for looks in long)
    rules = [AlwaysValid(looks[-1][0].units + looks[-1][1].units) for looks in long]
    always = sum(any(crossed(pair, rule) for pair in looks) for looks, rule in zip(long, rules, strict=True))

    assert len(long) > 300
    assert fixed_any > 1.3 * fixed_last
    assert always < fixed_any
    for looks, rule in zip(long, rules, strict=True):
        found = contrast(*looks[-1])
        assert found.interval(rule)[0] < found.interval(Fixed())[0]
