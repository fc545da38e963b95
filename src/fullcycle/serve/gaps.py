"""Answers that the log did not take: counted here until it takes a note that says so."""

from fullcycle.kernel import FullcycleError
from fullcycle.record import Unlogged, encode_unlogged
from fullcycle.serve.ports import DecisionLog


class Gaps:
    """What one worker answered and could not log, since the log took something last.

    There is one where the environment says ``when_log_fails = "answer and count"``.
    """

    def __init__(self) -> None:
        self._open: Unlogged | None = None

    def missed(self, many: int, *, at: int, release: int, why: str) -> None:
        """Count answers that are not in the log; ``at`` is the time of the last, µs since 1970 UTC."""
        before = self._open
        self._open = Unlogged(
            unlogged=many + (before.unlogged if before is not None else 0),
            since=before.since if before is not None else at,
            until=at,
            release=release,
            why=why,
        )

    def note(self, log: DecisionLog) -> int:
        """Have the log take the note, if there is any to take; return of how many answers it tells."""
        if self._open is None:
            return 0
        note = self._open
        try:
            log.append(encode_unlogged(note))
        except (FullcycleError, OSError):
            return 0  # the next time, perhaps
        self._open = None
        return note.unlogged
