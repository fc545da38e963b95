"""The manifest: everything that goes out together, pinned by digest.

It is JSON, an object in the store, and its digest names the release's content. Nothing that
decides is outside it. What differs between environments and decides nothing (how many workers,
limits, tokens) is not pinned: it stands in ``fullcycle.toml``. Formats 1 and 2 are read by
every later version; a manifest is written again in the format that it had.
"""

from typing import Any

import msgspec

from fullcycle.experiment import ExperimentSpec, said
from fullcycle.kernel import Card, Damaged, Digest, Invalid
from fullcycle.record import Artifact, ObjectStore

FORMAT = 2

BANDIT = "bandit@1"
"""The codec of bandits, by its name alone: a service without one does not load it."""

_SINCE = {
    "lookups": 2,
    "events": 2,
    "contracts": 2,
    "features": 2,
    "configuration": 2,
    "over": 2,
    "into": 2,
}  # the format that a field came with, where that is not the first

_CANONICAL = msgspec.json.Encoder(order="sorted")


class PinnedModel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step learnt, in the form that a service asks, and the feature set it is asked by.

    ``trained`` is what the step returned, where that is another form.
    """

    artifact: Artifact
    features: str  # "winback.rows:traits"
    step: str
    trained: Artifact | None = None


class PinnedLookup(msgspec.Struct, frozen=True, kw_only=True):
    """A lookup that a step made, and the index that a service asks it by; or a bandit, asked as it is."""

    artifact: Artifact
    index: Digest  # object: see fullcycle.data.index; of a bandit, the artifact's own
    size: int  # of the index, in bytes
    rows: int  # of a bandit: the decisions that it was learnt from
    contract: Digest  # of what its contract says
    step: str

    @property
    def is_bandit(self) -> bool:
        """Whether it is a bandit, and no lookup."""
        return self.artifact.codec == BANDIT

    @property
    def noun(self) -> str:
        """What it is."""
        return "bandit" if self.is_bandit else "lookup"

    @property
    def holds(self) -> str:
        """How much is in it."""
        return f"{self.rows:,} decisions" if self.is_bandit else f"{self.rows:,} keys"


class PinnedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are posted to the service, and what each must be."""

    reference: str  # "winback.rows:Click"
    contract: Digest  # of what it says


class GoldenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what each function answered when the release was made."""

    id: str  # the decision's id, which all its draws are a function of
    request: dict[str, Any]
    answers: dict[str, Any]  # by function: "winback.service:choose"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A release's content; functions are named ``"<module in the package>:<name>"``."""

    format: int = FORMAT
    capability: str
    package: str
    run: int
    archive: Digest  # object: the project's files
    python: str  # "3.11": bytecode, floats and hashes are those of a minor version
    lock: Digest  # object: every distribution that was installed, name → version
    distributions: dict[str, str]  # those that deciding stands on: they must be the same here
    service: str
    fallback: str | None = None
    over: str = ""  # the step whose rows it is scored over, where it is not served
    into: str = ""  # the table of the warehouse that the answers then go to
    models: dict[str, PinnedModel] = {}  # by parameter
    values: dict[str, Artifact] = {}  # by parameter: what else a step returned
    lookups: dict[
        str, PinnedLookup
    ] = {}  # by parameter, bandits too; live: others of their contract take their place
    events: dict[str, PinnedEvents] = {}  # by the name that is posted to
    parameters: dict[str, Any] = {}  # keyword-only parameters, frozen
    contracts: dict[str, Digest] = {}  # of what each says: the request's, the answer's, what models see
    features: dict[str, Digest] = {}  # by feature set: of all code of the project that it reaches
    golden: Digest = ""  # object: a list of GoldenRow; empty in a draft, which nobody may deploy
    brief: Digest | None = None  # object
    configuration: Digest | None = None  # object: the flow's parameters as the run had them
    profile: Digest | None = None  # object: what the inputs looked like in training
    evaluation: dict[str, Artifact] = {}  # by step
    experiment: ExperimentSpec | None = None

    def _repr_html_(self) -> str:
        return _card(self).html()

    def to_bytes(self) -> bytes:
        """The canonical bytes: what is stored, and whose digest names them."""
        newer = [name for name, since in _SINCE.items() if since > self.format]
        told = {name: getattr(self, name) for name in self.__struct_fields__ if name not in newer}
        if self.experiment is not None:
            told["experiment"] = said(self.experiment)
        return _CANONICAL.encode(told)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read a stored manifest.

        Raises:
            Invalid: where a later version of fullcycle wrote it.
            Damaged: where it is no manifest.
        """
        try:
            written = msgspec.json.decode(data, type=_Written).format
            if written <= FORMAT:
                return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Damaged(
                f"not readable as a manifest: {str(error)[:200]}",
                f"an object of {len(data):,} bytes",
                "see that the reference points at a release",
            ) from error
        raise Invalid(
            f"the manifest has format {written}, this version reads up to {FORMAT}",
            "the release's manifest",
            "upgrade fullcycle here: python -m pip install --upgrade fullcycle",
        )


def _card(manifest: Manifest) -> Card:
    models = [
        (name, one.step, one.features, one.artifact.content[:12]) for name, one in manifest.models.items()
    ]
    told = {
        "from": f"{manifest.capability}@{manifest.run}",
        "service": manifest.service,
        "fallback": manifest.fallback or "none",
        "needs": f"Python {manifest.python}, {len(manifest.distributions)} distributions",
    }
    return Card(f"Release of {manifest.capability}", told, ("model", "step", "features", "content"), models)


class _Written(msgspec.Struct):
    format: int


def keep_manifest(objects: ObjectStore, manifest: Manifest) -> Digest:
    """Store a manifest; its object's digest names the release's content."""
    return objects.put(manifest.to_bytes())


def keep_golden(objects: ObjectStore, rows: list[GoldenRow]) -> Digest:
    """Store golden rows."""
    return objects.put(_CANONICAL.encode(rows))


def golden_rows(objects: ObjectStore, manifest: Manifest) -> list[GoldenRow]:
    """The golden rows that a manifest pins; none in a draft."""
    if not manifest.golden:
        return []
    return msgspec.json.decode(objects.get(manifest.golden), type=list[GoldenRow])
