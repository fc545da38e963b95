"""Artifacts: values kept once, under the digest of their content."""

from typing import Any

import msgspec

from fullcycle.kernel import Digest, Invalid
from fullcycle.record.codecs import Codecs, PlainCodec
from fullcycle.record.plain import read_plain
from fullcycle.record.ports import ObjectStore


class Artifact(msgspec.Struct, frozen=True):
    """Where a value is kept and what it is: equal ``content`` means equal values."""

    content: Digest
    object: Digest  # of the bytes that hold it
    codec: str
    size: int  # bytes


class Artifacts:
    """Values in an object store.

    >>> from fullcycle.record.memory import MemoryObjects
    >>> artifacts = Artifacts(MemoryObjects(), Codecs())
    >>> artifacts.load(artifacts.keep({"rows": [1, 2.5, None]}))
    {'rows': [1, 2.5, None]}
    """

    def __init__(self, objects: ObjectStore, codecs: Codecs) -> None:
        self.objects = objects
        self.codecs = codecs

    def keep(self, value: object) -> Artifact:
        """Store a value; durable when it returns.

        Raises:
            Invalid: where no codec stores such a value.
        """
        codec = self.codecs.of(value)
        data = codec.encode(value)
        return Artifact(codec.content(value, data), self.objects.put(data), codec.name, len(data))

    def load(self, artifact: Artifact, kind: Any = Any) -> Any:
        """The value again.

        Args:
            artifact: what ``keep`` returned.
            kind: the type wanted, such as ``list[Offer]``: structs and dataclasses come back
                as it, and as dicts where it is not given.

        Raises:
            Missing, Damaged: where its bytes are gone, or are not what was stored.
            Invalid: where the value is not of ``kind``.
        """
        data = self.objects.get(artifact.object)
        if artifact.codec != PlainCodec.name:
            return self.codecs.named(artifact.codec).decode(data)
        try:
            return read_plain(data, kind)
        except msgspec.ValidationError as error:
            raise Invalid(
                f"what is stored is no {kind}: {error}",
                f"artifact {artifact.content[:12]}…",
                "read it as the type it was stored as",
            ) from error
