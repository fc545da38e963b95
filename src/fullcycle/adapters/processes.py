"""Processes beside this one: ``ProcessPoolExecutor`` on a fork server that has loaded what a run imports.

Each worker is a pool of its own, so one that dies takes no other with it. Workers end when
this process does, however it ends.
"""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path
from types import ModuleType
from typing import Any

from fullcycle.adapters import preloaded, uninterrupted
from fullcycle.adapters.threads import VARIABLES
from fullcycle.adapters.uninterrupted import MARKER
from fullcycle.flow import Answer, Call
from fullcycle.kernel import Digest

_LONGEST_LOAD_S = 30.0  # that is waited for a fork server before it is asked for a worker anyway
_UNTOLD = 255  # the exit code of a process whose fork server is no more
CHUNK_S = 0.05  # seconds of work after which a worker hands over what it made

Begin = Callable[..., None]
Make = Callable[[Sequence[Call]], list[Answer]]


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers do: ``begin(*given)`` once, then ``make`` of some calls; both importable by name.

    ``lasting`` is called here with the objects that they placed: they do not wait for the disk.
    """

    begin: Begin
    given: tuple[Any, ...]
    make: Make
    preload: tuple[str, ...]  # modules that are worth loading once, before the workers are forked
    lasting: Callable[[Sequence[Digest]], None] = lambda placed: None


@dataclass(slots=True)
class Task:
    """Some calls that were handed over together; ``began`` when the ones before it had ended."""

    calls: list[Call]
    future: "Future[list[Answer]]"
    began: float = field(default_factory=time.monotonic)


class Server:
    """The fork server of this process: loads what workers need, while whoever asked goes on."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._marker = Path()

    def start(self, work: Work, threads: int) -> None:
        """Start it, unless it was started before; does not wait until it has loaded."""
        if self._began is None:
            self._began = time.monotonic()
            self._marker = Path(tempfile.mkdtemp(prefix="fullcycle-")) / "loaded"
            weakref.finalize(self, shutil.rmtree, self._marker.parent, ignore_errors=True)
        variables = {**dict.fromkeys(VARIABLES, str(threads)), MARKER: str(self._marker)}
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([uninterrupted.__name__, *work.preload, preloaded.__name__])
        with environment_of(variables):
            forkserver.ensure_running()

    def place(self) -> Path:
        """A new file for a worker, which goes when this process ends."""
        handle, name = tempfile.mkstemp(prefix="at-", dir=self._marker.parent)
        os.close(handle)
        return Path(name)

    def loaded(self) -> bool:
        """Whether a worker can be had at once; after a long while, whether or not it says so."""
        waited = time.monotonic() - (self._began or 0.0)
        return self._marker.exists() or waited > _LONGEST_LOAD_S


SERVER = Server()


class Whereabouts:
    """A file in which a worker says which call it is at, and which outlives it, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDWR)

    def say(self, number: int) -> None:
        """It is at this call; at none where it is negative."""
        os.pwrite(self._handle, number.to_bytes(8, sys.byteorder, signed=True), 0)

    def heard(self) -> int | None:
        """The call that it was at last; None where it was at none."""
        number = int.from_bytes(os.pread(self._handle, 8, 0) or b"\xff", sys.byteorder, signed=True)
        return number if number >= 0 else None

    def close(self) -> None:
        """Forget it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._path.unlink(missing_ok=True)
        self._handle = -1


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended that nobody here told to: its exit code, negative where a signal ended it."""

    code: int | None
    at: int | None  # the number of the call that it was at

    @property
    def from_outside(self) -> bool:
        """Whether somebody else may have ended it: a person, or the system, which is out of memory."""
        return self.code in (None, -signal.SIGKILL, -signal.SIGTERM)

    def __str__(self) -> str:
        if self.code is None:
            return "nobody knows how"
        if self.code >= 0:
            return f"it exited with {self.code}"
        if self.code == -signal.SIGKILL:
            return "signal 9: memory?"
        return f"signal {-self.code}: {signal.strsignal(-self.code) or 'unknown'}"


class Worker:
    """One process, as a pool of one; its first task is the one that it is at."""

    def __init__(self, work: Work, threads: int) -> None:
        self.tasks: deque[Task] = deque()
        self.ready_at: float | None = None
        self.failed: BaseException | None = None  # what kept it from beginning
        self._make = work.make
        SERVER.start(work, threads)
        place = SERVER.place()
        self._whereabouts = Whereabouts(place)
        context = multiprocessing.get_context("forkserver")
        threads_of = dict.fromkeys(VARIABLES, str(threads))
        around = {**os.environ, **threads_of}  # as it is now: the fork server has that of its start
        with environment_of(threads_of), without_main():
            self._pool = ProcessPoolExecutor(
                1, context, initializer=_begin, initargs=(work.begin, work.given, around, place)
            )
            self.first = self._pool.submit(_made, work.make, [])  # starts the process
        self._processes = list((self._pool._processes or {}).values())
        self.first.add_done_callback(self._note_ready)

    def hand(self, calls: list[Call]) -> None:
        """Hand calls over."""
        try:
            future = self._pool.submit(_made, self._make, calls)
        except BrokenProcessPool as error:  # it died a moment ago
            future = Future()
            future.set_exception(error)
        self.tasks.append(Task(calls, future))

    def done(self) -> Task | None:
        """The task that it was at, where that has ended; it is at the next one now."""
        if not self.tasks or not self.tasks[0].future.done():
            return None
        task = self.tasks.popleft()
        if self.tasks:
            self.tasks[0].began = time.monotonic()
        return task

    def ends_at(self, timeout: float) -> float | None:
        """When the call that it is at has taken too long; None while it is at none, or starts."""
        if not self.tasks or self.ready_at is None:
            return None
        return max(self.tasks[0].began, self.ready_at) + timeout

    def kill(self) -> None:
        """End the process, whatever it is at."""
        for process in self._processes:
            with suppress(ProcessLookupError, ValueError):
                process.kill()

    def close(self) -> None:
        """End the process and its pool."""
        self.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._whereabouts.close()

    def buried(self) -> Death:
        """How the process ended, which has; its pool ends, too."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        codes = [process.exitcode for process in self._processes if process.exitcode != _UNTOLD]
        death = Death(codes[0] if codes else None, self._whereabouts.heard())
        self._whereabouts.close()
        return death

    def _note_ready(self, first: "Future[list[Answer]]") -> None:
        if first.cancelled():
            return
        error = first.exception()
        if error is None:
            self.ready_at = time.monotonic()
        elif not isinstance(error, BrokenProcessPool):
            self.failed = error


def _begin(begin: Begin, given: tuple[Any, ...], environment: dict[str, str], place: Path) -> None:
    """Begin, in the worker; what goes wrong is told by the first task, not by a broken pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run's own process ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    try:
        _AT.append(Whereabouts(place))
        begin(*given)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it can be heard
        _UNBEGUN.append(error)


_UNBEGUN: list[Exception] = []
_AT: list[Whereabouts] = []


def _end_with_parent() -> None:
    """Wait until the run's own process is no more, and end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _made(make: Make, calls: Sequence[Call]) -> list[Answer]:
    """Make calls, in the worker, one by one until it has been some time: who is killed then loses no more."""
    if _UNBEGUN:
        raise _UNBEGUN[0]
    answers: list[Answer] = []
    began = time.monotonic()
    for call in calls:
        _AT[0].say(call.number)
        answers += make([call])
        if time.monotonic() - began > CHUNK_S:
            break
    _AT[0].say(-1)  # who ends it now ends no call
    return answers


@contextmanager
def environment_of(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def without_main() -> Iterator[None]:
    """Let processes that are started meanwhile not import what was started here: they need nothing of it.

    A script without ``if __name__ == "__main__"`` would run again in each of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
