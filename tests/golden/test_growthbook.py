"""Assignment against GrowthBook's published vectors (see growthbook_NOTICE.md for origin and licence)."""

import json
from pathlib import Path

import pytest

from fullcycle.experiment.assign import bucket_ranges, choose, equal_weights, in_namespace, unit_hash

CASES = json.loads((Path(__file__).parent / "growthbook_cases.json").read_text())


@pytest.mark.parametrize(("seed", "value", "version", "expected"), CASES["hash"])
def test_hash(seed, value, version, expected):
    assert unit_hash(seed, value, version) == expected


@pytest.mark.parametrize(("name", "given", "expected"), CASES["getBucketRange"])
def test_bucket_ranges(name, given, expected):
    n, coverage, weights = given

    found = bucket_ranges(n, coverage, weights)

    assert [tuple(round(end, 6) for end in pair) for pair in found] == [tuple(pair) for pair in expected]


@pytest.mark.parametrize(("name", "n", "ranges", "expected"), CASES["chooseVariation"])
def test_choose(name, n, ranges, expected):
    assert choose(n, ranges) == expected


@pytest.mark.parametrize(("name", "unit", "namespace", "expected"), CASES["inNamespace"])
def test_namespace(name, unit, namespace, expected):
    assert in_namespace(unit, *namespace) is expected


@pytest.mark.parametrize(("n", "expected"), CASES["getEqualWeights"])
def test_equal_weights(n, expected):
    assert [round(weight, 8) for weight in equal_weights(n)] == expected
