"""Codecs: how what a step returns becomes bytes, and comes back equal.

Two digests tell two things apart: an object's digest is of its bytes; a content digest is
of what the value means, and differs wherever the values do.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from fullcycle.kernel import Digest, Invalid, UnknownName, digest_parts
from fullcycle.record.plain import foreign_field, is_plain, read_plain, write_plain
from fullcycle.record.ports import Codec

_LENGTH = 8  # bytes that tell how many bytes follow


class PlainCodec:
    """Numbers, text, dates, lists, dicts, structs and dataclasses of such: exact JSON."""

    name = "json@1"
    suffix = ".json"

    def matches(self, value: object) -> bool:
        """Whether it is plain data all through."""
        return is_plain(value)

    def encode(self, value: Any) -> bytes:
        """The value as JSON."""
        return write_plain(value)

    def decode(self, data: bytes) -> Any:
        """The value again, structs and dataclasses as dicts."""
        return read_plain(data)

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the JSON; the order of a dict's keys counts, since a loop would see it."""
        return digest_parts(self.name, [data])


class BytesCodec:
    """Bytes, as they are."""

    name = "bytes@1"
    suffix = ".bin"

    def matches(self, value: object) -> bool:
        """Whether it is bytes."""
        return type(value) is bytes

    def encode(self, value: bytes) -> bytes:
        """The bytes."""
        return value

    def decode(self, data: bytes) -> bytes:
        """The bytes."""
        return data

    def content(self, value: bytes, data: bytes) -> Digest:
        """Digest of the bytes."""
        return digest_parts(self.name, [data])


class _Contents(msgspec.Struct, frozen=True):
    """What a bundle says of itself: how its parts are joined, and each part's codec and size."""

    shape: str  # dict, list or tuple
    keys: str  # plain JSON
    codecs: list[str]
    sizes: list[int]


class BundleCodec:
    """A dict, list or tuple whose values other codecs store, such as ``{"a": DataFrame}``."""

    name = "bundle@1"
    suffix = ".bundle"

    def __init__(self, codecs: "Codecs") -> None:
        self._codecs = codecs

    def matches(self, value: object) -> bool:
        """Whether it is a container, and each part has a codec."""
        if type(value) not in (dict, list, tuple):
            return False
        keys, parts = _taken_apart(value)
        return is_plain(keys) and all(self._codecs.find(part) is not None for part in parts)

    def encode(self, value: Any) -> bytes:
        """The contents, then the parts, each after its length."""
        keys, parts = _taken_apart(value)
        codecs = [self._codecs.of(part) for part in parts]
        bodies = [codec.encode(part) for codec, part in zip(codecs, parts, strict=True)]
        contents = _Contents(
            type(value).__name__,
            write_plain(keys).decode(),
            [codec.name for codec in codecs],
            [len(body) for body in bodies],
        )
        header = msgspec.json.encode(contents)
        return b"".join([len(header).to_bytes(_LENGTH, "little"), header, *bodies])

    def decode(self, data: bytes) -> Any:
        """The container again."""
        contents, bodies = _split(data)
        parts = [
            self._codecs.named(name).decode(body) for name, body in zip(contents.codecs, bodies, strict=True)
        ]
        if contents.shape == "dict":
            return dict(zip(read_plain(contents.keys.encode()), parts, strict=True))
        return tuple(parts) if contents.shape == "tuple" else parts

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the parts' contents in their order, with their keys and codecs."""
        contents, bodies = _split(data)
        _, parts = _taken_apart(value)
        told = (
            f"{name} {self._codecs.named(name).content(part, body)}".encode()
            for name, part, body in zip(contents.codecs, parts, bodies, strict=True)
        )
        return digest_parts(self.name, [contents.shape.encode(), contents.keys.encode(), *told])


class Codecs:
    """The codecs that are known: those built in, and those registered later, which go first."""

    def __init__(self) -> None:
        self._codecs: list[Codec] = [BytesCodec(), PlainCodec(), BundleCodec(self)]

    def register(self, codec: Codec) -> None:
        """Add a codec; it is asked before those already known.

        Raises:
            Invalid: where its name is taken.
        """
        if any(codec.name == known.name for known in self._codecs):
            raise Invalid(
                f"there is a codec {codec.name!r} already", "registering a codec", "raise its version"
            )
        self._codecs.insert(0, codec)

    def find(self, value: object) -> Codec | None:
        """The codec that stores a value, if one does."""
        return next((codec for codec in self._codecs if codec.matches(value)), None)

    def of(self, value: object) -> Codec:
        """The codec that stores a value.

        Raises:
            Invalid: where none does; says which part of the value stands in the way.
        """
        try:
            codec = self.find(value)
        except RecursionError as error:
            raise Invalid(
                "what was returned holds itself, or is nested too deeply",
                "storing an artifact",
                "return flat data: a list of rows, a table",
            ) from error
        if codec is None:
            path, culprit = self._culprit(value, "what was returned")
            kind = f"{type(culprit).__module__}.{type(culprit).__qualname__}"
            raise Invalid(
                f"{path} is a {kind}, which nothing here knows how to store",
                "storing an artifact",
                "return numbers, text, dates, tables, models, plain dataclasses, or lists and dicts of these",
            )
        return codec

    def named(self, name: str) -> Codec:
        """The codec of a name.

        Raises:
            UnknownName: where there is none.
        """
        for codec in self._codecs:
            if codec.name == name:
                return codec
        raise UnknownName.among(
            name, [codec.name for codec in self._codecs], where="the codecs that are installed"
        )

    def _culprit(self, value: object, path: str) -> tuple[str, object]:
        """The innermost part of a value that has no codec."""
        for place, part in _places(value, path):
            if self.find(part) is None:
                return self._culprit(part, place)
        return foreign_field(value, path)


def _places(value: object, path: str) -> Iterator[tuple[str, object]]:
    if type(value) is dict:
        yield from ((f"{path}[{key!r}]", part) for key, part in value.items())
    elif type(value) in (list, tuple):
        _, parts = _taken_apart(value)
        yield from ((f"{path}[{n}]", part) for n, part in enumerate(parts))


def _taken_apart(value: Any) -> tuple[list[Any], list[Any]]:
    """Keys and parts of a container; a list has no keys."""
    return (list(value), list(value.values())) if type(value) is dict else ([], list(value))


def _split(data: bytes) -> tuple[_Contents, list[bytes]]:
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    contents = msgspec.json.decode(data[_LENGTH:start], type=_Contents)
    bodies = []
    for size in contents.sizes:
        bodies.append(data[start : start + size])
        start += size
    return contents, bodies
