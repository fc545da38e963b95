"""A family: a dict, list or tuple whose parts are artifacts of their own.

What differs in one part is stored, digested and learnt again for that part alone.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

import msgspec

from fullcycle.kernel import Digest, digest_parts
from fullcycle.record.plain import read_plain, write_plain

NAME = "family@1"

Key = Any
"""A key of a dict, or a position."""


class Artifact(msgspec.Struct, frozen=True):
    """Where a value is kept and what it is: equal ``content`` means equal values."""

    content: Digest
    object: Digest  # of the bytes that hold it, or of its content where it is a file of its own
    codec: str
    size: int  # bytes


class Family(msgspec.Struct, frozen=True):
    """The index of a family: its shape, the keys of a dict as plain JSON, and its parts in order."""

    shape: str  # dict, list or tuple
    keys: str
    parts: list[Artifact]

    @classmethod
    def of(cls, shape: str, keys: Sequence[Key], parts: Sequence[Artifact]) -> "Family":
        """A family with these parts; a list and a tuple have no keys of their own."""
        return cls(shape, write_plain(list(keys) if shape == "dict" else []).decode(), list(parts))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Family":
        """Read what ``to_bytes`` wrote."""
        return msgspec.json.decode(data, type=cls)

    def to_bytes(self) -> bytes:
        """The index as it is stored."""
        return msgspec.json.encode(self)

    @property
    def content(self) -> Digest:
        """Digest of the parts' contents in their order, with their keys and codecs."""
        told = (f"{part.codec} {part.content}".encode() for part in self.parts)
        return digest_parts(NAME, [self.shape.encode(), self.keys.encode(), *told])

    @property
    def size(self) -> int:
        """Bytes of all its parts."""
        return sum(part.size for part in self.parts)

    def items(self) -> list[tuple[Key, Artifact]]:
        """Each part by its key, or by its position."""
        keys = read_plain(self.keys.encode()) if self.shape == "dict" else range(len(self.parts))
        return list(zip(keys, self.parts, strict=True))

    def joined(self, values: Sequence[Any]) -> Any:
        """The container, of the values of its parts."""
        if self.shape == "dict":
            return dict(zip(read_plain(self.keys.encode()), values, strict=True))
        return tuple(values) if self.shape == "tuple" else list(values)


def taken_apart(value: Any) -> tuple[str, list[Key], list[Any]]:
    """Shape, keys and parts of a container."""
    if isinstance(value, Mapping):
        return "dict", list(value), list(value.values())
    return type(value).__name__, list(range(len(value))), list(value)


def part_kinds(kind: Any, count: int) -> list[Any]:
    """The types that an annotation gives the parts of a container: ``T`` of ``dict[str, T]``."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    origin, args = get_origin(kind), get_args(kind)
    if origin is tuple and args and Ellipsis not in args and len(args) == count:
        return list(args)
    if isinstance(origin, type) and args:
        return [args[1] if issubclass(origin, Mapping) and len(args) == 2 else args[0]] * count
    return [Any] * count
