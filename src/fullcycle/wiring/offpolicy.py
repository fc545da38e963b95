"""Policies met with the past: what each is worth on decisions that were logged before."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from fullcycle.data import Row
from fullcycle.evaluate import Split
from fullcycle.experiment import (
    ExperimentRecord,
    ExperimentSpec,
    Moments,
    PolicyDifference,
    PolicyValue,
    difference,
    snips,
    weights_of,
)
from fullcycle.flow import ModelStep
from fullcycle.kernel import Invalid, NotEnoughData
from fullcycle.release import LoadedRelease, Policy
from fullcycle.serve import HashedDraw
from fullcycle.wiring.gathering import Making
from fullcycle.wiring.project import Project


class OffPolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What each arm's policy is worth on the held-out past, and how much more than the control's."""

    metric: str
    rows: int
    values: dict[str, PolicyValue]  # by arm
    differences: dict[str, PolicyDifference]  # by treatment


def off_policy_of(project: Project, record: ExperimentRecord) -> OffPolicyReport | None:
    """What was estimated before launch."""
    if record.designed is None or record.designed.body.off_policy is None:
        return None
    return msgspec.convert(project.artifacts.load(record.designed.body.off_policy), OffPolicyReport)


def held_out(making: Making) -> pl.DataFrame | None:
    """The rows of the past that no model has learnt from: outcome and propensity beside each."""
    for node in making.flow.graph.nodes.values():
        if isinstance(node.declared, ModelStep):
            split = making.flow.artifacts.load(making.run.steps[next(iter(node.inputs))].artifact)
            if isinstance(split, Split) and {"outcome", "propensity"} <= set(split.test.frame.columns):
                return split.test.frame
    return None


def action_of(loaded: LoadedRelease, frame: pl.DataFrame) -> str:
    """The column that holds what was done: a field of the answer that the past has, too."""
    asked = set(loaded.row.__struct_fields__)
    fields: list[str] = [
        name
        for name in loaded.service.answer_type.__struct_fields__
        if name in frame.columns and name not in asked
    ]
    if len(fields) != 1:
        raise Invalid(
            f"the past holds {len(fields)} columns of the answer",
            "the off-policy estimate",
            "name the action alike in the service's answer and in the contract of the past",
        )
    return fields[0]


def choices(policy: Policy, row: type[Row], frame: pl.DataFrame, action: str) -> list[Any]:
    """What a policy decides in each row of the past."""
    records = frame.select(row.__struct_fields__).iter_rows(named=True)
    return [
        getattr(policy.call(row(**record), HashedDraw(f"past-{n}")), action)
        for n, record in enumerate(records)
    ]


def off_policy(
    spec: ExperimentSpec, frame: pl.DataFrame, action: str, chosen: dict[str, list[Any]]
) -> OffPolicyReport:
    """What each arm is worth on the past, given what it would have chosen in each row."""
    done = frame[action].to_list()
    propensity = frame["propensity"].to_numpy()
    reward = frame["outcome"].cast(pl.Float64).to_numpy()
    weights = {arm: weights_of(done, propensity, choices) for arm, choices in chosen.items()}
    return OffPolicyReport(
        metric=spec.primary,
        rows=frame.height,
        values={arm: snips(reward, weights[arm]) for arm in spec.order},
        differences={arm: difference(reward, weights[arm], weights[spec.control]) for arm in spec.treatments},
    )


def control_moments(frame: pl.DataFrame, action: str, chosen: Sequence[Any]) -> Moments:
    """The outcome where what was done is what the control would have done."""
    same = np.array([a == b for a, b in zip(frame[action].to_list(), chosen, strict=True)], dtype=bool)
    rewards = frame["outcome"].cast(pl.Float64).to_numpy()[same]
    if len(rewards) < 2:
        raise NotEnoughData(
            "the control's own decisions are not among the past",
            "the design",
            "log decisions that leave room for chance",
        )
    mean = float(rewards.mean())
    return Moments(len(rewards), mean, float(((rewards - mean) ** 2).sum()))
