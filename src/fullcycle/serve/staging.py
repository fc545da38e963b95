"""Staging: a deployed release loaded, verified and asked its golden rows, ready to be swapped in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fullcycle.experiment import StickyStore
from fullcycle.record import Codecs, ObjectStore
from fullcycle.release import chosen, golden_rows, load_release
from fullcycle.serve.app import App, Edge
from fullcycle.serve.decider import Decider, Tell
from fullcycle.serve.follower import Follower
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.golden import require_golden
from fullcycle.serve.metrics import Meter
from fullcycle.serve.openapi import openapi
from fullcycle.serve.ports import DecisionLog, Deployed, Deployments
from fullcycle.serve.scored import scored_only
from fullcycle.serve.serving import Active, Serving


@dataclass(frozen=True, slots=True)
class Stager:
    """Makes a deployed release ready to answer in one environment.

    ``codecs`` read models, each as a ``Predictor``, and values; ``root`` is where the project's
    files would be, for tracebacks; ``replay`` says whether requests may be dated; ``tell``
    hears what an operator should know, a line at a time; ``gaps`` counts what is answered though
    the log does not take it, without them that is refused.
    """

    objects: ObjectStore
    codecs: Codecs
    log: DecisionLog
    environment: str
    tell: Tell
    replay: bool = False
    root: Path | None = None
    meter: Meter = field(default_factory=Meter)
    batch: bool = False  # takes what is scored and not served, too: to be measured
    gaps: Gaps | None = None
    sticky: StickyStore | None = None  # where experiments keep arms

    def close(self) -> None:
        """Let go of the log, once it holds what there is to say of answers that it did not take."""
        if self.gaps is not None:
            self.gaps.note(self.log)
        self.log.close()

    def __call__(self, deployed: Deployed) -> Active:
        """Load a release and have it reproduce its golden rows, over the lookups that it pins.

        It answers over what was published since.

        Raises:
            Refused: where an answer differs from the recorded one, or it is scored and not served.
            FullcycleError: where it cannot be loaded.
        """
        release = load_release(self.objects, deployed.manifest, self.codecs, root=self.root)
        if release.manifest.over and not self.batch:
            raise scored_only(release.manifest, self.environment)
        rows = golden_rows(self.objects, release.manifest)
        reproduced = require_golden(release, rows)
        taken = chosen(release.manifest, deployed.release, deployed.published)
        live = release.asking(self.objects, {name: one.lookup for name, one in taken.items()})
        decider = Decider(
            live,
            number=deployed.release,
            environment=self.environment,
            log=self.log,
            tell=self.tell,
            meter=self.meter,
            gaps=self.gaps,
            sticky=self.sticky,
        )
        document = openapi(release, decider.ref, replay=self.replay, golden=rows[0])
        return Active(decider, document, reproduced, deployed.published)


def service_app(
    stager: Stager, deployments: Deployments, *, capability: str, edge: Edge | None = None
) -> App:
    """The ASGI application that answers for a capability with whatever is deployed."""
    serving = Serving()
    follower = Follower(deployments, stager, serving, tell=stager.tell)

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        await follower.look()
        following = asyncio.create_task(follower.follow())
        yield
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        stager.close()

    edge = edge or Edge(meter=stager.meter)
    return App(serving, life, capability=capability, replay=stager.replay, tell=stager.tell, edge=edge)
