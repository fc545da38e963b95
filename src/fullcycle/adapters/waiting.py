"""What is attached to a ledger and not yet written: it waits for the next commit, and is read meanwhile."""

import threading
from collections.abc import Iterable

from fullcycle.kernel import Digest, digest_bytes


class Waiting:
    """Small bytes by their digest; threads may share it."""

    def __init__(self) -> None:
        self._bytes: dict[Digest, bytes] = {}
        self._lock = threading.Lock()

    def add(self, data: bytes) -> Digest:
        """Let bytes wait."""
        digest = digest_bytes(data)
        with self._lock:
            self._bytes[digest] = bytes(data)
        return digest

    def get(self, digest: Digest) -> bytes | None:
        """Bytes that wait; None where they do not."""
        return self._bytes.get(digest)

    def every(self) -> list[tuple[Digest, bytes]]:
        """All that waits, in one order for all: two that write the same never wait for each other."""
        with self._lock:
            return sorted(self._bytes.items())

    def written(self, some: Iterable[tuple[Digest, bytes]]) -> None:
        """Let what was written wait no longer."""
        with self._lock:
            for digest, _ in some:
                self._bytes.pop(digest, None)
