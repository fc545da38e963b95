"""A service, met with the ledger it follows, the objects it loads and the log it writes."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.shared_answers import SharedAnswers
from fullcycle.adapters.shared_page import SharedPage
from fullcycle.adapters.uvicorn import Door, serve_behind
from fullcycle.release import Assessment, Manifest
from fullcycle.release.loading import require_surroundings
from fullcycle.serve import App, Edge, Stager
from fullcycle.serve.express import Express
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.helper import Helper, Noting, help_out
from fullcycle.serve.metrics import Census, Meter
from fullcycle.serve.ports import Fibers
from fullcycle.serve.posting import EventsPage
from fullcycle.serve.reading import HeaderReader
from fullcycle.serve.serving import Serving
from fullcycle.serve.worker import Line, Worker
from fullcycle.wiring.guarding import guard_of
from fullcycle.wiring.place import Place
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project, open_project
from fullcycle.wiring.sticking import sticky_store

Tell = Callable[[str], None]


def stager(
    project: Project, environment: str, log: Path, tell: Tell, *, meter: Meter | None = None
) -> Stager:
    """Makes releases of this project ready to answer in an environment."""
    configured = project.environment(environment)
    return Stager(
        objects=project.objects,
        codecs=serving_codecs(),
        log=SegmentWriter(log, configured.service.log),
        environment=environment,
        tell=tell,
        replay=configured.replay,
        root=project.root,
        meter=meter or Meter(),
        gaps=Gaps() if configured.service.when_log_fails == "answer and count" else None,
        sticky=sticky_store(project, environment),
    )


def answer_in_this_process(
    root: str, capability: str, environment: str, host: str, slot: str, grace: str, listening: str
) -> NoReturn:
    """Be a worker of a host, until its supervisor retires it, or SIGTERM.

    ``listening`` is the number of the inherited socket.
    """
    project = open_project(Path(root))
    place = Place.of(project, capability, environment, host)
    page = SharedPage(place.page)
    mine = page.slot(int(slot))
    configured = project.environment(environment).service
    meter = Meter(mine.counters, slow_us=round(configured.limits.decide_s * 1e6))
    serving = Serving()
    log = project.events_folder(capability, environment)
    made = stager(project, environment, log, lambda told: line.tell(told), meter=meter)
    taken = socket.socket(fileno=int(listening))
    guard = guard_of(configured, taken.getsockname()[0])
    door = Door(taken, mine, partial(page.fewest_connections, mine.number))

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        keeping = asyncio.create_task(line.keep())
        yield
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await helper.end()
        posting.close()
        answers.close()
        made.close()

    answers = SharedAnswers(place.keys, made.tell)
    posting = EventsPage(
        serving,
        partial(_received, project, capability, environment),
        meter=meter,
        headers=HeaderReader(replay=made.replay, limit=configured.limits.rows_bytes),
        tell=made.tell,
        answers=answers,
    )
    helper = Helper([sys.executable, "-m", "fullcycle.wiring", "help", root, environment])
    app = App(
        serving,
        life,
        capability=capability,
        replay=made.replay,
        tell=made.tell,
        edge=Edge(guard, configured.limits, meter, partial(_census, page), helper, [posting.route], answers),
    )
    worker = Worker(app, serving, page, mine, stage=made)
    line = Line(place.control, worker, door, mine, guard)
    express = Express(app.desk, begin=worker.begin, end=worker.end)
    serve_behind(worker, door, express, grace_s=float(grace), head_s=configured.limits.head_s)
    mine.leave()
    sys.exit(0)


def help_in_this_process(root: str, environment: str) -> NoReturn:
    """Decide on requests of very many rows, for the worker that started this; it logs and answers them."""
    from fullcycle.adapters.greenlets import Greenlets  # no worker has a use for it

    told: list[str] = []
    noting = Noting()
    made = stager(open_project(Path(root)), environment, Path(root), told.append, meter=noting)
    help_out(made, Greenlets(), noting, told)
    sys.exit(0)


def _received(project: Project, capability: str, environment: str, name: str) -> SegmentWriter:
    terms = project.environment(environment).service.log
    return SegmentWriter(project.received_folder(capability, environment, name), terms)


def _census(page: SharedPage) -> Census:
    used = page.used()
    return Census(
        [slot.counters for slot in used],
        in_flight=sum(slot.in_flight for slot in used),
        workers=sum(slot.accepts for slot in used),
        generation=page.deployment,
    )


def require_fit(root: str, manifest: str) -> str:
    """Say nothing where a release can be loaded by this Python with what is installed.

    Raises:
        Misconfigured: naming what differs.
    """
    project = open_project(Path(root))
    require_surroundings(Manifest.from_bytes(project.objects.get(manifest)))
    return ""


def assess_in_this_process(root: str, environment: str, manifest: str, log: str, began: str) -> Assessment:
    """Measure a release; to be called in a process that does nothing else."""
    from fullcycle.serve import assess_here  # no worker has a use for it

    made = stager(open_project(Path(root)), environment, Path(log), lambda told: print(told, file=sys.stderr))
    return assess_here(replace(made, batch=True), manifest, began=float(began), fibers=_fibers)


def _fibers() -> Fibers:
    from fullcycle.adapters.greenlets import Greenlets  # a service does without

    return Greenlets()
