"""fullcycle.evaluate.bootstrap: its counts, its promise (coverage), its speed, its refusal."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.evaluate.bootstrap import interval, resampled
from fullcycle.evaluate.score import Rows, score_named
from fullcycle.evaluate.uplift import Actions
from fullcycle.kernel import NotEnoughData


def counts(n, draws=130, **options):
    return resampled([lambda weights: weights], np.ones(n), draws=draws, **options)[0]


@given(n=st.integers(1, 30), seed=st.integers(0, 9))
def test_a_resample_has_as_many_rows_as_the_sample(n, seed):
    drawn = counts(n, seed=seed)

    assert drawn.shape == (130, n)
    assert (drawn.sum(axis=1) == n).all()


@given(codes=st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_a_stratum_keeps_its_size(codes):
    codes = np.array(codes)

    drawn = counts(len(codes), strata=codes)

    for code in np.unique(codes):
        assert (drawn[:, codes == code].sum(axis=1) == (codes == code).sum()).all()


def test_the_rows_of_a_group_are_drawn_together():
    drawn = counts(6, clusters=np.array([5, 2, 2, 2, 0, 0]))

    assert (drawn[:, 1] == drawn[:, 2]).all()
    assert (drawn[:, 2] == drawn[:, 3]).all()
    assert (drawn[:, 4] == drawn[:, 5]).all()
    assert (drawn[:, [0, 1, 4]].sum(axis=1) == 3).all()


def test_the_same_seed_gives_the_same_resamples_and_weights_are_kept():
    assert (counts(20, seed=1) == counts(20, seed=1)).all()
    assert (counts(20, seed=1) != counts(20, seed=2)).any()
    weighted = resampled([lambda weights: weights], np.array([0.0, 2.5]), draws=9)[0]
    assert set(weighted[:, 0]) == {0}
    assert set(weighted[:, 1]) <= {0, 2.5, 5}


@pytest.mark.parametrize("name", ["rmse", "auc", "brier"])
def test_the_interval_covers_what_a_large_sample_gives_nineteen_times_in_twenty(name):
    def draw(rng, n):
        p = rng.uniform(size=n)
        return Rows((rng.uniform(size=n) < p).astype(float), np.ones(n)), p[:, None]

    score = score_named(name)
    large, predicted = draw(np.random.default_rng(0), 400_000)
    truth = score.prepare(large, predicted)(large.weight[None, :])[0]
    covered = 0
    for seed in range(200):
        rows, predicted = draw(np.random.default_rng(seed + 1), 300)
        of = score.prepare(rows, predicted)
        low, high = interval(resampled([of], rows.weight, strata=score.strata(rows), draws=300)[0])
        covered += low <= truth <= high

    assert 0.90 <= covered / 200 <= 0.99


def test_resampling_two_models_a_thousand_times_takes_no_loop_over_rows():
    rng = np.random.default_rng(0)
    n = 8_000
    logged = rng.integers(0, 3, n)
    rows = Rows(rng.normal(size=n), np.ones(n), Actions(("a", "b", "c"), 0, logged, np.full(n, 1 / 3)))
    score = score_named("qini@a")
    statistics = [score.prepare(rows, rng.normal(size=(n, 3))) for _ in ("model", "baseline")]

    began = time.process_time()
    resampled(statistics, rows.weight, strata=score.strata(rows))
    spent = time.process_time() - began

    began = time.process_time()
    for _ in range(20):  # of a thousand times
        for row in range(n):
            _ = rows.y[row] * rows.weight[row]
    assert spent < (time.process_time() - began) * 50


def test_a_score_without_value_in_many_resamples_has_no_interval():
    with pytest.raises(NotEnoughData, match="10 of 100 resamples have no value"):
        interval(np.r_[np.full(10, np.nan), np.zeros(90)])
