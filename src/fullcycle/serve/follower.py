"""Following the deployment: what was decided to answer becomes what answers here.

A new release is staged beside the old one, off the event loop: loaded, verified, its golden
rows replayed. Only then is it swapped in, in one assignment. What cannot be staged is not
activated; what cannot be asked changes nothing.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from fullcycle.kernel import FullcycleError, Missing
from fullcycle.record import Ledger
from fullcycle.release import deployments_stream, live_stream, newest, releases_stream
from fullcycle.serve.decider import Tell
from fullcycle.serve.ports import Deployed, Deployments
from fullcycle.serve.serving import Active, Serving

Stage = Callable[[Deployed], Active]
"""Loads a release and replays its golden rows; raises where it may not answer."""

POLL_S = 0.2
_LONGEST_WAIT_S = 30.0
_DOUBLINGS = 10
_HALF = 32  # bits


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
            self._note_unreachable(f"the ledger cannot be asked ({_first_line(error)})")
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
        why = f"deployment {deployment_of(generation)} was not activated: {_first_line(error)}"
        if why != self._serving.refused:
            active = self._serving.active
            keeps = f"{active.ref} goes on answering" if active is not None else "nothing answers"
            self._tell(f"{why}; {keeps}")
            self._serving.refused = why

    def _note_unreachable(self, why: str) -> None:
        if why != self._serving.unreachable:
            self._tell(f"{why}; what answers stays" if why else "the ledger can be asked again")
            self._serving.unreachable = why


class LedgerDeployments:
    """What the ledger says should answer.

    A generation is two positions in one number: its low half that of the last deployment,
    its high half that of the last lookup that was published.
    """

    def __init__(self, ledger: Ledger, capability: str, environment: str) -> None:
        self._ledger = ledger
        self._releases = releases_stream(capability)
        self._deployments = deployments_stream(capability, environment)
        self._live = live_stream(capability, environment)

    def generation(self) -> int:
        """The positions of the last deployment and of the last publication; 0 before the first deployment."""
        deployment = self._head(self._deployments)
        return deployment | self._head(self._live) << _HALF if deployment else 0

    def deployed(self, generation: int) -> Deployed:
        """What a generation's deployment decided, with what was published until then.

        Raises:
            Missing: where the ledger lacks it, or the release that it names.
        """
        number: int = self._body(self._deployments, deployment_of(generation)).release
        return self.release(number, generation)

    def release(self, number: int, generation: int) -> Deployed:
        """A release, deployed or not, with what was published until a generation.

        Raises:
            Missing: where the ledger lacks it.
        """
        live = generation >> _HALF
        told = self._ledger.read(self._live)[:live] if live else []
        return Deployed(number, self._body(self._releases, number).manifest, newest(told))

    def _head(self, stream: str) -> int:
        return self._ledger.heads(stream).get(stream, 0)

    def _body(self, stream: str, position: int) -> Any:
        found = self._ledger.read(stream, since=position - 1)
        if not found:
            raise Missing(
                f"{stream} has no position {position}", "the ledger", "see that it was restored whole"
            )
        return found[0].body


def deployment_of(generation: int) -> int:
    """The position of a generation's deployment."""
    return generation & ((1 << _HALF) - 1)


def _first_line(error: Exception) -> str:
    """What happened, on one line of at most 300 characters."""
    text = error.what if isinstance(error, FullcycleError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:300]
