"""One digest everywhere: BLAKE3 over a versioned canonical form.

A digest is the 64 lower-case hexadecimal characters of 32 bytes. Every use names its
domain (``"artifact"``, ``"table"``, ``"code"`` …) and the version of its canonical form,
so that equal bytes with different meanings never share a digest.
"""

from collections.abc import Iterable

import msgspec
from blake3 import blake3

Digest = str

_CANONICAL = msgspec.json.Encoder(order="sorted")


def digest_bytes(data: bytes | memoryview) -> Digest:
    """Digest raw bytes: the identity of a stored object."""
    return blake3(data).hexdigest()


def digest_value(domain: str, value: object) -> Digest:
    """Digest a JSON-like value in its canonical form: sorted keys, no white space, UTF-8.

    Floats are written shortest-exact, so equal bits give equal digests; integers and
    floats stay different (``1`` and ``1.0``).

    >>> digest_value("x@1", {"b": 1, "a": 2}) == digest_value("x@1", {"a": 2, "b": 1})
    True
    """
    return digest_parts(domain, [_CANONICAL.encode(value)])


def digest_parts(domain: str, parts: Iterable[bytes | memoryview]) -> Digest:
    """Digest a sequence of byte strings; each is framed by its length, so none can run over."""
    hasher = blake3()
    for part in (domain.encode(), *parts):
        size = part.nbytes if isinstance(part, memoryview) else len(part)
        hasher.update(size.to_bytes(8, "little"))
        hasher.update(part)
    return hasher.hexdigest()
