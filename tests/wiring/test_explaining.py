"""fullcycle.wiring.explaining: what was decided comes out again, or it is said what does not."""

import json
import re

import msgspec
import pytest

import served_shop
from asgi_client import ask
from fullcycle.adapters.compaction import parquet_files, publish
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.data import MASK
from fullcycle.kernel import Invalid, Missing, UnknownName, uuid7
from fullcycle.record import encode_decision
from fullcycle.release import LookupPublished
from fullcycle.serve import App
from fullcycle.serve.explanation import LookedUp, Picked, Prediction
from fullcycle.serve.ports import Deployed
from fullcycle.serve.serving import Serving
from fullcycle.wiring import open_project
from fullcycle.wiring.explaining import explain
from fullcycle.wiring.refreshing import refresh
from fullcycle.wiring.serving import stager

CLIENT = served_shop.REQUESTS[0]
PERSONAL = served_shop.ROWS.replace(
    "history: Annotated[float, fc.at_least(0)]", "history: Annotated[float, fc.at_least(0), fc.personal]"
).replace("client_id: Annotated[int, fc.key]", "client_id: Annotated[int, fc.key, fc.personal]")


class Shop:
    """A project whose service answers in this process; what it answers is in its log."""

    def __init__(self, folder, monkeypatch, rows=served_shop.ROWS, environments=("prod",), **changes):
        root = served_shop.write_shop(folder)
        (root / "winback" / "rows.py").write_text(rows)
        (root / "winback" / "brief.md").touch()
        tables = "".join(f"[environments.{name}]\n" for name in environments)
        (root / "fullcycle.toml").write_text(f'[project]\npackage = "shop"\n{tables}')
        monkeypatch.chdir(root)
        self.project = open_project()
        self.digest = served_shop.release(self.project.objects, root, **changes)
        self.number = served_shop.made(self.project.ledger, self.digest)
        served_shop.deployed(self.project.ledger, self.number)

    def folder(self, environment="prod"):
        return self.project.events_folder("winback", environment)

    def asks(self, *requests, environment="prod"):
        """The ids of the decisions on requests."""
        made = stager(self.project, environment, self.folder(environment), print)
        serving = Serving(made(Deployed(self.number, self.digest)))
        app = App(serving, lambda: None, capability="winback", replay=False, tell=print)
        ids = [ask(app, "POST", "/winback", request).json["decision_id"] for request in requests]
        made.close()
        return ids

    def rewrites(self, **changes):
        """Let the log hold something else than was decided."""
        (decision,) = read_decisions(self.folder())
        for path in self.folder().glob("*.segment"):
            path.unlink()
        log = SegmentWriter(self.folder())
        log.append(encode_decision(msgspec.structs.replace(decision, **changes)))
        log.close()
        return decision.id


@pytest.fixture
def shop(tmp_path, monkeypatch):
    return lambda **how: Shop(tmp_path, monkeypatch, **how)


def test_a_decision_comes_out_again_with_each_step_of_it(shop):
    made = shop()
    ids = made.asks(*({**CLIENT, "client_id": n} for n in range(6)))
    found = [explain(made.project, id) for id in ids]

    assert all(one.same for one in found)
    assert {one.decision.arm for one in found} == {"today", "chosen"}
    assert found[0].ref == "winback@prod"
    chosen = next(one for one in found if one.decision.arm == "chosen")
    told = chosen.explanation.called[0].steps
    assert [type(step) for step in told] == [Prediction] * 3
    assert (
        max(told, key=lambda step: step.prediction).features[-1].value == chosen.decision.answer["campaign"]
    )
    assert {one.name for one in chosen.compared} == {
        "answer",
        "experiment",
        "unit",
        "arm",
        "arm_probability",
        "propensity",
        "fallback",
    }


def test_nothing_is_logged_by_explaining(shop):
    made = shop()
    (id,) = made.asks(CLIENT)
    explain(made.project, id)

    assert [one.id for one in read_decisions(made.folder())] == [id]


