"""The record in memory: for tests, and for trying things out."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fullcycle.kernel import Digest, Missing, digest_bytes, now
from fullcycle.record.facts import Fact, read_fact, write_body
from fullcycle.record.ports import Entry, Stored
from fullcycle.record.streams import checked_stream, lost


class MemoryLedger:
    """A ``Ledger`` that lasts as long as its process."""

    def __init__(self) -> None:
        self._streams: dict[str, list[tuple[str, int, str, str]]] = {}
        self._attached: dict[Digest, bytes] = {}
        self._lock = threading.Lock()

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``."""
        return self.append_all([Entry(stream, expected, body)], by=by, at=at)[0]

    def append_all(
        self, entries: Sequence[Entry], *, by: str = "fullcycle", at: int | None = None
    ) -> list[Fact]:
        """Append several facts, all or none."""
        moment = now() if at is None else at
        written = [(checked_stream(one.stream), one.expected, write_body(one.body)) for one in entries]
        facts = []
        with self._lock:
            streams = dict(self._streams)
            for stream, expected, (kind, text, body) in written:
                rows = streams.get(stream, [])
                if len(rows) != expected:
                    raise lost(stream, expected, len(rows))
                streams[stream] = [*rows, (kind, moment, by, text)]
                facts.append(Fact(stream, expected + 1, kind, moment, by, body))
            self._streams = streams
        return facts

    def attach(self, data: bytes) -> Digest:
        """Keep small bytes."""
        digest = digest_bytes(data)
        self._attached[digest] = bytes(data)
        return digest

    def attached(self, digest: Digest) -> bytes | None:
        """Bytes that were attached."""
        return self._attached.get(digest)

    def attachments(self) -> list[Stored]:
        """All that is attached."""
        return [Stored(digest, len(data), 0) for digest, data in self._attached.items()]

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up attachments; nobody else knows of them, so none is attached again meanwhile."""
        for digest in digests:
            self._attached.pop(digest, None)

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``."""
        rows = self._streams.get(stream, [])
        return [read_fact(stream, n, *row) for n, row in enumerate(rows, start=1) if n > since]

    def latest(self, streams: Sequence[str]) -> dict[str, Fact]:
        """The last fact of each of these streams."""
        return {
            stream: read_fact(stream, len(rows), *rows[-1])
            for stream in streams
            if (rows := self._streams.get(stream, []))
        }

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
        self._written: dict[Digest, Path] = {}
        self._times: dict[Digest, int] = {}
        self._folder: Path | None = None

    def put(self, data: bytes) -> Digest:
        """Store bytes."""
        digest = digest_bytes(data)
        self._objects[digest] = bytes(data)
        self._times.setdefault(digest, now())
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes."""
        if digest not in self._objects:
            raise Missing(f"there is no object {digest[:12]}…", "the objects in memory", "store it first")
        return self._objects[digest]

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return digest in self._objects or digest in self._written

    def path(self, digest: Digest) -> Path | None:
        """The file of an object that was written as one; nothing else here is a file."""
        return self._written.get(digest)

    def write(self, digest: Digest, write: Callable[[Path], None], *, lasting: bool = True) -> int:
        """Have a file written, in a folder that goes with this process."""
        if digest not in self._written:
            target = self._made_folder() / digest
            write(target)
            self._written[digest] = target
            self._times[digest] = now()
        return self._written[digest].stat().st_size

    def is_sealed(self, digest: Digest) -> bool:
        """Always: nobody else knows of these files."""
        return True

    def seal(self, digest: Digest) -> None:
        """Nothing has to be done."""

    def stored(self) -> Iterator[Stored]:
        """Every object."""
        for digest, data in list(self._objects.items()):
            yield Stored(digest, len(data), self._times[digest])
        for digest, path in list(self._written.items()):
            yield Stored(digest, path.stat().st_size, self._times[digest])

    def remove_all(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up several."""
        for digest in digests:
            self.remove(digest)

    def remove(self, digest: Digest, *, before: int | None = None) -> None:
        """Give up an object; nobody else knows of them, so none is stored again meanwhile."""
        self._objects.pop(digest, None)
        path = self._written.pop(digest, None)
        if path is not None:
            path.unlink(missing_ok=True)

    def _made_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fullcycle-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder
