"""How trees in our own form are stored: a head as JSON, and their nodes' arrays, little-endian."""

import sys
from array import array
from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.adapters.reading_codec import ReadingCodec
from fullcycle.adapters.trees_native import Nodes, TreesHead, TreesPredictor, fit_together
from fullcycle.kernel import Digest, digest_parts
from fullcycle.record import joined, parted, unreadable

_FIRST = {"roots": "i", "feature": "i", "number": "d", "left": "i", "right": "i", "missing_left": "B"}
_TYPES = {**_FIRST, "cover": "d", "chosen": "i", "categories": "B"}
_WHAT = "trees"


class TreesCodec:
    """Stores an ensemble of trees: never a pickle."""

    name = "trees@2"
    suffix = ".trees"

    def matches(self, value: object) -> bool:
        """Whether it is an ensemble of trees in our own form."""
        return isinstance(value, TreesPredictor)

    def encode(self, value: TreesPredictor) -> bytes:
        """The head, then each array."""
        arrays = [_ordered(getattr(value.nodes, name)).tobytes() for name in _TYPES]
        return joined([msgspec.json.encode(value.head), *arrays])

    def decode(self, data: bytes) -> TreesPredictor:
        """Read an ensemble.

        Raises:
            Damaged: where it is none.
        """
        return _read(data, _TYPES)

    def content(self, value: TreesPredictor, data: bytes) -> Digest:
        """Digest of the head and the arrays."""
        return digest_parts(self.name, [data])


def first_trees_codec() -> ReadingCodec:
    """Reads what was released as ``trees@1``: without categories, and without what explains a row."""
    return ReadingCodec("trees@1", ".trees", lambda data: _read(data, _FIRST))


def _read(data: bytes, types: Mapping[str, str]) -> TreesPredictor:
    written, *parts = parted(data, len(types) + 1, _WHAT)
    try:
        head = msgspec.json.decode(written, type=TreesHead)
        read: dict[str, array[Any]] = {name: array(kind) for name, kind in types.items()}
        for one, part in zip(read.values(), parts, strict=True):
            one.frombytes(part)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise unreadable(_WHAT, error) from error
    nodes = Nodes(**{name: _ordered(one) for name, one in read.items()})
    if not fit_together(head, nodes):
        raise unreadable(_WHAT, "its parts do not fit together")
    return TreesPredictor(head, nodes)


def _ordered(one: "array[Any]") -> "array[Any]":
    """The array with its numbers' bytes in the order that is stored."""
    if sys.byteorder == "little":
        return one
    turned = one[:]
    turned.byteswap()
    return turned
