"""fullcycle.wiring.deploying: an experiment begins with a deployment, or nothing is decided."""

import pytest

from fullcycle.experiment import experiment_record
from fullcycle.kernel import Conflict, Missing, UnknownName
from fullcycle.release import history
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work
from fullcycle.wiring.experiments import conclude, read


def put(number, environment="prod"):
    return put_to_work(open_project(), "winback", number, environment, why="a test").said


def test_the_experiment_begins_with_the_deployment_that_holds_it(shop):
    began = experiment_record(open_project().ledger, "winback", "trial").started

    assert (began.body.release, began.body.environment) == (1, "prod")


def test_what_answers_already_is_not_deployed_again(shop):
    assert put(1) == ["winback@prod is winback@v1 already, since deployment 1"]
    assert len(history(open_project().ledger, "winback", "prod")) == 1


def test_an_experiment_that_was_changed_is_refused_before_anything_is_decided(revised):
    with pytest.raises(Conflict, match="has changed since it began") as refused:
        put(2)

    assert "fullcycle experiment close winback" in refused.value.mend
    assert [each.release for each in history(open_project().ledger, "winback", "prod")] == [1]


def test_an_experiment_that_is_closed_is_refused_before_anything_is_decided(played):
    project = open_project()
    conclude(project, read(project, "winback"), early=True)

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
