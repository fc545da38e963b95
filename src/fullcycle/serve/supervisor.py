"""The supervisor: owns the listening socket, and keeps workers answering what is deployed.

It answers nothing itself. It may be killed at any time: its workers go on, and the next
supervisor takes them over, with their socket.
"""

import asyncio
import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from fullcycle.serve import messages
from fullcycle.serve.member import Member, Process, ReadSlot
from fullcycle.serve.messages import TO_SUPERVISOR
from fullcycle.serve.metrics import refusals
from fullcycle.serve.ports import Deployed, Tell
from fullcycle.serve.staffing import Backoff, Staffing, Terms

TICK_S = 0.1
_ADOPTED_S = 3.0  # how long running workers have to greet a new supervisor
_STUCK_S = 30.0  # a worker whose loop stands still so long is replaced
_UNHEARD_S = 20.0  # one that never greeted
_MEMORY_EVERY = 10  # ticks
_SPREAD_EVERY = 20
_LET_GO_S = 3.0  # beyond the grace period, before a worker that will not end is killed


class Page(Protocol):
    """The shared memory of a service; the supervisor alone writes its words."""

    generation: int
    deployment: int

    def free(self) -> int:
        """The number of a slot that nobody has.

        Raises:
            Misconfigured: where all are taken.
        """
        ...

    def slot(self, number: int) -> ReadSlot:
        """A slot."""
        ...


Start = Callable[[int, str], Process]
"""Starts a worker in a slot with an interpreter."""

Reach = Callable[[int], Process]
"""A process that runs already, by its number."""


