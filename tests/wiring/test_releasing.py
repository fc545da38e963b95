"""fullcycle.wiring.releasing: what a run pins, what gates say of it, and what is recorded."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from fullcycle.data import decode
from fullcycle.kernel import Invalid, Missing, Refused
from fullcycle.release import golden_rows, load_release
from fullcycle.serve import HashedDraw
from fullcycle.wiring import open_project
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.released import judgement_of, released
from fullcycle.wiring.releasing import pin, release


def with_a_no(judgement):
    """The judgement with its last gate, the tests, saying no."""
    *passed, last = judgement.verdicts
    failed = msgspec.structs.replace(last, passed=False, found="1 failed", mend="mend the tests")
    return msgspec.structs.replace(judgement, verdicts=(*passed, failed))


def test_equal_content_has_equal_digest_and_keeps_its_number(shop):
    project = open_project()
    made, _ = released(project, "winback", 1)

    pinned = pin(project, "winback", 1)

    assert pinned.number == 1
    assert pinned.digest == made.manifest


def test_another_message_is_no_other_content_but_another_parameter_is(shop, typed):
    typed("fullcycle run winback -m 'only the message differs'")
    typed("fullcycle run winback -m 'fewer rounds' -p rounds=5")
    project = open_project()
    known = pin(project, "winback", 1)

    other = pin(project, "winback", 3)

    assert other.number is None
    assert other.digest != known.digest
    assert other.manifest.models["visit"].artifact != known.manifest.models["visit"].artifact
    assert other.manifest.archive == known.manifest.archive


def test_a_manifest_pins_the_model_by_its_step_and_features(shop):
    _, manifest = released(open_project(), "winback", 1)

    assert manifest.service == "winback.service:choose"
    assert manifest.fallback == "winback.service:today"
    assert manifest.models["visit"].features == "winback.rows:traits"
    assert manifest.models["visit"].artifact.codec == "lightgbm-text@1"
    assert set(manifest.distributions) == {"lightgbm"}
    assert manifest.experiment is not None
    assert manifest.experiment.primary == "visited"


def test_golden_rows_are_spread_over_the_source_and_answered(shop):
    project = open_project()
    _, manifest = released(project, "winback", 1)

    rows = golden_rows(project.objects, manifest)

    assert len(rows) == 20
    assert len({row.request["client_id"] for row in rows}) == 20
    assert max(row.request["client_id"] for row in rows) > 40_000


def test_a_gate_that_says_no_refuses_and_nothing_is_recorded(shop):
    project = open_project()
    pinned = pin(project, "winback", 1)
    judgement = with_a_no(judgement_of(project, released(project, "winback", 1)[0]))

    with pytest.raises(Refused, match="1 of 10 gates say no") as refused:
        release(project, pinned, judgement, message="")

    assert "tests: mend the tests" in refused.value.mend
    with pytest.raises(Missing, match="the last one is winback@v1"):
        released(project, "winback", 2)


def test_an_override_is_recorded_with_the_gates_that_it_passes(shop):
    project = open_project()
    pinned = pin(project, "winback", 1)
    judgement = with_a_no(judgement_of(project, released(project, "winback", 1)[0]))

    number = release(project, pinned, judgement, message="all the same", override=" it is late ")

    made, _ = released(project, "winback", number)
    told = judgement_of(project, made)
    assert number == 2
    assert told is not None
    assert told.override is not None
    assert (told.override.gates, told.override.reason) == (("tests",), "it is late")


def test_an_override_without_a_reason_is_refused(shop):
    project = open_project()
    pinned = pin(project, "winback", 1)
    judgement = with_a_no(judgement_of(project, released(project, "winback", 1)[0]))

    with pytest.raises(Invalid, match="an override without a reason"):
        release(project, pinned, judgement, message="", override=" ")


# two releases in one process


def test_two_releases_with_different_code_answer_side_by_side(revised):
    project = open_project()
    old, new = (
        load_release(project.objects, released(project, "winback", n)[0].manifest, serving_codecs())
        for n in (1, 2)
    )
    golden = golden_rows(project.objects, old.manifest)

    def answers(one):
        rows = [decode(one.row, msgspec.json.encode(row.request)) for row in golden]
        return [one.service.call(row, HashedDraw("x")).campaign for row in rows]

    first, second = answers(old), answers(new)
    assert first == [row.answers["winback.service:choose"]["campaign"] for row in golden]
    assert set(first) != set(second) == {"No E-Mail"}
    assert (answers(old), answers(new)) == (first, second)  # neither has touched the other
    assert old.row is not new.row
    assert old.manifest.models == new.manifest.models


def test_a_source_that_has_aged_since_the_run_is_evidence(shop, monkeypatch):
    from fullcycle.kernel import now
    from fullcycle.wiring import releasing

    project = open_project()
    monkeypatch.setattr(releasing, "now", lambda: now() + 90 * 86_400_000_000)

    judgement = releasing.try_out(project, pin(project, "winback", 1), "prod", tell=lambda _: None)

    contract = judgement.verdicts[0]
    assert not contract.passed
    assert contract.found.startswith("visits is stale: its newest at is ")
    assert "1,440 h are allowed" in contract.found


def test_what_git_said_of_the_run_is_evidence(shop, typed):
    for line in ("init -q", "add --all", "-c user.name=a -c user.email=a@b commit -q -m all"):
        subprocess.run(["git", *line.split()], check=True)
    typed("fullcycle run winback -m committed")
    Path("winback/rows.py").write_text(Path("winback/rows.py").read_text() + "\nMORE = 1\n")
    typed("fullcycle run winback -m edited")
    told = [
        typed(f"fullcycle release winback@{n} --dry-run --json").json["evidence"]["committed"] for n in (2, 3)
    ]

    assert told[0]["files"] == []
    assert told[1]["files"] == ["winback/rows.py"]
    assert told[0]["commit"] == told[1]["commit"]
    assert not told[0]["dirty"]
    assert told[1]["dirty"]


OWN_LOOKUP = """
import fullcycle as fc

