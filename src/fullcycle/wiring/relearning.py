"""What policies have learnt from the past, learnt anew from the first half of it: the second half judges.

A policy that is judged on the rows that it learnt from is told its own luck. A bandit that learns
from its capability's decisions has seen all of them; so what it would be worth is told of the same
steps over the decisions before a moment in the middle, asked about those after it. What is
valued so is what they would have learnt by then, left as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from fullcycle.bandit import LearntBandit
from fullcycle.data import fields
from fullcycle.experiment import Refusal
from fullcycle.flow import ModelStep, Node, choose, viewed
from fullcycle.flow.annotation import bare
from fullcycle.kernel import FullcycleError, micros
from fullcycle.release import Policy
from fullcycle.wiring.gathering import Making
from fullcycle.wiring.past import Past, learnt_from

_FEWEST = 4  # rows that are halved


@dataclass(frozen=True, slots=True)
class Judged:
    """Policies, and the past that judges them; ``refused`` says of which that cannot be told.

    ``anew`` names, by policy, the steps that were made again, from the ``learnt`` rows before
    ``since`` (µs since 1970 UTC); where there are none, the past is whole.
    """

    past: Past
    policies: Mapping[str, Policy]
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    anew: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    learnt: int = 0
    since: int | None = None


def judged(past: Past, policies: Mapping[str, Policy]) -> Judged:
    """Keep policies apart from the rows that judge them."""
    partial = {name: steps for name, one in policies.items() if (steps := learnt_from(past, one))}
    if not partial:
        return Judged(past, policies)
    halves = _halves(past)
    found: dict[str, Policy] = {}
    refused: dict[str, Refusal] = {}
    made: dict[str, Any] = {past.source: halves[0]} if halves is not None else {}
    for name, steps in partial.items():
        told = _relearnt(past.making, policies[name], steps, made) if made else _refusal(steps, "")
        if isinstance(told, Refusal):
            refused[name] = told
        else:
            found[name] = told
    if halves is None or not found:
        return Judged(past, policies, refused)
    earlier, later = halves
    return Judged(
        replace(past, frame=later),
        {**policies, **found},
        refused,
        {name: partial[name] for name in found},
        earlier.height,
        micros(later[_time(past)].min()),  # type: ignore[arg-type]  # a time, of rows that are there
    )


def _halves(past: Past) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """All rows before the moment in the middle of those that judge, and those from it on."""
    name, frame = _time(past), past.frame
    if frame.height < _FEWEST or not name or name not in frame.columns:
        return None
    middle = frame[name].sort()[frame.height // 2]
    every = past.making.frame(past.making.flow.graph.nodes[past.source])
    earlier, later = every.filter(pl.col(name) < middle), frame.filter(pl.col(name) >= middle)
    return (earlier, later) if earlier.height > 1 else None


def _time(past: Past) -> str:
    """The column that says when each row was."""
    contract = past.making.contract(past.making.flow.graph.nodes[past.source])
    return next((one.name for one in fields(contract) if one.time), "")


def _relearnt(
    making: Making, policy: Policy, steps: tuple[str, ...], made: dict[str, Any]
) -> Policy | Refusal:
    """The policy, asking what its steps make of fewer rows; ``made`` keeps that."""
    others: dict[str, Any] = {}
    for name in steps:
        try:
            value = _made(making, making.flow.graph.nodes[name], made)
        except FullcycleError as error:
            return _refusal(steps, f"; from half of them {name} cannot be made: {error.what}")
        except Exception as error:  # noqa: BLE001 - a user's step may raise anything
            return _refusal(steps, f"; from half of them {name} fails: {type(error).__name__}: {error}")
        if not isinstance(value, LearntBandit) or name not in policy.bandits:
            return _refusal(steps, "")
        others[name] = value.of(policy.bandits[name])
    return policy.over(others)


def _made(making: Making, node: Node, made: dict[str, Any]) -> Any:
    """What a step returns where what it stands on is in ``made``; all else is as the run has it.

    Raises:
        Exception: whatever the step raises.
    """
    if node.name in made:
        return made[node.name]
    graph, run = making.flow.graph, making.run
    anew = {one for one in node.inputs if _stands_on(making, one, made)}
    if isinstance(node.declared, ModelStep) or node.each or any(graph.nodes[one].each for one in anew):
        return None  # what is judged by itself, or made of many: no bandit
    inputs = {
        name: _made(making, graph.nodes[name], made)
        if name in anew
        else viewed(making.flow.artifacts, making.flow, graph.nodes[name], run.steps[name].artifact, kind)
        for name, kind in node.inputs.items()
    }
    if any(isinstance(inputs[one], pl.DataFrame) != (bare(node.inputs[one]) is pl.DataFrame) for one in anew):
        return None  # it asks for the rows where they live
    parameters = choose(graph, run.started.parameters).get(node.name, {})
    made[node.name] = node.declared.function(**inputs, **parameters)
    return made[node.name]


def _stands_on(making: Making, name: str, made: Mapping[str, Any]) -> bool:
    return name in made or any(one.name in made for one in making.flow.graph.ancestors(name))


def _refusal(steps: tuple[str, ...], more: str) -> Refusal:
    names = " and ".join(steps)
    return Refusal(
        why=f"{names}, which it asks, {'has' if len(steps) == 1 else 'have'} learnt from these very "
        f"decisions, luck and all{more}",
        instead=f"let {names} learn from a part of them, by fc.split, so that the rest can judge; "
        "or measure it in an experiment",
    )
