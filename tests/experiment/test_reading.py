"""fullcycle.experiment.reading: a readout as it is kept, of this version and of those before."""

import json
from pathlib import Path

import msgspec
import pytest

from fullcycle.cli.reading import show_readout
from fullcycle.experiment import Readout, headline, readout
from made_up_experiment import GOOD, spec, told
from report.winback_experiment import PRIOR, RATE, full

KEPT = sorted((Path(__file__).parents[1] / "fixtures" / "readouts").glob("*.json"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_an_earlier_version_kept_is_loaded_and_told(path, capsys):
    """Written by that version, of the good experiment that is made up; such files are never changed."""
    found = msgspec.convert(json.loads(path.read_text()), Readout)

    show_readout(found, "winback@prod, experiment trial")
    said = capsys.readouterr().out
    assert headline(found) in said
    assert found.verdict.decision == "ship"
    assert "Ship chosen: it raises visited by 3.00 points" in said
    assert "guardrail holds: converted with chosen: holds (20% tolerated)" in said


@pytest.mark.parametrize(
    "made",
    [
        lambda: readout(spec(), told(GOOD), rate=RATE, prior=PRIOR),
        full,
        lambda: full("group-sequential", at_day=30, looks=(0.25, 0.5, 1.0)),
    ],
    ids=["two arms", "everything", "looks"],
)
def test_a_readout_is_kept_whole_as_json(made):
    found = made()

    kept = json.loads(json.dumps(msgspec.to_builtins(found)))

    assert msgspec.convert(kept, Readout) == found


def test_money_and_forecast_are_kept_with_the_verdict():
    nearly = told({"visited": {"today": 0.15, "chosen": 0.163}}, days=10, at_day=24)
    kept = msgspec.to_builtins(readout(spec(guardrails={}), nearly, rate=RATE, prior=PRIOR))

    assert kept["verdict"]["forecast_days"] > 0
    (worth,) = kept["worth"]
    assert {"measured", "low", "high", "expected", "weight", "prior", "arithmetic"} <= set(worth)
