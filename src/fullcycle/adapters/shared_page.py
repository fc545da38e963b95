"""One page of memory that a service's processes share, mapped from a file.

It begins with the generation word, which the supervisor alone writes and each worker reads
when a request begins; then comes a slot per worker, which that worker alone writes. Every
number is eight bytes, aligned, and written by one store, so nobody reads half of one.

A word has one writer, so no lock is taken; a reader may be a moment behind. The file holds
nothing that must last: it is made anew with the first worker.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from fullcycle.kernel import Damaged, Misconfigured

SLOTS = 64
"""The most workers that a service has at a time, those that drain among them."""

COUNTERS = 8184
"""How many numbers a worker may count in its slot."""

_MAGIC = int.from_bytes(b"fcpage\x01\n", "little")  # the byte before the line feed is the version
_HEAD = 64  # words before the first slot
_SLOT = 8192  # words
_SIZE = 8 * (_HEAD + SLOTS * _SLOT)  # bytes; what is never written takes no memory

_WORD, _DEPLOYMENT = 1, 2  # offsets in the head
_PID, _BEATS, _IN_FLIGHT, _CONNECTIONS, _ACCEPTS, _COUNTED = 0, 1, 2, 3, 4, 8  # offsets in a slot


class Slot:
    """A worker's own numbers; ``counters`` go on where the last worker of the slot left them."""

    __slots__ = ("_base", "_words", "counters", "number")

    def __init__(self, words: memoryview, number: int) -> None:
        self._words = words
        self._base = _HEAD + number * _SLOT
        self.number = number
        self.counters = words[self._base + _COUNTED : self._base + _COUNTED + COUNTERS]

    def take(self, pid: int) -> None:
        """Let a worker begin here: nothing in flight, no connection, not accepting yet."""
        for offset in (_BEATS, _IN_FLIGHT, _CONNECTIONS, _ACCEPTS):
            self._words[self._base + offset] = 0
        self._words[self._base + _PID] = pid

    def leave(self) -> None:
        """Let the next worker have it."""
        self.take(0)

    def begin(self) -> None:
        """A request begins."""
        self._words[self._base + _IN_FLIGHT] += 1

    def end(self) -> None:
        """It has ended."""
        self._words[self._base + _IN_FLIGHT] -= 1

    def beat(self) -> None:
        """Show that the worker's loop still turns."""
        self._words[self._base + _BEATS] += 1

    @property
    def pid(self) -> int:
        """Of the process that has it; 0 for none."""
        return self._words[self._base + _PID]

    @property
    def beats(self) -> int:
        """How often the worker has shown that its loop turns."""
        return self._words[self._base + _BEATS]

    @property
    def in_flight(self) -> int:
        """Requests that have begun and not ended."""
        return self._words[self._base + _IN_FLIGHT]

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return self._words[self._base + _CONNECTIONS]

    @connections.setter
    def connections(self, open: int) -> None:
        self._words[self._base + _CONNECTIONS] = open

    @property
    def accepts(self) -> bool:
        """Whether it takes new connections."""
        return bool(self._words[self._base + _ACCEPTS])

    @accepts.setter
    def accepts(self, accepts: bool) -> None:
        self._words[self._base + _ACCEPTS] = accepts


class SharedPage:
    """The page of one service; whoever opens the same file shares it."""

    def __init__(self, path: Path) -> None:
        """Map the file, which is made where there is none.

        Raises:
            Damaged: where it is another version's, or no page.
        """
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(handle).st_size < _SIZE:
                os.ftruncate(handle, _SIZE)
            mapped = mmap.mmap(handle, _SIZE)
        finally:
            os.close(handle)
        if hasattr(mmap, "MADV_RANDOM"):
            mapped.madvise(mmap.MADV_RANDOM)  # a look at each slot would bring what lies between, 4 MB
        self._words = memoryview(mapped).cast("Q")
        if self._words[0] not in (0, _MAGIC):
            raise Damaged(
                "it is not a page of this version",
                str(path),
                "stop the service that runs there, and remove the file",
            )
        self._words[0] = _MAGIC

    @property
    def generation(self) -> int:
        """What is to answer each request that begins now; 0 for nothing yet."""
        return self._words[_WORD]

    @generation.setter
    def generation(self, generation: int) -> None:
        self._words[_WORD] = generation

    @property
    def deployment(self) -> int:
        """The number of the deployment that this host answers with; 0 for none."""
        return self._words[_DEPLOYMENT]

    @deployment.setter
    def deployment(self, number: int) -> None:
        self._words[_DEPLOYMENT] = number

    def slot(self, number: int) -> Slot:
        """A slot, counted from 0."""
        return Slot(self._words, number)

    def slots(self) -> Iterator[Slot]:
        """Every slot."""
        return (self.slot(number) for number in range(SLOTS))

    def used(self) -> list[Slot]:
        """Each slot that a worker has, or that one has counted in."""
        return [slot for slot in self.slots() if slot.pid or slot.counters[0]]

    def fewest_connections(self, but: int) -> int | None:
        """The fewest connections that an open worker has, other than the one of slot ``but``."""
        found = [slot.connections for slot in self.slots() if slot.accepts and slot.number != but]
        return min(found, default=None)

    def free(self) -> int:
        """The number of a slot that nobody has.

        Raises:
            Misconfigured: where all are taken.
        """
        for slot in self.slots():
            if not slot.pid:
                return slot.number
        raise Misconfigured(
            f"all {SLOTS} slots for workers are taken",
            "the memory that they share",
            "see what keeps workers that were sent away from ending, and stop them",
        )
