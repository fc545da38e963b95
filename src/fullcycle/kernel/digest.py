"""One digest everywhere: BLAKE3 over a versioned canonical form.

A digest is the 64 lower-case hexadecimal characters of 32 bytes. Every use names its
domain (``"artifact"``, ``"table"``, ``"code"`` …) and the version of its canonical form,
so that equal bytes with different meanings never share a digest.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from blake3 import blake3

Digest = str


@dataclass(frozen=True, slots=True)
class Pieces:
    """One long byte string, given piece by piece so that it never lies in memory as a whole."""

    size: int  # bytes of all pieces together
    pieces: Iterable[bytes | memoryview]


def digest_bytes(data: bytes | memoryview) -> Digest:
    """Digest raw bytes: the identity of a stored object."""
    return blake3(_flat(data)).hexdigest()


def digest_value(domain: str, value: object) -> Digest:
    """Digest a JSON-like value in its canonical form: sorted keys, no white space, UTF-8.

    Floats are written shortest-exact, so equal bits give equal digests; integers and
    floats stay different (``1`` and ``1.0``). NaN and the infinities, which JSON has not,
    are written by name: as ``null`` they would pass for None.

    >>> digest_value("x@1", {"b": 1, "a": 2}) == digest_value("x@1", {"a": 2, "b": 1})
    True
    """
    plain = msgspec.to_builtins(value, str_keys=True)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return digest_parts(domain, [text.encode("utf-8", "surrogatepass")])


def digest_parts(domain: str, parts: Iterable[bytes | memoryview | Pieces]) -> Digest:
    """Digest a sequence of byte strings; each is framed by its length, so none can run over.

    A part may come as ``Pieces``; where it is cut changes nothing.

    Raises:
        ValueError: where pieces are not as long together as they say.

    >>> digest_parts("x@1", [b"abc"]) == digest_parts("x@1", [Pieces(3, [b"a", b"bc"])])
    True
    """
    hasher = blake3(_framed(domain.encode()))
    for part in parts:
        if isinstance(part, Pieces):
            hasher.update(part.size.to_bytes(8, "little"))
            _add_pieces(hasher, part)
        else:
            flat = _flat(part)
            hasher.update(len(flat).to_bytes(8, "little"))
            hasher.update(flat)
    return hasher.hexdigest()


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data


def _add_pieces(hasher: blake3, part: Pieces) -> None:
    found = 0
    for piece in part.pieces:
        flat = _flat(piece)
        found += len(flat)
        hasher.update(flat)
    if found != part.size:
        raise ValueError(f"the pieces hold {found:,} bytes, and said {part.size:,}")


def _flat(data: bytes | memoryview) -> bytes | memoryview:
    """A view as its bytes, whatever the numbers in it; it has to be contiguous."""
    if not isinstance(data, memoryview):
        return data
    return data.cast("B") if data.nbytes else b""
