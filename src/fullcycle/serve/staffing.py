"""How many workers a service keeps, and how soon one that died is started again: pure decisions."""

import re
from dataclasses import dataclass, field

from fullcycle.kernel import Invalid

MOST = 32
"""The most workers a service may be asked for; as many again may be on their way out."""

_BUSY = 0.75  # requests in flight per worker above which another is wanted
_IDLE = 0.4  # and per worker that would be left, below which one goes
_UP_S = 1.0  # for how long it must be so
_DOWN_S = 15.0
_SMOOTHED_S = 1.5  # over which requests in flight are averaged

_FIRST_S = 0.05  # until a worker that died is started again; doubled each time
_LONGEST_S = 30.0  # for one that never answered
_LONGEST_ANSWERED_S = 1.0  # for one that did
_LASTED_S = 1.0  # a worker that answered and lived so long is started again at once


@dataclass(frozen=True, slots=True)
class Workers:
    """Between how many workers a service is kept."""

    fewest: int = 1
    most: int = 1

    @classmethod
    def parse(cls, text: str, *, where: str = "--workers") -> "Workers":
        """Read ``"2"`` or ``"1-4"``.

        Raises:
            Invalid: for anything else.

        >>> Workers.parse("1-4")
        Workers(fewest=1, most=4)
        """
        found = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", text)
        fewest, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= fewest <= most <= MOST:
            raise Invalid(
                f"{text!r} is no number of workers", where, f"write 2, or 1-4; from 1 to {MOST} are possible"
            )
        return cls(fewest, most)

    def __str__(self) -> str:
        return str(self.most) if self.fewest == self.most else f"{self.fewest}-{self.most}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service is kept at: its workers, the memory each may hold, the time each has to end."""

    workers: Workers = field(default_factory=Workers)
    memory: int | None = None  # bytes
    grace_s: float = 10.0


class Staffing:
    """Between the fewest and the most, by requests in flight; it takes longer to send one away.

    A request that is refused ends at once, so it shows in nothing that is in flight: it is told.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._load = 0.0  # requests in flight, averaged
        self._at: float | None = None
        self._busy_since: float | None = None
        self._idle_since: float | None = None
        self._refused_at: float | None = None

    def wanted(self, count: int, in_flight: int, at: float, *, refused: bool = False) -> int:
        """How many workers there should be.

        Args:
            count: how many there are.
            in_flight: requests that they have begun and not ended.
            at: seconds of any clock that does not go back.
            refused: whether one of them turned a request away since this was asked last.
        """
        passed = at - self._at if self._at is not None else 0.0
        self._at = at
        self._load += (in_flight - self._load) * min(passed / _SMOOTHED_S, 1.0)
        if refused:
            self._refused_at = at
        refuses = self._refused_at is not None and at - self._refused_at < _UP_S
        busy = count < self._workers.most and (refuses or self._load > _BUSY * count)
        idle = count > self._workers.fewest and not refuses and self._load < _IDLE * (count - 1)
        self._busy_since = _since(self._busy_since, busy, at)
        self._idle_since = _since(self._idle_since, idle, at)
        if self._busy_since is not None and at - self._busy_since >= _UP_S:
            self._busy_since = None
            return count + 1
        if self._idle_since is not None and at - self._idle_since >= _DOWN_S:
            self._idle_since = None
            return count - 1
        return min(max(count, self._workers.fewest), self._workers.most)


class Backoff:
    """Waits longer with every worker that dies soon; less where it had answered before."""

    def __init__(self) -> None:
        self._deaths = 0  # in a row, each soon after its start

    def after_death(self, lived_s: float, *, answered: bool) -> float:
        """Seconds until the next may be started."""
        if lived_s >= _LASTED_S and answered:
            self._deaths = 0
            return 0.0
        wait = _FIRST_S * 2.0 ** min(self._deaths, 20)
        self._deaths += 1
        return min(wait, _LONGEST_ANSWERED_S if answered else _LONGEST_S)


def _since(before: float | None, so: bool, at: float) -> float | None:
    return None if not so else at if before is None else before
