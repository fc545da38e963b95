"""fullcycle.wiring.deploying: an experiment begins with a deployment, or nothing is decided."""

import shlex

import duckdb
import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from fullcycle.experiment import experiment_record
from fullcycle.kernel import Conflict, Missing, Refused, UnknownName
from fullcycle.release import history
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work
from fullcycle.wiring.experiments import conclude, publish_experiment, read
from whole_shop import rewrite


def put(number, environment="prod"):
    return put_to_work(open_project(), "winback", number, environment, why="a test").said


def test_the_experiment_begins_with_the_deployment_that_holds_it(shop):
    began = experiment_record(open_project().ledger, "winback", "trial").started

    assert (began.body.release, began.body.environment) == (1, "prod")


def test_what_answers_already_is_not_deployed_again(shop):
    assert put(1) == ["winback@prod is winback@v1 already, since deployment 1"]
    assert len(history(open_project().ledger, "winback", "prod")) == 1


def test_an_experiment_that_was_changed_begins_another_phase_read_as_it_is_specified_now(revised):
    said = put(2)

    assert said[1].startswith(
        "experiment trial begins its phase 2: what it compares, or how it is judged, has changed"
    )
    assert [each.release for each in history(open_project().ledger, "winback", "prod")] == [1, 2]
    first, second = (read(open_project(), "winback", phase=number) for number in (1, 2))
    assert first.spec != second.spec
    publish_experiment(open_project(), "winback")
    with duckdb.connect("warehouse.duckdb") as warehouse:
        fields = warehouse.execute("select fields from fullcycle.published").fetchall()
    assert fields == [('["channel", "client_id"]',)]  # by what the second is read
    then, later = (read(open_project(), "winback", as_of=second.phase.since + step) for step in (-1, 0))
    assert (then.phase, later.phase) == (first.phase, second.phase)
    changed = "when the code of chosen and what is compared, or how, changed, by v2"
    assert f"this is phase 2 of 2, decided by v2: it began {changed}" in second.readout.notes[0]
    assert f"this is phase 1 of 2, decided by v1: it ended {changed}" in first.readout.notes[0]


def test_an_experiment_that_is_closed_is_refused_before_anything_is_decided(played):
    project = open_project()
    conclude(project, read(project, "winback"), early=True, why="enough")

    with pytest.raises(Conflict, match="it is closed: unknown") as refused:
        put(1, "dev")

    assert "give the next experiment a name of its own" in refused.value.mend
    assert history(project.ledger, "winback", "dev") == []
    assert put(1) == ["winback@prod is winback@v1 already, since deployment 1"]


def test_a_release_and_an_environment_have_to_be_there(shop):
    with pytest.raises(Missing, match="the last one is winback@v1"):
        put(2)
    with pytest.raises(UnknownName, match="did you mean 'prod'"):
        put(1, "prd")


def release_of_other_code():
    """A v2 whose experiment is the same, and whose arm ``chosen`` is not."""
    chosen = "max(CAMPAIGNS, key=lambda campaign: visit.predict(traits(client, campaign)))"
    rewrite("winback/service.py", chosen, '"No E-Mail"')
    rewrite("winback/test_winback.py", "def test_a_client_gets", "def a_client_got")
    for line in ("run winback -m 'no e-mail'", "release winback@2 -m 'no e-mail'"):
        assert status_of(fullcycle, shlex.split(line)) == 0


def test_an_arm_whose_code_changes_begins_another_phase_which_is_not_pooled(played, typed):
    project = open_project()
    before = read(project, "winback")
    assert (before.phase.number, before.phases, before.left_out) == (1, 1, 0)
    release_of_other_code()

    said = put(2)

    assert said[1].startswith("experiment trial begins its phase 2: an arm's code has changed")
    phases = [fact.body for fact in experiment_record(project.ledger, "winback", "trial").phases]
    assert [(one.number, one.release, one.deployment) for one in phases] == [(1, 1, 1), (2, 2, 2)]
    assert phases[0].code["today"] == phases[1].code["today"]
    assert phases[0].code["chosen"] != phases[1].code["chosen"]
    after = read(open_project(), "winback")
    with pytest.raises(Refused, match=f"though other phases hold {before.decisions:,} decisions") as refused:
        conclude(open_project(), after, early=False)
    assert "conclude another phase by --phase 1" in refused.value.mend
    assert (after.phase.number, after.phases, after.left_out) == (2, 2, before.decisions)
    assert all(arm.assigned == 0 for arm in after.readout.arms)
    first = read(open_project(), "winback", phase=1)
    assert first.readout.arms == before.readout.arms
    assert (first.releases, after.releases) == ((1,), ())  # nobody was in the second yet
    told = typed("fullcycle experiment read winback").out
    assert "this is phase 2 of 2, decided by v2: it began when the code of chosen changed, by v2" in told
    assert f"the {before.decisions:,} decisions of other phases are left out" in told
    with pytest.raises(UnknownName, match="there is no '3'"):
        read(open_project(), "winback", phase=3)
    assert typed("fullcycle experiment close winback --phase 3").code == 2
    closed = typed("fullcycle experiment close winback --phase 1 --early -m enough --json").json
    assert closed["phase"] == 1
    assert closed["reason"].startswith(first.readout.verdict.reason)
    assert typed("fullcycle experiments winback --json").json["phase"] == 1
