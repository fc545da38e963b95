"""Lookups in the artifact store: what their contract says, then their rows as an Arrow table."""

from typing import Any, get_args, get_origin

import msgspec

from fullcycle.data.canonical import table_digest
from fullcycle.data.codec import FrameCodec
from fullcycle.data.contract import schema, unwrapped
from fullcycle.data.published import Lookup
from fullcycle.data.restored import restored
from fullcycle.data.row import Row
from fullcycle.kernel import Damaged, Digest, digest_parts

_LENGTH = 8  # bytes that tell how long the contract is


class LookupCodec:
    """Stores a ``Lookup``; it comes back with the contract that is asked for.

    Where none is, as in a notebook, it is made of what the lookup's own one said.
    """

    name = "lookup@1"
    suffix = ".lookup"

    def __init__(self) -> None:
        self._frames = FrameCodec()

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, Lookup)

    def encode(self, value: Lookup[Row]) -> bytes:
        """The contract after its length, then the table."""
        told = msgspec.json.encode(schema(value.contract))
        frame = self._frames.encode(value.frame.rechunk())
        return b"".join((len(told).to_bytes(_LENGTH, "little"), told, frame))

    def decode(self, data: bytes) -> Lookup[Row]:
        """Read a stored lookup.

        Raises:
            Damaged: where the bytes end too early.
        """
        start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
        try:
            told = msgspec.json.decode(data[_LENGTH:start])
        except msgspec.DecodeError as error:
            raise Damaged(
                "a stored lookup ends too early", "a lookup in the artifact store", "run the step again"
            ) from error
        return Lookup(restored(told), self._frames.decode(data[start:]))

    def fit(self, value: Lookup[Row], kind: Any) -> Lookup[Row]:
        """The lookup with the contract of ``fc.Lookup[Taste]``.

        Raises:
            Invalid: where that says something else than the contract it was stored with.
        """
        base, _, _ = unwrapped(kind)
        for contract in get_args(base) if get_origin(base) is Lookup else ():
            if isinstance(contract, type) and issubclass(contract, Row) and contract is not Row:
                return value.of(contract)
        return value

    def content(self, value: Lookup[Row], data: bytes) -> Digest:
        """Digest of what the contract says and of the table's content."""
        told = msgspec.json.encode(schema(value.contract))
        return digest_parts(self.name, [told, table_digest(value.frame).encode()])