from shop.recommend.rows import Ask, Item, Pair, Shortlist, Taste, pair


class Suggestion(fc.Row):
    item_id: int


def ranked(
    ask: Ask, bestsellers: list[int], tastes: fc.Lookup[Taste], ranker: fc.Model[Pair],
    items: fc.Lookup[Item], *, most: int = 2,
) -> list[Suggestion]:
    known = [item for one in bestsellers if (item := items.get(one)) is not None]
    scores = ranker.predict([pair(tastes.get(ask.client_id), item) for item in known])
    best = sorted(zip(scores, known), key=lambda scored: (-scored[0], scored[1].item_id))
    return [Suggestion(item.item_id) for _, item in best[:most]]


@fc.service(fallback=ranked)
def recommend(ask: Ask, shortlists: fc.Lookup[Shortlist]) -> list[Suggestion]:
    found = shortlists.get(ask.client_id)
    assert found is not None
    return [Suggestion(item) for item in found.items[:1]]
"""


def test_a_fallback_may_ask_what_the_service_does_not(recommend, typed):
    Path("recommend/service.py").write_text(OWN_LOOKUP)
    Path("recommend/test_recommend.py").write_text("")
    assert typed("fullcycle run recommend -m fallback").code == 0
    said = typed("fullcycle release recommend@2 -m fallback --override 'a test'")
    assert said.code == 0, said.err
    project = open_project()

    one = load_release(
        project.objects, released(project, "recommend", 2)[0].manifest, serving_codecs(), root=recommend
    )

    assert set(one.live) == {"shortlists", "tastes", "items"}
    assert one.manifest.parameters == {"most": 2}
    answer = one.fallback.call(decode(one.row, b'{"client_id": 999}'), HashedDraw("x"))
    assert len(answer) == 2
