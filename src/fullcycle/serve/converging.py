"""Converging: what was decided in the ledger becomes what this host's workers answer with.

A proposal is staged by every worker; a deployment then is one word written to memory. Workers
of another interpreter, where it takes one, take over the listening socket when it is deployed.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fullcycle.release import (
    DeploymentAnswered,
    DeploymentProposed,
    DeploymentStaged,
    HostJoined,
    HostLeft,
    LookupPublished,
)
from fullcycle.serve import messages
from fullcycle.serve.lookout import News
from fullcycle.serve.member import Member
from fullcycle.serve.messages import first_line
from fullcycle.serve.ports import Deployed, Tell
from fullcycle.serve.readiness import Fitting, Generations, Readiness
from fullcycle.serve.supervisor import Page, Staff
from fullcycle.serve.tokens import Token

_AGAIN_S = 0.5  # until what could not be staged is tried again; doubled each time
_LONGEST_S = 30.0
_LISTENS_S = 2.0  # for how long one that was sent away may listen before it is no longer waited for

Say = Callable[[object], Coroutine[Any, Any, None]]
"""Appends to the activation stream."""

Resolve = Callable[[int], Awaitable[Deployed]]
"""What a release's number stands for; raises where there is none."""


@dataclass
class Converger:
    """Keeps a host's workers at what is wanted."""

    host: str
    staff: Staff
    page: Page
    say: Say
    resolve: Resolve
    fitting: Fitting
    joins: HostJoined
    tell: Tell
    wanted: Deployed | None = None
    deployment: int = -1  # the last one's position; -1 before the ledger was asked
    live: int = 0  # the position of the last publication
    refused: str = ""
    lost: str = ""  # why it is not known what the last deployment decided
    unreachable: str = ""
    tokens: tuple[Token, ...] | None = None  # that are valid; None before the ledger was asked
    _generations: Generations = field(init=False)
    _readiness: Readiness = field(init=False)
    _acknowledged: tuple[int, int] = (0, 0)  # the last deployment that was, and the last publication
    _refused: tuple[int, int] = (0, 0)
    _asked: tuple[LookupPublished, ...] = ()  # what was published for what answers
    _converging: asyncio.Task[None] | None = None
    _anew: asyncio.Event = field(default_factory=asyncio.Event)  # something else is wanted, or a worker came
    _doing: set[asyncio.Task[None]] = field(default_factory=set)
    _ended: bool = False

    def __post_init__(self) -> None:
        self._generations = Generations(self.page)
        self._readiness = Readiness(self.staff, self._generations, self.fitting)

    def adopt(self) -> None:
        """Begin with what workers that run already hold."""
        self._generations.adopt(self.staff.members)

    def end(self) -> None:
        """Begin nothing more, and leave what was begun: no worker may come once all are sent away."""
        self._ended = True
        for task in self._doing:
            task.cancel()

    def heard(self, news: News) -> None:
        """Do what the ledger says."""
        if self._ended:
            return
        for fact in news.facts:
            match fact.body:
                case DeploymentProposed() as proposed:
                    self._do(self._prepare(fact.position, proposed.release))
                case HostLeft() as left if left.host == self.host:
                    self._do(self.say(self.joins))
        self.deployment, self.live = news.deployment, news.live
        if news.tokens != self.tokens:
            self.tokens = news.tokens
            self._stand()
        self.lost = news.lost
        if news.lost:
            self._refuse(f"deployment {news.deployment} was not activated: {news.lost}")
        elif news.wanted is not None and news.wanted != self.wanted:
            self.wanted = news.wanted
            self._anew.set()
        self.converge()

    def cannot_reach(self, why: str) -> None:
        """The ledger cannot be asked; "" where it can again."""
        told = f"the ledger cannot be asked ({why})"
        self.tell(f"{told}; what answers stays" if why else "the ledger can be asked again")
        self.unreachable = told if why else ""
        self._stand()

    def changed(self, *, came: bool) -> None:
        """A worker came, or went, or turned."""
        if came or self.refused:  # one that turns takes what it was told before as settled
            self._stand()
        if came:
            self._anew.set()
        self.converge()

    def converge(self) -> None:
        """Write the word at once where every worker is ready; else see to it that they are."""
        if self._ended:
            return
        if self.wanted is not None:
            generation = self._generations.number(self.wanted)
            first = self.staff.serving or [member for member in self.staff.staying if member.on_line]
            if first and all(generation in member.held for member in first):
                self._activate(generation)
        elif self.deployment == 0:
            self._open_idle()  # they answer that nothing is deployed
        if self._converging is None or self._converging.done():
            self._converging = self._do(self._see_to_it())

    @property
    def silent(self) -> str:
        """Why nothing answers; empty where something does."""
        if any(member.answering for member in self.staff.serving):
            return ""
        return self.refused or self.unreachable or "nothing is deployed yet"

    @property
    def settled(self) -> bool:
        """Whether what is wanted answers here, or it is known why not."""
        if not self.staff.serving or self.deployment < 0:
            return False
        return (
            bool(self.refused) or self.wanted is None or self._turned(self._generations.number(self.wanted))
        )

    def tend(self) -> None:
        """Keep those that come later ready for what is proposed, and let go of what came to nothing."""
        for staging in self._readiness.tend(self.wanted):
            self._do(staging)

    def _activate(self, generation: int) -> None:
        """Those that serve hold it: from here on each request that begins is answered by it."""
        if self.page.generation != generation:
            self.page.generation = generation
            for member in self.staff.members:
                member.say(messages.Turn())
        if self.refused and not self.lost:
            self.refused = ""
            self._stand()
        for member in self.staff.staying:
            if generation in member.held:
                self.staff.open(member)
        self._acknowledge(generation)

    async def _see_to_it(self) -> None:
        failures = 0
        while self.wanted is not None:
            self._anew.clear()
            wanted, generation = self.wanted, self._generations.number(self.wanted)
            self._acknowledge(generation)
            if self._turned(generation) and not self._lacking(generation):
                return
            if self._take_over(generation):
                continue
            await self._catch_up(generation)
            why = await self._readiness.stage(wanted)
            if wanted != self.wanted:
                failures = 0
            elif why:
                self._refuse(f"deployment {self.deployment} was not activated: {why}")
                failures += 1
                await self._wait(min(_AGAIN_S * 2.0 ** min(failures - 1, 10), _LONGEST_S))
            elif not self._take_over(generation):
                self.converge()
                await self._wait(0.05)  # for those that are starting, and for those that turn

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._anew.wait(), seconds)

    async def _catch_up(self, generation: int) -> None:
        """Have workers that came later answer with what answers now, until what is wanted does."""
        now = self.page.generation
        answers = self._generations.known.get(now)
        if answers is None or now == generation:
            return
        for member in self._lacking(now):
            if member.opened is None and not (await member.ready(now, answers)).why:
                member.say(messages.Turn())
                self.staff.open(member)

    def _lacking(self, generation: int) -> list[Member]:
        """Those on the line that do not answer with it yet."""
        return [
            member
            for member in self.staff.staying
            if member.on_line and (member.opened is None or member.answering != generation)
        ]

    def _turned(self, generation: int) -> bool:
        serving = self.staff.serving
        return (
            self.page.generation == generation
            and bool(serving)
            and all(member.answering == generation for member in serving)
            and not any(self._still_listens(member) for member in self.staff.members)
        )

    def _still_listens(self, member: Member) -> bool:
        """Whether one that was sent away may take a connection yet; one that stands still takes none."""
        since = member.retiring
        return since is not None and member.slot.accepts and time.monotonic() - since < _LISTENS_S

    def _acknowledge(self, generation: int) -> None:
        """Say that what is wanted answers here, once for each deployment and each publication."""
        if self.lost or self._acknowledged == self._decided or not self._turned(generation):
            return
        told, asked = self.staff.serving[0].told, self._generations.known[generation].published
        if self._acknowledged[0] == self.deployment:
            anew = ", ".join(f"{one.parameter} of run {one.run}" for one in asked if one not in self._asked)
            told = f"{told.partition(' ')[0]} asks anew: {anew or 'nothing else than before'}"
        self._acknowledged, self._asked = self._decided, asked
        self.page.deployment = self.deployment
        self.tell(told)
        self._do(self._say_answered(""))

    @property
    def _decided(self) -> tuple[int, int]:
        return self.deployment, self.live

    def _say_answered(self, why: str) -> Coroutine[Any, Any, None]:
        return self.say(
            DeploymentAnswered(deployment=self.deployment, host=self.host, why=why, live=self.live)
        )

    def _refuse(self, why: str) -> None:
        if self.page.generation == 0:
            self._open_idle()
        if why == self.refused and self._refused == self._decided:
            return
        if why != self.refused:
            told = next((member.told for member in self.staff.serving if member.answering), "")
            keeps = f"{told.partition(' ')[0]} goes on answering" if told else "nothing answers"
            self.tell(f"{why}; {keeps}")
        self.refused, self._refused = why, self._decided
        self._stand()
        self._do(self._say_answered(why))

    def _open_idle(self) -> None:
        """Let workers that have nothing to answer with say why."""
        for member in self.staff.staying:
            if member.on_line:
                self.staff.open(member)

    def _stand(self) -> None:
        for member in self.staff.members:
            member.say(messages.Standing(self.refused, self.unreachable))
            if self.tokens is not None:
                member.say(messages.Admit(self.tokens))

    def _take_over(self, generation: int) -> bool:
        """Let those that stand by for a generation take over, if there are any."""
        coming = [member for member in self.staff.standby if generation in member.held]
        if not coming:
            return False
        going = self.staff.staying
        self.staff.python = coming[0].python
        self.page.generation = generation
        for member in coming:
            member.standby = False
            member.say(messages.Turn())
            self.staff.open(member)
        for member in going:
            self.staff.retire(member)
        self.tell(f"workers of {self.staff.python} take over; those before end with what they began")
        self.refused = ""
        self._stand()
        return True

    async def _prepare(self, proposal: int, release: int) -> None:
        """Stage what is proposed in every worker, and say whether this host is ready."""
        try:
            deployed = await self.resolve(release)
            why = await self._readiness.propose(deployed)
        except Exception as error:  # noqa: BLE001 - who deploys must hear of it, whatever it is
            why = first_line(error)
        await self.say(DeploymentStaged(proposal=proposal, host=self.host, why=why))

    def _do(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._doing.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._doing.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.tell("a fault of the supervisor: " + "".join(traceback.format_exception(error)))
