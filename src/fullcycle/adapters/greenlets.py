"""Calls that wait in their middle, many in one thread, on greenlets.

A generator could wait as well, but not inside ``max(…, key=lambda …)``: what stands between
the function and its model may be C. A greenlet keeps the whole stack.
"""

from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet


class Greenlets:
    """``Fibers`` on greenlets, of the thread that made it; each is used again when its call has ended.

    One takes 16 kB of stack when it is new, which costs more than a switch does.
    """

    def __init__(self) -> None:
        self._hub = getcurrent()
        self._idle: list[greenlet] = []
        self.pause: Callable[[], Any] = self._hub.switch

    def start(self, call: Callable[[Any], None], argument: Any) -> None:
        """Call it in a fiber, until it pauses or ends; what it raises is raised here."""
        fiber = self._idle.pop() if self._idle else greenlet(self._work, self._hub)
        fiber.switch(call, argument)

    def current(self) -> greenlet | None:
        """The fiber that runs; None outside of any, and in another thread."""
        running = getcurrent()
        return running if running.parent is self._hub else None

    def resume(self, fiber: greenlet, value: Any) -> None:
        """Go on with one that paused: ``pause`` returns ``value`` there."""
        fiber.switch(value)

    def throw(self, fiber: greenlet, error: Exception) -> None:
        """Go on with one that paused: ``pause`` raises ``error`` there."""
        fiber.throw(error)

    def _work(self, call: Callable[[Any], None], argument: Any) -> None:
        mine, idle, wait = getcurrent(), self._idle, self._hub.switch
        while True:
            call(argument)
            idle.append(mine)
            call, argument = wait()
