"""Parts of a table, made by processes beside this one and given back in their order."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from fullcycle.adapters.processes import environment_of, without_main
from fullcycle.adapters.threads import VARIABLES
from fullcycle.kernel import Misconfigured

A = TypeVar("A")
B = TypeVar("B")

_AHEAD = 2  # parts that wait for each process


def in_processes(
    begin: Callable[..., Callable[[A], B]], given: tuple[Any, ...], items: Iterator[A], workers: int
) -> Iterator[B]:
    """What ``begin(*given)``, called once in each process, makes of each item; few of them wait at once.

    ``begin`` is importable by its name. Processes end when this one does, however it ends.

    Raises:
        Misconfigured: where a process died.
        Exception: what making one raises.
    """
    with environment_of(dict.fromkeys(VARIABLES, "1")), without_main():
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(begin, given))
        for _ in range(workers):
            pool.submit(_idle)  # starts a process each, in the environment of now
    waiting: deque[Future[B]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_make, item))
            if len(waiting) >= _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise Misconfigured(
            "a process that scored rows ended before it was done",
            "the processes beside this one",
            "see whether memory ran out; --workers 1 scores in this process",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_MAKING: list[Callable[[Any], Any]] = []
_UNBEGUN: list[Exception] = []


def _begin(begin: Callable[..., Callable[[Any], Any]], given: tuple[Any, ...]) -> None:
    """Begin, in the process; what goes wrong is told by the first part, not by a broken pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _MAKING.append(begin(*given))
    except Exception as error:  # noqa: BLE001 - raised where it can be heard
        _UNBEGUN.append(error)


def _idle() -> None:
    """Nothing: a process was started."""


def _make(item: Any) -> Any:
    if _UNBEGUN:
        raise _UNBEGUN[0]
    return _MAKING[0](item)


def _end_with_parent() -> None:
    """Wait until the parent is no more, and end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
