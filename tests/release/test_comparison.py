"""fullcycle.release.comparison: two releases side by side."""

from msgspec.structs import replace

from fullcycle.kernel import Change
from fullcycle.record import Artifact
from fullcycle.release import (
    Evidence,
    GoldenRow,
    Judgement,
    Override,
    PinnedModel,
    Verdict,
    gate_changes,
    golden_change,
    pinned_changes,
)
from release.test_manifest import MANIFEST

OTHER = "cd" * 32


def judgement(*, passed=True, found="p99 12 ms", override=None):
    verdict = Verdict(gate="latency", passed=passed, found=found, needed="25 ms")
    return Judgement(evidence=Evidence(), verdicts=(verdict,), override=override)


def row(client, answer):
    return GoldenRow(id=f"row {client}", request={"client": client}, answers={"choose": answer})


def test_a_release_pins_what_it_pins():
    assert pinned_changes(MANIFEST, MANIFEST) == ()


def test_another_model_service_experiment_or_value_is_named():
    model = PinnedModel(
        artifact=Artifact(OTHER, OTHER, "lightgbm-text@1", 12), features="winback.rows:traits", step="visit"
    )
    now = replace(
        MANIFEST,
        models={"visit": model},
        values={},
        parameters={"k": 4},
        experiment=None,
        service="winback.service:other",
    )

    assert pinned_changes(MANIFEST, now) == (
        Change("service", "changed", "winback.service:choose", "winback.service:other"),
        Change("experiment", "removed", "trial"),
        Change("arms", "removed", "today 50% winback.service:today, chosen 50% winback.service:choose"),
        Change("primary", "removed", "visited"),
        Change("days", "removed", str(MANIFEST.experiment.days)),
        Change("model visit", "changed", "ab" * 6, "cd" * 6),
        Change("value top", "removed", "ab" * 6),
        Change("parameter k", "changed", 3, 4),
    )


def test_a_gate_tells_what_it_found_and_who_went_past_it():
    past = Override(gates=("latency",), reason="for a day")

    found = gate_changes(judgement(), judgement(passed=False, found="p99 40 ms", override=past))

    assert found == (
        Change("latency", "changed", "✓ p99 12 ms", "✗ p99 40 ms"),
        Change("override", "added", None, "latency: for a day"),
    )
    assert gate_changes(judgement(), judgement()) == ()
    assert [change.kind for change in gate_changes(None, judgement())] == ["added"]


def test_golden_rows_are_matched_by_what_was_asked():
    found = golden_change([row(1, "a"), row(2, "b"), row(3, "c")], [row(2, "b"), row(3, "d"), row(4, "a")])

    assert (found.shared, found.different, found.only_first, found.only_second) == (2, 1, 1, 1)
    assert found.example == "client=3: {'choose': 'c'} → {'choose': 'd'}"


def test_golden_rows_answer_like_themselves():
    rows = [row(1, "a"), row(2, "b")]

    assert golden_change(rows, list(reversed(rows))) == golden_change(rows, rows)
    assert golden_change(rows, rows).different == 0
