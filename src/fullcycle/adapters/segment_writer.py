"""Writing the event log: each worker appends to a segment of its own, all that is answered at once together.

An event that was written survives the death of its process; a loss of power costs at most
what was written since the last synchronisation.
"""

import errno
import fcntl
import os
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

from fullcycle.adapters.durable import make_folder, sync_folder, unwritable
from fullcycle.adapters.segment_format import BLANK, MAGIC, SUFFIX, framed
from fullcycle.kernel import Misconfigured, uuid7
from fullcycle.record import LogTerms

_TERMS = LogTerms()


class SegmentWriter:
    """Appends payloads to a segment that no other process writes to.

    Nobody who appends waits for the disk: a thread of the writer synchronises, closes what is
    full, and closes in time what is seldom written to. A segment is locked as long as it may
    be written to. Threads may share a writer; a child made by ``fork`` begins a segment of
    its own. Nothing is created before the first event.
    """

    _failed: OSError | None  # what the last synchronisation said
    _beat: threading.Thread | None
    _dirty: threading.Event  # something was written since the last synchronisation
    _closed: threading.Event
    _left: list[int]  # segments that are full, to be synchronised and closed

    def __init__(self, folder: Path | str, terms: LogTerms = _TERMS) -> None:
        self._folder = Path(folder)
        self._terms = terms
        self._anew()
        with _FORKING:
            _WRITERS.add(self)

    def append(self, payload: bytes) -> None:
        """Write one event: it survives the death of this process once this returns.

        Raises:
            Misconfigured: where it could not be written, or what was written before could not
                be synchronised, or is not yet after a long time; the event is not in the log.
        """
        self._keep(framed(payload))

    def append_all(self, payloads: Sequence[bytes]) -> None:
        """Write several events in one go: all of them or none, unless the process ends meanwhile.

        Raises:
            Misconfigured: as ``append``; then none of them is in the log.
        """
        self._keep(b"".join(map(framed, payloads)))

    def _keep(self, frames: bytes) -> None:
        since = self._syncing_since  # read once: a synchronisation may end just now
        if since and time.monotonic() - since > self._terms.stalled_s:
            raise self._stalled()
        try:
            with self._lock:
                self._write(frames)
        except OSError as error:
            raise unwritable(error, "the event log", self._folder) from error
        if not self._dirty.is_set():
            self._dirty.set()

    def _stalled(self) -> Misconfigured:
        return Misconfigured(
            f"the disk has not taken what was written for more than {self._terms.stalled_s:g} s",
            f"the event log in {self._folder}",
            "see what keeps the disk busy; the log goes on once it has come after",
        )

    def sync(self) -> None:
        """Put on the disk all that was appended so far."""
        self._settle()

    def close(self) -> None:
        """Synchronise and end the segment; a later event begins another."""
        with self._lock:
            self._leave()
            left = bool(self._left)
            if self._beat is not None:
                self._closed.set()
                self._dirty.set()
            self._beat, self._dirty, self._closed = None, threading.Event(), threading.Event()
        if left:
            sync_folder(self._folder)
        self._settle()

    def _write(self, frames: bytes) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            self._leave()  # what reached the disk of this segment is no longer certain
            raise failed
        if self._handle < 0 or self._end >= self._terms.segment_bytes:
            self._begin()
        written = os.write(self._handle, frames)
        if written != len(frames):
            self._take_back()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end += written

    def _take_back(self) -> None:
        """Cut off what was half written, or leave the segment: nothing may follow it."""
        try:
            os.ftruncate(self._handle, self._end)
        except OSError:
            self._leave()

    def _begin(self) -> None:
        self._leave()
        make_folder(self._folder)
        path = self._folder / f"{uuid7()}{SUFFIX}"
        self._handle = _begun(path)
        self._end = BLANK
        self._until = time.monotonic() + self._terms.segment_s
        self._named = False
        if self._beat is None:
            self._beat = threading.Thread(
                target=self._synchronise, args=(self._dirty, self._closed), name="event-log", daemon=True
            )
            self._beat.start()

    def _leave(self) -> None:
        if self._handle >= 0:
            self._left.append(self._handle)
            self._handle = -1

    def _anew(self) -> None:
        """Hold nothing yet."""
        self._lock = threading.Lock()  # of every handle and of whatever is said of them below
        self._disk = threading.Lock()  # of who waits for the disk, and alone closes; taken before the other
        self._handle = -1
        self._end = 0
        self._until = 0.0  # when the segment is closed, on the monotonic clock
        self._named = True  # whether the name of the segment is on the disk
        self._left = []
        self._syncing_since = 0.0  # on the monotonic clock; 0 for not now
        self._failed = None
        self._dirty, self._closed = threading.Event(), threading.Event()
        self._beat = None

    def _disown(self) -> None:
        """In a forked child: what its parent holds is not its own, nor may it keep its parent's locks."""
        for handle in (self._handle, *self._left):
            if handle >= 0:
                os.close(handle)
        self._anew()

    def _synchronise(self, dirty: threading.Event, closed: threading.Event) -> None:
        """Put on the disk, every so often, what was appended since; close what is old enough."""
        while not closed.is_set():
            if dirty.wait(self._idle_s()):
                closed.wait(self._terms.fsync_s)
                dirty.clear()
            if closed.is_set():
                return
            self._syncing_since = time.monotonic()
            try:
                self._sync_aside()
            except OSError as error:
                self._failed = error
            self._syncing_since = 0.0

    def _idle_s(self) -> float | None:
        """How long there may be nothing to do; None for as long as nobody writes."""
        return max(self._until - time.monotonic(), 0.0) if self._handle >= 0 else None

    def _sync_aside(self) -> None:
        """Synchronise without keeping those who append waiting."""
        with self._lock:
            if self._handle >= 0 and time.monotonic() >= self._until:
                self._leave()
            named, self._named = self._named, True
        if not named:
            sync_folder(self._folder)
        self._settle()

    def _settle(self) -> None:
        """Wait until all that was appended is on the disk, then close the segments that were left.

        A handle stays known to the writer until it is closed, so that a child made meanwhile
        closes its copy, too: whoever has one holds the segment's lock.
        """
        with self._disk:
            with self._lock:
                left = tuple(self._left)
                handle = self._handle
            try:
                for each in (*left, *([handle] if handle >= 0 else [])):
                    os.fsync(each)
            finally:
                with self._lock:
                    for each in left:
                        os.close(each)
                        self._left.remove(each)


def _begun(path: Path) -> int:
    """A new segment without events, locked; none is there where it could not be begun whole.

    An event behind half a magic would make the whole log unreadable.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.write(handle, MAGIC) != BLANK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        path.unlink(missing_ok=True)
        os.close(handle)
        raise
    return handle


_WRITERS: "weakref.WeakSet[SegmentWriter]" = weakref.WeakSet()
_FORKING = threading.Lock()
_forked: list[SegmentWriter] = []  # whose handles nobody opens or closes while this process forks


def _before_fork() -> None:
    _FORKING.acquire()
    _forked.extend(_WRITERS)
    for writer in _forked:
        writer._lock.acquire()


def _after_fork_in_parent() -> None:
    for writer in _forked:
        writer._lock.release()
    _forked.clear()
    _FORKING.release()


def _after_fork_in_child() -> None:
    for writer in _forked:
        writer._disown()
    _forked.clear()
    _FORKING.release()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
)
