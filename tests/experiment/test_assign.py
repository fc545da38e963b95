"""fullcycle.experiment.assign; GrowthBook's own vectors are in tests/golden/test_growthbook.py."""

import subprocess
import sys
import time
import timeit
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from fullcycle.experiment import Assignment
from fullcycle.experiment.assign import bucket_ranges, choose, fnv1a32, step_by, stepping, steps_of, unit_hash
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


@pytest.mark.parametrize(("unit", "most"), [("1234567890", 6e-6), (f"{UUID(int=7)}", 12e-6)])
def test_a_call_takes_a_few_microseconds(unit, most):  # promised: 6 µs for 10 characters, 12 for 36
    best = min(timeit.repeat(lambda: HALVES.arm(unit), number=2_000, repeat=9)) / 2_000

    assert best < most


def test_three_hashes_together_take_less_than_one_after_the_other():
    hashes = [("winback/trial", 2), ("winter", 2), ("__checkout", 1)]
    together, alone = stepping(*hashes), [step_by(*one) for one in hashes]
    unit = f"{UUID(int=7)}"

    def best(work):
        return min(timeit.repeat(work, number=1_000, repeat=9, timer=time.process_time))

    assert best(lambda: together(unit)) < 0.9 * best(lambda: [one(unit) for one in alone])


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


@given(unit=st.text(), low=st.floats(0, 1), high=st.floats(0, 1), version=st.sampled_from([1, 2]))
def test_raising_the_coverage_of_an_experiment_moves_nobody(unit, low, high, version):
    low, high = sorted((low, high))

    before, after = (
        Assignment.of(
            ["a", "b", "c"], [0.2, 0.3, 0.5], seed="ramp", hash_version=version, coverage=share
        ).arm(unit)
        for share in (low, high)
    )

    assert before in (None, after)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("coverage", [1.0, 0.4])
@pytest.mark.parametrize("make", [str, lambda n: f"köln-{n:x}🙂", lambda n: str(UUID(int=n * 7919))])
def test_arms_get_their_weights_of_what_is_covered(version, coverage, make):
    weights = [0.5, 0.3, 0.2]
    three = Assignment.of(["a", "b", "c"], weights, seed="w/1", hash_version=version, coverage=coverage)

    found = Counter(three.arm(make(n)) for n in range(20_000))

    shares = {arm: weight * coverage for arm, weight in zip("abc", weights, strict=True)}
    shares |= {None: 1 - coverage} if coverage < 1 else {}
    assert set(found) == set(shares)
    assert chisquare(list(map(found.get, shares)), [20_000 * s for s in shares.values()]).pvalue > 1e-5


def test_places_are_spread_evenly():
    places = [int(HALVES.place(f"client-{n}") * 100) for n in range(50_000)]

    assert chisquare([places.count(n) for n in range(100)]).pvalue > 1e-5


@given(a=st.text(), b=st.text())
def test_hashing_goes_on_from_where_it_stopped(a, b):
    assert fnv1a32(a + b) == fnv1a32(b, fnv1a32(a))


@given(unit=st.text(), hashes=st.lists(st.tuples(st.text(), st.sampled_from([1, 2])), min_size=1, max_size=4))
def test_hashes_that_go_over_a_unit_together_are_those_that_go_alone(unit, hashes):
    together = stepping(*hashes)(unit)

    assert together == tuple(step_by(seed, version)(unit) for seed, version in hashes)
    places = [step / steps_of(version) for step, (_, version) in zip(together, hashes, strict=True)]
    assert places == [unit_hash(seed, unit, version) for seed, version in hashes]


@given(
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=5),
    coverage=st.floats(0, 1),
    version=st.sampled_from([1, 2]),
)
def test_each_step_belongs_to_the_arm_whose_range_holds_its_place(weights, coverage, version):
    weights = [weight / sum(weights) for weight in weights]
    names = [str(n) for n in range(len(weights))]

    made = Assignment.of(names, weights, seed="s", hash_version=version, coverage=coverage)

    count = steps_of(version)
    found = [choose(step / count, made.ranges) for step in range(count)]
    assert list(made.owners) == [None if place < 0 else names[place] for place in found]


@given(unit=st.text())
def test_no_unit_is_left_without_an_arm(unit):
    assert THIRDS.arm(unit) in THIRDS.arms


def test_weights_that_do_not_sum_to_one_are_refused():
    with pytest.raises(Invalid, match="summing to 1"):
        Assignment.of(["a", "b"], [0.5, 0.6], seed="s")
