"""How many requests are in flight at this moment, and whether those are too many.

A decision keeps the event loop until it is made, so a crowd does not show as decisions under
way: it shows as requests whose tasks the server has begun and the loop has not come to. A
server that lists its tasks in the ASGI ``state`` lets that be seen; without it, only those
are seen whose bodies have not arrived.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any


class Room:
    """Room for ``most`` bodies that are longer than one row's may be: each holds memory while it is there."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> bool:
        """Take room for one; False where there is none."""
        if not self._left:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Leave it to another."""
        self._left += 1


class Crowd:
    """Requests in flight in this process; at most ``most`` are answered, others turned away."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = 0  # in this turn of the loop: the server still lists their tasks
        self.inside = 0
        self.queued = 0  # that were read, have no task, and are not begun
        self.tasks: Collection[object] = ()  # the server's, for those that have none themselves

    def enter(self) -> None:
        """A request begins."""
        self.inside += 1

    def leave(self) -> None:
        """It is answered."""
        self.inside -= 1
        if not self._left:
            asyncio.get_running_loop().call_soon(self._turn)
        self._left += 1

    def too_many(self, scope: Mapping[str, Any]) -> bool:
        """Whether this request is one too many."""
        state = scope.get("state")
        tasks = state.get("tasks") if state is not None else None
        there = self.inside if tasks is None else len(tasks) - self._left
        return there + self.queued > self._most

    def is_crowded(self) -> bool:
        """Whether a request of those that are queued is one too many."""
        return len(self.tasks) - self._left + self.queued > self._most

    def _turn(self) -> None:
        self._left = 0
