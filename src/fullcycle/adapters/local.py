"""The executor of one machine: this process, and processes beside it when they pay."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from fullcycle.adapters.attempts import Attempts
from fullcycle.adapters.crew import ProcessCrew
from fullcycle.adapters.processes import SERVER, Work
from fullcycle.adapters.threads import cores, limited
from fullcycle.flow import Crew
from fullcycle.kernel import Digest, Misconfigured

_WARM: list[bool] = []  # not empty once this process has started a fork server, which serves every crew
_UNMEASURED_S = 1.5  # until a pool was started once
_STALE_S = 86_400.0  # after which a start is worth measuring again
_MOST_DEADLY = 1_000
_LIGHT = frozenset({"fullcycle", "polars", "numpy", "msgspec"})  # libraries that are loaded in no time


class LocalExecutor:
    """Makes calls here and by a crew, which it keeps until it is closed.

    The file ``measured`` keeps what the start of a crew took, the one beside it what is
    known to end its process.
    """

    def __init__(self, work: Work, measured: Path) -> None:
        self._work = work
        self._measured = measured
        self._deadly = measured.with_name("deadly.json")
        self._attempts = Attempts(measured.parent)
        self._crew: ProcessCrew | None = None
        self._known: list[str] | None = None  # what is deadly, as far as it was read

    @property
    def _is_heavy(self) -> bool:
        """Whether workers load more than what is soon there, and fullcycle's own."""
        return any(name.partition(".")[0] not in _LIGHT for name in self._work.preload)

    def limited(self, threads: int) -> AbstractContextManager[None]:
        """Hold libraries that compute in parallel to so many threads; 0 for as many as they like."""
        return limited(threads)

    def workers(self, cpus: float, memory: int | None) -> int:
        """How many calls fit beside one another: cores that this process may use, and the machine's memory.

        Raises:
            Misconfigured: where not even one fits.
        """
        room = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if memory is not None and memory > room:
            raise Misconfigured(
                f"it asks for {memory / 1e9:.1f} GB of memory, this machine has {room / 1e9:.1f} GB",
                "@fc.step(memory=…)",
                "ask for less, or run it on a machine that has it",
            )
        by_memory = room // memory if memory else cores()
        return max(1, min(int(cores() / cpus), by_memory))

    def start_s(self) -> float:
        """Seconds that a crew took to start, the last time that one was; none where one works.

        A start that took long once, on a busy machine, would keep crews from starting, and itself
        from being measured again: after a day it counts no more than what is assumed at first.
        """
        if self._crew is not None and self._crew.ready():
            return 0.0
        found = _read(self._measured)
        try:
            seconds = float(found["start_s"])
            stale = time.time() - self._measured.stat().st_mtime > _STALE_S
        except (OSError, ValueError, KeyError, TypeError):
            return _UNMEASURED_S
        return min(seconds, _UNMEASURED_S) if stale else seconds

    def foresee(self, *, unknown: bool = False) -> None:
        """Let the fork server load what workers need, on a core that this process leaves free.

        Elements that are ``unknown`` are believed to take long where the project imports a library
        that does: a fork server that nobody comes to need has cost about as much as that import.
        """
        if not _WARM and cores() > 1 and (self._is_heavy or not unknown):
            SERVER.start(self._work, threads=1)
            _WARM[:] = [True]

    @contextmanager
    def crew(self, workers: int) -> Iterator[Crew]:
        """So many processes, those that were there before among them."""
        cold = not _WARM
        if self._crew is None:
            self._crew = ProcessCrew(self._work, workers, threads=1)
        else:
            self._crew.want(workers)
        crew = self._crew
        _WARM[:] = [True]
        try:
            yield crew
        finally:
            if crew.start_s is not None and cold:
                _write(self._measured, {"start_s": round(crew.start_s, 3)})
            crew.rest()

    def at(self, key: Digest | None) -> None:
        """Keep what is being made here: should this process end over it, the next one knows of it."""
        self._attempts.at(key)

    def is_deadly(self, key: Digest) -> bool:
        """Whether what is remembered by this key has ended a process before, that of a run among them."""
        if self._known is None:
            found = _read(self._deadly)
            self._known = found if isinstance(found, list) else []
            for other in self._attempts.unfinished():
                self.beware(other)
        return key in self._known

    def beware(self, key: Digest) -> None:
        """Note that what is remembered by this key ends its process; the oldest of many are forgotten."""
        if not self.is_deadly(key) and self._known is not None:
            self._known = [*self._known, key][-_MOST_DEADLY:]
            _write(self._deadly, self._known)

    def close(self) -> None:
        """End the processes."""
        self._attempts.close()
        if self._crew is not None:
            self._crew.close()
            self._crew = None


def _read(path: Path) -> Any:
    """What a file holds that it is good to have, no more; None where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _write(path: Path, found: Any) -> None:
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        aside.write_text(json.dumps(found))
        aside.replace(path)
