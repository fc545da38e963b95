"""fullcycle.wiring.unkept: arms that are kept go once their experiment is over, and answers nowhere."""

from datetime import timedelta

import msgspec
import pytest

from fullcycle.adapters.sticky import SqliteStickyStore
from fullcycle.experiment import Bucket, ExperimentClosed, close
from fullcycle.kernel import now
from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import plan_pruning, prune
from fullcycle.wiring.released import released
from made_releases import deployed_release

DAY = 86_400_000_000
LATER = timedelta(days=30)


@pytest.fixture
def kept(shop):
    """Arms of three units in prod and one in dev, two of the three by other weights."""
    project = open_project()
    spec = released(project, "winback", 1)[1].experiment
    own, earlier = (
        Bucket.of(spec).key,
        Bucket.of(msgspec.structs.replace(spec, weights={"today": 0.9, "chosen": 0.1})).key,
    )
    for environment, unit, bucket in (
        ("prod", "1", own),
        ("prod", "2", earlier),
        ("prod", "3", earlier),
        ("dev", "1", own),
    ):
        SqliteStickyStore(shop / ".fullcycle/sticky.db", environment).keep("client_id", unit, bucket, "today")
    return shop


def later():
    """Forty days from now."""
    return now() + 40 * DAY


def end(project):
    kept = project.artifacts.keep({})
    body = ExperimentClosed(environment="prod", decision="stop", arm=None, reason="so", readout=kept)
    close(project.ledger, "winback", "trial", body, by="ada")


def told(project):
    return [
        (one.environment, one.experiment, one.units) for one in plan_pruning(project, LATER, clock=later).arms
    ]


def test_of_an_open_experiment_all_arms_stay(kept):
    assert told(open_project()) == []


def test_while_a_deployed_release_assigns_by_a_closed_experiment_its_arms_stay_there(kept):
    project = open_project()
    end(project)

    assert told(project) == [("dev", "trial", 1)]  # where nothing is deployed


@pytest.mark.parametrize("coverage", [None, 0.0])
def test_what_answers_nowhere_any_more_is_told_and_goes(kept, coverage):
    project = open_project()
    end(project)
    spec = released(project, "winback", 1)[1].experiment
    after = None if coverage is None else msgspec.structs.replace(spec, coverage=coverage)
    deployed_release(project, "winback", after)

    before = told(project)
    prune(project, LATER, clock=later)

    assert sorted(before) == [("dev", "trial", 1), ("prod", "trial", 3)]
    assert told(project) == []
    assert SqliteStickyStore(kept / ".fullcycle/sticky.db", "prod").buckets() == {}


def test_arms_of_another_experiment_stay(kept):
    project = open_project()
    store = SqliteStickyStore(kept / ".fullcycle/sticky.db", "prod")
    store.keep("client_id", "1", "winback/trial_two__x", "today")
    store.keep("client_id", "1", "elsewhere", "today")
    end(project)
    deployed_release(project, "winback", None)

    prune(project, LATER, clock=later)

    assert store.buckets() == {"elsewhere": 1, "winback/trial_two__x": 1}


def test_arms_of_what_was_closed_lately_stay(kept):
    project = open_project()
    end(project)
    deployed_release(project, "winback", None)

    assert plan_pruning(project, LATER).arms == ()


def test_the_command_tells_first_and_forgets_when_it_is_told_to(kept, typed, monkeypatch):
    project = open_project()
    end(project)
    deployed_release(project, "winback", None)
    monkeypatch.setattr("fullcycle.wiring.pruning.now", later)
    monkeypatch.setattr(plan_pruning, "__kwdefaults__", {"clock": later})
    monkeypatch.setattr(prune, "__kwdefaults__", {"clock": later})

    first = typed("fullcycle prune --keep 30d")
    data = typed("fullcycle prune --keep 30d --json").json
    done = typed("fullcycle prune --keep 30d --yes")

    assert "would forget the kept arms of 3 units of winback's experiment trial in prod, closed " in first.out
    assert "nothing was removed; do it" in first.out
    assert {one["environment"]: one["units"] for one in data["kept_arms"]} == {"prod": 3, "dev": 1}
    assert "forgot the kept arms of 3 units" in done.out
    assert typed("fullcycle prune --json").json["kept_arms"] == []
