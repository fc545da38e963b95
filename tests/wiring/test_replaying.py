"""fullcycle.wiring.replaying: what a replay holds fixed."""

import os
import shutil
from pathlib import Path

import pytest

from fullcycle.flow import origins, run_record
from fullcycle.wiring import open_project
from fullcycle.wiring.replaying import replay
from replayed_bank import varied
from whole_shop import process, rewrite

__all__ = ["varied"]

_MODELS = """

def learnt(examples: pl.DataFrame) -> str:
    # this way of boosting draws its rows by blocks, one for each thread
    amount = np.tile(examples["amount"].to_numpy(), 5)
    noise = np.random.default_rng(7).normal(size=len(amount))
    data = lgb.Dataset(np.c_[amount, noise], amount + noise)
    return lgb.train({"boosting": "goss", "seed": 7, "verbose": -1}, data, 20).model_to_string()


@fc.step
def free(examples: pl.DataFrame) -> str:
    return learnt(examples)


@fc.step(cpus=1)
def alone(examples: pl.DataFrame) -> str:
    return learnt(examples)


@fc.step(cpus=2)
def paired(examples: pl.DataFrame) -> str:
    return learnt(examples)


@fc.step(timeout="60s")
def hurried(slices: fc.Each[pl.DataFrame]) -> str:  # called in other processes, which can be ended
    return f"{slices.height} {RATES.text()}"
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_a_run_of_one_core_is_replayed_with_one_thread_on_a_machine_of_more(varied, tmp_path):
    root = Path(shutil.copytree(varied, tmp_path / "bank"))
    flow = root / "churn/flow.py"
    rewrite(flow, "import random\n", "import random\nimport numpy as np\n")
    flow.write_text(flow.read_text() + _MODELS)
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every)})
    try:
        running = process(root, "run", "churn", "-m", "on one core")
    finally:
        os.sched_setaffinity(0, every)
    assert running.communicate(timeout=120)[1] == ""
    project = open_project(root)

    found = replay(project, "churn@4")

    content = {name: found.run.steps[name].artifact.content for name in ("free", "alone", "paired")}
    assert content["free"] == content["alone"] != content["paired"]
    assert found.run.started.cores == 1
    verdict = {one.step: one.verdict for one in found.found.steps}
    assert [verdict[name] for name in content] == ["identical"] * 3

    assert verdict["hurried"] == "identical"


def test_a_step_that_was_reused_is_replayed_with_the_threads_of_the_run_that_computed_it(varied):
    ledger = open_project(varied).ledger
    second = run_record(ledger, "churn", 2)

    found = origins(ledger, second)

    assert second.steps["told"].reused
    assert (found["told"].run, found["chance"].run) == (1, 2)
    assert not found["told"].step.reused
    assert found["told"].cores == second.started.cores > 0
