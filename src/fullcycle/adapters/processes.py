"""Processes beside this one: ``ProcessPoolExecutor`` on a fork server that has loaded what a run imports.

A worker that dies breaks the pool: it is built anew, and what was not finished is made
again. A call that takes too long is ended by ending the workers, in the same way.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from fullcycle.adapters.threads import VARIABLES
from fullcycle.flow import Answer, Call, Limits, StepFailed, pause

_CHUNK_S = 0.05  # seconds of work that are handed over together
_LOOK_S = 0.05
_DEATHS = 3  # times that a worker may die over a call before the call is given up

Begin = Callable[..., None]
Make = Callable[[Sequence[Call]], list[Answer]]


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers do: ``begin(*given)`` once, then ``make`` of some calls; both importable by name."""

    begin: Begin
    given: tuple[Any, ...]
    make: Make
    preload: tuple[str, ...]  # modules that are worth loading once, before the workers are forked


@dataclass(slots=True)
class _Task:
    """Some calls that were handed over together."""

    calls: list[Call]
    began: float = field(default_factory=time.monotonic)


class ProcessCrew:
    """Workers that make calls; see ``Crew``."""

    def __init__(self, work: Work, workers: int, threads: int) -> None:
        self._work = work
        self._workers = workers
        self._threads = threads
        self.ready_at: float | None = None
        self._open()

    def ready(self) -> bool:
        """Whether a worker has begun to work."""
        return self.ready_at is not None

    def make(self, calls: Sequence[Call], limits: Limits) -> Iterator[Answer]:
        """Make calls and tell what came of each; calls that kill their worker are given up at last."""
        return _Making(self, deque(calls), limits).answers()

    def close(self) -> None:
        """End the workers."""
        self._kill()

    def submit(self, calls: list[Call]) -> "Future[list[Answer]]":
        """Hand calls over."""
        return self._pool.submit(self._work.make, calls)

    def again(self) -> None:
        """Build the pool anew; what it was at is lost."""
        self._kill()
        self._open()

    def _open(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(self._work.preload))
        with _environment(dict.fromkeys(VARIABLES, str(self._threads))):
            self._pool = ProcessPoolExecutor(
                self._workers, context, initializer=self._work.begin, initargs=self._work.given
            )
            self.ready_at = None
            for _ in range(self._workers):  # one is started for each, since none is idle yet
                self._pool.submit(self._work.make, []).add_done_callback(self._note_ready)

    def _note_ready(self, first: "Future[list[Answer]]") -> None:
        if not first.cancelled() and first.exception() is None:
            self.ready_at = self.ready_at or time.monotonic()

    def _kill(self) -> None:
        for process in list((self._pool._processes or {}).values()):
            with suppress(ProcessLookupError, ValueError):
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Making:
    """One round of calls on their way through a crew."""

    def __init__(self, crew: ProcessCrew, todo: deque[Call], limits: Limits) -> None:
        self._crew = crew
        self._todo = todo
        self._limits = limits
        self._tries: dict[int, int] = {}
        self._deaths: dict[int, int] = {}
        self._later: list[tuple[float, Call]] = []
        self._running: dict[Future[list[Answer]], _Task] = {}

    def answers(self) -> Iterator[Answer]:
        """What came of each call."""
        while self._todo or self._running or self._later:
            self._take_up()
            self._hand_over()
            done, _ = wait(self._running, timeout=self._patience(), return_when=FIRST_COMPLETED)
            try:
                for future in done:
                    task = self._running[future]
                    for answer in future.result():
                        yield from self._settled(answer, task)
                    del self._running[future]
            except BrokenProcessPool:
                yield from self._bury("its worker died: killed from outside, or out of memory?")
            if self._overdue():
                yield from self._bury(f"it took longer than {self._limits.timeout:g} s", overdue=True)

    def _hand_over(self) -> None:
        alone = self._limits.timeout is not None or bool(self._deaths)
        most = self._limits.workers if alone else 2 * self._limits.workers
        size = 1 if alone or not self._limits.each_s else max(1, int(_CHUNK_S / self._limits.each_s))
        while self._todo and len(self._running) < most:
            chunk = [self._todo.popleft() for _ in range(min(size, len(self._todo)))]
            self._running[self._crew.submit(chunk)] = _Task(chunk)

    def _take_up(self) -> None:
        """Take up what waits for another try."""
        now = time.monotonic()
        self._todo.extend(call for when, call in self._later if when <= now)
        self._later = [(when, call) for when, call in self._later if when > now]

    def _patience(self) -> float | None:
        """Seconds until something is to be looked after."""
        ends = [when for when, _ in self._later]
        if self._limits.timeout is not None:
            ends += [self._end(task) for task in self._running.values()]
        return max(0.001, min(ends) - time.monotonic()) if ends else None

    def _overdue(self) -> bool:
        return self._limits.timeout is not None and any(map(self._is_over, self._running.values()))

    def _is_over(self, task: _Task) -> bool:
        return self._end(task) <= time.monotonic()

    def _end(self, task: _Task) -> float:
        """When a task has taken too long; until the workers work, soon is when to look again."""
        if self._crew.ready_at is None:
            return time.monotonic() + _LOOK_S
        return max(task.began, self._crew.ready_at) + (self._limits.timeout or 0.0)

    def _settled(self, answer: Answer, task: _Task) -> Iterator[Answer]:
        """Tell an answer, unless it is a failure that is worth another try."""
        call = next(call for call in task.calls if call.number == answer.number)
        if isinstance(answer.error, StepFailed) and self._again(call):
            return
        yield answer

    def _again(self, call: Call) -> bool:
        tries = self._tries[call.number] = self._tries.get(call.number, 0) + 1
        if tries > self._limits.retries:
            return False
        self._later.append((time.monotonic() + pause(tries), call))
        return True

    def _bury(self, why: str, *, overdue: bool = False) -> Iterator[Answer]:
        """Build the pool anew: what was running is made again, but for calls that are to blame too often."""
        running, self._running = list(self._running.values()), {}
        over = [overdue and self._is_over(task) for task in running]
        self._crew.again()
        for task, late in zip(running, over, strict=True):
            for call in task.calls:
                if not (late if overdue else self._died(call)):
                    self._todo.appendleft(call)
                elif not self._again(call):
                    yield Answer(call.number, error=_lost(call, why))

    def _died(self, call: Call) -> bool:
        """Whether a call is to blame for the death of workers: it ran at each of several."""
        deaths = self._deaths[call.number] = self._deaths.get(call.number, 0) + 1
        return deaths >= _DEATHS


def _lost(call: Call, why: str) -> StepFailed:
    name = f"{call.step}[{call.label}]" if call.label else call.step
    return StepFailed(
        f"step {name} failed: {why}",
        f"a process beside this one, for {name}",
        "give it more time or memory: @fc.step(timeout=…, memory=…), or let it do less",
    )


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
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
