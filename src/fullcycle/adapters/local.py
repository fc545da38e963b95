"""The executor of one machine: this process, and processes beside it when they pay."""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from fullcycle.adapters.crew import ProcessCrew
from fullcycle.adapters.processes import Work
from fullcycle.adapters.threads import cores, limited
from fullcycle.flow import Crew
from fullcycle.kernel import Misconfigured

_WARM: list[bool] = []  # not empty once this process has started a fork server, which serves every crew
_UNMEASURED_S = 1.5  # until a pool was started once


class LocalExecutor:
    """Makes calls here and by a crew; the file ``measured`` keeps what the start of one took."""

    def __init__(self, work: Work, measured: Path) -> None:
        self._work = work
        self._measured = measured

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
        """Seconds that a crew took to start, the last time that one was."""
        try:
            return float(json.loads(self._measured.read_text())["start_s"])
        except (OSError, ValueError, KeyError, TypeError):
            return _UNMEASURED_S

    @contextmanager
    def crew(self, workers: int) -> Iterator[Crew]:
        """Start so many processes; they end with the context."""
        cold = not _WARM
        crew = ProcessCrew(self._work, workers, threads=1)
        _WARM[:] = [True]
        try:
            yield crew
        finally:
            if crew.start_s is not None and cold:
                self._note(crew.start_s)
            crew.close()

    def _note(self, seconds: float) -> None:
        aside = self._measured.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):  # what it took is good to know, no more
            aside.write_text(json.dumps({"start_s": round(seconds, 3)}))
            aside.replace(self._measured)
