"""Judging the models of a run: each evaluation is remembered like a step."""

from fullcycle.flow.declare import ModelStep
from fullcycle.flow.facts import Memoized, StepFinished
from fullcycle.flow.graph import Node
from fullcycle.flow.memo import remember, remembered
from fullcycle.flow.passing import Pass
from fullcycle.flow.stepping import bench, call_of
from fullcycle.kernel import digest_value


def judge(this: Pass, node: Node, finished: StepFinished) -> None:
    """Record how good a model is, judged once per model, split, features, baseline, score and slices.

    The models of a family were judged as they were made.
    """
    if not isinstance(node.declared, ModelStep):
        return
    if node.each:
        found = remembered(this.shop.ledger, finished.key)
        evaluation = this.evaluations.get(node.name) or (found.evaluation if found is not None else None)
        if evaluation is not None:
            this.note(this.shop.judge.told(node, evaluation, reused=finished.reused))
        return
    split = this.artifact(next(iter(node.inputs)))
    contents = [finished.artifact.content, split.content, finished.code]
    key = digest_value("evaluation@1", [*contents, node.declared.score, list(node.declared.slices)])
    known = remembered(this.shop.ledger, key)
    if known is not None and this.shop.artifacts.has(known.artifact):
        this.note(this.shop.judge.told(node, known.artifact, reused=True))
        return
    this.write()
    kept = bench(this, node).judged(call_of(this, node, {}, finished.threads), finished.artifact)
    result = Memoized(step=f"{node.name} evaluated", artifact=kept)
    first = remember(this.shop.ledger, key, result, by=this.shop.by, lost=known)
    this.note(this.shop.judge.told(node, first.artifact, reused=False))
    this.write()
