"""A lookup as a service asks it: an index file, mapped into memory and never read as a whole.

The file holds each row as MessagePack behind its length and checksum; then, ordered by a
64-bit hash of their keys, the hashes and the places of the rows; and where the hashes begin
that share their first bits. A key is found in a handful of the hashes, and the row of
each that is equal is read and its own key compared, so nothing hangs on the hash being
good. A row whose bytes have changed since is told, not given. The last part of the file
says what is in it; its first says where that is, and the digest of all that follows.

Numbers are little-endian. Neither Polars nor NumPy is needed to read it.
"""

import mmap
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Optional, TypeVar
from zlib import crc32

import msgspec

from fullcycle.data.contract import Field, fields, schema
from fullcycle.data.lookup_key import LookupKey
from fullcycle.data.row import Row
from fullcycle.kernel import Damaged, Digest, Invalid, Pieces, digest_parts, digest_value, later

if TYPE_CHECKING:
    import hashlib
else:  # it brings OpenSSL, 4 MB of a supervisor's memory, which looks nothing up
    hashlib = later("hashlib")

R = TypeVar("R", bound=Row)

FORMAT = "lookup-index@1"
HEAD = struct.Struct("<8s32sQ")  # what it is, the digest of what follows it, where the last part begins
RECORD = struct.Struct("<II")  # length and checksum of a row
MAGIC = b"fc-index"
DIGESTED = 40  # the first byte that the digest is of
BUCKET = 8  # hashes that share their first bits, about
_PIECE = 1 << 20

encode_key = msgspec.msgpack.Encoder().encode
_from_bytes = int.from_bytes


class Footer(msgspec.Struct, frozen=True, kw_only=True):
    """What an index holds, and where; offsets in bytes."""

    format: str
    content: Digest  # of the lookup that it was made of
    contract: dict[str, Any]  # as fullcycle.data.schema tells it
    rows: int
    bits: int  # of a hash, by which its bucket is found
    starts: int  # 2**bits + 1 numbers: the first hash of each bucket
    hashes: int
    places: int


def index_digest(content: Digest) -> Digest:
    """The name of the index of a lookup with this content: it need not be made to be known."""
    return digest_parts(FORMAT, [content.encode()])


def contract_digest(contract: type[Row]) -> Digest:
    """A digest of what a contract says; another version of a class may say the same."""
    return _digest_of(schema(contract))


def _digest_of(told: Mapping[str, Any]) -> Digest:
    return digest_value("contract@1", told)


def key_bytes(key: bytes) -> bytes:
    """The eight bytes, a little-endian number, that a key is ordered by; it as ``encode_key`` gives it."""
    return hashlib.blake2b(key, digest_size=8).digest()


