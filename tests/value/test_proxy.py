"""fullcycle.value.proxy: examples first, then laws. Held against SciPy's pearsonr and spearmanr."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from fullcycle.value import ProxyPoint, correlation, proxies

numbers = st.lists(
    st.tuples(
        st.floats(-100, 100).map(lambda x: round(x, 3)), st.floats(-100, 100).map(lambda x: round(x, 3))
    ),
    min_size=8,
    max_size=40,
)


def point(gain, effect, *, score="qini", metric="visited"):
    return ProxyPoint(
        capability="winback", experiment="trial", release=1, score=score, metric=metric, gain=gain,
        against="baseline", effect=effect,
    )  # fmt: skip


def test_seven_launches_say_nothing_and_eight_do():
    seven = [point(n, n % 3) for n in range(7)]

    (few,), (enough,) = proxies(seven), proxies([*seven, point(7, 1)])

    assert (few.correlation, few.unknown) == (None, "unknown until 8 launches")
    assert enough.unknown == ""
    assert enough.correlation.value == pytest.approx(pearsonr(range(8), [0, 1, 2, 0, 1, 2, 0, 1]).statistic)


def test_scores_and_metrics_of_other_kinds_are_kept_apart():
    found = proxies([point(1, 1), point(1, 1, score="mae"), point(1, 1, metric="spent"), point(2, 2)])

    assert [(one.score, one.metric, len(one.launches)) for one in found] == [
        ("mae", "visited", 1),
        ("qini", "spent", 1),
        ("qini", "visited", 2),
    ]


def test_a_score_that_never_changes_says_nothing():
    (found,) = proxies([point(0.1, n) for n in range(9)])

    assert (found.correlation, found.unknown) == (None, "unknown: one of the two never changes")


def test_what_goes_together_wholly_is_one_for_certain():
    found = correlation([1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0])

    assert (found.value, found.spearman) == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.interval.high == pytest.approx(1.0)


# laws


@given(numbers)
def test_correlations_are_those_of_scipy(pairs):
    xs, ys = ([pair[side] for pair in pairs] for side in (0, 1))
    assume(max(xs) - min(xs) > 0.1 and max(ys) - min(ys) > 0.1)

    found = correlation(xs, ys)

    theirs = pearsonr(xs, ys)
    assert found.value == pytest.approx(theirs.statistic, abs=1e-9)
    assert found.spearman == pytest.approx(spearmanr(xs, ys).statistic, abs=1e-9)
    if abs(found.value) < 0.999:
        ends = theirs.confidence_interval(0.95)
        assert (found.interval.low, found.interval.high) == (
            pytest.approx(ends.low, abs=1e-9),
            pytest.approx(ends.high, abs=1e-9),
        )


@given(numbers, st.floats(0.01, 100), st.floats(-100, 100))
def test_units_do_not_matter_and_a_sign_turns_it_round(pairs, scale, shift):
    xs, ys = ([pair[side] for pair in pairs] for side in (0, 1))
    assume(max(xs) - min(xs) > 0.1 and max(ys) - min(ys) > 0.1)

    plain = correlation(xs, ys)
    other = correlation([x * scale + shift for x in xs], ys)
    turned = correlation([-x for x in xs], ys)

    assert other.value == pytest.approx(plain.value, abs=1e-6)
    assert turned.value == pytest.approx(-plain.value)
    assert turned.interval.low == pytest.approx(-plain.interval.high)
