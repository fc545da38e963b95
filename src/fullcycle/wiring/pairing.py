"""What a run judged of a step, piece by piece: one model, or each of a family."""

from dataclasses import dataclass

from fullcycle.evaluate import Contender, Measured, Split, mean_of, paired
from fullcycle.flow import Node, RunRecord
from fullcycle.kernel import counted
from fullcycle.record import Artifact, Artifacts
from fullcycle.wiring.details import is_family
from fullcycle.wiring.models import batch_model

_SAME = Measured(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model, the split that it was judged on, and what that came to."""

    model: Artifact
    split: Artifact
    evaluation: Artifact

    def contender(self, node: Node, artifacts: Artifacts) -> Contender:
        """The model to be asked again."""
        halves = artifacts.load(self.split, Split)  # by name: a mapped table must not be let go while
        model = artifacts.load(self.model)  # an error is on its way, since Python lets it go by a callback
        return Contender(node.declared, batch_model(model, node.line), halves)


def judged_models(artifacts: Artifacts, run: RunRecord, node: Node) -> dict[str, JudgedModel]:
    """What a run judged of a step, by the elements' keys; a single model by the empty name."""
    split = run.steps[next(iter(node.inputs))].artifact
    whole = JudgedModel(run.steps[node.name].artifact, split, run.evaluations[node.name].evaluation)
    if not is_family(whole.evaluation):
        return {"": whole}
    models, evaluations = (artifacts.parts(one) for one in (whole.model, whole.evaluation))
    splits = dict(artifacts.parts(split).items()) if node.each else {}
    judged = dict(evaluations.items())
    return {
        str(key): JudgedModel(model, splits.get(key, split), judged[key]) for key, model in models.items()
    }


def difference(
    artifacts: Artifacts,
    was: tuple[Node, dict[str, JudgedModel]],
    now: tuple[Node, dict[str, JudgedModel]],
) -> tuple[Measured | None, str]:
    """What the second scores beyond the first where both judged the same rows, and what is left out.

    Of a family it is the mean over the models that both have; None where all of these are
    the same.

    Raises:
        Missing, Damaged: where a model or its split is gone.
        Invalid, NotEnoughData: see ``evaluate``.
    """
    found = []
    for key, after in now[1].items():
        before = was[1].get(key)
        if before is None:
            continue
        if before.evaluation.content == after.evaluation.content:
            found.append(_SAME)
            continue
        beyond = paired(before.contender(was[0], artifacts), after.contender(now[0], artifacts))
        if beyond is not None:
            found.append(beyond)
    many = max(len(was[1]), len(now[1]))
    if not found:
        return None, "not judged on the same rows"
    if found.count(_SAME) == len(found):
        return None, f"{counted(many - len(found), 'model')} not judged on the same rows in both"
    return mean_of(found), "" if len(found) == many else f"of {len(found):,} of {counted(many, 'model')}"
