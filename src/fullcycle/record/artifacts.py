"""Artifacts: values kept once, under the digest of their content."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.kernel import Damaged, Digest, Invalid, Missing, digest_parts
from fullcycle.record.codecs import BundleCodec, Codecs, PlainCodec
from fullcycle.record.family import NAME as FAMILY
from fullcycle.record.family import Artifact, Family, part_kinds, taken_apart
from fullcycle.record.plain import read_plain
from fullcycle.record.ports import Codec, FittedCodec, MappedCodec, ObjectStore, VouchedCodec

_AGAIN = "run again what made it"


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

    def keep(self, value: Any, codec: Codec | None = None, *, lasting: bool = True) -> Artifact:
        """Store a value; durable when the fact that names it is.

        A dict, list or tuple that holds more than plain data is stored part by part. The
        codec is the one that knows such a value, unless one is given. A large table that is
        not ``lasting`` may go with a loss of power in the moments after, which is found when
        it is read: for what can be made again.

        Raises:
            Invalid: where no codec stores such a value.
        """
        codec = codec if codec is not None else self.codecs.of(value)
        if isinstance(codec, BundleCodec):
            shape, keys, parts = taken_apart(value)
            return self.keep_family(
                Family.of(shape, keys, [self.keep(part, lasting=lasting) for part in parts])
            )
        if isinstance(codec, MappedCodec) and not codec.is_small(value):
            content = (codec.content_vouched if isinstance(codec, VouchedCodec) else codec.content)(value)
            name = _file_name(codec.name, content)
            size = self.objects.write(name, partial(codec.write, value), lasting=lasting)
            return Artifact(content, name, codec.name, size)
        data = codec.encode(value)
        return Artifact(codec.content(value, data), self.objects.put(data), codec.name, len(data))

    def keep_family(self, family: Family) -> Artifact:
        """Store the index of parts that are stored already."""
        return Artifact(family.content, self.objects.put(family.to_bytes()), FAMILY, family.size)

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
        if artifact.codec == FAMILY:
            family = self._family(artifact)
            kinds = part_kinds(kind, len(family.parts))
            parts = zip(family.parts, kinds, strict=True)
            return family.joined([self.load(part, kind) for part, kind in parts])
        if artifact.object == _file_name(artifact.codec, artifact.content):
            return self._mapped(artifact)
        data = self.objects.get(artifact.object)
        if artifact.codec != PlainCodec.name:
            codec = self.codecs.named(artifact.codec)
            value = codec.decode(data)
            return codec.fit(value, kind) if isinstance(codec, FittedCodec) else value
        try:
            return read_plain(data, kind)
        except msgspec.ValidationError as error:
            raise Invalid(
                f"what is stored is no {kind}: {error}",
                f"artifact {artifact.content[:12]}…",
                "read it as the type it was stored as",
            ) from error

    def parts(self, artifact: Artifact, kind: Any = Any) -> Family:
        """The parts of a dict, list or tuple, each an artifact; plain ones are stored now."""
        if artifact.codec == FAMILY:
            return self._family(artifact)
        shape, keys, values = taken_apart(self.load(artifact, kind))
        return Family.of(shape, keys, [self.keep(value) for value in values])

    def has(self, artifact: Artifact) -> bool:
        """Whether all of it is there, and its codec known here: one that has changed reads no more of it."""
        if not self.objects.has(artifact.object) or not (artifact.codec == FAMILY or self.knows(artifact)):
            return False
        if artifact.codec != FAMILY:
            return True
        try:
            parts = self._family(artifact).parts
        except (Missing, Damaged):  # of an index that cannot be read, nothing is there
            return False
        return all(self.has(part) for part in parts)

    def knows(self, artifact: Artifact) -> bool:
        """Whether the codecs that stored it and its parts are known here; theirs may have changed since."""
        if artifact.codec == FAMILY:
            return all(self.knows(part) for part in self._family(artifact).parts)
        return self.codecs.knows(artifact.codec)

    def each_object(self, artifact: Artifact) -> Iterator[Digest]:
        """The objects that hold an artifact and its parts, of those that are there."""
        yield artifact.object
        if artifact.codec == FAMILY and self.objects.has(artifact.object):
            for part in self._family(artifact).parts:
                yield from self.each_object(part)

    def give_up(self, artifact: Artifact) -> None:
        """Remove what of an artifact cannot be read, so that storing it again mends it."""
        parts = self._readable_parts(artifact)
        for part in parts:
            self.give_up(part)
        if artifact.codec == FAMILY and parts:
            return
        try:
            self.load(artifact)
        except (Missing, Damaged):
            self.objects.remove(artifact.object)

    def verify(self, artifact: Artifact, kind: Any = Any) -> bool:
        """Whether what is stored still has the content that it had: reads all of it."""
        value = self.load(artifact, kind)
        if artifact.codec == FAMILY:
            return all(self.verify(part) for part in self._family(artifact).parts)
        codec = self.codecs.named(artifact.codec)
        data = None if isinstance(codec, MappedCodec) else self.objects.get(artifact.object)
        return codec.content(value, data) == artifact.content  # type: ignore[arg-type]  # a mapped one needs no bytes

    def _readable_parts(self, artifact: Artifact) -> list[Artifact]:
        if artifact.codec != FAMILY:
            return []
        try:
            return self._family(artifact).parts
        except (Missing, Damaged):
            return []

    def _family(self, artifact: Artifact) -> Family:
        return Family.from_bytes(self.objects.get(artifact.object))

    def _mapped(self, artifact: Artifact) -> Any:
        """A value from its own file, which is not read as a whole: its size and its form are checked."""
        path = self.objects.path(artifact.object)
        where = f"artifact {artifact.content[:12]}…"
        if path is None:
            raise Missing(f"the file of {where} is not there", where, _AGAIN)
        size = path.stat().st_size
        if size != artifact.size:
            raise Damaged(
                f"the file of {where} has {size:,} bytes, {artifact.size:,} were stored", str(path), _AGAIN
            )
        codec = self.codecs.named(artifact.codec)
        if not isinstance(codec, MappedCodec):
            raise Invalid(f"{artifact.codec} maps no files", where, "install the fullcycle that stored it")
        if not self.objects.is_sealed(artifact.object):
            self._verify_file(artifact, path)
        value = codec.read(path)
        if isinstance(codec, VouchedCodec) and self.objects.is_sealed(
            artifact.object
        ):  # asked after it is mapped
            codec.vouch(value, artifact.content)
        return value

    def _verify_file(self, artifact: Artifact, path: Path) -> None:
        """See that a file that somebody wrote to, or brought back, still holds what was stored."""
        codec = self.codecs.named(artifact.codec)
        data = path.read_bytes()
        if codec.content(codec.decode(data), data) != artifact.content:
            raise Damaged(
                f"the file of artifact {artifact.content[:12]}… is not what was stored", str(path), _AGAIN
            )
        self.objects.seal(artifact.object)


def _file_name(codec: str, content: Digest) -> Digest:
    """The name of a value's own file: a digest of what it means, which need not be read to be known."""
    return digest_parts("file@1", [codec.encode(), content.encode()])
