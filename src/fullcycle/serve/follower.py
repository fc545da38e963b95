"""Following the deployment: what was decided to answer becomes what answers here.

A new release is staged beside the old one, off the event loop: loaded, verified, its golden
rows replayed. Only then is it swapped in, in one assignment. What cannot be staged is not
activated; what cannot be asked changes nothing.
"""

import asyncio
import time
from collections.abc import Callable

from fullcycle.serve.deployments import deployment_of
from fullcycle.serve.messages import first_line
from fullcycle.serve.ports import Deployed, Deployments, Tell
from fullcycle.serve.serving import Active, Serving

Stage = Callable[[Deployed], Active]
"""Loads a release and replays its golden rows; raises where it may not answer."""

POLL_S = 0.2
_LONGEST_WAIT_S = 30.0
_DOUBLINGS = 10


class Follower:
    """Keeps a worker's release equal to what is deployed."""

    def __init__(
        self, deployments: Deployments, stage: Stage, serving: Serving, *, tell: Tell, every: float = POLL_S
    ) -> None:
        self._deployments = deployments
        self._stage = stage
        self._serving = serving
        self._tell = tell
        self._every = every
        self._generation = 0  # the one that answers here
        self._failures = 0  # in a row, to stage the newest one
        self._tried = 0  # the newest that was tried
        self._try_again = 0.0  # monotonic seconds

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.look()

    async def look(self) -> None:
        """See what is deployed, and make it answer."""
        try:
            generation = await asyncio.to_thread(self._deployments.generation)
        except Exception as error:  # noqa: BLE001 - whatever it is, what answers goes on answering
            self._note_unreachable(f"the ledger cannot be asked ({first_line(error)})")
            return
        self._note_unreachable("")
        if generation == self._generation:
            return
        if generation == self._tried and time.monotonic() < self._try_again:
            return
        await self._converge(generation)

    async def _converge(self, generation: int) -> None:
        if generation != self._tried:
            self._failures = 0
        self._tried = generation
        try:
            deployed = await asyncio.to_thread(self._deployments.deployed, generation)
            staged = self._serving.warm(deployed)
            if staged is None:
                staged = await asyncio.to_thread(self._stage, deployed)
        except Exception as error:  # noqa: BLE001 - the code of a release may raise anything when loaded
            self._refuse(generation, error)
            return
        self._serving.activate(staged)
        self._generation = generation
        self._tell(f"{staged.ref} answers; {staged.golden_rows} golden rows reproduced")

    def _refuse(self, generation: int, error: Exception) -> None:
        self._failures += 1
        wait = self._every * 2 ** min(self._failures, _DOUBLINGS)
        self._try_again = time.monotonic() + min(wait, _LONGEST_WAIT_S)
        why = f"deployment {deployment_of(generation)} was not activated: {first_line(error)}"
        if why != self._serving.refused:
            active = self._serving.active
            keeps = f"{active.ref} goes on answering" if active is not None else "nothing answers"
            self._tell(f"{why}; {keeps}")
            self._serving.refused = why

    def _note_unreachable(self, why: str) -> None:
        if why != self._serving.unreachable:
            self._tell(f"{why}; what answers stays" if why else "the ledger can be asked again")
            self._serving.unreachable = why
