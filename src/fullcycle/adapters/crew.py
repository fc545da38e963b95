"""A crew of processes: calls go out to them, and come back made, also where workers die.

A worker that dies, or is ended because its call takes too long, is built anew. The call that
it died over is tried again as often as its step allows, and once more where somebody else may
have ended the worker; what else it had not finished is made again.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool

from fullcycle.adapters.processes import CHUNK_S, SERVER, Death, Task, Work, Worker
from fullcycle.flow import Answer, Call, Failure, Limits, StepFailed, pause
from fullcycle.kernel import FullcycleError, Misconfigured

_LEAST_S = 1e-4  # that a call is thought to take: bounds what is handed over together
_AHEAD = 2  # tasks that a worker has at once, so that it need not wait for the next
_DEATHS = 3  # times that workers may die before they work, or with what a call made, and be built anew


class ProcessCrew:
    """Workers that make calls; see ``Crew``. ``start_s``: seconds until the first of them worked."""

    def __init__(self, work: Work, workers: int, threads: int) -> None:
        self.lasting = work.lasting
        self._work = work
        self._threads = threads
        self._began = time.monotonic()
        self._wanted = workers
        self._around = dict(os.environ)
        self.workers: list[Worker] = []
        self._first: list[Worker] = []
        SERVER.start(work, threads)
        if SERVER.loaded():
            self._start()

    def want(self, workers: int) -> None:
        """Have so many workers from now on, in the environment as it is now; none may be at work."""
        self._wanted = workers
        if os.environ != self._around:  # they have that of their start
            self._around = dict(os.environ)
            self._dismiss(self.workers)
        self._dismiss(self.workers[workers:])
        if SERVER.loaded():
            self._start()

    def rest(self) -> None:
        """End the workers that are at something, of which nobody hears any more."""
        self._dismiss([worker for worker in self.workers if worker.tasks])

    def _dismiss(self, workers: Sequence[Worker]) -> None:
        """End workers; there are fewer then."""
        gone = list(workers)
        self.workers = [worker for worker in self.workers if worker not in gone]
        for worker in gone:
            worker.kill()
        for worker in gone:
            worker.close()

    def _start(self) -> None:
        """Start the workers that lack; waits until the fork server has loaded."""
        lacking = self._wanted - len(self.workers)
        self.workers += [Worker(self._work, self._threads) for _ in range(lacking)]
        self._first = self._first or list(self.workers)

    @property
    def start_s(self) -> float | None:
        """Seconds from the start until a worker worked; None where none has."""
        began = [worker.ready_at for worker in self._first if worker.ready_at is not None]
        return min(began) - self._began if began else None

    def ready(self) -> bool:
        """Whether a worker has begun to work, or has failed to."""
        if SERVER.loaded():
            self._start()
        return any(worker.first.done() for worker in self.workers)

    def make(self, calls: Sequence[Call], limits: Limits) -> Iterator[Answer]:
        """Make calls and tell what came of each; calls that kill their worker are given up at last.

        Raises:
            FullcycleError: where no worker can begin.
        """
        self.want(limits.workers)
        self._start()
        return _Making(self, deque(calls), limits).answers()

    def close(self) -> None:
        """End the workers."""
        self._dismiss(self.workers)

    def replace(self, worker: Worker) -> None:
        """Build a worker anew that has ended; what it was at is lost."""
        self.workers[self.workers.index(worker)] = Worker(self._work, self._threads)


class _Making:
    """One round of calls on their way through a crew."""

    def __init__(self, crew: ProcessCrew, todo: deque[Call], limits: Limits) -> None:
        self._crew = crew
        self._todo = todo
        self._limits = limits
        self._each_s = limits.each_s
        self._tries: dict[int, int] = {}
        self._deaths: Counter[int] = Counter()  # of workers, by the call that they were at
        self._astray: Counter[int] = Counter()  # times that what a call made went lost with its worker
        self._alone: set[int] = set()  # calls that are handed over with no other
        self._stillborn = 0  # workers in a row that died before they worked
        self._later: list[tuple[float, Call]] = []

    def answers(self) -> Iterator[Answer]:
        """What came of each call; of those that come together failures are last: who stops has the rest."""
        while self._todo or self._later or any(worker.tasks for worker in self._crew.workers):
            self._take_up()
            self._hand_over()
            self._wait()
            found = [answer for worker in list(self._crew.workers) for answer in self._looked_after(worker)]
            yield from sorted(found, key=lambda answer: answer.error is not None)

    def _take_up(self) -> None:
        """Take up what waits for another try."""
        now = time.monotonic()
        self._todo.extend(call for when, call in self._later if when <= now)
        self._later = [(when, call) for when, call in self._later if when > now]

    def _hand_over(self) -> None:
        """Hand calls to whoever is free, or has but one; the last ones wait, so that none has two of them."""
        working = [worker for worker in self._crew.workers if worker.ready_at is not None]
        few = len(self._todo) <= len(self._crew.workers)
        ahead = 1 if few or self._limits.timeout is not None else _AHEAD
        for most in range(1, ahead + 1):
            for worker in working or self._crew.workers:
                if self._todo and len(worker.tasks) < most:
                    worker.hand(self._chunk())

    def _chunk(self) -> list[Call]:
        """What is handed over together: some 50 ms of work, and alone what may kill or be ended."""
        first = self._todo.popleft()
        chunk = [first]
        if self._limits.timeout is not None or not self._each_s or first.number in self._alone:
            return chunk
        size = int(CHUNK_S / max(self._each_s, _LEAST_S))
        while self._todo and len(chunk) < size and self._todo[0].number not in self._alone:
            chunk.append(self._todo.popleft())
        return chunk

    def _wait(self) -> None:
        """Wait until something is to be looked after."""
        workers = self._crew.workers
        futures = [task.future for worker in workers for task in worker.tasks]
        futures += [worker.first for worker in workers if not worker.first.done()]
        if futures:
            wait(futures, timeout=self._patience(), return_when=FIRST_COMPLETED)
        elif self._later:
            time.sleep(self._patience() or 0.0)

    def _patience(self) -> float | None:
        ends = [when for when, _ in self._later]
        if self._limits.timeout is not None:
            ends += [
                end
                for worker in self._crew.workers
                if (end := worker.ends_at(self._limits.timeout)) is not None
            ]
        return max(0.001, min(ends) - time.monotonic()) if ends else None

    def _looked_after(self, worker: Worker) -> Iterator[Answer]:
        """What a worker made; where it died, or its call takes too long, it is replaced."""
        while (task := worker.done()) is not None:
            error = task.future.exception()
            if error is None:
                yield from self._settled(task, task.future.result())
            elif isinstance(error, BrokenProcessPool):
                yield from self._bury(worker, task)
                return
            elif worker.failed is not None:
                raise _unbegun(worker.failed)
            else:
                yield from self._unsent(task, error)
        timeout = self._limits.timeout
        end = worker.ends_at(timeout) if timeout is not None else None
        if end is not None and end <= time.monotonic():
            yield from self._end(worker)

    def _settled(self, task: Task, answers: list[Answer]) -> Iterator[Answer]:
        """Tell answers, but for failures that are worth another try; what was not come to is to do."""
        self._stillborn = 0
        if placed := [digest for answer in answers for digest in answer.placed]:
            self._crew.lasting(placed)
        self._todo.extendleft(reversed(task.calls[len(answers) :]))
        walls = [answer.made.wall for answer in answers if answer.made is not None]
        if walls:
            self._each_s = sum(walls) / len(walls)
        for call, answer in zip(task.calls, answers, strict=False):
            if not (isinstance(answer.error, StepFailed) and self._again(call)):
                yield answer

    def _again(self, call: Call) -> bool:
        """Whether a call that failed is tried again, after a while."""
        tries = self._tries[call.number] = self._tries.get(call.number, 0) + 1
        if tries > self._limits.retries:
            return False
        self._later.append((time.monotonic() + pause(tries), call))
        return True

    def _bury(self, worker: Worker, task: Task) -> Iterator[Answer]:
        """Replace a worker that died; the call that it was at is to blame, if it was at one."""
        death = worker.buried()
        if worker.ready_at is None:
            self._stillborn += 1
            if self._stillborn >= _DEATHS:
                raise _unbegun(None)
        blamed = [call for call in task.calls if call.number == death.at]
        self._put_back(worker, task)
        for call in blamed:
            self._todo.remove(call)
            yield from self._died_over(call, death)
        if not blamed and worker.ready_at is not None:
            yield from self._lost_on_its_way(task)

    def _died_over(self, call: Call, death: Death) -> Iterator[Answer]:
        """Try a call again over which a worker died, in another one, or give it up."""
        self._alone.add(call.number)
        self._deaths[call.number] += 1
        if self._deaths[call.number] == 1 and death.from_outside:
            self._todo.appendleft(call)
        elif not self._again(call):
            yield Answer(call.number, error=_lost(call, f"it killed its worker ({death})"), deadly=True)

    def _lost_on_its_way(self, task: Task) -> Iterator[Answer]:
        """Give up a call whose worker dies again and again once it has made it; none is at work then."""
        for call in task.calls:
            self._alone.add(call.number)
            self._astray[call.number] += 1
            if self._astray[call.number] >= _DEATHS:
                self._todo.remove(call)
                why = f"its worker died {_DEATHS} times when it had made it"
                yield Answer(call.number, error=_lost(call, why), deadly=True)

    def _end(self, worker: Worker) -> Iterator[Answer]:
        """End a worker whose call takes too long."""
        late = worker.tasks.popleft()
        worker.close()
        self._put_back(worker)
        for call in late.calls:
            if not self._again(call):
                why = f"it took longer than {self._limits.timeout:g} s"
                yield Answer(call.number, error=_lost(call, why))

    def _put_back(self, worker: Worker, *tasks: Task) -> None:
        """Replace a worker that has ended; what it had not made is to do, first of all."""
        unmade = [call for task in (*tasks, *worker.tasks) for call in task.calls]
        self._crew.replace(worker)
        self._todo.extendleft(reversed(unmade))

    def _unsent(self, task: Task, error: BaseException) -> Iterator[Answer]:
        """Make calls one by one whose answers could not be sent together; give up one that is alone."""
        if len(task.calls) > 1:
            self._alone.update(call.number for call in task.calls)
            self._todo.extendleft(reversed(task.calls))
            return
        why = f"it could not be handed over: {type(error).__name__}: {str(error)[:200]}"
        yield Answer(task.calls[0].number, error=_lost(task.calls[0], why))


def _unbegun(error: BaseException | None) -> FullcycleError:
    if isinstance(error, FullcycleError):
        return error
    said = f"{type(error).__name__}: {str(error)[:200]}" if error is not None else "they die at once"
    return Misconfigured(
        f"processes beside this one cannot begin to work: {said}",
        "a step that is called once per element, or has a timeout",
        "see that the machine has memory left; one at a time: @fc.step(cpus=…) with all that it has",
    )


def _lost(call: Call, why: str) -> StepFailed:
    name = f"{call.step}[{call.label}]" if call.label else call.step
    return StepFailed(
        f"step {name} failed: {why}",
        f"a process beside this one, for {name}",
        "give it more time or memory: @fc.step(timeout=…, memory=…), or let it do less",
        failure=Failure(step=call.step, error=why, element=call.label),
    )
