"""fullcycle explain: a decision told step by step, and whether it is what was logged."""

import json

import msgspec
import polars as pl
import pytest

import served_shop
from asgi_client import ask
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.cli import fullcycle
from fullcycle.cli.explained import _bounded
from fullcycle.cli.group import status_of
from fullcycle.data import MASK
from fullcycle.record import encode_decision
from fullcycle.serve import App
from fullcycle.serve.ports import Deployed
from fullcycle.serve.serving import Serving
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import stager

ROWS = served_shop.ROWS.replace("note: str | None = None", "note: Annotated[str | None, fc.personal] = None")
CLIENT = {**served_shop.REQUESTS[0], "client_id": 2, "note": "call Ann"}  # of the arm that asks the model


@pytest.fixture
def decided(tmp_path, monkeypatch):
    """The id of a decision in a project's log; the service may be told."""

    def decide(client=CLIENT, **changes):
        root = served_shop.write_shop(tmp_path)
        (root / "winback" / "rows.py").write_text(ROWS)
        (root / "winback" / "brief.md").touch()
        (root / "fullcycle.toml").write_text('[project]\npackage = "shop"\n[environments.prod]\n')
        monkeypatch.chdir(root)
        project = open_project()
        digest = served_shop.release(project.objects, root, **changes)
        number = served_shop.made(project.ledger, digest)
        made = stager(project, "prod", project.events_folder("winback", "prod"), print)
        serving = Serving(made(Deployed(number, digest)))
        app = App(serving, lambda: None, capability="winback", replay=False, tell=print)
        id = ask(app, "POST", "/winback", client).json["decision_id"]
        made.close()
        return id

    return decide


@pytest.fixture
def typed(capsys):
    def type_it(*words):
        code = status_of(fullcycle, list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return type_it


def test_a_decision_is_told_from_its_row_to_its_answer(decided, typed):
    id = decided()
    code, out, _ = typed("explain", id)

    assert code == 0
    assert out.startswith(f"winback@prod  {id}\n")
    assert "by winback@v1 in " in out
    assert "arm        chosen of trial (50%): client_id 2 falls on 0.6465, in 0.5 to 1" in out
    assert "asked      winback.service:choose" in out
    assert out.count("predicted  visit") == 3
    assert "every row begins with" in out
    assert "log-odds" in out
    assert out.endswith("= all of it is what was logged\n")


def test_personal_fields_are_masked_unless_they_are_to_be_revealed(decided, typed):
    id = decided()

    assert "Ann" not in typed("explain", id)[1]
    assert f"note {MASK}" in typed("explain", id)[1]
    assert "Ann" not in typed("explain", id, "--json")[1]
    assert "note call Ann" in typed("explain", id, "--reveal")[1]


def test_as_json_it_holds_every_step(decided, typed):
    code, out, _ = typed("explain", "winback@prod", decided(), "--json")
    told = json.loads(out)

    assert code == 0
    assert (told["service"], told["same"]) == ("winback@prod", True)
    assert told["compared"]["arm"] == {"logged": "chosen", "again": "chosen"}
    steps = told["explanation"]["called"][0]["steps"]
    assert [step["step"] for step in steps] == ["prediction"] * 3
    for step in steps:
        added = sum(one["contribution"] for one in step["features"])
        assert step["base"] + added == pytest.approx(step["total"])


def test_what_was_logged_otherwise_is_named_and_ends_with_1(decided, typed):
    id = decided()
    folder = open_project().events_folder("winback", "prod")
    (decision,) = read_decisions(folder)
    for path in folder.glob("*.segment"):
        path.unlink()
    log = SegmentWriter(folder)
    log.append(encode_decision(msgspec.structs.replace(decision, answer={"campaign": "No E-Mail"})))
    log.close()
    code, out, _ = typed("explain", id)

    assert code == 1
    assert "✗ answer: logged was campaign No E-Mail, now it is campaign Mens E-Mail" in out
    assert json.loads(typed("explain", id, "--json")[1])["same"] is False


def test_a_fallbacks_answer_is_told_with_what_the_service_raises(decided, typed):
    code, out, _ = typed(
        "explain", decided({**CLIENT, "recency": 12}, **served_shop.alone("sometimes", "today"))
    )

    assert code == 0
    assert "failed: RuntimeError at winback/service.py:" in out
    assert "answer     campaign Womens E-Mail (the fallback's)" in out


def test_a_long_list_that_was_looked_up_is_told_by_its_first_and_how_many_more():
    assert _bounded({"slice": "1/1", "errors": list(range(99))})["errors"] == [*range(8), "and 91 more"]
    assert _bounded([*range(9)]) == [*range(9)]  # to count one would take more room than to tell it


def test_a_draw_is_told_with_its_chances(decided, typed):
    _, out, _ = typed("explain", decided(**served_shop.alone("drawn")))

    assert "Womens E-Mail: weight 3, chance 0.75" in out
    assert out.count("→") == 1


def test_a_decision_of_a_whole_table_is_explained_as_one_of_a_request_is(decided, typed, tmp_path):
    decided()
    served_shop.deployed(open_project().ledger, 1)
    rows = [{**CLIENT, "client_id": 2}, {**CLIENT, "client_id": 8}]
    pl.DataFrame(rows).write_parquet(tmp_path / "clients.parquet")
    out = tmp_path / "out.parquet"
    code, _, err = typed("score", "winback@prod", str(tmp_path / "clients.parquet"), "-o", str(out), "--log")
    assert code == 0, err

    for row in pl.read_parquet(out).iter_rows(named=True):
        code, told, _ = typed("explain", row["decision_id"])
        assert code == 0
        assert f"arm        {row['arm']} of trial" in told
        assert f"answer     campaign {row['campaign']}" in told


def test_an_id_that_is_not_there_is_refused_with_a_cure(decided, typed):
    id = decided()
    code, _, err = typed("explain", "winback@prod", id[:12])

    assert code == 2
    assert f"there is no decision {id[:12]!r}" in err
    assert f"did you mean {id!r}?" in err


def test_more_than_a_service_and_an_id_is_refused(typed):
    code, _, err = typed("explain", "a", "b", "c")

    assert code == 2
    assert "write winback@prod DECISION" in err