class ServedLookup(Generic[R]):
    """What ``fc.Lookup`` is in a service: the newest row per key, from an index file.

    It answers ``get(*key)`` and ``len``; the rows as a table stay with the step that made
    them. The file may be replaced or removed meanwhile, but must not be written to.

    Raises:
        Damaged: where the file is no index, or is not whole.
        Invalid: where its rows are of another contract.
    """

    def __init__(self, contract: type[R], path: Path) -> None:
        self.contract = contract
        self._key = LookupKey(contract)
        self._exact = self._key.exact
        with path.open("rb") as file:
            self._view = _mapped(file.fileno(), path)
        footer = _footer(self._view, path)
        if _digest_of(footer.contract) != contract_digest(contract):
            raise Invalid(
                f"its rows are no {contract.__name__}",
                f"the index of a lookup of {footer.contract.get('name')}",
                "release again: a release holds the contract of its lookups",
            )
        self.content = footer.content
        self._rows = footer.rows
        self._shift = 64 - footer.bits
        self._starts = self._view[footer.starts : footer.hashes].cast("Q")
        self._hashes = self._view[footer.hashes : footer.places].cast("Q")
        self._places = self._view[footer.places : footer.places + 8 * footer.rows].cast("Q")
        declared = fields(contract)
        kinds = tuple(_kind(field) for field in declared)
        self._decode = msgspec.msgpack.Decoder(tuple[kinds]).decode  # type: ignore[valid-type]  # of fields
        self._asked = itemgetter(*(at for at, field in enumerate(declared) if field.key))

    def get(self, *key: object) -> R | None:
        """The row of a key, None where there is none.

        Raises:
            Invalid: for fewer or more values than the key has fields, or of other types.
            Damaged: where the row's bytes are not those that were written.
        """
        asked = key[0] if len(key) == 1 and type(key[0]) is self._exact else self._key.of(key)
        try:
            number = _from_bytes(key_bytes(encode_key(asked)), "little")
        except (UnicodeEncodeError, OverflowError):  # no table holds such text, or such a number
            return None
        bucket = number >> self._shift
        end = self._starts[bucket + 1]
        at = bisect_left(self._hashes, number, self._starts[bucket], end)
        while at < end and self._hashes[at] == number:
            values = self._values(self._places[at])
            if self._asked(values) == asked:
                return self.contract(*values)
            at += 1
        return None

    def _values(self, place: int) -> tuple[Any, ...]:
        """The fields of the row at a place of the file."""
        try:
            length, sum_ = RECORD.unpack_from(self._view, place)
            data = self._view[place + RECORD.size : place + RECORD.size + length]
            if crc32(data) == sum_:
                values: tuple[Any, ...] = self._decode(data)
                return values
        except (struct.error, msgspec.MsgspecError) as error:
            raise self._damaged() from error
        raise self._damaged()

    def _damaged(self) -> Damaged:
        return Damaged("a row is not what was written", self._where, _ANEW)

    @property
    def _where(self) -> str:
        return f"the index of a lookup of {self.contract.__name__}"

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"<lookup of {self.contract.__name__}: {len(self):,} keys>"

    def __iter__(self) -> NoReturn:
        raise self._refused("its rows one after another")

    @property
    def frame(self) -> NoReturn:
        """Refused: the table stays with the step that made it."""
        raise self._refused("its table")

    def _refused(self, what: str) -> Invalid:
        return Invalid(
            f"a service asks a lookup by key; it has not {what}",
            f"a lookup of {self.contract.__name__}",
            "ask get(…); what needs all rows, such as a ranking, is for a step of the flow to make",
        )


def verify_index(path: Path) -> None:
    """Read an index through, and see that every byte is as it was written.

    Raises:
        Damaged: where one is not.
    """
    with path.open("rb") as file:
        head = file.read(HEAD.size)
    if not head.startswith(MAGIC) or len(head) < HEAD.size or HEAD.unpack(head)[1] != digest_of(path):
        raise _no_index(path, "its bytes are not those that were written")


def digest_of(path: Path) -> bytes:
    """The digest of an index's bytes, from ``DIGESTED`` on; in pieces, not through a map."""
    size = path.stat().st_size - DIGESTED
    return bytes.fromhex(digest_parts(FORMAT, [Pieces(size, _pieces(path))]))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(DIGESTED)
        yield from iter(partial(file.read, _PIECE), b"")


def _mapped(handle: int, path: Path) -> memoryview:
    try:
        return memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ))
    except ValueError as error:  # it is empty
        raise _no_index(path, "it is empty") from error


def _footer(view: memoryview, path: Path) -> Footer:
    """What an index says of itself, its parts following each other to the end of the file."""
    if len(view) < HEAD.size or bytes(view[: len(MAGIC)]) != MAGIC:
        raise _no_index(path, "it does not begin like one")
    _, _, start = HEAD.unpack_from(view)
    try:
        footer = msgspec.msgpack.decode(view[start:], type=Footer)
    except msgspec.MsgspecError as error:
        raise _no_index(path, "its last part cannot be read") from error
    lengths = (footer.hashes - footer.starts, footer.places - footer.hashes, start - footer.places)
    expected = (8 * (2**footer.bits + 1), 8 * footer.rows, 8 * footer.rows) if 0 <= footer.bits < 64 else ()
    if lengths != expected or footer.starts < HEAD.size or footer.format != FORMAT:
        raise _no_index(path, "its parts do not fit together")
    return footer


_ANEW = "publish it again: fullcycle refresh"


def _no_index(path: Path, why: str) -> Damaged:
    return Damaged(f"the index of a lookup is damaged: {why}", str(path), _ANEW)


def _kind(field: Field) -> Any:
    """The type that a field's values are read as; what the contract bounds was checked when it was made."""
    kind: Any = field.type if field.item is None else list[field.item]  # type: ignore[name-defined]
    return Optional[kind] if field.optional else kind  # noqa: UP045 - of a type known at run time only
