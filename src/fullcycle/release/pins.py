"""What a manifest pins, held against what is there: everything that goes out together, or nothing.

Whatever decides is read when a release is loaded, and what only tells of it (the brief, the
evaluation, the profile) is looked at, too: a release of which a part is gone could not be
explained, replayed or judged later.
"""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from fullcycle.code import Loaded
from fullcycle.data import Row, contract_digest
from fullcycle.kernel import Damaged, Digest, Invalid, Missing, UnknownName, digest_parts
from fullcycle.record import Artifact, ObjectStore, PlainCodec
from fullcycle.release.manifest import Manifest
from fullcycle.release.signature import Signature

_BY_BYTES = ("lightgbm-text@1", PlainCodec.name)
"""Codecs whose content is a digest of their bytes."""

_ANEW = "restore the record from a backup, or release again from the run it was made of"


def named(loaded: Loaded, reference: str) -> Any:
    """The object that ``"<module in the package>:<name>"`` names.

    Raises:
        UnknownName: where the module has none of that name.
    """
    module_name, _, name = reference.partition(":")
    module = loaded.module(module_name)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UnknownName.among(part, vars(found), where=f"module {module_name} of the release")
        found = getattr(found, part)
    return found


def contracts_of(signature: Signature) -> dict[str, Digest]:
    """What each contract says that a service's function is asked by, answers by, or asks models by."""
    answers = [one for one in (signature.answer, *get_args(signature.answer)) if _is_row(one)]
    asked = [*signature.models.values(), *signature.families.values(), *signature.live.values()]
    return {_reference(row): contract_digest(row) for row in (signature.row, *answers, *asked)}


def code_of(loaded: Loaded, references: Iterable[str]) -> dict[str, Digest]:
    """A digest per function of all code of the project that it reaches."""
    from fullcycle.code import own_code  # reads syntax trees: a service without features has no use for it

    return {
        reference: own_code(loaded.archive, *reference.split(":")) for reference in sorted(set(references))
    }


def require_pinned(objects: ObjectStore, manifest: Manifest) -> None:
    """Refuse a release of which an object is gone, or is not what it was.

    Raises:
        Missing, Damaged: naming what of the release it is.
    """
    for what, digest in _objects(manifest):
        _required(objects, what, digest)
    for what, artifact in _artifacts(manifest):
        _require_artifact(objects, what, artifact)


def require_same_code(manifest: Manifest, loaded: Loaded) -> None:
    """Refuse a release whose contracts or features are not those that it pins.

    Raises:
        Invalid: naming the one that differs.
        UnknownName: for one that its code does not have.
    """
    contracts = {name: contract_digest(named(loaded, name)) for name in manifest.contracts}
    features = code_of(loaded, manifest.features)
    for kind, pinned, found in (
        ("contract", manifest.contracts, contracts),
        ("code of the features", manifest.features, features),
    ):
        for name, digest in pinned.items():
            if found[name] != digest:
                raise Invalid(
                    f"the {kind} {name} is {found[name][:12]}, the release pins {digest[:12]}",
                    f"a release of {manifest.capability}, made from {manifest.capability}@{manifest.run}",
                    "release again: its code and its manifest were not made together",
                )


def _objects(manifest: Manifest) -> Iterator[tuple[str, Digest]]:
    """What is pinned besides code, models, lookups and golden rows, which whoever serves reads anyway."""
    yield "list of installed distributions", manifest.lock
    optional = {
        "brief": manifest.brief,
        "reference profile": manifest.profile,
        "configuration": manifest.configuration,
    }
    yield from ((what, digest) for what, digest in optional.items() if digest is not None)


def _artifacts(manifest: Manifest) -> Iterator[tuple[str, Artifact]]:
    yield from ((f"evaluation of {step}", one) for step, one in manifest.evaluation.items())
    decide = {
        **{f"model {name}": one.artifact for name, one in manifest.models.items()},
        **{f"value {name}": one for name, one in manifest.values.items()},
    }  # others are verified as they are read
    yield from ((what, one) for what, one in decide.items() if one.codec in _BY_BYTES)


def _require_artifact(objects: ObjectStore, what: str, artifact: Artifact) -> None:
    data = _required(objects, what, artifact.object)
    if artifact.codec in _BY_BYTES and digest_parts(artifact.codec, [data]) != artifact.content:
        raise Damaged(
            f"the {what} of the release is not the content that it pins",
            f"artifact {artifact.content[:12]}…",
            _ANEW,
        )


def _required(objects: ObjectStore, what: str, digest: Digest) -> bytes:
    try:
        return objects.get(digest)
    except (Missing, Damaged) as error:
        raise type(error)(f"the {what} of the release: {error.what}", error.where, _ANEW) from error


def _is_row(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Row)


def _reference(row: type[Row]) -> str:
    """A class by its module in the package, as functions are named."""
    return f"{row.__module__.partition('.')[2] or row.__module__}:{row.__qualname__}"
