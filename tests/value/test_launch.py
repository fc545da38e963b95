"""fullcycle.value.launch: examples first, then laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.experiment import ExperimentSpec, Holdout, Layer
from fullcycle.kernel import Interval
from fullcycle.metric import MetricSpec
from fullcycle.value import Answering, Effect, Launch, answering, launch_of, realised, told_together
from measured_winback import measured

CHOOSE, TODAY = "winback.service:choose", "winback.service:today"


def spec(**more):
    given = {
        "name": "trial", "capability": "winback", "order": ("today", "chosen"),
        "arms": {"today": TODAY, "chosen": CHOOSE}, "weights": {"today": 0.5, "chosen": 0.5}, "seed": "trial",
        "unit": "client_id", "primary": "visited",
        "metrics": {
            "visited": MetricSpec(
                name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=60.0
            ),
        },
    }  # fmt: skip
    return ExperimentSpec(**(given | more))


def share(function, service=CHOOSE, experiment=None):
    return answering(function, service, experiment, at=1, release=1).share


def test_without_an_experiment_the_service_answers_all():
    assert (share(CHOOSE), share(TODAY)) == (1.0, 0.0)


def test_in_a_trial_each_arm_answers_its_weight_and_the_service_whoever_is_not_covered():
    assert share(CHOOSE, experiment=spec()) == 0.5
    assert share(CHOOSE, experiment=spec(coverage=0.2)) == pytest.approx(0.1 + 0.8)
    assert share(TODAY, experiment=spec(coverage=0.2)) == pytest.approx(0.1)


def test_whoever_is_outside_of_a_layer_is_answered_by_the_service():
    half = Layer("checkout", 0.0, 0.5)
    following = spec(arms={"today": TODAY, "next": "winback.service:next"}, order=("today", "next"),
                     weights={"today": 0.5, "next": 0.5}, layer=half)  # fmt: skip

    assert share(CHOOSE, experiment=following) == 0.5
    assert share(CHOOSE, experiment=spec(layer=half, coverage=0.5)) == pytest.approx(0.125 + 0.75)
    after = [Answering(5, 1, 1.0), answering(CHOOSE, CHOOSE, following, at=6, release=2)]
    assert launch_of(CHOOSE, after, after=0).until is None


def test_with_a_condition_nobody_knows_how_many_take_part():
    some = answering(CHOOSE, TODAY, spec(condition='{"country": "CH"}'), at=6, release=2)

    assert (some.share, some.most) == (0.0, 0.5)
    assert launch_of(CHOOSE, [some], after=0) is None
    assert launch_of(CHOOSE, [Answering(5, 1, 1.0), some], after=0).until is None


def test_what_others_are_compared_with_is_told():
    following = spec(order=("chosen", "next"), arms={"chosen": CHOOSE, "next": "winback.service:next"},
                     weights={"chosen": 0.5, "next": 0.5}, holdout=Holdout("h", 0.05))  # fmt: skip

    assert answering(CHOOSE, CHOOSE, following, at=1, release=1).compared
    assert not answering(CHOOSE, CHOOSE, spec(), at=1, release=1).compared


@pytest.mark.parametrize(
    ("deployments", "launch"),
    [
        ([], None),
        ([Answering(5, 1, 1.0)], None),  # before the verdict
        ([Answering(20, 2, 0.5)], None),  # the trial goes on
        ([Answering(20, 2, 0.9)], (2, 20, None)),
        ([Answering(20, 2, 0.5, compared=True)], (2, 20, None)),
        ([Answering(20, 2, 1.0), Answering(30, 3, 0.5)], (2, 20, None)),  # goes on, if for fewer
        ([Answering(20, 2, 1.0), Answering(30, 3, 0.0), Answering(40, 4, 1.0)], (2, 20, 30)),
    ],
)
def test_a_launch_begins_with_most_units_and_ends_with_none(deployments, launch):
    found = launch_of(CHOOSE, deployments, after=10)

    assert (found and (found.release, found.since, found.until)) == launch


def test_a_fall_of_what_should_fall_brings_money():
    row, fell = measured(good="down"), Effect(value=-0.02, low=-0.03, high=-0.01)
    launch = Launch(function=CHOOSE, release=2, since=1)

    assert realised(launch, 1000, row, fell, "experiment").worth == Interval(8.0, 24.0)


def test_launches_that_lean_on_each_other_are_named():
    launch = Launch(function=CHOOSE, release=2, since=1)
    twice = [("winback", launch), ("winback", launch), ("banner", launch)]

    told = told_together(twice, [("winback", "banner", 1203), ("winback", "demand", 0)])

    assert told == [
        "winback launched 2 times: each was measured against what answered then, and what they bring "
        "together was never measured",
        "winback and banner have both reached 1,203 of the same units, and what they bring together was "
        "never measured",
    ]
    assert told_together([("winback", launch), ("banner", launch)], []) == []


# laws


@given(st.floats(0.01, 1), st.floats(0.01, 0.99))
def test_the_shares_of_all_functions_are_one(coverage, weight):
    running = spec(coverage=coverage, weights={"today": weight, "chosen": 1 - weight})

    assert share(CHOOSE, experiment=running) + share(TODAY, experiment=running) == pytest.approx(1.0)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_two_halves_bring_is_what_all_of_them_bring(one, other):
    launch = Launch(function=CHOOSE, release=2, since=1)
    parts = [
        realised(launch, units, measured(), measured().measured, "experiment").worth
        for units in (one, other, one + other)
    ]

    assert parts[0].low + parts[1].low == pytest.approx(parts[2].low)
    assert parts[0].high + parts[1].high == pytest.approx(parts[2].high)


def test_a_year_of_reach_realises_what_a_year_is_worth():
    row = measured()
    launch = Launch(function=CHOOSE, release=2, since=1)

    assert realised(launch, 500_000, row, row.measured, "experiment").worth == row.yearly.measured
