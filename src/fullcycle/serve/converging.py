"""Converging: what was decided in the ledger becomes what this host's workers answer with.

A proposal is staged by every worker; a deployment then is one word written to memory. Where
the workers' Python or distributions do not fit a release, workers of another interpreter are
started beside them, and take over the listening socket when it is deployed.
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
from fullcycle.serve.member import ENDED, Member
from fullcycle.serve.messages import first_line
from fullcycle.serve.ports import Deployed, Tell
from fullcycle.serve.supervisor import Page, Staff, held_by
from fullcycle.serve.tokens import Token

_AGAIN_S = 0.5  # until what could not be staged is tried again; doubled each time
_LONGEST_S = 30.0
_PROPOSED_S = 120.0  # for how long workers that stand by for a proposal are kept
_LISTENS_S = 2.0  # for how long one that was sent away may listen before it is no longer waited for
_ATTEMPTS = 5  # to stage while workers come and go

Say = Callable[[object], Coroutine[Any, Any, None]]
"""Appends to the activation stream."""

Resolve = Callable[[int], Awaitable[Deployed]]
"""What a release's number stands for; raises where there is none."""

Fitting = Callable[[Deployed], Awaitable[tuple[str, str]]]
"""An interpreter that fits a release, or "" and why none does."""


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
    _known: dict[int, Deployed] = field(default_factory=dict)  # by generation of this host
    _acknowledged: tuple[int, int] = (0, 0)  # the last deployment that was, and the last publication
    _refused: tuple[int, int] = (0, 0)
    _asked: tuple[LookupPublished, ...] = ()  # what was published for what answers
    _proposed: tuple[Deployed, float] | None = None  # and until when it is kept ready
    _stands_by_for: Deployed | None = None  # what workers of another interpreter are ready for
    _converging: asyncio.Task[None] | None = None
    _anew: asyncio.Event = field(default_factory=asyncio.Event)  # something else is wanted, or a worker came
    _doing: set[asyncio.Task[None]] = field(default_factory=set)
    _ended: bool = False

    def adopt(self) -> None:
        """Begin with what workers that run already hold."""
        self._known.update(held_by(self.staff.members))

    def number(self, deployed: Deployed) -> int:
        """The generation of what is to answer: the same one whenever it comes again."""
        found = next((number for number, known in self._known.items() if known == deployed), 0)
        if not found:
            found = max([self.page.generation, *self._known]) + 1
            self._known[found] = deployed
        return found

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
            generation = self.number(self.wanted)
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
        return bool(self.refused) or self.wanted is None or self._turned(self.number(self.wanted))

    def tend(self) -> None:
        """Keep those that come later ready for what is proposed, and let go of what came to nothing."""
        if self._proposed is not None and (
            self._proposed[0] == self.wanted or time.monotonic() > self._proposed[1]
        ):
            self._proposed = None
        if self._stands_by_for not in (self.wanted, self._proposed and self._proposed[0]):
            self._stands_by_for = None
            for member in self.staff.standby:
                self.staff.retire(member)
        if self._proposed is None:
            return
        deployed, _ = self._proposed
        generation = self.number(deployed)
        for member in self.staff.serving:
            if member.on_line and generation not in member.held and not member.refuses(generation):
                self._do(_forgotten(member.ready(generation, deployed)))

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
            wanted, generation = self.wanted, self.number(self.wanted)
            self._acknowledge(generation)
            if self._turned(generation) and not self._lacking(generation):
                return
            if self._take_over(generation):
                continue
            await self._catch_up(generation)
            why = await self._staged_everywhere(generation, wanted)
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
        answers = self._known.get(now)
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
        told, asked = self.staff.serving[0].told, self._known[generation].published
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

    async def _staged_everywhere(self, generation: int, deployed: Deployed) -> str:
        """Have every worker stage a release; "" where all could, else why one could not."""
        for _ in range(_ATTEMPTS):
            there = [member for member in self.staff.staying if member.on_line]
            said = await asyncio.gather(*(member.ready(generation, deployed) for member in there))
            if any(one.misfit for one in said):
                return await self._stand_by(generation, deployed)
            why = next((one.why for one in said if one.why), "")
            if why != ENDED:
                return why
        return "its workers ended again and again while they loaded it"

    async def _stand_by(self, generation: int, deployed: Deployed) -> str:
        """Have workers of an interpreter that fits ready beside those that answer; why not, or ""."""
        python, why = await self.fitting(deployed)
        if not python:
            return why
        self._stands_by_for = deployed
        there = [member for member in self.staff.standby if member.python == python]
        lacking = max(len(self.staff.staying), 1) - len(there)
        there += [self.staff.hire(python, standby=True) for _ in range(lacking)]
        while any(not member.on_line and member in self.staff.members for member in there):
            await asyncio.sleep(0.01)
        there = [member for member in there if member.on_line]
        said = await asyncio.gather(*(member.ready(generation, deployed) for member in there))
        lost = "" if there else f"workers of {python} ended before they answered"
        return next((one.why for one in said if one.why), lost)

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
            self._proposed = deployed, time.monotonic() + _PROPOSED_S
            while not any(member.on_line for member in self.staff.staying):
                await asyncio.sleep(0.02)  # they are just being started
            why = await self._staged_everywhere(self.number(deployed), deployed)
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


async def _forgotten(staging: Awaitable[messages.Staged]) -> None:
    await staging
