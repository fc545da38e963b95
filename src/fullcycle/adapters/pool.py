"""Connections that threads share in turns and forks never inherit."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """A connection, whoever makes it."""

    def close(self) -> None:
        """End it."""
        ...


_Connection = TypeVar("_Connection", bound=Closable)

# Connections of a parent process. Closing one, or letting it be collected, would end the
# parent's session or drop its locks: the child keeps them, and uses them for nothing.
_INHERITED: list[object] = []


class Pool(Generic[_Connection]):
    """Hands each caller a connection that no other thread or process is using.

    Its connections are closed as soon as nobody holds it any more. So ``connect`` must not hold
    whoever holds the pool: each would wait for the other to go, and both for the collector.
    """

    def __init__(self, connect: Callable[[], _Connection]) -> None:
        self._connect = connect
        self.opened = 0
        """Connections that it has opened so far."""
        self._anew()

    @contextmanager
    def connection(self) -> Iterator[_Connection]:
        """A connection for one use; one that saw an error is closed, not handed on."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._free.append(connection)

    def close(self) -> None:
        """Close what is free; the pool opens new ones when asked again."""
        with self._lock:
            _end(self._free, self._owner)

    def _take(self) -> _Connection:
        if self._owner != os.getpid():
            self._end_at_last.detach()
            _INHERITED.append(self._free)
            self._anew()
        with self._lock:
            if self._free:
                return self._free.pop()
            self.opened += 1
        return self._connect()

    def _anew(self) -> None:
        self._free: list[_Connection] = []
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._end_at_last = weakref.finalize(self, _end, self._free, self._owner)


def _end(free: list[_Connection], owner: int) -> None:
    """Close connections, or keep them for ever where they are another process's."""
    ended, free[:] = list(free), []
    if owner != os.getpid():
        _INHERITED.append(ended)
        return
    for connection in ended:
        connection.close()