def test_a_draw_comes_out_again_of_its_id(shop):
    made = shop(**served_shop.alone("drawn"))
    for id in made.asks(*[CLIENT] * 5):
        found = explain(made.project, id)
        (pick,) = found.explanation.called[0].steps

        assert isinstance(pick, Picked)
        assert found.same
        assert found.decision.propensity == pick.options[pick.chosen].chance


def test_a_decision_that_was_compacted_is_found_as_well(shop):
    made = shop()
    first, second = made.asks(CLIENT, {**CLIENT, "client_id": 9})
    publish(made.project.ledger, made.folder(), "winback", "prod")
    for path in made.folder().glob("*.segment"):
        path.unlink()
    (third,) = made.asks(CLIENT)

    for id in (first, second, third):
        assert explain(made.project, id).same


def test_rows_of_one_request_are_each_found_by_their_own_id(shop):
    made = shop()
    staged = stager(made.project, "prod", made.folder(), print)
    app = App(
        Serving(staged(Deployed(made.number, made.digest))),
        lambda: None,
        capability="winback",
        replay=False,
        tell=print,
    )
    key = [(b"idempotency-key", b"order-17"), (b"content-type", b"application/json")]
    ask(app, "POST", "/winback", json.dumps([CLIENT, {**CLIENT, "client_id": 8}]).encode(), key)
    staged.close()

    assert explain(made.project, "order-17/1").decision.request["client_id"] == 8


def test_a_service_that_failed_shows_what_it_raises_and_where(shop):
    made = shop(**served_shop.alone("sometimes", "today"))
    (id,) = made.asks({**CLIENT, "recency": 12})
    found = explain(made.project, id)
    first, second = found.explanation.called

    assert found.same
    assert found.decision.fallback
    assert first.failure.kind == "RuntimeError"
    assert first.failure.line.startswith("winback/service.py:")
    assert second.function == "winback.service:today"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"answer": {"campaign": "No E-Mail"}}, "answer"),
        ({"arm": "others"}, "arm"),
        ({"arm_probability": 0.25}, "arm_probability"),
        ({"unit": "8"}, "unit"),
        ({"propensity": 0.5}, "propensity"),
        ({"fallback": True}, "fallback"),
        ({"experiment": "another"}, "experiment"),
    ],
)
def test_what_was_logged_otherwise_is_named(shop, changes, name):
    made = shop()
    made.asks(CLIENT)
    id = made.rewrites(**changes)
    found = explain(made.project, id)

    assert not found.same
    assert [one.name for one in found.compared if not one.same] == [name]


def test_personal_fields_are_masked_unless_they_are_asked_for(shop):
    made = shop(rows=PERSONAL)
    (id,) = made.asks({**CLIENT, "client_id": 2})
    masked, revealed = explain(made.project, id), explain(made.project, id, reveal=True)
    text = msgspec.json.encode([masked.explanation, *((one.logged, one.again) for one in masked.compared)])

    assert masked.same
    assert b"12.5" not in text
    assert b"MASK" not in text
    assert masked.explanation.request["history"] == masked.explanation.assigned.unit == MASK
    assert revealed.explanation.request["history"] == 12.5
    assert revealed.explanation.assigned.unit == "2"


def test_a_difference_of_masked_values_is_no_equality(shop):
    made = shop(rows=PERSONAL)
    made.asks(CLIENT)
    id = made.rewrites(unit="8")
    (differs,) = [one for one in explain(made.project, id).compared if not one.same]

    assert (differs.logged, differs.again) == (MASK, f"{MASK}, another")


def test_every_environment_is_looked_through_unless_one_is_named(shop):
    made = shop(environments=("prod", "test"))
    (there,) = made.asks(CLIENT, environment="test")
    made.asks(CLIENT)

    assert explain(made.project, there).ref == "winback@test"
    assert explain(made.project, there, of="winback").ref == "winback@test"
    assert explain(made.project, there, of="winback@test").ref == "winback@test"
    with pytest.raises(Missing, match="winback@prod: 1 decision from 20"):
        explain(made.project, there, of="winback@prod")


