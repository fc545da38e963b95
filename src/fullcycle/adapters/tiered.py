"""Objects in two places: small ones beside the facts that name them, large ones in a store of their own.

A small object costs no file, no rename and no synchronisation of its own: it is written in
the commit of the next fact.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fullcycle.kernel import Damaged, Digest, digest_bytes
from fullcycle.record import Attachments, ObjectStore, Stored

SMALL = 64 * 1024
"""Bytes up to which an object is kept beside the facts."""


class TieredObjects:
    """An ``ObjectStore``: what is small in a ledger, what is large in ``large``."""

    def __init__(self, small: Attachments, large: ObjectStore) -> None:
        self._small = small
        self._large = large

    def put(self, data: bytes) -> Digest:
        """Store bytes; small ones are durable when the next fact is."""
        return self._small.attach(data) if len(data) <= SMALL else self._large.put(data)

    def get(self, digest: Digest) -> bytes:
        """The bytes, verified."""
        data = self._small.attached(digest)
        if data is None:
            return self._large.get(digest)
        if digest_bytes(data) != digest:
            raise Damaged(
                f"the object {digest[:12]}… is not what was stored ({len(data):,} bytes are there)",
                "an attachment in the ledger",
                "restore the ledger from a backup; a step's result is made again by running it",
            )
        return data

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return self._small.attached(digest) is not None or self._large.has(digest)

    def path(self, digest: Digest) -> Path | None:
        """The file that holds them, of a large object."""
        return self._large.path(digest)

    def write(self, digest: Digest, write: Callable[[Path], None], *, lasting: bool = True) -> int:
        """Have a file written that holds what ``digest`` stands for."""
        return self._large.write(digest, write, lasting=lasting)

    def is_sealed(self, digest: Digest) -> bool:
        """Whether nothing has written to a large object's file since it was written or verified."""
        return self._large.is_sealed(digest)

    def seal(self, digest: Digest) -> None:
        """Note that a large object's file was verified."""
        self._large.seal(digest)

    def stored(self) -> Iterator[Stored]:
        """Every object."""
        yield from self._small.attachments()
        yield from self._large.stored()

    def remove(self, digest: Digest, *, before: int | None = None) -> None:
        """Give up an object, wherever it is."""
        self.remove_all([digest], before=before)

    def remove_all(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up objects, but those stored again since ``before``; the small ones in one commit.

        That comes last: on a full disk it needs the room that the large ones leave.
        """
        attached = [digest for digest in digests if self._small.attached(digest) is not None]
        for digest in set(digests) - set(attached):
            self._large.remove(digest, before=before)
        if attached:
            self._small.detach(attached, before=before)
