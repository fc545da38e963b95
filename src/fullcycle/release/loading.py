"""A release brought back to life from its manifest: code, models and values, each verified by digest."""

import functools
import inspect
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_origin

import msgspec

from fullcycle.code import Archive, Loaded, load, lock
from fullcycle.data import Row, contract_digest
from fullcycle.experiment import Admission, ExperimentSpec
from fullcycle.kernel import Digest, Invalid, Misconfigured, UnknownName
from fullcycle.record import Artifacts, Codecs, ObjectStore
from fullcycle.release.live import contents, open_live
from fullcycle.release.loaded import Call, LoadedRelease, Policy
from fullcycle.release.manifest import Manifest, PinnedEvents, PinnedModel
from fullcycle.release.pins import named, require_pinned, require_same_code
from fullcycle.release.predicting import Encoder, Predictor, ReleasedModel
from fullcycle.release.signature import Signature, read_signature

_Asked = tuple[str, type[Row]]  # the parameter that asks for what is live, and its contract there


def load_release(
    objects: ObjectStore, digest: Digest, codecs: Codecs, *, root: Path | None = None
) -> LoadedRelease:
    """Load a release; ``codecs`` read a stored model as a ``Predictor``.

    ``root`` is where the project's files would be, for the lines of tracebacks.

    Raises:
        Misconfigured: where Python or a distribution it stands on differs from here.
        Missing, Damaged: where an object it pins is gone, or is not what was stored.
        Invalid, UnknownName: where its parts do not fit together.
    """
    manifest = Manifest.from_bytes(objects.get(digest))
    require_surroundings(manifest)
    require_pinned(objects, manifest)
    loaded = load(Archive.from_bytes(objects.get(manifest.archive)), root=root)
    parts = _Parts(manifest, loaded, Artifacts(objects, codecs))
    experiment = manifest.experiment
    arms = experiment.arms if experiment is not None else {}
    names = [manifest.service, *([manifest.fallback] if manifest.fallback else []), *arms.values()]
    policies = {name: parts.policy(name) for name in dict.fromkeys(names)}
    require_same_code(manifest, loaded)
    _require_alike(manifest.service, policies)
    if experiment is not None:
        _require_fields(experiment, policies[manifest.service].row)
    return LoadedRelease(
        digest,
        manifest,
        policies[manifest.service],
        policies[manifest.fallback] if manifest.fallback else None,
        {arm: policies[name] for arm, name in arms.items()},
        contents(manifest.lookups),
        {name: _posted(loaded, name, pinned) for name, pinned in manifest.events.items()},
        codecs,
    )


def _require_fields(experiment: ExperimentSpec, row: type[Row]) -> None:
    """Refuse an experiment over what no request holds: its unit, and what its condition asks."""
    known = row.__struct_fields__
    if experiment.unit not in known:
        where = f"the request, whose units experiment {experiment.name} randomises"
        raise UnknownName.among(experiment.unit, known, where=where)
    for name in Admission.of(experiment).fields:
        if name not in known:
            where = f"the request, which the condition of experiment {experiment.name} asks"
            raise UnknownName.among(name, known, where=where)


def _posted(loaded: Loaded, name: str, pinned: PinnedEvents) -> type[Row]:
    contract: type[Row] = named(loaded, pinned.reference)
    if contract_digest(contract) != pinned.contract:
        raise Invalid(
            f"{pinned.reference} is not the contract that was released",
            f"the events {name}",
            "make a release of a new run",
        )
    return contract


def python_version() -> str:
    """The minor version of Python that runs here, such as ``"3.11"``."""
    return ".".join(platform.python_version_tuple()[:2])


