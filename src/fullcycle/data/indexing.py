"""Making the index file of a lookup, a piece of its table at a time.

What stays in memory, besides the table, is some 40 bytes for each row and one piece.
"""

from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from fullcycle.data.contract import schema
from fullcycle.data.index import (
    BUCKET,
    FORMAT,
    HEAD,
    MAGIC,
    RECORD,
    Footer,
    digest_of,
    encode_key,
    key_bytes,
)
from fullcycle.data.lookup_key import EXACT, LookupKey
from fullcycle.data.published import Lookup
from fullcycle.kernel import Digest

_ROWS = 50_000  # of a piece

Numbers = npt.NDArray[np.uint64]


class _Piece(NamedTuple):
    """Rows as they stand in the file, the hash of each one's key, and its length."""

    data: bytes
    hashes: Numbers
    lengths: Numbers


def write_index(lookup: Lookup[Any], content: Digest, path: Path) -> None:
    """Write the index of a lookup whose content is ``content`` to a file that is not there yet.

    Raises:
        OSError: where the file cannot be written, such as on a full disk.
    """
    hashes, lengths = np.empty(len(lookup), np.uint64), np.empty(len(lookup), np.uint64)
    with path.open("xb") as file:
        file.write(bytes(HEAD.size))
        done = 0
        for piece in _pieces(lookup):
            file.write(piece.data)
            hashes[done : done + len(piece.hashes)] = piece.hashes
            lengths[done : done + len(piece.hashes)] = piece.lengths
            done += len(piece.hashes)
        places = np.cumsum(lengths) - lengths + np.uint64(HEAD.size)
        start = _write_rest(file, lookup, content, hashes, places)
    with path.open("r+b") as file:
        file.write(HEAD.pack(MAGIC, bytes(32), start))
        file.flush()
        file.seek(0)
        file.write(HEAD.pack(MAGIC, digest_of(path), start))


def _pieces(lookup: Lookup[Any]) -> Iterator[_Piece]:
    encode, pack = msgspec.msgpack.Encoder().encode, RECORD.pack
    key_of = _key_of(lookup)
    for start in range(0, len(lookup), _ROWS):
        rows = lookup.frame.slice(start, _ROWS).rows()
        records = [encode(row) for row in rows]
        lengths = np.fromiter(map(len, records), np.uint64, len(records))
        framed = [part for one in records for part in (pack(len(one), crc32(one)), one)]
        keys = b"".join([key_bytes(encode_key(key_of(row))) for row in rows])
        yield _Piece(b"".join(framed), np.frombuffer(keys, "<u8"), lengths + np.uint64(RECORD.size))


def _key_of(lookup: Lookup[Any]) -> Callable[[tuple[Any, ...]], Any]:
    """What takes the key out of a row of the table."""
    key = LookupKey(lookup.contract)
    taken = itemgetter(*map(lookup.frame.columns.index, key.names))
    if all(field.type in EXACT for field in key.fields):
        return taken
    if len(key.fields) == 1:
        return lambda row: key.of((taken(row),))
    return lambda row: key.of(taken(row))


def _write_rest(
    file: BinaryIO, lookup: Lookup[Any], content: Digest, hashes: Numbers, places: Numbers
) -> int:
    """Write all that follows the rows; the place where the last part begins."""
    rows = len(hashes)
    bits = (rows // BUCKET).bit_length()
    order = rows - 1 - np.argsort(hashes[::-1], kind="stable")  # of equal keys, the last row first
    ordered = hashes[order]
    firsts = np.arange(2**bits, dtype=np.uint64) << np.uint64(64 - bits if bits else 0)
    file.write(bytes(-file.tell() % 8))
    starts = file.tell()
    _write(file, np.append(np.searchsorted(ordered, firsts), rows).astype(np.uint64))
    at_hashes = file.tell()
    _write(file, ordered)
    at_places = file.tell()
    _write(file, places[order])
    start = file.tell()
    footer = Footer(
        format=FORMAT,
        content=content,
        contract=msgspec.to_builtins(schema(lookup.contract)),
        rows=rows,
        bits=bits,
        starts=starts,
        hashes=at_hashes,
        places=at_places,
    )
    file.write(msgspec.msgpack.encode(footer))
    return start


def _write(file: BinaryIO, numbers: Numbers) -> None:
    if len(numbers):
        file.write(np.ascontiguousarray(numbers, "<u8").data)
