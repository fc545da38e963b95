"""Readiness: every worker holds what is to answer next, so that a deployment is one word.

Where the workers' Python or distributions do not fit a release, workers of another interpreter
are started beside them, and stand by.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from fullcycle.serve.member import ENDED, Member
from fullcycle.serve.ports import Deployed
from fullcycle.serve.supervisor import Page, Staff, held_by

_PROPOSED_S = 120.0  # for how long workers that stand by for a proposal are kept
_ATTEMPTS = 5  # to stage while workers come and go

Fitting = Callable[[Deployed], Awaitable[tuple[str, str]]]
"""An interpreter that fits a release, or "" and why none does."""


@dataclass
class Generations:
    """Numbers of this host for what ever was to answer here: the same one whenever it comes again."""

    page: Page
    known: dict[int, Deployed] = field(default_factory=dict)

    def adopt(self, members: list[Member]) -> None:
        """Begin with those of workers that run already."""
        self.known.update(held_by(members))

    def number(self, deployed: Deployed) -> int:
        """The generation of what is to answer."""
        found = next((number for number, known in self.known.items() if known == deployed), 0)
        if not found:
            found = max([self.page.generation, *self.known]) + 1
            self.known[found] = deployed
        return found


@dataclass
class Readiness:
    """What the workers of a service are ready for beside what answers."""

    staff: Staff
    generations: Generations
    fitting: Fitting
    _proposed: tuple[Deployed, float] | None = None  # and until when it is kept ready
    _stands_by_for: Deployed | None = None  # what workers of another interpreter are ready for

    async def propose(self, deployed: Deployed) -> str:
        """Stage what is proposed in every worker, and keep it ready for a while; why not, or ""."""
        self._proposed = deployed, time.monotonic() + _PROPOSED_S
        while not any(member.on_line for member in self.staff.staying):
            await asyncio.sleep(0.02)  # they are just being started
        return await self.stage(deployed)

    async def stage(self, deployed: Deployed) -> str:
        """Have every worker stage a release; "" where all could, else why one could not."""
        generation = self.generations.number(deployed)
        for _ in range(_ATTEMPTS):
            there = [member for member in self.staff.staying if member.on_line]
            said = await asyncio.gather(*(member.ready(generation, deployed) for member in there))
            if any(one.misfit for one in said):
                return await self._stand_by(generation, deployed)
            why = next((one.why for one in said if one.why), "")
            if why != ENDED:
                return why
        return "its workers ended again and again while they loaded it"

    def tend(self, wanted: Deployed | None) -> list[Coroutine[Any, Any, None]]:
        """Let go of what came to nothing; what is to be done so that workers that came later are ready."""
        if self._proposed is not None and (
            self._proposed[0] == wanted or time.monotonic() > self._proposed[1]
        ):
            self._proposed = None
        proposed = self._proposed[0] if self._proposed is not None else None
        if self._stands_by_for not in (wanted, proposed):
            self._stands_by_for = None
            for member in self.staff.standby:
                self.staff.retire(member)
        if proposed is None:
            return []
        generation = self.generations.number(proposed)
        return [
            _staged(member, generation, proposed)
            for member in self.staff.serving
            if member.on_line and generation not in member.held and not member.refuses(generation)
        ]

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


async def _staged(member: Member, generation: int, deployed: Deployed) -> None:
    await member.ready(generation, deployed)
