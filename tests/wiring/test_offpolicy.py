"""fullcycle.wiring.offpolicy: what is recorded of policies on the past, in old records and new."""

import msgspec
import pytest

from fullcycle.experiment import ExperimentDesigned, experiment_record, record_design
from fullcycle.wiring import open_project
from fullcycle.wiring.designing import design
from fullcycle.wiring.offpolicy import OffPolicyReport, off_policy_of


@pytest.fixture
def designed(shop):
    project = open_project()
    return project, design(project, "winback").off_policy


def test_a_design_records_all_that_it_tells(designed):
    project, told = designed

    kept = off_policy_of(project, experiment_record(project.ledger, "winback", "trial"))

    assert kept == told
    assert kept.model == "visit"
    assert list(kept.weights) == ["today", "chosen"]


def test_the_models_predictions_take_noise_away_and_move_nothing_much(designed):
    _, told = designed

    for name, value in told.values.items():
        robust = told.modelled[name]
        assert robust.stderr < value.stderr
        assert robust.value == pytest.approx(value.value, abs=value.stderr)


def test_what_was_recorded_before_still_reads():
    old = {
        "metric": "visited",
        "rows": 9,
        "values": {
            "today": {
                "method": "snips",
                "value": 0.1,
                "stderr": 0.1,
                "low": 0.0,
                "high": 0.3,
                "n": 9,
                "effective": 3.0,
                "mean_weight": 1.0,
                "warning": "the effective sample is 3 of 9 rows",
            }
        },
        "differences": {},
    }

    found = msgspec.convert(old, OffPolicyReport)

    assert (found.refused, found.modelled, found.control) == ({}, {}, "")


def test_a_number_that_was_recorded_with_a_warning_counts_as_refused(designed):
    project, told = designed
    warned = msgspec.structs.replace(
        told.differences["chosen"], warning="the effective sample is 3 of 9 rows"
    )
    old = msgspec.structs.replace(told, differences={"chosen": warned})
    kept = ExperimentDesigned(
        run=1, design=project.artifacts.keep([]), off_policy=project.artifacts.keep(msgspec.to_builtins(old))
    )
    record_design(project.ledger, "winback", "trial", kept, by="somebody")

    found = off_policy_of(project, experiment_record(project.ledger, "winback", "trial"))

    assert found.differences == {}
    assert found.refused["chosen"].why == "the effective sample is 3 of 9 rows"
    assert "fullcycle experiment design winback" in found.refused["chosen"].instead
