"""fullcycle.release.gates: examples first, then laws, then refusals."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.brief import Brief, Budget, Estimate, Reach
from fullcycle.data import Problem, Report
from fullcycle.evaluate import Measured
from fullcycle.kernel import Interval, Invalid, Money, Refused
from fullcycle.release import (
    Assessment,
    ContractFinding,
    Evidence,
    Incumbent,
    Parity,
    Scored,
    TestResult,
)
from fullcycle.release.gates import GATES, Judgement, Override, admit, difference, judge

BRIEF = Brief(
    problem="…",
    owner="growth@example.com",
    tier="low",
    metric="visited",
    estimate=Estimate(
        effect=Interval(0.01, 0.03), reach=Reach(count=1, period="year"), worth=Money(1, "USD")
    ),
    budget=Budget(p99_s=0.02, memory_bytes=200_000_000),
)
SCORED = Scored(
    step="visit",
    score="qini",
    higher_is_better=True,
    model=Measured(0.03, 0.02, 0.04),
    baseline=Measured(0.02, 0.01, 0.03),
    difference=Measured(0.01, -0.001, 0.021),
)
GOOD = Evidence(
    contracts=(ContractFinding(source="mailings", checked=25_770, total=25_770),),
    features=(Parity(of="traits", compared=1000, different=0),),
    golden=Parity(of="golden answers", compared=20, different=0),
    scores=(SCORED,),
    assessment=Assessment(requests=2000, p50_s=0.0001, p99_s=0.0004, memory_bytes=90_000_000, start_s=0.3),
    tests=TestResult(passed=3, failed=0, skipped=0, seconds=0.4),
)
OUTSIDE = ContractFinding(source="mailings", checked=9, total=9, problems=("recency: 3 rows above 12",))
RED = TestResult(passed=2, failed=1, skipped=0, seconds=1, tail="…\nFAILED test_winback.py::test_a")


def changed(**fields):
    return msgspec.structs.replace(GOOD, **fields)


def verdict(gate, evidence=GOOD, brief=BRIEF):
    return next(v for v in judge(evidence, brief) if v.gate == gate)


def test_good_evidence_passes_every_gate_and_says_what_was_found():
    verdicts = judge(GOOD, BRIEF)

    assert [v.gate for v in verdicts] == list(GATES)
    assert all(v.passed for v in verdicts)
    assert {v.gate: v.found for v in verdicts} == {
        "contract": "checked 25,770 of 25,770 rows in 1 source",
        "parity": "traits: 1,000 equal, golden answers: 20 equal",
        "baseline": "visit: qini +0.01 [-0.001, 0.021] against its baseline",
        "incumbent": "nothing is deployed",
        "latency": "p50 0.1 ms, p99 0.4 ms over 2,000 decisions",
        "memory": "90 MB",
        "tests": "3 passed, 0 failed, 0 skipped",
    }
    assert admit(verdicts, what="winback@42") is None


def test_what_a_check_of_rows_found_becomes_evidence():
    report = Report("mailings", 9, 9, (Problem("recency", "above 12", 3),))

    assert ContractFinding.of(report).problems == ("recency: above 12 (3 rows)",)


def test_a_capability_without_a_model_has_no_baseline_to_beat():
    assert verdict("baseline", changed(scores=())).passed
    assert verdict("baseline", changed(scores=())).found == "no model"


def test_a_brief_without_a_budget_asks_for_no_figure():
    free = msgspec.structs.replace(BRIEF, budget=Budget())

    assert verdict("latency", changed(assessment=None), free).passed
    assert verdict("memory", GOOD, free).needed == "no memory in the brief's budget"


def test_a_judgement_survives_the_record():
    whole = changed(incumbent=Incumbent(release=7, environment="prod", scores=(SCORED,)))
    override = Override(gates=("tests",), reason="a hot fix")
    judgement = Judgement(evidence=whole, verdicts=tuple(judge(whole, BRIEF)), override=override)

    assert Judgement.from_bytes(judgement.to_bytes()) == judgement


@pytest.mark.parametrize(
    ("gate", "evidence", "found", "mend"),
    [
        (
            "contract",
            changed(contracts=(OUTSIDE,)),
            "mailings: recency: 3 rows above 12",
            "rows.py",
        ),
        (
            "contract",
            changed(contracts=(ContractFinding(source="m", checked=8, total=9),)),
            "8 of 9",
            "run the flow",
        ),
        ("contract", changed(contracts=()), "0 of 0 rows in 0 sources", "run the flow again"),
        (
            "parity",
            changed(
                features=(Parity(of="traits", compared=1000, different=2, example="log_history of row 7"),)
            ),
            "traits: 2 of 1,000 differ",
            "log_history of row 7",
        ),
        ("parity", changed(golden=None), "no golden rows", "make the release again"),
        (
            "parity",
            changed(features=(Parity(of="traits", compared=0, different=0),)),
            "none compared",
            "give traits rows",
        ),
        (
            "baseline",
            changed(scores=(msgspec.structs.replace(SCORED, difference=Measured(-0.02, -0.03, -0.001)),)),
            "visit: qini -0.02 [-0.03, -0.001] against its baseline",
            "the baseline is better",
        ),
        (
            "baseline",
            changed(scores=(msgspec.structs.replace(SCORED, difference=None),)),
            "not compared",
            "run the flow",
        ),
        (
            "incumbent",
            changed(
                incumbent=Incumbent(
                    release=7,
                    environment="prod",
                    scores=(msgspec.structs.replace(SCORED, model=Measured(0.09, 0.08, 0.1)),),
                )
            ),
            "visit: qini -0.06 [-0.07414, -0.04586] against v7 in prod",
            "find out what made visit worse",
        ),
        (
            "latency",
            changed(assessment=msgspec.structs.replace(GOOD.assessment, p99_s=0.0201)),
            "p99 20.1 ms",
            "raise budget p99 in brief.md",
        ),
        ("latency", changed(assessment=None), "not measured", "make the release again"),
        (
            "memory",
            changed(assessment=msgspec.structs.replace(GOOD.assessment, memory_bytes=201_000_000)),
            "201 MB",
            "raise budget memory in brief.md",
        ),
        (
            "tests",
            changed(tests=RED),
            "2 passed, 1 failed",
            "FAILED test_winback.py::test_a",
        ),
        (
            "tests",
            changed(tests=TestResult(passed=0, failed=0, skipped=2, seconds=1)),
            "0 passed",
            "write one",
        ),
        ("tests", changed(tests=None), "not measured", "make the release again"),
    ],
)
def test_a_gate_that_says_no_says_what_it_found_and_what_to_do(gate, evidence, found, mend):
    said = verdict(gate, evidence)

    assert not said.passed
    assert found in said.found
    assert mend in said.mend


def test_an_incumbent_of_another_score_is_not_compared_and_says_so():
    other = msgspec.structs.replace(SCORED, score="auc", model=Measured(0.9, 0.8, 1.0))
    said = verdict("incumbent", changed(incumbent=Incumbent(release=7, environment="prod", scores=(other,))))

    assert said.passed
    assert said.found == "visit: v7 in prod has no qini to compare"


# laws

points = st.floats(-1, 1).map(lambda x: round(x, 6))
widths = st.floats(0, 1).map(lambda x: round(x, 6))
measured = st.builds(lambda v, below, above: Measured(v, v - below, v + above), points, widths, widths)


@given(change=measured)
def test_a_baseline_is_lost_to_only_when_the_whole_interval_is_on_the_wrong_side(change):
    for better in (True, False):
        scored = msgspec.structs.replace(SCORED, difference=change, higher_is_better=better)
        expected = change.high < 0 if better else change.low > 0
        assert verdict("baseline", changed(scores=(scored,))).passed is not expected


@given(old=measured)
def test_a_release_never_scores_clearly_worse_than_itself(old):
    for better in (True, False):
        scored = msgspec.structs.replace(SCORED, model=old, higher_is_better=better)
        evidence = changed(
            scores=(scored,), incumbent=Incumbent(release=1, environment="prod", scores=(scored,))
        )
        assert verdict("incumbent", evidence).passed


@given(new=measured, old=measured)
def test_a_difference_read_backwards_is_its_mirror_image(new, old):
    there, back = difference(new, old), difference(old, new)

    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)


@given(new=measured)
def test_a_difference_from_something_certain_keeps_the_interval(new):
    change = difference(new, Measured(0.5, 0.5, 0.5))

    assert (change.low, change.high) == (pytest.approx(new.low - 0.5), pytest.approx(new.high - 0.5))


# refusals

TWO = changed(tests=None, assessment=msgspec.structs.replace(GOOD.assessment, p99_s=0.5))


def test_a_refusal_lists_each_failed_gate_and_what_to_do():
    with pytest.raises(Refused) as caught:
        admit(judge(TWO, BRIEF), what="winback@42")

    assert caught.value.exit_code == 1
    assert caught.value.what.splitlines() == [
        "winback@42 is not released: 2 of 7 gates say no",
        "  latency: p50 0.1 ms, p99 500 ms over 2,000 decisions; needed: p99 at most 20 ms",
        "  tests: not measured; needed: at least one test, and all pass",
    ]
    assert "latency: ask the model less often" in caught.value.mend
    assert "tests: make the release again" in caught.value.mend


def test_an_override_names_the_gates_it_passes_and_its_reason():
    assert admit(judge(TWO, BRIEF), what="winback@42", override="a hot fix ") == Override(
        gates=("latency", "tests"), reason="a hot fix"
    )


def test_an_override_that_overrides_nothing_is_nothing():
    assert admit(judge(GOOD, BRIEF), what="winback@42", override="just in case") is None


def test_an_override_without_a_reason_is_refused():
    with pytest.raises(Invalid, match="say why"):
        admit(judge(TWO, BRIEF), what="winback@42", override=" ")