@dataclass
class Staff:
    """The workers of a service: started, watched, replaced, sent away.

    ``changed`` hears that a worker came that can be spoken with (True), or that one turned or went.
    """

    page: Page
    terms: Terms
    start: Start
    reach: Reach
    tell: Tell
    changed: Callable[[bool], None]
    python: str = ""
    members: list[Member] = field(default_factory=list)
    _staffing: Staffing = field(init=False)
    _backoff: Backoff = field(default_factory=Backoff)
    _not_before: float = 0.0
    _count: int = 0
    _ticks: int = 0
    _dismissed: bool = False
    _refusals: dict[int, int] = field(default_factory=dict)  # that were counted, by the worker's number

    def __post_init__(self) -> None:
        self._staffing = Staffing(self.terms.workers)
        self._count = self.terms.workers.fewest

    @property
    def staying(self) -> list[Member]:
        """Those that answer now, or are about to."""
        return [member for member in self.members if member.stays]

    @property
    def serving(self) -> list[Member]:
        """Those that take connections."""
        return [member for member in self.members if member.stays and member.opened is not None]

    @property
    def standby(self) -> list[Member]:
        """Those that are ready for what is proposed."""
        return [member for member in self.members if member.standby]

    def keep(self) -> None:
        """Begin with as many workers as run already, within what was asked for."""
        workers = self.terms.workers
        self._count = min(max(len(self.staying), workers.fewest), workers.most)

    def hire(self, python: str, *, standby: bool = False, replaces: Member | None = None) -> Member:
        """Start a worker."""
        slot = self.page.slot(self.page.free())
        process = self.start(slot.number, python)
        slot.take(process.pid)
        member = Member(process, slot, python, time.monotonic(), standby, replaces=replaces)
        self.members.append(member)
        return member

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Listen to one worker, from its greeting until it hangs up."""
        member: Member | None = None
        try:
            while said := await reader.readline():
                try:
                    message = TO_SUPERVISOR.decode(said)
                except msgspec.MsgspecError:
                    continue  # of another version
                if isinstance(message, messages.Hello):
                    member = self._greeted(message, writer)
                elif member is not None:
                    self._heard(member, message)
        except OSError:
            pass  # it died
        finally:
            writer.close()
            if member is not None:
                member.hung_up(writer)
                self.tend()

    def open(self, member: Member) -> None:
        """Let a worker take connections; who it replaces goes."""
        if member.opened is None:
            member.opened = time.monotonic()
            member.say(messages.Open())
            self._spread()
        if member.replaces is not None:
            self.retire(member.replaces)
            member.replaces = None

    def retire(self, member: Member) -> None:
        """Send a worker away once it has answered what it began."""
        if member.retiring is None:
            member.retiring = time.monotonic()
            member.standby = False
            member.say(messages.Retire())

    def tend(self) -> None:
        """See to what happens by itself: workers that died, stand still, grew, or are too few or many.

        Once all were dismissed nothing is: each hangs up as it ends, and none may take its place.
        """
        if self._dismissed:
            return
        now = time.monotonic()
        self._ticks += 1
        for member in list(self.members):
            self._see_to(member, now)
        in_flight = sum(member.slot.in_flight for member in self.serving)
        if self._ticks % _MEMORY_EVERY == 0:
            self._weigh()
        if self._ticks % _SPREAD_EVERY == 0:
            self._spread()
        self._level(now, in_flight)

    async def dismiss(self) -> None:
        """End every worker: each finishes what it began, within the grace period; no other begins."""
        self._dismissed = True
        for member in self.members:
            member.process.send(signal.SIGTERM)
        until = time.monotonic() + self.terms.grace_s + _LET_GO_S
        while self._alive() and time.monotonic() < until:
            await asyncio.sleep(0.02)
        for member in self._alive():
            self.tell(f"worker {member.pid} did not end within {self.terms.grace_s:g} s and is killed")
            member.process.send(signal.SIGKILL)

    def _alive(self) -> list[Member]:
        return [member for member in self.members if member.process.ended() is None]

    def _greeted(self, hello: messages.Hello, writer: asyncio.StreamWriter) -> Member:
        known = next((member for member in self.members if member.pid == hello.pid), None)
        if known is None:
            slot = self.page.slot(hello.slot)
            known = Member(self.reach(hello.pid), slot, hello.python, time.monotonic())
            self.members.append(known)
            self.tell(f"worker {hello.pid} runs already and is taken over")
        if self._dismissed:
            known.process.send(signal.SIGTERM)  # it comes too late
        known.greet(hello, writer)
        if hello.opened and known.opened is None:
            known.opened = time.monotonic()
        self.changed(True)
        return known

    def _heard(self, member: Member, message: messages.ToSupervisor) -> None:
        match message:
            case messages.Staged():
                member.staged(message)
            case messages.Answering(generation, told, held):
                member.answering, member.told = generation, told
                member.held = {one: what for one, what in member.held.items() if one in held}
                self.changed(False)
            case messages.Told(line):
                self.tell(line)

    def _see_to(self, member: Member, now: float) -> None:
        how = member.process.ended()
        if how is not None:
            self._bury(member, how, now)
        elif member.retiring is not None:
            if now - member.retiring > self.terms.grace_s + 2 * _LET_GO_S:
                member.process.send(signal.SIGKILL)
        elif not member.greeted:
            if now - member.began > _UNHEARD_S:
                self.tell(f"worker {member.pid} was not heard of within {_UNHEARD_S:g} s and is killed")
                member.process.send(signal.SIGKILL)
        elif member.slot.beats != member.beat[0]:
            member.beat = member.slot.beats, now
        elif member.opened is not None and now - max(member.beat[1], member.opened) > _STUCK_S:
            self.tell(f"worker {member.pid} has stood still for {_STUCK_S:g} s and is killed")
            member.process.send(signal.SIGKILL)

    def _bury(self, member: Member, how: str, now: float) -> None:
        self.members.remove(member)
        member.give_up()
        member.slot.leave()
        for other in self.members:
            if other.replaces is member:
                other.replaces = None
        if member.stays:
            wait = self._backoff.after_death(now - member.began, answered=member.opened is not None)
            self._not_before = max(self._not_before, now + wait)
            soon = f" in {wait:.2g} s" if wait else ""
            self.tell(f"worker {member.pid} {how}; another begins{soon}")
        self.changed(False)

    def _level(self, now: float, in_flight: int) -> None:
        if len(self.serving) >= self._count:
            wanted = self._staffing.wanted(self._count, in_flight, now, refused=self._refuses())
            if wanted != self._count:
                self.tell(f"{wanted} workers from now on, instead of {self._count}")
                self._count = wanted
        there = [member for member in self.staying if member.replaces is None]
        if now >= self._not_before:
            for _ in range(self._count - len(there)):
                self.hire(self.python)
        over = max(len(there) - self._count, 0)
        for member in sorted(there, key=lambda one: one.slot.connections)[:over]:
            self.retire(member)

    def _refuses(self) -> bool:
        """Whether a worker has turned a request away since this was asked last."""
        before = self._refusals
        self._refusals = {member.pid: refusals(member.slot.counters) for member in self.serving}
        return any(count > before.get(pid, count) for pid, count in self._refusals.items())

    def _weigh(self) -> None:
        ceiling = self.terms.memory
        replaced = [member.replaces for member in self.members]
        if ceiling is None or any(one is not None for one in replaced):
            return  # one at a time
        for member in self.staying:
            holds = member.process.memory()
            if holds is not None and holds > ceiling and member.opened is not None:
                self.tell(
                    f"worker {member.pid} holds {holds / 1e6:,.0f} MB, more than {ceiling / 1e6:,.0f} MB: "
                    "another takes its place"
                )
                self.hire(member.python, replaces=member)
                return

    def _spread(self) -> None:
        """Connections that live long would stay with those who had them: even them out."""
        open = self.serving
        counts = [member.slot.connections for member in open]
        most = math.ceil(sum(counts) / max(len(open), 1))
        if not counts or max(counts) - min(counts) < max(2, most / 4):
            return
        for member in open:
            if member.slot.connections > most:
                member.say(messages.Spread(most))


async def adopted(staff: Staff, pids: set[int]) -> None:
    """Wait until each of the workers that run already has greeted, or for some seconds."""
    until = time.monotonic() + _ADOPTED_S
    while time.monotonic() < until:
        if pids <= {member.pid for member in staff.members}:
            return
        await asyncio.sleep(0.02)


def held_by(members: list[Member]) -> dict[int, Deployed]:
    """What workers hold ready, by generation."""
    return {generation: what for member in members for generation, what in member.held.items()}
