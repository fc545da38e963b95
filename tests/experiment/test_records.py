"""fullcycle.experiment.records: an experiment's life in the ledger."""

import msgspec
import pytest

from fullcycle.experiment import (
    ExperimentClosed,
    ExperimentDesigned,
    ExperimentPhase,
    ExperimentSpec,
    ExperimentStarted,
    Phase,
    close,
    experiment_record,
    experiments,
    going_out,
    phases_of,
    record_design,
    spec_digest,
)
from fullcycle.kernel import Conflict, Missing
from fullcycle.metric import MetricSpec
from fullcycle.record import Artifact, Entry, append_next
from fullcycle.record.memory import MemoryLedger
from fullcycle.release import DeploymentMade

KEPT = Artifact("c", "o", "json@1", 2)
VISITED = MetricSpec(
    name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=1209600.0
)
SPEC = ExperimentSpec(
    name="trial",
    capability="winback",
    order=("today", "chosen"),
    arms={"today": "winback.service:today", "chosen": "winback.service:choose"},
    weights={"today": 0.5, "chosen": 0.5},
    seed="winback/trial",
    unit="client_id",
    metrics={"visited": VISITED},
    primary="visited",
)
STARTED = ExperimentStarted(release=7, environment="prod", spec=spec_digest(SPEC), planned_units=38_360)
CLOSED = ExperimentClosed(environment="prod", decision="ship", arm="chosen", reason="better", readout=KEPT)


def begin(ledger):
    append_next(ledger, "experiment/winback/trial", STARTED, by="ada")


def test_an_experiment_is_designed_started_and_closed():
    ledger = MemoryLedger()
    record_design(ledger, "winback", "trial", ExperimentDesigned(run=1, design=KEPT), by="ada")
    record_design(ledger, "winback", "trial", ExperimentDesigned(run=2, design=KEPT), by="ada")
    begin(ledger)
    close(ledger, "winback", "trial", CLOSED, by="ada")

    found = experiment_record(ledger, "winback", "trial")

    assert found.designed.body.run == 2
    assert found.started.body == STARTED
    assert found.closed.body.decision == "ship"
    assert [record.name for record in experiments(ledger, "winback")] == ["trial"]
    assert experiments(ledger, "demand") == []


def test_closing_what_never_started_or_is_closed_is_refused():
    ledger = MemoryLedger()
    with pytest.raises(Missing, match="fullcycle deploy winback"):
        close(ledger, "winback", "trial", CLOSED, by="ada")
    begin(ledger)
    close(ledger, "winback", "trial", CLOSED, by="ada")

    with pytest.raises(Conflict, match="closed already: ship"):
        close(ledger, "winback", "trial", CLOSED, by="ada")


def test_another_weight_is_another_specification():
    assert spec_digest(SPEC) != spec_digest(
        msgspec.structs.replace(SPEC, weights={"today": 0.4, "chosen": 0.6})
    )
    assert spec_digest(SPEC) == spec_digest(
        msgspec.json.decode(msgspec.json.encode(SPEC), type=ExperimentSpec)
    )


ONE, OTHER = {"today": "a", "chosen": "b"}, {"today": "a", "chosen": "c"}


def go_out(ledger, release, code, *, environment="prod", before=None, spec=STARTED.spec):
    """Record a deployment of the release with what goes out with it; the new phases."""
    body = msgspec.structs.replace(STARTED, release=release, environment=environment, spec=spec)
    record = experiment_record(ledger, "winback", "trial")
    stream = f"deployments/winback/{environment}"
    deployment = ledger.heads(stream).get(stream, 0) + 1
    entries = going_out(record, body, code, deployment=deployment, before=before)
    made = Entry(stream, deployment - 1, DeploymentMade(release=release, why=""))
    ledger.append_all([made, *entries], at=deployment * 1000)
    return [each.body.number for each in entries if isinstance(each.body, ExperimentPhase)]


def phases(ledger):
    past = [(fact.body.release, fact.at) for fact in ledger.read("deployments/winback/prod")]
    return phases_of(experiment_record(ledger, "winback", "trial"), past)


def test_a_phase_begins_with_the_start_and_whenever_the_code_of_an_arm_changes():
    ledger = MemoryLedger()

    assert go_out(ledger, 1, ONE) == [1]
    assert go_out(ledger, 2, ONE) == []
    assert go_out(ledger, 3, OTHER) == [2]
    assert go_out(ledger, 2, ONE) == [3]  # a rollback is no return: the units have seen the other

    assert experiment_record(ledger, "winback", "trial").started.body.release == 1
    assert phases(ledger) == [
        Phase(1, 1000, 3000, (1, 2), (2,)),
        Phase(2, 3000, 4000, (3,)),
        Phase(3, 4000, None, (2,), (2,)),
    ]


def test_a_phase_begins_where_what_is_compared_or_how_changes():
    ledger = MemoryLedger()
    shorter = spec_digest(msgspec.structs.replace(SPEC, days=14))

    assert go_out(ledger, 1, ONE) == [1]
    assert go_out(ledger, 2, ONE, spec=shorter) == [2]
    assert go_out(ledger, 3, ONE, spec=shorter) == []

    found = experiment_record(ledger, "winback", "trial")
    assert found.started.body.spec == STARTED.spec
    assert [fact.body.spec for fact in found.phases] == [STARTED.spec, shorter]


def test_forcing_a_unit_into_an_arm_begins_no_phase():
    forced = msgspec.structs.replace(SPEC, forced={"42": "chosen"})

    assert spec_digest(forced) == spec_digest(SPEC)


def test_an_environment_in_which_it_does_not_run_has_no_phase():
    ledger = MemoryLedger()
    go_out(ledger, 1, ONE)

    assert go_out(ledger, 2, OTHER, environment="dev") == []
    assert [phase.number for phase in phases(ledger)] == [1]


def test_an_experiment_that_began_before_phases_were_recorded_has_its_first_recorded_with_the_second():
    ledger = MemoryLedger()
    append_next(ledger, "deployments/winback/prod", DeploymentMade(release=7, why=""), at=1000)
    begin(ledger)
    assert phases(ledger) == [Phase(1, 1000, None, (7,))]
    first = ExperimentPhase(
        number=1, release=7, environment="prod", deployment=1, spec=STARTED.spec, code=ONE
    )

    assert go_out(ledger, 8, ONE, before=first) == []
    assert go_out(ledger, 9, OTHER, before=first) == [1, 2]
    assert [phase.releases for phase in phases(ledger)] == [(7, 8), (9,)]


def test_a_specification_of_an_earlier_version_keeps_its_digest():
    visited = MetricSpec(name="v", kind="proportion", source="s", unit="u", time="at", within_s=3.0)
    spec = ExperimentSpec(
        name="t",
        capability="c",
        order=("a", "b"),
        arms={"a": "x", "b": "y"},
        weights={"a": 0.5, "b": 0.5},
        seed="c/t",
        unit="u",
        metrics={"v": visited},
        primary="v",
    )
    by_the_first_version = "f18a32a1c045fbc6da7bb0a8dd16e9e40456bdf5c992d1dd086e6f82e8cee6d5"

    assert spec_digest(spec) == by_the_first_version
    assert spec_digest(msgspec.structs.replace(spec, segments=("device",))) != by_the_first_version
    capped = msgspec.structs.replace(visited, winsor=0.99)
    assert spec_digest(msgspec.structs.replace(spec, metrics={"v": capped})) != by_the_first_version
