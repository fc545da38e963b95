"""The express lane: plain requests of one row, decided in the turn of the loop that read them.

Most requests ask for one decision and hold nothing that must be waited for. A server that has read
such a request whole hands over its body, and begins no task for it. What came in one turn of the
loop is decided one after the other and logged in one write, before any of it is answered.

A head tells alone whether its requests are such: ``admits`` asks the same guard and the same
reader of headers as ``App`` does. Whatever else a request asks for goes the ordinary way.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from fullcycle.kernel import now, uuid7
from fullcycle.record import Decision
from fullcycle.serve.answered import Answered, Taken
from fullcycle.serve.crowd import Crowd
from fullcycle.serve.decider import Undecided, Unrecorded
from fullcycle.serve.guard import Guard
from fullcycle.serve.limits import Limits
from fullcycle.serve.metrics import Meter
from fullcycle.serve.problem import Response, response
from fullcycle.serve.reading import HeaderReader, Rejected, read_row
from fullcycle.serve.routes import HttpScope
from fullcycle.serve.serving import Active, Serving, undecided, unrecorded

Hears = Callable[[Response], None]
"""Hears what one request is answered."""

_TOGETHER = 32  # requests that are logged in one write
_TOGETHER_US = 1_000  # of deciding, after which those that are decided are answered first
_NOT_PLAIN = frozenset(
    b"authorization content-encoding cookie expect proxy-authorization replay-at "
    b"transfer-encoding upgrade".split()
)


class Desk(NamedTuple):
    """What an ``App`` decides single rows with, at which path."""

    path: str
    serving: Serving
    guard: Guard
    headers: HeaderReader
    limits: Limits
    meter: Meter
    crowd: Crowd
    keys: Answered
    shed: Response  # what is answered to one too many
    fault: Callable[[Exception], Response]


class Admitted(NamedTuple):
    """What a head tells of its request: the length of the body, and its Idempotency-Key."""

    length: int
    key: str | None


class Express:
    """Decides on plain single rows; ``begin`` and ``end`` are called around each request."""

    def __init__(self, desk: Desk, *, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._desk = desk
        self._begin = begin
        self._end = end
        self._deciding: set[str] = set()  # the keys of this turn
        self._waiting: deque[_Put] = deque()

    def attend(self, tasks: Collection[object]) -> None:
        """The server's tasks, each a request that goes the ordinary way: they are of the same crowd."""
        self._desk.crowd.tasks = tasks

    def admits(self, scope: HttpScope) -> Admitted | None:
        """What has to be known of a request with just this head to put it here; None where it may not be.

        Those with a token or a date of their own go the ordinary way.
        """
        desk, headers = self._desk, scope["headers"]
        if scope["method"] != "POST" or scope["path"] != desk.path or desk.guard.tokens is not None:
            return None
        told = dict(headers)
        if len(told) < len(headers) or not _NOT_PLAIN.isdisjoint(told):
            return None
        try:
            desk.guard.admit("decide", headers)
            asked = desk.headers.read(headers)
        except Rejected:
            return None
        length = int(told.get(b"content-length", b"0"))
        return Admitted(length, asked.key) if 0 < length <= desk.limits.body_bytes else None

    def put(self, body: bytes, answered: Hears, key: str | None = None) -> bool:
        """Take a request whose head is admitted, to be answered soon; False where it goes another way."""
        if body[:1] != b"{" or self._desk.serving.active is None:
            return False  # many rows, or none, or nothing answers yet
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append(_Put(body, answered, key))
        self._desk.crowd.queued += 1
        return True

    def _turn(self) -> None:
        """Decide on what waits; where that takes long, let the first hear of it before the others."""
        decided: list[_Decided] = []
        spent = 0
        try:
            for _ in range(min(len(self._waiting), _TOGETHER)):
                if self._waiting[0].key in self._deciding:
                    break  # it is answered from memory, once this turn has answered the first
                made = self._begun(*self._waiting.popleft())
                if made is not None:
                    decided.append(made)
                    spent += made.decision.micros
                    if spent > _TOGETHER_US:
                        break
            for together in _by_release(decided):
                self._record(together[0].active, together)
        finally:
            self._deciding.clear()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._turn)

    def _begun(self, body: bytes, answered: Hears, key: str | None) -> "_Decided | None":
        """Decide on one request; None where it was answered without a decision."""
        desk = self._desk
        self._begin()
        active = desk.serving.active
        assert active is not None  # it never goes back to nothing
        crowded, id, taken = desk.crowd.is_crowded(), "", None
        desk.crowd.queued -= 1
        try:
            if crowded:
                desk.meter.shed()
                raise Rejected(desk.shed)
            if key is not None:
                known = desk.keys.take(key, body)
                if isinstance(known, Response):
                    self._answer(active, known, answered)
                    return None
                taken = known
            row, at = read_row(active.decider.release.row, body), now()
            id = uuid7(at) if key is None else key
            decided = _Decided(active, active.decider.made(row, id, at), answered, taken)
            if key is not None:
                self._deciding.add(key)
            return decided
        except Rejected as rejected:
            answer = rejected.response
        except Undecided:
            answer = undecided(id)
        except Exception as error:  # noqa: BLE001 - the edge: nothing of a fault of ours may leave
            answer = desk.fault(error)
        if taken is not None:
            desk.keys.settle(taken, None)
        self._answer(active, answer, answered)
        return None

    def _record(self, active: Active, decided: "list[_Decided]") -> None:
        """Log decisions of one release, and answer them."""
        answers: Sequence[Response]
        try:
            envelopes = active.decider.record([one.decision for one in decided])
            answers = [response(200, envelope) for envelope in envelopes]
        except Unrecorded:
            answers = [unrecorded()] * len(decided)
        except Exception as error:  # noqa: BLE001 - as above
            answers = [self._desk.fault(error) for _ in decided]
        keyed = [
            (one.taken, answer) for one, answer in zip(decided, answers, strict=True) if one.taken is not None
        ]
        if keyed:
            self._desk.keys.settle_all(keyed)
        for one, answer in zip(decided, answers, strict=True):
            self._answer(active, answer, one.answered)

    def _answer(self, active: Active, answer: Response, answered: Hears) -> None:
        self._end()
        self._desk.meter.requested(self._desk.path, active.decider.ref, answer.status)
        try:
            answered(answer)
        except Exception as error:  # noqa: BLE001 - what one client's connection does is not for the others
            self._desk.fault(error)


class _Put(NamedTuple):
    body: bytes
    answered: Hears
    key: str | None


class _Decided(NamedTuple):
    active: Active
    decision: Decision
    answered: Hears
    taken: Taken | None  # the key that it is decided for


def _by_release(decided: list[_Decided]) -> list[list[_Decided]]:
    """Decisions that follow each other and are of one release; mostly all of them are."""
    runs: list[list[_Decided]] = []
    for one in decided:
        if runs and runs[-1][-1].active is one.active:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs
