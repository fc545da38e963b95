"""fullcycle.experiment.assign; GrowthBook's own vectors are in tests/golden/test_growthbook.py."""

import subprocess
import sys
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from fullcycle.experiment import Assignment
from fullcycle.experiment.assign import bucket_ranges, choose, fnv1a32, unit_hash
from fullcycle.kernel import Invalid

HALVES = Assignment.of(["today", "chosen"], [0.5, 0.5], seed="winback/trial")
THIRDS = Assignment.of(["a", "b", "c"], [1 / 3, 1 / 3, 1 / 3], seed="s")


def test_fnv1a_gives_the_published_values():  # http://www.isthe.com/chongo/tech/comp/fnv, test vectors
    assert [fnv1a32(text) for text in ("", "a", "foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


def test_characters_beyond_ascii_count_as_utf_16_code_units():
    def by_hand(text):
        state = 0x811C9DC5
        data = text.encode("utf-16-le")
        for unit in (int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)):
            state = ((state ^ unit) * 0x01000193) % 2**32
        return state

    for text in ("é", "köln", "日本", "🙂 pair"):
        assert fnv1a32(text) == by_hand(text)


def test_every_unit_gets_its_share_of_arms_and_two_experiments_are_independent():
    other = Assignment.of(["x", "y"], [0.5, 0.5], seed="winback/other")
    units = [str(i) for i in range(20_000)]

    pairs = [(HALVES.arm(unit), other.arm(unit)) for unit in units]
    counts = [[pairs.count((a, b)) for b in ("x", "y")] for a in ("today", "chosen")]

    assert chisquare([sum(row) for row in counts]).pvalue > 1e-5
    assert chi2_contingency(counts).pvalue > 1e-5


def test_a_call_takes_at_most_six_microseconds_for_ten_characters():
    best = min(timeit.repeat(lambda: HALVES.arm("1234567890"), number=2_000, repeat=9)) / 2_000

    assert best < 6e-6


def test_serving_loads_neither_numpy_nor_scipy():
    code = (
        "import sys; from fullcycle.experiment import Assignment, ExperimentSpec;"
        "print([m for m in ('numpy', 'scipy', 'polars', 'duckdb') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@given(seed=st.text(), unit=st.text())
def test_an_assignment_is_the_published_hash_over_the_published_ranges(seed, unit):
    assigned = Assignment.of(["a", "b", "c"], [0.2, 0.3, 0.5], seed=seed).arm(unit)

    assert assigned == "abc"[choose(unit_hash(seed, unit), bucket_ranges(3, 1.0, [0.2, 0.3, 0.5]))]


@given(unit=st.text())
def test_version_one_agrees_too(unit):
    assigned = Assignment.of(["a", "b"], [0.5, 0.5], seed="s", hash_version=1).arm(unit)

    assert assigned == "ab"[choose(unit_hash("s", unit, 1), bucket_ranges(2))]


@given(unit=st.text(), low=st.floats(0, 1), high=st.floats(0, 1))
def test_ramping_up_moves_no_unit_from_one_arm_to_another(unit, low, high):
    low, high = sorted((low, high))
    place = unit_hash("ramp", unit)

    before, after = (choose(place, bucket_ranges(3, share)) for share in (low, high))

    assert before in (-1, after)


@given(a=st.text(), b=st.text())
def test_hashing_goes_on_from_where_it_stopped(a, b):
    assert fnv1a32(a + b) == fnv1a32(b, fnv1a32(a))


@given(unit=st.text())
def test_no_unit_is_left_without_an_arm(unit):
    assert THIRDS.arm(unit) in THIRDS.arms


def test_weights_that_do_not_sum_to_one_are_refused():
    with pytest.raises(Invalid, match="summing to 1"):
        Assignment.of(["a", "b"], [0.5, 0.6], seed="s")