def test_an_id_that_is_not_there_says_what_was_looked_through_and_what_was_meant(shop):
    made = shop(environments=("prod", "test"))
    (id,) = made.asks(CLIENT)

    with pytest.raises(Missing, match=r"there is no decision .*") as caught:
        explain(made.project, id[:-1] + ("0" if id[-1] != "0" else "1"))
    assert caught.value.mend == f"did you mean {id!r}?"
    assert re.fullmatch(r"winback@prod: none of that id between .* UTC and .* UTC", caught.value.where)
    with pytest.raises(Missing) as caught:
        explain(made.project, id[:13])
    assert caught.value.mend == f"did you mean {id!r}?"
    assert caught.value.where.startswith("winback@prod: 1 decision from 20")


def test_an_id_of_another_place_says_when_it_was_made(shop):
    made = shop()
    made.asks(CLIENT)

    with pytest.raises(Missing) as caught:
        explain(made.project, uuid7(1_700_000_000_000_000))
    assert caught.value.mend.startswith("that id was made at 2023-11-14 22:13:20 UTC")


def test_an_id_that_tells_its_time_is_looked_for_around_it_unless_its_service_is_named(shop):
    made = shop()
    (id,) = made.asks(CLIENT)
    publish(made.project.ledger, made.folder(), "winback", "prod")
    (file,) = parquet_files(made.project.ledger, made.folder(), "winback", "prod")
    file.rename(file.with_suffix(".away"))  # who reads it misses it
    old = uuid7(1_700_000_000_000_000)

    with pytest.raises(
        Missing, match="between 2023-11-14 21:13:20 UTC and 2023-11-15 22:13:20 UTC"
    ) as caught:
        explain(made.project, old)
    assert caught.value.what == f"there is no decision {old!r}"
    assert "say which to have all of its log looked through: winback@prod ID" in caught.value.mend
    with pytest.raises(Missing, match="a file of published decisions is gone"):
        explain(made.project, old, of="winback@prod")
    with pytest.raises(Missing, match="a file of published decisions is gone"):
        explain(made.project, id)


def test_where_nothing_was_ever_decided_that_is_said(shop):
    with pytest.raises(Missing, match="no service has logged a decision here yet"):
        explain(shop().project, "order-17")


@pytest.mark.parametrize(
    ("of", "kind", "said"),
    [
        ("winbak@prod", UnknownName, "winback"),
        ("winback@prd", UnknownName, "prod"),
        ("winback@v1", Invalid, "is no service"),
    ],
)
def test_a_service_that_is_none_is_refused(shop, of, kind, said):
    with pytest.raises(kind, match=said):
        explain(shop().project, "order-17", of=of)


# Over lookups, in a shop with a whole flow.


def recommends(client):
    """The id of a decision of recommend@prod, over the lookups of this moment."""
    project = open_project()
    folder = project.events_folder("recommend", "prod")
    made = stager(project, "prod", folder, print)
    published = tuple(
        fact.body
        for fact in project.ledger.read("live/recommend/prod")
        if isinstance(fact.body, LookupPublished)
    )
    manifest = project.ledger.read("releases/recommend")[0].body.manifest
    serving = Serving(made(Deployed(1, manifest, published)))
    app = App(serving, lambda: None, capability="recommend", replay=False, tell=print)
    told = ask(app, "POST", "/recommend", {"client_id": client}).json
    made.close()
    return told["decision_id"]


def test_what_was_looked_up_is_told_and_is_what_was_asked_then(recommend):
    before = recommends(3)
    refresh(open_project(), "recommend", "prod", why="a test")
    after = recommends(3)
    found = explain(open_project(), before)
    steps = found.explanation.called[0].steps
    asked = [step for step in steps if isinstance(step, LookedUp)]

    assert found.same
    assert explain(open_project(), after).same
    assert asked[0].lookup == "shortlists"
    assert asked[0].key == (3,)
    assert {step.lookup: step.content for step in asked} == dict(found.decision.live)
    assert {step.model for step in steps if isinstance(step, Prediction)} == {"ranker"}
    assert found.explanation.live == found.decision.live
