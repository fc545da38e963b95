"""fullcycle.serve.metrics: what is counted, what is told of it, by several workers together."""

import math
from array import array
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from fullcycle.serve.metrics import BOUNDS_US, Census, Meter, exposition, refusals


def told(*meters, in_flight=0, workers=1, generation=0):
    """Each sample's value, by its name and its labels but ``service``."""
    census = Census([meter.words for meter in meters], in_flight, workers, generation)
    text = exposition("winback@prod", census).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("service") == "winback@prod"
            key = sample.name.removeprefix("fullcycle_"), tuple(sorted(labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


def test_answers_are_counted_by_route_release_and_class():
    meter = Meter()
    for status in (200, 200, 404, 503):
        meter.requested("/winback", "winback@v3", status)

    found = told(meter)

    asked = {"route": "/winback", "release": "winback@v3"}
    assert of(found, "requests_total", **asked, status="2xx") == 2
    assert of(found, "requests_total", **asked, status="4xx") == 1
    assert of(found, "requests_total", **asked, status="5xx") == 1


def test_a_decision_is_counted_in_its_bucket_with_its_time():
    meter = Meter(slow_us=1_000)
    for micros, fallback in ((25, False), (26, True), (2_000_000, False)):
        meter.decided("winback@v3", "chosen", micros, fallback=fallback)

    found = told(meter)

    arm = {"release": "winback@v3", "arm": "chosen"}
    assert of(found, "decision_seconds_bucket", **arm, le="2.5e-05") == 1
    assert of(found, "decision_seconds_bucket", **arm, le="5e-05") == 2
    assert of(found, "decision_seconds_bucket", **arm, le="1") == 2
    assert of(found, "decision_seconds_bucket", **arm, le="+Inf") == 3
    assert of(found, "decision_seconds_count", **arm) == 3
    assert of(found, "decision_seconds_sum", **arm) == pytest.approx(2.000051)
    assert of(found, "fallbacks_total", **arm) == 1
    assert of(found, "slow_decisions_total", **arm) == 1


def test_failures_are_counted_by_what_failed_and_how():
    meter = Meter()
    for error in ("KeyError", "KeyError", "NoNumber"):
        meter.failed("winback@v3", "", "winback.service:choose", error)
    meter.unrecorded("winback@v3")
    meter.shed()

    found = told(meter)

    failed = {"release": "winback@v3", "arm": "", "function": "winback.service:choose"}
    assert of(found, "failures_total", **failed, error="KeyError") == 2
    assert of(found, "failures_total", **failed, error="NoNumber") == 1
    assert of(found, "unrecorded_total", release="winback@v3") == 1
    assert (of(found, "shed_total"), of(found, "faults_total")) == (1, 0)


def test_what_never_happened_is_told_as_zero_and_what_is_now_as_a_gauge():
    found = told(Meter(), in_flight=3, workers=2, generation=7)

    assert found == {
        ("shed_total", ()): 0,
        ("faults_total", ()): 0,
        ("in_flight", ()): 3,
        ("workers", ()): 2,
        ("generation", ()): 7,
    }


def test_the_workers_are_added_up_also_those_that_counted_otherwise():
    first, second = Meter(), Meter()
    first.decided("winback@v3", "a", 10, fallback=False)
    second.shed()
    second.decided("winback@v4", "a", 10, fallback=False)
    second.decided("winback@v3", "a", 10, fallback=True)

    found = told(first, second)

    assert of(found, "decision_seconds_count", release="winback@v3", arm="a") == 2
    assert of(found, "decision_seconds_count", release="winback@v4", arm="a") == 1
    assert of(found, "fallbacks_total", release="winback@v3", arm="a") == 1


def test_a_worker_goes_on_where_the_one_before_it_left_the_counts():
    words = memoryview(array("Q", bytes(8 * 512)))
    for _ in range(3):
        meter = Meter(words)
        meter.requested("/winback", "winback@v3", 200)
        meter.failed("winback@v3", "ä" * 5, "f", "E")

    found = told(meter)
    assert of(found, "requests_total", route="/winback", release="winback@v3", status="2xx") == 3
    assert of(found, "failures_total", release="winback@v3", arm="ä" * 5, function="f", error="E") == 3


def test_where_there_is_no_room_for_more_labels_they_are_counted_together():
    meter = Meter(memoryview(array("Q", bytes(8 * 256))))
    for release in range(50):
        meter.decided(f"winback@v{release}", "a", 10, fallback=False)
        meter.requested("/winback", f"winback@v{release}", 200)
        meter.failed(f"winback@v{release}", "a", "f", "E")

    found = told(meter)

    for name in ("decision_seconds_count", "requests_total", "failures_total"):
        counts = {key: value for key, value in found.items() if key[0] == name}
        assert sum(counts.values()) == 50
        assert any(("release", "other") in labels for _, labels in counts)


names = st.text(max_size=30)


@given(st.lists(st.tuples(names, names, st.integers(0, 10**7), st.booleans()), max_size=20))
def test_whatever_the_names_and_times_the_parser_reads_back_every_decision(decisions):
    meter = Meter()
    for release, arm, micros, fallback in decisions:
        meter.decided(release, arm, micros, fallback=fallback)

    found = told(meter)

    assert sum(value for (name, _), value in found.items() if name == "decision_seconds_count") == len(
        decisions
    )
    total = math.fsum(value for (name, _), value in found.items() if name == "decision_seconds_sum")
    assert total == pytest.approx(sum(micros for _, _, micros, _ in decisions) / 1e6)


@given(st.lists(st.integers(0, 10**7), min_size=1))
def test_each_bucket_holds_what_took_at_most_its_bound(times):
    meter = Meter()
    for micros in times:
        meter.decided("r", "a", micros, fallback=False)

    found = told(meter)

    for bound in BOUNDS_US:
        counted = of(found, "decision_seconds_bucket", release="r", arm="a", le=f"{bound / 1e6:g}")
        assert counted == bisect_left(sorted(times), bound + 1)


def test_what_a_worker_turned_away_is_found_among_all_that_it_counted():
    meter = Meter()
    assert refusals(meter.words) == 0
    meter.requested("/winback", "winback@v3", 200)
    meter.decided("winback@v3", "today", 40, fallback=False)
    meter.shed()
    meter.failed("winback@v3", "", "choose", "ValueError")
    meter.shed()

    assert refusals(meter.words) == 2
