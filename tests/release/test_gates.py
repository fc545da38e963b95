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
    Committed,
    ContractFinding,
    Evidence,
    Imported,
    Imports,
    Incumbent,
    Parity,
    Scored,
    TestResult,
)
from fullcycle.release.gates import GATES, judge
from fullcycle.release.judgement import Judgement, Override, admit

BRIEF = Brief(
    problem="…",
    owner="growth@example.com",
    tier="low",
    metric="visited",
    estimate=Estimate(
        effect=Interval(0.01, 0.03), reach=Reach(count=1, period="year"), worth=Money(1, "USD")
    ),
    budget=Budget(p99_s=0.02, memory_bytes=200_000_000, start_s=2),
)
MEDIUM = msgspec.structs.replace(BRIEF, tier="medium")
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
    assessment=Assessment(
        requests=2000,
        p50_s=0.0001,
        p99_s=0.0004,
        memory_bytes=90_000_000,
        start_s=0.3,
        imports=Imports(modules=40, seconds=0.03, memory_bytes=12_000_000),
    ),
    tests=TestResult(passed=3, failed=0, skipped=0, seconds=0.4),
    committed=Committed(commit="c0ffee" * 7, dirty=False, files=()),
)
PANDAS = Imported(
    module="pandas",
    chain=("winback/service.py:5", "winback/rows.py:3"),
    seconds=0.5,
    memory_bytes=90_000_000,
)
DIRTY = Committed(commit="c0ffee" * 7, dirty=True, files=("a.py", "b.py", "c.py", "d.py"))
OUTSIDE = ContractFinding(source="mailings", checked=9, total=9, problems=("recency: 3 rows above 12",))
RED = TestResult(passed=2, failed=1, skipped=0, seconds=1, tail="…\nFAILED test_winback.py::test_a")


def changed(**fields):
    return msgspec.structs.replace(GOOD, **fields)


def assessed(**fields):
    return changed(assessment=msgspec.structs.replace(GOOD.assessment, **fields))


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
        "start": "first answer after 0.3 s",
        "imports": "none of them; loading it took 40 modules beyond the server's own, 30 ms, 12 MB",
        "committed": "commit c0ffeec0ffee",
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
    assert verdict("start", assessed(start_s=99.0), free).passed


def test_what_is_not_committed_is_told_at_tier_low_and_refused_above():
    for code in (DIRTY, Committed(commit=None, dirty=False)):
        told, refused = (verdict("committed", changed(committed=code), brief) for brief in (BRIEF, MEDIUM))
        assert told.passed
        assert told.found == refused.found
        assert not refused.passed
        assert "git commit" in refused.mend
        assert "run again" in refused.mend


def test_a_file_of_no_archive_that_is_not_committed_does_not_count():
    beside = msgspec.structs.replace(DIRTY, files=())

    assert verdict("committed", changed(committed=beside), MEDIUM).passed


def test_where_git_has_lost_the_commit_what_it_said_then_counts():
    for dirty in (True, False):
        code = Committed(commit="c0ffee" * 7, dirty=dirty)
        assert verdict("committed", changed(committed=code), MEDIUM).passed is not dirty


