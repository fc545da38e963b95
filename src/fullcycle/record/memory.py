"""The record in memory: for tests, and for trying things out."""

import threading
from pathlib import Path

from fullcycle.kernel import Digest, Missing, digest_bytes, now
from fullcycle.record.facts import Fact, read_fact, write_body
from fullcycle.record.streams import checked_stream, lost


class MemoryLedger:
    """A ``Ledger`` that lasts as long as its process."""

    def __init__(self) -> None:
        self._streams: dict[str, list[tuple[str, int, str, str]]] = {}
        self._lock = threading.Lock()

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``."""
        checked_stream(stream)
        kind, text = write_body(body)
        moment = now() if at is None else at
        with self._lock:
            rows = self._streams.get(stream, [])
            if len(rows) != expected:
                raise lost(stream, expected, len(rows))
            self._streams[stream] = [*rows, (kind, moment, by, text)]
        return read_fact(stream, expected + 1, kind, moment, by, text)

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``."""
        rows = self._streams.get(stream, [])
        return [read_fact(stream, n, *row) for n, row in enumerate(rows, start=1) if n > since]

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``."""
        with self._lock:
            return {
                name: len(rows) for name, rows in sorted(self._streams.items()) if name.startswith(prefix)
            }


class MemoryObjects:
    """An ``ObjectStore`` that lasts as long as its process."""

    def __init__(self) -> None:
        self._objects: dict[Digest, bytes] = {}

    def put(self, data: bytes) -> Digest:
        """Store bytes."""
        digest = digest_bytes(data)
        self._objects[digest] = bytes(data)
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes."""
        if digest not in self._objects:
            raise Missing(f"there is no object {digest[:12]}…", "the objects in memory", "store it first")
        return self._objects[digest]

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return digest in self._objects

    def path(self, digest: Digest) -> Path | None:
        """None: nothing here is a file."""
        return None
