"""A dict, list or tuple whose values are no plain data, in one object: each part by its own codec."""

from typing import Any, Protocol

import msgspec

from fullcycle.kernel import Digest, digest_parts
from fullcycle.record.framing import unreadable
from fullcycle.record.plain import is_plain, read_plain, write_plain
from fullcycle.record.ports import Codec

_LENGTH = 8  # bytes that tell how many bytes follow


class Known(Protocol):
    """The codecs that store the parts."""

    def find(self, value: object) -> Codec | None:
        """The codec that stores a value, if one does."""
        ...

    def of(self, value: object) -> Codec:
        """The codec that stores a value; refuses where none does."""
        ...

    def named(self, name: str) -> Codec:
        """The codec of a name; refuses where there is none."""
        ...


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

    def __init__(self, codecs: Known) -> None:
        self._codecs = codecs

    def matches(self, value: object) -> bool:
        """Whether it is a container, and each part has a codec."""
        if type(value) not in (dict, list, tuple):
            return False
        keys, parts = taken_apart(value)
        return is_plain(keys) and all(self._codecs.find(part) is not None for part in parts)

    def encode(self, value: Any) -> bytes:
        """The contents, then the parts, each after its length."""
        keys, parts = taken_apart(value)
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
        """The container again.

        Raises:
            Damaged: where the bytes are no bundle.
        """
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
        _, parts = taken_apart(value)
        told = (
            f"{name} {self._codecs.named(name).content(part, body)}".encode()
            for name, part, body in zip(contents.codecs, parts, bodies, strict=True)
        )
        return digest_parts(self.name, [contents.shape.encode(), contents.keys.encode(), *told])


def taken_apart(value: Any) -> tuple[list[Any], list[Any]]:
    """Keys and parts of a container; a list has no keys."""
    return (list(value), list(value.values())) if type(value) is dict else ([], list(value))


def _split(data: bytes) -> tuple[_Contents, list[bytes]]:
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    try:
        contents = msgspec.json.decode(data[_LENGTH:start], type=_Contents)
    except msgspec.DecodeError as error:
        raise unreadable("a bundle", error) from error
    if start + sum(contents.sizes) != len(data):
        raise unreadable("a bundle", f"{len(data):,} bytes that end in the wrong place")
    bodies = []
    for size in contents.sizes:
        bodies.append(data[start : start + size])
        start += size
    return contents, bodies
