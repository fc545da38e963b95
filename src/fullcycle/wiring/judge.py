"""Judging models in a run, with the libraries that are installed."""

import math
from typing import Any

import msgspec

from fullcycle.evaluate import Evaluation, evaluate, mean_of
from fullcycle.flow import Evaluated, Node
from fullcycle.record import Artifact, Artifacts
from fullcycle.wiring.models import batch_model, explainer_of


class ScoringJudge:
    """Scores a model on the test side of its split, beside its baseline, slice by slice."""

    version = "1"

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def evaluate(self, node: Node, model: Any, split: Any) -> Any:
        """Judge a model; an ``Evaluation`` as plain data."""
        asked = batch_model(model, node.line)
        return msgspec.to_builtins(evaluate(node.declared, asked, split, explainer=explainer_of(asked)))

    def told(self, node: Node, evaluation: Artifact, *, reused: bool) -> Evaluated:
        """What the record says of an evaluation; of a family's, means in which each model counts alike."""
        found = load_evaluations(self._artifacts, evaluation)
        scores = [one.model for one in found.values()]
        mean = mean_of(scores)
        baselines = [one.baseline.value for one in found.values() if one.baseline.value is not None]
        return Evaluated(
            step=node.name,
            evaluation=evaluation,
            score=next(iter(found.values())).score,
            value=mean.value,
            low=mean.low,
            high=mean.high,
            baseline=math.fsum(baselines) / len(baselines) if baselines else None,
            reused=reused,
            elements=len(found) if node.each else None,
        )


def load_evaluation(artifacts: Artifacts, artifact: Artifact) -> Evaluation:
    """A recorded evaluation of one model."""
    return msgspec.convert(artifacts.load(artifact), Evaluation)


def load_evaluations(artifacts: Artifacts, artifact: Artifact) -> dict[str, Evaluation]:
    """The recorded evaluations of a family of models by its keys; a single one by the empty name."""
    found = artifacts.load(artifact)
    if artifact.codec != "family@1":
        return {"": msgspec.convert(found, Evaluation)}
    named = found.items() if isinstance(found, dict) else enumerate(found)
    return {str(key): msgspec.convert(one, Evaluation) for key, one in named}
