"""Models as they go out: each in a form that a service asks, and what that form needs installed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fullcycle.evaluate import Split
from fullcycle.feature import FeatureSet
from fullcycle.flow import Node, RunRecord
from fullcycle.kernel import Invalid
from fullcycle.record import Artifact, Artifacts
from fullcycle.record.family import Family
from fullcycle.wiring.details import is_family
from fullcycle.wiring.predictors import NEEDS, own_codecs

_MEANT = 100_000  # rows that a mean is taken over, at most


@dataclass(frozen=True, slots=True)
class Learnt:
    """The rows that a step's model learnt from, or each of its family."""

    artifacts: Artifacts
    split: Artifact
    features: FeatureSet[..., Any]

    def matrix(self, key: Any = None) -> Any:
        """What the model of a family's ``key`` saw, ``(n_rows, n_features)``: of very many rows, some."""
        split = self.split
        if is_family(split):
            split = dict(self.artifacts.parts(split).items())[key]
        frame = self.artifacts.load(split, Split).train.frame
        return self.features.matrix(frame.gather_every(max(-(-frame.height // _MEANT), 1)))


def served_form(
    artifacts: Artifacts,
    trained: Artifact,
    features: Sequence[str],
    where: str,
    *,
    learnt: Learnt | None = None,
    key: Any = None,
) -> Artifact:
    """What a model step returned, in the form that goes out: itself, where a service can ask it.

    An estimator of scikit-learn is told in a form of our own, one of LightGBM or XGBoost by its
    booster. ``features`` are the names of the matrix's columns; by ``learnt``, a linear model is
    told with the mean row, which it is explained against. ``key`` is that of a family's model.

    Raises:
        Invalid: where there is no such form; says which models have one.
    """
    if is_family(trained):
        family = artifacts.parts(trained)
        keys = [key for key, _ in family.items()]
        parts = [
            served_form(artifacts, part, features, where, learnt=learnt, key=key)
            for key, part in family.items()
        ]
        return artifacts.keep_family(Family.of(family.shape, keys, parts))
    if trained.codec == "onnx@1":
        _require_names(artifacts.objects.get(trained.object), features, where)
    if trained.codec in NEEDS:
        return trained
    model = artifacts.load(trained)
    packages = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    if "lightgbm" in packages:
        return artifacts.keep(model.booster_)
    if "xgboost" in packages:
        from fullcycle.adapters.xgboost import asked_booster  # an extra

        return artifacts.keep(asked_booster(model))
    from fullcycle.adapters.linear_native import LinearPredictor
    from fullcycle.adapters.sklearn_served import told  # an extra

    form = told(model, where)
    if learnt is not None and isinstance(form, LinearPredictor):
        matrix = learnt.matrix(key)
        form = form.centred(matrix) if matrix.shape[1] == form.n_features else form  # parity says so then
    return artifacts.keep(form, next(codec for codec in own_codecs() if codec.matches(form)))


def _require_names(model: bytes, features: Sequence[str], where: str) -> None:
    """Refuse an ONNX model whose inputs have the names of other features, or in another order."""
    from fullcycle.adapters.onnx_native import OnnxPredictor  # an extra

    names = OnnxPredictor(model).input_names
    if len(names) > 1 and names != tuple(features):
        raise Invalid(
            f"the ONNX model takes {', '.join(names[:6])}, its features are {', '.join(features[:6])}",
            where,
            "export it with an input for each feature of its feature set, in that order, or with one matrix",
        )


def needed_by(artifacts: Artifacts, models: Sequence[Artifact], lock: Mapping[str, str]) -> dict[str, str]:
    """The distributions that asking these models stands on, with the versions of a run's lock."""
    codecs = {part.codec for model in models for part in _parts(artifacts, model)}
    found = {}
    for choices in (choices for codec in codecs for choices in NEEDS.get(codec, ())):
        name = next((name for name in choices if name in lock), None)
        if name is not None:
            found[name] = lock[name]
    return found


def _parts(artifacts: Artifacts, model: Artifact) -> Iterator[Artifact]:
    if is_family(model):
        for part in artifacts.parts(model).parts:
            yield from _parts(artifacts, part)
    else:
        yield model


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A model as a step returned it and as it goes out, and the split that it was judged on."""

    name: str
    split: Artifact
    trained: Artifact
    served: Artifact


def outgoing(artifacts: Artifacts, run: RunRecord, node: Node, served: Artifact) -> list[Outgoing]:
    """The model of a step, or each of its family."""
    split, trained = run.steps[next(iter(node.inputs))].artifact, run.steps[node.name].artifact
    if not is_family(trained):
        return [Outgoing(node.name, split, trained, served)]
    splits: dict[Any, Artifact] = dict(artifacts.parts(split).items()) if node.each else {}
    pairs = zip(artifacts.parts(trained).items(), artifacts.parts(served).parts, strict=True)
    return [
        Outgoing(f"{node.name}[{key!r}]", splits.get(key, split), one, other) for (key, one), other in pairs
    ]
