"""Assignment against GrowthBook's published vectors (see growthbook_NOTICE.md for origin and licence).

The lists ``run`` and ``feature`` test a whole SDK. Used of them is what an experiment here has, too:
weights, coverage, a namespace, a condition, a seed, forced units, an attribute to hash.
"""

import json
from pathlib import Path

import pytest

from fullcycle.experiment import Admission, Bucket, ExperimentSpec, Kept, Layer, MemoryStickyStore
from fullcycle.experiment.assign import bucket_ranges, choose, equal_weights, in_namespace, unit_hash
from fullcycle.experiment.condition import holds
from fullcycle.metric import MetricSpec

CASES = json.loads((Path(__file__).parent / "growthbook_cases.json").read_text())

VISITED = MetricSpec(name="visited", kind="proportion", source="visits", unit="id", time="at", within_s=86400)
HERE = {"key", "variations", "weights", "coverage", "namespace", "condition", "seed", "hashVersion"}
ELSEWHERE = {"meta", "name", "phase", "id", "hashAttribute"}  # tell nothing of who gets what


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


@pytest.mark.parametrize("case", CASES["evalCondition"], ids=lambda case: case[0])
def test_condition(case):
    _, condition, fields, expected, *groups = case

    assert holds(condition, fields, *groups) is expected


def spec_of(rule, forced):
    """The experiment of a vector as one of ours; its arms are the places of its variations."""
    n = len(rule["variations"])
    weights = rule.get("weights", [1 / n] * n)
    return ExperimentSpec(
        name=rule["key"],
        capability="golden",
        order=tuple(map(str, range(n))),
        arms={str(i): "golden:arm" for i in range(n)},
        weights={str(i): weight for i, weight in enumerate(weights)},
        seed=rule.get("seed", rule["key"]),
        hash_version=rule.get("hashVersion", 1),
        unit=rule.get("hashAttribute", "id"),
        metrics={"visited": VISITED},
        primary="visited",
        coverage=rule.get("coverage", 1.0),
        layer=Layer(*rule["namespace"]) if "namespace" in rule else None,
        condition=json.dumps(rule["condition"]) if "condition" in rule else None,
        forced=forced,
    )


def told(rule, context, key):
    """The arm and the standing that our rule gives."""
    attributes = context.get("attributes", {})
    unit = attributes.get(rule.get("hashAttribute", "id"))
    forced = {str(unit): str(arm) for name, arm in context.get("forcedVariations", {}).items() if name == key}
    spec = spec_of({"key": key, **rule}, forced)
    return Admission.of(spec).standing("" if unit is None else str(unit), attributes.get)


RUN = [
    case
    for case in CASES["run"]
    if case[2].keys() <= HERE | {"hashAttribute"}
    and case[1].keys() <= {"attributes", "forcedVariations"}
    and len(case[2]["variations"]) > 1
]


def test_most_cases_of_running_an_experiment_concern_us():
    assert len(RUN) == 52  # of 73


@pytest.mark.parametrize("case", RUN, ids=lambda case: case[0])
def test_run(case):
    _, context, experiment, value, inside, hashed = case

    standing, arm = told(experiment, context, experiment["key"])

    assert (standing in ("assigned", "forced")) is inside
    assert (standing == "assigned") is hashed
    assert experiment["variations"][int(arm or 0)] == value


FEATURES = [
    case
    for case in CASES["feature"]
    if case[1].keys() <= {"attributes", "features", "forcedVariations"}
    and len(case[1].get("features", {})) == 1
    and "variations" in (rule := (case[1]["features"].get(case[2], {}).get("rules") or [{}])[0])
    and rule.keys() <= HERE | ELSEWHERE
]


def test_some_features_are_an_experiment_like_ours():
    assert len(FEATURES) == 8


@pytest.mark.parametrize("case", FEATURES, ids=lambda case: case[0])
def test_feature(case):
    _, context, key, expected = case
    rule = context["features"][key]["rules"][0]

    standing, arm = told({"key": key, **rule}, context, rule.get("key", key))

    assert (standing in ("assigned", "forced")) is (expected["source"] == "experiment")
    if arm is not None:
        assert rule["variations"][int(arm)] == expected["value"]


@pytest.mark.parametrize("case", CASES["stickyBucket"], ids=lambda case: case[0])
def test_sticky_bucket(case):
    """A feature with one rule, asked of a store that holds what the vector says."""
    _, context, documents, feature, expected, after = case
    store = MemoryStickyStore()
    for document in documents:
        for bucket, arm in document["assignments"].items():
            store.keep(document["attributeName"], document["attributeValue"], bucket, arm)
    rule = {"key": feature, **context["features"][feature]["rules"][0]}
    attributes = context["attributes"]
    names = [name for name in (rule["hashAttribute"], rule["fallbackAttribute"]) if name in attributes]
    spec = spec_of({k: v for k, v in rule.items() if k in HERE} | {"hashAttribute": names[0]}, {})
    bucket = Bucket(rule["key"], rule.get("bucketVersion", 0), rule.get("minBucketVersion", 0))
    kept = {}
    for name in reversed(names):  # what is kept by the hashed attribute goes before the fallback's
        kept |= store.find(name, attributes[name])
    before = None if rule.get("disableStickyBucketing") else bucket.arm(kept, spec.order)

    standing, arm = Admission.of(spec).standing(
        attributes[names[0]], attributes.get, None if before is None else Kept(before)
    )
    if bucket.blocked(kept):
        arm = None
    elif not rule.get("disableStickyBucketing"):
        store.keep(names[0], attributes[names[0]], bucket.key, arm)

    if expected is None:
        assert arm is None
    else:
        assert (names[0], arm, standing == "kept") == (
            expected["hashAttribute"],
            expected["key"],
            expected["stickyBucketUsed"],
        )
        assert Admission.of(spec).placed(attributes[names[0]]).place == expected["bucket"]
    for key, document in after.items():
        assert store.find(*key.split("||")) == document["assignments"]
