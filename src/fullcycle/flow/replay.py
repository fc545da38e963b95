"""Replaying a run: what it takes from the record, and what each step's second result says of the first.

A replay computes every step anew from the recorded sources. A step that was given the same
as then, and returned something else, is where a difference begins; what stands on it
follows. ``replays/<capability>`` keeps what each replay found, and no run is added.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fullcycle.flow.facts import ReplayVerdict, ScoreReplayed, StepFinished, StepReplayed
from fullcycle.flow.graph import Graph
from fullcycle.flow.options import wanted
from fullcycle.flow.records import RunRecord
from fullcycle.record import Ledger

_READ = ("source", "outcomes")


@dataclass(frozen=True, slots=True)
class Origin:
    """The run in which a step was computed, which is an earlier one where it was reused."""

    run: int
    cores: int
    step: StepFinished


def origins(ledger: Ledger, run: RunRecord) -> dict[str, Origin]:
    """Where each step of a run was computed; without those of which no run tells.

    Goes back run by run until it knows all of them.
    """
    found = {
        name: Origin(run.number, run.started.cores, step)
        for name, step in run.steps.items()
        if not step.reused
    }
    asked = {
        (name, step.key) for name, step in run.steps.items() if name not in found and step.role not in _READ
    }
    runs, number = f"runs/{run.started.capability}", run.number - 1
    while asked and number:
        for event in ledger.read(f"run/{run.started.capability}/{number}"):
            step = event.body
            if isinstance(step, StepFinished) and not step.reused and (step.step, step.key) in asked:
                started = ledger.read(runs, since=number - 1)[0].body
                found[step.step] = Origin(number, started.cores, step)
        asked = {(name, key) for name, key in asked if name not in found}
        number -= 1
    return found


def to_replay(graph: Graph, run: RunRecord) -> frozenset[str]:
    """The steps that a replay computes: those that finished, and those at which the run failed.

    What the run would have come to after its failure stands on sources that it may never
    have read.
    """
    done = set(run.steps)
    if run.status != "failed" or run.finished is None:
        return frozenset(done)
    reached = [
        node.name
        for node in wanted(graph, frozenset(run.started.only))
        if node.name not in done and node.role not in _READ and all(name in done for name in node.upstream)
    ]
    named = [name for name in reached if f"step {name}" in run.finished.error]
    return frozenset(done | set(named or reached[:1]))


def doubtful(ledger: Ledger, run: RunRecord, steps: Collection[str]) -> set[str]:
    """Of these steps, those that any run has found to be not deterministic."""
    keys = {(name, run.steps[name].key) for name in steps}
    found: set[str] = set()
    head = ledger.heads(f"runs/{run.started.capability}").get(f"runs/{run.started.capability}", 0)
    for number in range(1, head + 1):
        for event in ledger.read(f"run/{run.started.capability}/{number}"):
            step = event.body
            if isinstance(step, StepFinished) and not step.deterministic and (step.step, step.key) in keys:
                found.add(step.step)
    return found


def verdicts(
    was: Mapping[str, StepFinished], now: Mapping[str, StepFinished], varying: Collection[str]
) -> dict[str, ReplayVerdict]:
    """What the second result of each step says of its first; ``varying`` may return something else."""
    return {name: _verdict(step, now.get(name), name in varying) for name, step in was.items()}


def _verdict(was: StepFinished, now: StepFinished | None, varies: bool) -> ReplayVerdict:
    if now is None:
        return "not computed"
    if was.role in _READ:
        return "taken"
    if was.artifact.content == now.artifact.content:
        return "identical"
    if was.inputs != now.inputs:
        return "follows"
    return "varies" if varies else "differs"


def replayed_scores(was: RunRecord, now: RunRecord) -> list[ScoreReplayed]:
    """The scores of both."""
    found = []
    for name, judged in was.evaluations.items():
        again = now.evaluations.get(name)
        value = again.value if again is not None else None
        found.append(ScoreReplayed(step=name, score=judged.score, was=judged.value, now=value))
    return found


def is_same(steps: Sequence[StepReplayed], judged: Sequence[ScoreReplayed], failure: str) -> bool:
    """Whether a replay came to what the record says, as far as that is promised.

    What stands on a step that varies may differ with it; everything else may not.
    """
    verdict = {one.step: one.verdict for one in steps}
    excused = {name for name, told in verdict.items() if told in ("varies", "follows")}
    moved = [one for one in judged if one.was != one.now and one.step not in excused]
    return (
        not failure
        and not moved
        and not any(told in ("differs", "not computed") for told in verdict.values())
    )
