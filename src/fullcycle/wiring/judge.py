"""Judging models in a run: each evaluation is remembered like a step."""

from collections.abc import Callable

import msgspec

from fullcycle.code import Reach
from fullcycle.evaluate import Evaluation, evaluate
from fullcycle.flow import Evaluated, Memoized, ModelStep, Node, remember, remembered
from fullcycle.kernel import digest_value
from fullcycle.record import Artifact, Artifacts, Ledger
from fullcycle.wiring.models import batch_model, explainer_of


class RememberingJudge:
    """Evaluates a model once per model, split, features, baseline, score and slices."""

    def __init__(
        self, ledger: Ledger, artifacts: Artifacts, reach: Callable[[Node], Reach], *, by: str
    ) -> None:
        self._ledger = ledger
        self._artifacts = artifacts
        self._reach = reach
        self._by = by

    def evaluate(self, node: Node, model: Artifact, split: Artifact) -> Evaluated:
        """Judge ``model`` on the test side of ``split``, or find what was found before."""
        declared: ModelStep = node.declared
        key = digest_value(
            "evaluation@1",
            [model.content, split.content, self._reach(node).digest, declared.score, list(declared.slices)],
        )
        found = remembered(self._ledger, key)
        if found is not None and self._artifacts.objects.has(found.artifact.object):
            evaluation = load_evaluation(self._artifacts, found.artifact)
            return _evaluated(node.name, found.artifact, evaluation, reused=True)
        asked = batch_model(self._artifacts.load(model), node.line)
        evaluation = evaluate(declared, asked, self._artifacts.load(split), explainer=explainer_of(asked))
        result = Memoized(
            step=f"{node.name} evaluated", artifact=self._artifacts.keep(msgspec.to_builtins(evaluation))
        )
        lost = found if found is not None and not self._artifacts.objects.has(found.artifact.object) else None
        first = remember(self._ledger, key, result, by=self._by, lost=lost)
        return _evaluated(
            node.name, first.artifact, load_evaluation(self._artifacts, first.artifact), reused=False
        )


def load_evaluation(artifacts: Artifacts, artifact: Artifact) -> Evaluation:
    """A recorded evaluation."""
    return msgspec.convert(artifacts.load(artifact), Evaluation)


def _evaluated(step: str, artifact: Artifact, evaluation: Evaluation, *, reused: bool) -> Evaluated:
    model = evaluation.model
    return Evaluated(
        step=step,
        evaluation=artifact,
        score=evaluation.score,
        value=model.value,
        low=model.low,
        high=model.high,
        baseline=evaluation.baseline.value,
        reused=reused,
    )
