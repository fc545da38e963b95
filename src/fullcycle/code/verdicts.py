"""Verdicts on statements that may stand on each other in a circle, such as functions that call each other."""

from collections.abc import Callable

from fullcycle.code.statement import Statement

Key = tuple[str, Statement]
"""A module, and a statement of it."""


class Verdicts:
    """What was judged of statements, each once.

    While one is judged, whoever asks for it is told yes: what a circle says is what the rest
    of it says. Where the answer is no in the end, whatever was answered meanwhile may stand
    on that yes: it is forgotten, and judged again when it is asked for.
    """

    def __init__(self) -> None:
        self._settled: dict[Key, bool] = {}
        self._order: list[Key] = []  # of those answered by yes

    def of(self, key: Key, judge: Callable[[], bool]) -> bool:
        """The verdict, by ``judge`` where there is none yet."""
        if key in self._settled:
            return self._settled[key]
        self._settled[key] = True
        since = len(self._order)
        self._order.append(key)
        if judge():
            return True
        for other in self._order[since:]:
            self._settled.pop(other, None)
        del self._order[since:]
        self._settled[key] = False
        return False
