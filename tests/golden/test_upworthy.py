"""Upworthy's headline tests: 4,873 of them with up to 14 arms, impressions and clicks of each.

Source: Matias, Munger, Le Quere & Ebersole, "The Upworthy Research Archive", Scientific Data
2021. The data carry no licence and are no part of the project; skipped without them. What is
held against SciPy: the sample ratio, the comparison of two shares, the correction for many.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, chisquare, false_discovery_control

from fullcycle.experiment import Fixed, Moments, adjusted_p, contrast, sample_ratio

FOLDER = Path(__file__).parents[3] / "shared/data/upworthy_matrices"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="../shared/data/upworthy_matrices is not here: the data may not be shipped"
)


@pytest.fixture(scope="module")
def tests():
    """Impressions and clicks of the arms of each test that has two or more."""
    shown, clicked = (pl.read_csv(FOLDER / f"{name}_matrix.csv.gz") for name in "ny")
    found = []
    for n, y in zip(shown.iter_rows(), clicked.iter_rows(), strict=True):
        arms = [(int(a), int(b)) for a, b in zip(n[1:], y[1:], strict=True) if a]
        if len(arms) > 1:
            found.append(arms)
    return found


def share(units, happened):
    rate = happened / units
    return Moments(units, rate, units * rate * (1 - rate))


def test_the_sample_ratio_of_every_test_is_scipys(tests):
    broken = 0
    for arms in tests:
        counts = {str(n): units for n, (units, _) in enumerate(arms)}
        found = sample_ratio(counts, dict.fromkeys(counts, 1.0))
        assert found.p == pytest.approx(chisquare(list(counts.values())).pvalue, rel=1e-9)
        broken += found.p < 0.01

    assert len(tests) > 4_500
    assert broken / len(tests) > 0.1  # of 1 % by chance: its authors report a faulty assignment of a part


def test_two_arms_are_compared_as_a_table_of_two_by_two(tests):
    """Pearson's chi-square takes one spread for both arms; ours is Welch's, and is put into its place."""
    for arms in tests[:500]:
        (n0, y0), (n1, y1) = arms[:2]
        if min(y0, y1) < 20:
            continue
        expected = chi2_contingency([[y0, n0 - y0], [y1, n1 - y1]], correction=False).statistic ** 0.5
        both = (y0 + y1) / (n0 + n1)
        pooled = (both * (1 - both) * (1 / n0 + 1 / n1)) ** 0.5
        found = contrast(share(n0, y0), share(n1, y1))
        assert abs(found.value / pooled) == pytest.approx(expected, rel=1e-9)
        assert found.stderr == pytest.approx(pooled, rel=0.1)


def test_many_headlines_are_corrected_for_being_many(tests):
    p = [
        contrast(share(*arms[0]), share(*arms[1])).p_value(Fixed())
        for arms in tests
        if min(arms[0][1], arms[1][1]) >= 20
    ]
    rates = adjusted_p(p)

    assert rates == pytest.approx(false_discovery_control(p).tolist())
    assert sum(np.array(rates) < 0.05) < sum(np.array(p) < 0.05)
