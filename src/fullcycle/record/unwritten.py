"""A record that is only read: what would be written to it is kept in memory, and then forgotten.

What a run would do can so be found out with the run's own code, and the record stays as it was.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fullcycle.kernel import Digest, digest_bytes, now
from fullcycle.record.facts import Fact
from fullcycle.record.ports import Entry, Ledger, ObjectStore, Stored


class UnwrittenLedger:
    """A ``Ledger`` that tells of the facts of another, and takes none."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """What would be told of the fact."""
        return self.append_all([Entry(stream, expected, body)], by=by, at=at)[0]

    def append_all(
        self, entries: Sequence[Entry], *, by: str = "fullcycle", at: int | None = None
    ) -> list[Fact]:
        """What would be told of the facts."""
        moment = now() if at is None else at
        return [Fact(one.stream, one.expected + 1, "", moment, by, one.body) for one in entries]

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream."""
        return self._ledger.read(stream, since)

    def latest(self, streams: Sequence[str]) -> dict[str, Fact]:
        """The last fact of each of these streams."""
        return self._ledger.latest(streams)

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream."""
        return self._ledger.heads(prefix)

    def attach(self, data: bytes) -> Digest:
        """The digest that they would have."""
        return digest_bytes(data)

    def attached(self, digest: Digest) -> bytes | None:
        """Bytes that are attached."""
        return self._ledger.attached(digest)

    def attachments(self) -> list[Stored]:
        """All that is attached."""
        return self._ledger.attachments()

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Nothing is given up."""


class UnwrittenObjects:
    """An ``ObjectStore`` that hands out the objects of another; what is put is kept in memory.

    What would be written as a file of its own is not kept at all: its digest is known without.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._put: dict[Digest, bytes] = {}

    def put(self, data: bytes) -> Digest:
        """Keep bytes for as long as this lasts."""
        digest = digest_bytes(data)
        self._put[digest] = bytes(data)
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes, verified."""
        return self._put[digest] if digest in self._put else self._objects.get(digest)

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return digest in self._put or self._objects.has(digest)

    def path(self, digest: Digest) -> Path | None:
        """The file that holds them."""
        return self._objects.path(digest)

    def write(self, digest: Digest, write: Callable[[Path], None], *, lasting: bool = True) -> int:
        """The size of the file that is there; 0 where it would be written."""
        path = self._objects.path(digest)
        return path.stat().st_size if path is not None else 0

    def is_sealed(self, digest: Digest) -> bool:
        """Whether nothing has written to an object's file since it was written or verified."""
        return self._objects.is_sealed(digest)

    def seal(self, digest: Digest) -> None:
        """Nothing is noted."""

    def stored(self) -> Iterator[Stored]:
        """Every object that is there."""
        return self._objects.stored()

    def remove(self, digest: Digest, *, before: int | None = None) -> None:
        """Nothing is given up."""

    def remove_all(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Nothing is given up."""
