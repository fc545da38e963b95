"""One digest everywhere: BLAKE3 over a versioned canonical form.

A digest is the 64 lower-case hexadecimal characters of 32 bytes. Every use names its
domain (``"artifact"``, ``"table"``, ``"code"`` …) and the version of its canonical form,
so that equal bytes with different meanings never share a digest.
"""

import json
from collections.abc import Iterable

import msgspec
from blake3 import blake3

Digest = str


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


def digest_parts(domain: str, parts: Iterable[bytes | memoryview]) -> Digest:
    """Digest a sequence of byte strings; each is framed by its length, so none can run over."""
    hasher = blake3()
    for part in (domain.encode(), *parts):
        flat = _flat(part)
        hasher.update(len(flat).to_bytes(8, "little"))
        hasher.update(flat)
    return hasher.hexdigest()


def _flat(data: bytes | memoryview) -> bytes | memoryview:
    """A view as its bytes, whatever the numbers in it; it has to be contiguous."""
    if not isinstance(data, memoryview):
        return data
    return data.cast("B") if data.nbytes else b""