def require_surroundings(manifest: Manifest) -> None:
    """Refuse to load a release where it would not be the same.

    Raises:
        Misconfigured: naming each difference.
    """
    differences = [
        f"{name} {released}, here {here or 'not installed'}"
        for name, released in {"Python": manifest.python, **manifest.distributions}.items()
        if (here := python_version() if name == "Python" else _installed(name)) != released
    ]
    if differences:
        raise Misconfigured(
            f"the release was made with {'; '.join(differences)}",
            f"a release of {manifest.capability}, made from {manifest.capability}@{manifest.run}",
            "install what it was made with, or release anew from a run made here",
        )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a manifest pins, opened on demand."""

    manifest: Manifest
    loaded: Loaded
    artifacts: Artifacts
    opened: dict[_Asked, Any] = field(default_factory=dict)  # what is live; policies share it
    made: dict[str, Any] = field(default_factory=dict)  # what models are of, by parameter; shared alike

    def policy(self, reference: str) -> Policy:
        function = named(self.loaded, reference)
        signature = read_signature(function, reference)
        given = {
            **{name: self._model(name, row) for name, row in signature.models.items()},
            **{name: self._family(name, row) for name, row in signature.families.items()},
            **{name: self._live(name, row) for name, row in signature.live.items()},
            **{name: self._value(name, kind) for name, kind in signature.values.items()},
            **self._parameters(signature),
        }
        plain = getattr(function, "function", function)
        return Policy(
            reference=reference,
            says=inspect.getdoc(plain) or "",
            row=signature.row,
            kind=get_origin(signature.answer) or signature.answer,
            promises=_told(signature.answer),
            answer=msgspec.json.Decoder(signature.answer),
            answer_type=signature.answer,
            call=_bound(plain, signature.draws, given),
            given=given,
            bind=partial(_bound, plain, signature.draws),
            lookups=signature.lookups,
            bandits=signature.bandits,
        )

    def _model(self, name: str, row: type[Row]) -> ReleasedModel:
        pinned = self._pinned(name)
        return self._released(pinned, self._encoder(pinned, row), self._made(name))

    def _family(self, name: str, row: type[Row]) -> dict[str, ReleasedModel]:
        pinned = self._pinned(name)
        encode = self._encoder(pinned, row)
        family = self._made(name)
        if not isinstance(family, dict):
            raise Invalid(
                f"step {pinned.step} made one model, {name} asks for a family of them",
                f"the parameter {name} of the service",
                f"annotate it fc.Model[{row.__name__}]",
            )
        return {key: self._released(pinned, encode, member) for key, member in family.items()}

    def _encoder(self, pinned: PinnedModel, row: type[Row]) -> Encoder:
        features = named(self.loaded, pinned.features)
        if features.row is not row:
            raise Invalid(
                f"model {pinned.step} is asked by {row.__name__}, but learnt from {features.row.__name__}",
                f"the features {pinned.features}",
                f"annotate the parameter fc.Model[{features.row.__name__}]",
            )
        encode: Encoder = features.encode
        return encode

    def _released(self, pinned: PinnedModel, encode: Encoder, predictor: Any) -> ReleasedModel:
        if not isinstance(predictor, Predictor):
            raise Invalid(
                f"what step {pinned.step} made is a {type(predictor).__name__}, which cannot be asked",
                f"an artifact stored as {pinned.artifact.codec}",
                "annotate the parameter with what the step returns",
            )
        return ReleasedModel(pinned.step, encode, predictor)

    def _made(self, name: str) -> Any:
        if name not in self.made:
            self.made[name] = self.artifacts.load(self._pinned(name).artifact)
        return self.made[name]

    def _pinned(self, name: str) -> PinnedModel:
        if name not in self.manifest.models:
            raise UnknownName.among(name, self.manifest.models, where="the models of this release")
        return self.manifest.models[name]

    def _live(self, name: str, row: type[Row]) -> Any:
        if (name, row) not in self.opened:
            if name not in self.manifest.lookups:
                raise UnknownName.among(name, self.manifest.lookups, where="the lookups of this release")
            pinned = self.manifest.lookups[name]
            self.opened[name, row] = open_live(self.artifacts, name, pinned, row)
        return self.opened[name, row]

    def _value(self, name: str, kind: Any) -> Any:
        if name not in self.manifest.values:
            raise UnknownName.among(name, self.manifest.values, where="the values of this release")
        return self.artifacts.load(self.manifest.values[name], kind)

    def _parameters(self, signature: Signature) -> dict[str, Any]:
        frozen = self.manifest.parameters
        for name in signature.parameters:
            if name not in frozen and name not in signature.defaults:
                raise UnknownName.among(name, frozen, where="the parameters that this release froze")
        return {
            name: _converted(name, frozen[name], kind)
            for name, kind in signature.parameters.items()
            if name in frozen
        }


def _converted(name: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"the frozen parameter {name} is not what its annotation says: {error}",
            "the release's parameters",
            "release it with a value of that type",
        ) from error


def _bound(function: Callable[..., Any], draws: tuple[str, ...], given: Mapping[str, Any]) -> Call:
    """``function`` as ``call(row, draw)``."""
    if not draws:
        return lambda row, draw: function(row, **given)
    return lambda row, draw: function(row, **given, **dict.fromkeys(draws, draw))


def _require_alike(service: str, policies: Mapping[str, Policy]) -> None:
    """All that may answer a capability's request take the same row and promise the same answer."""
    first = policies[service]
    for name, policy in policies.items():
        if policy.row is not first.row or policy.answer_type != first.answer_type:
            raise Invalid(
                f"{name} takes {policy.row.__name__} and returns {policy.promises}; "
                f"{service} takes {first.row.__name__} and returns {first.promises}",
                "the functions of one capability",
                "let service, fallback and arms take the same request and return the same answer",
            )


def _told(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else f"list[{kind.__args__[0].__name__}]"


@functools.cache  # a process stands on what it began with, whatever is installed meanwhile
def _installed(distribution: str) -> str | None:
    return lock().get(distribution)
