"""fullcycle.experiment.records: an experiment's life in the ledger."""

import msgspec
import pytest

from fullcycle.experiment import (
    ExperimentClosed,
    ExperimentDesigned,
    ExperimentSpec,
    ExperimentStarted,
    close,
    experiment_record,
    experiments,
    record_design,
    spec_digest,
    start,
)
from fullcycle.kernel import Conflict, Missing
from fullcycle.metric import MetricSpec
from fullcycle.record import Artifact
from fullcycle.record.memory import MemoryLedger

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


def test_an_experiment_is_designed_started_and_closed():
    ledger = MemoryLedger()
    record_design(ledger, "winback", "trial", ExperimentDesigned(run=1, design=KEPT), by="ada")
    record_design(ledger, "winback", "trial", ExperimentDesigned(run=2, design=KEPT), by="ada")
    start(ledger, SPEC, STARTED, by="ada")
    close(ledger, "winback", "trial", CLOSED, by="ada")

    found = experiment_record(ledger, "winback", "trial")

    assert found.designed.body.run == 2
    assert found.started.body == STARTED
    assert found.closed.body.decision == "ship"
    assert [record.name for record in experiments(ledger, "winback")] == ["trial"]
    assert experiments(ledger, "demand") == []


def test_starting_the_same_again_starts_nothing():
    ledger = MemoryLedger()
    first = start(ledger, SPEC, STARTED, by="ada")

    again = start(ledger, SPEC, msgspec.structs.replace(STARTED, release=8), by="ada")

    assert again == first


def test_a_change_after_the_start_is_refused():
    ledger = MemoryLedger()
    start(ledger, SPEC, STARTED, by="ada")
    changed = msgspec.structs.replace(SPEC, days=14)

    with pytest.raises(Conflict, match="has changed since"):
        start(ledger, changed, msgspec.structs.replace(STARTED, spec=spec_digest(changed)), by="ada")


def test_closing_what_never_started_or_is_closed_is_refused():
    ledger = MemoryLedger()
    with pytest.raises(Missing, match="fullcycle deploy winback"):
        close(ledger, "winback", "trial", CLOSED, by="ada")
    start(ledger, SPEC, STARTED, by="ada")
    close(ledger, "winback", "trial", CLOSED, by="ada")

    with pytest.raises(Conflict, match="closed already: ship"):
        close(ledger, "winback", "trial", CLOSED, by="ada")
    with pytest.raises(Conflict, match="name of its own"):
        start(ledger, SPEC, STARTED, by="ada")


def test_another_weight_is_another_specification():
    assert spec_digest(SPEC) != spec_digest(
        msgspec.structs.replace(SPEC, weights={"today": 0.4, "chosen": 0.6})
    )
    assert spec_digest(SPEC) == spec_digest(
        msgspec.json.decode(msgspec.json.encode(SPEC), type=ExperimentSpec)
    )