def test_generated_rows_that_are_refused_alike_are_told():
    generated = Parity(of="edges", compared=480, different=0, note="refused alike: 20 ValueError")

    assert (
        "edges: 480 equal (refused alike: 20 ValueError)"
        in verdict("parity", changed(features=(generated,))).found
    )


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
            "contract",
            changed(
                contracts=(ContractFinding(source="m", checked=9, total=9, late="its newest at is 90 h old"),)
            ),
            "m is stale: its newest at is 90 h old",
            "fresh_within=",
        ),
        ("start", assessed(start_s=2.5), "first answer after 2.5 s", "raise budget start in brief.md"),
        ("imports", assessed(imports=None), "not measured", "make the release again"),
        (
            "imports",
            assessed(imports=msgspec.structs.replace(GOOD.assessment.imports, heavy=(PANDAS,))),
            "winback/service.py:5 → winback/rows.py:3 → pandas (500 ms, 90 MB)",
            "take pandas out at winback/rows.py:3",
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


def test_of_a_hundred_models_is_told_how_many_agree():
    each = tuple(Parity(of=f"model demand[{n}]", compared=20, different=0) for n in range(100))

    assert verdict("parity", changed(features=each)).found == "101 comparisons equal, over 2,020 rows"


def test_uncommitted_files_are_named_but_a_few():
    found = verdict("committed", changed(committed=DIRTY), MEDIUM).found

    assert found == "differs from commit c0ffeec0ffee: a.py, b.py, c.py and 1 more file"


# laws

seconds = st.floats(0, 1)
few = st.integers(0, 5)


@st.composite
def found(draw):
    """Evidence of some release, each part of it good or bad."""
    return changed(
        contracts=tuple(
            ContractFinding(
                source="m", checked=9, total=9 + draw(few), late=draw(st.sampled_from(["", "old"]))
            )
            for _ in range(draw(few))
        ),
        golden=draw(st.none() | st.builds(Parity, of=st.just("g"), compared=few, different=few)),
        assessment=draw(
            st.none()
            | st.builds(
                Assessment,
                requests=st.just(9),
                p50_s=seconds,
                p99_s=seconds,
                memory_bytes=st.integers(0, 400_000_000),
                start_s=st.floats(0, 5),
                imports=st.sampled_from([None, GOOD.assessment.imports]),
            )
        ),
        tests=draw(
            st.none() | st.builds(TestResult, passed=few, failed=few, skipped=few, seconds=st.just(1.0))
        ),
        committed=draw(st.sampled_from([None, DIRTY, GOOD.committed, Committed(commit=None, dirty=False)])),
    )


WORSE = {
    "slower": lambda e: (
        e.assessment
        and changed_in(
            e, assessment={"p99_s": e.assessment.p99_s * 2 + 0.001, "start_s": e.assessment.start_s + 1}
        )
    ),
    "bigger": lambda e: (
        e.assessment and changed_in(e, assessment={"memory_bytes": e.assessment.memory_bytes + 10_000_000})
    ),
    "heavier": lambda e: (
        e.assessment
        and e.assessment.imports
        and changed_in(
            e, assessment={"imports": msgspec.structs.replace(e.assessment.imports, heavy=(PANDAS,))}
        )
    ),
    "more tests fail": lambda e: e.tests and changed_in(e, tests={"failed": e.tests.failed + 1}),
    "fewer tests": lambda e: e.tests and changed_in(e, tests={"passed": 0}),
    "more answers differ": lambda e: e.golden and changed_in(e, golden={"different": e.golden.different + 1}),
    "another edited file": lambda e: (
        e.committed
        and e.committed.files is not None
        and changed_in(e, committed={"dirty": True, "files": (*e.committed.files, "z.py")})
    ),
    "a source more, that broke": lambda e: msgspec.structs.replace(e, contracts=(*e.contracts, OUTSIDE)),
    "not measured": lambda e: msgspec.structs.replace(e, assessment=None),
    "not tested": lambda e: msgspec.structs.replace(e, tests=None),
    "no golden rows": lambda e: msgspec.structs.replace(e, golden=None),
    "git not asked": lambda e: msgspec.structs.replace(e, committed=None),
}


def changed_in(evidence, **parts):
    return msgspec.structs.replace(
        evidence,
        **{
            name: msgspec.structs.replace(getattr(evidence, name), **fields) for name, fields in parts.items()
        },
    )


@given(evidence=found(), how=st.sampled_from(sorted(WORSE)), tier=st.sampled_from(["low", "medium", "high"]))
def test_worse_evidence_never_passes_a_gate_that_better_evidence_does_not(evidence, how, tier):
    brief = msgspec.structs.replace(BRIEF, tier=tier)
    worse = WORSE[how](evidence)
    if not worse:
        return
    before, after = ({v.gate: v.passed for v in judge(e, brief)} for e in (evidence, worse))

    assert all(before[gate] or not after[gate] for gate in GATES)


@given(evidence=found())
def test_a_higher_tier_never_asks_for_less(evidence):
    passed = [
        {v.gate for v in judge(evidence, msgspec.structs.replace(BRIEF, tier=tier)) if v.passed}
        for tier in ("high", "medium", "low")
    ]

    assert passed[0] <= passed[1] <= passed[2]


# refusals

TWO = changed(tests=None, assessment=msgspec.structs.replace(GOOD.assessment, p99_s=0.5))


def test_a_refusal_lists_each_failed_gate_and_what_to_do():
    with pytest.raises(Refused) as caught:
        admit(judge(TWO, BRIEF), what="winback@42")

    assert caught.value.exit_code == 1
    assert caught.value.what.splitlines() == [
        "winback@42 is not released: 2 of 10 gates say no",
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
