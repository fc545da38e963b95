"""A host: one supervisor with its workers, met with the ledger, the sockets and the processes."""

import asyncio
import os
import platform
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fullcycle.adapters.listening import address_of, listen, url_of
from fullcycle.adapters.shared_page import SharedPage
from fullcycle.adapters.workers import ChildProcess, OtherProcess, lives, take_over
from fullcycle.flow.resources import read_memory
from fullcycle.kernel import Invalid, Refused
from fullcycle.record import append_next
from fullcycle.release import HostJoined, HostLeft, activation_stream, deployed
from fullcycle.serve import LedgerDeployments
from fullcycle.serve import messages as said
from fullcycle.serve.converging import Converger
from fullcycle.serve.lookout import Lookout
from fullcycle.serve.ports import Deployed, Tell
from fullcycle.serve.staffing import Workers
from fullcycle.serve.supervisor import TICK_S, Staff, Terms, adopted
from fullcycle.wiring.config import NAME
from fullcycle.wiring.guarding import require_somebody
from fullcycle.wiring.place import Place
from fullcycle.wiring.project import Project

_SETTLED_S = 60.0  # for how long a service may take to say what it answers with
_JOINED_S = 5.0  # for how long a ledger may take to be told that a host joins, before it goes on


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``fullcycle serve`` was asked for; ``port`` is None where any that runs already will do."""

    capability: str
    environment: str
    host: str
    port: int | None
    name: str
    terms: Terms
    python: str

    @property
    def what(self) -> str:
        """Such as ``winback@prod``."""
        return f"{self.capability}@{self.environment}"


DEFAULT_PORT = 8765


def host_name() -> str:
    """The name by which this machine's host is known, unless told otherwise."""
    return os.environ.get("FULLCYCLE_HOST") or platform.node() or "localhost"


def keep_answering(project: Project, asked: Asked, tell: Tell) -> None:
    """Be the supervisor, until SIGTERM or SIGINT.

    Raises:
        Refused: where another is at work here.
        Misconfigured: where the port is taken.
    """
    place = Place.of(project, asked.capability, asked.environment, asked.name)
    with place.alone():
        orphans = _orphans(place)
        if not orphans:
            place.page.unlink(missing_ok=True)
        asyncio.run(_Hosting(project, asked, place, tell).run(orphans))
        place.page.unlink(missing_ok=True)


def serve(
    project: Project,
    capability: str,
    environment: str,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    workers: str | None = None,
    name: str | None = None,
    tell: Tell,
) -> None:
    """Answer for a capability until SIGTERM, by what the environment's configuration says.

    Args:
        project: whose record says what is deployed.
        capability: whose service it is.
        environment: in which it answers.
        host: an address of this machine.
        port: None for that of workers that run already, else 8765; 0 for any that is free.
        workers: ``"2"`` or ``"1-4"``, where it is not what the configuration says.
        name: of this host among those of the environment; the machine's unless told.
        tell: hears what an operator should know, a line at a time.

    Raises:
        Refused: for an address that others can reach where there is no token, or where another process
            serves that here.
        Misconfigured: where the port is taken.
        Invalid: for a name, or a number of workers, that is none.
    """
    configured = project.environment(environment)
    service = configured.service
    where = f"[environments.{environment}.service] of {NAME}"
    terms = Terms(
        Workers.parse(workers) if workers else Workers.parse(str(service.workers), where=where),
        read_memory(service.memory, where) if service.memory is not None else None,
        service.grace_s,
    )
    named = name or host_name()
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", named):
        raise Invalid(f"{named!r} cannot name a host", "--host-name", "use letters, digits, dots, - and _")
    require_somebody(project.ledger, f"{capability}@{environment}", service, address_of(host))
    if deployed(project.ledger, capability, environment) is None:
        tell(
            f"nothing is deployed to {capability}@{environment} yet: every answer is 503 until "
            f"fullcycle deploy {capability}@v1 --to {environment}"
        )
    python = configured.python or sys.executable
    keep_answering(project, Asked(capability, environment, host, port, named, terms, python), tell)


def _orphans(place: Place) -> set[int]:
    """The workers that run already."""
    if not place.page.exists():
        return set()
    page = SharedPage(place.page)
    for slot in page.slots():
        if slot.pid and not lives(slot.pid):
            slot.leave()
    return {slot.pid for slot in page.slots() if slot.pid}


class _Hosting:
    """One life of a supervisor."""

    def __init__(self, project: Project, asked: Asked, place: Place, tell: Tell) -> None:
        self._project = project
        self._asked = asked
        self._place = place
        self._tell = tell
        self._page = SharedPage(place.page)
        self._ledger = project.ledger
        self._stream = activation_stream(asked.capability, asked.environment)
        self._deployments = LedgerDeployments(project.ledger, asked.capability, asked.environment)
        self._listening: socket.socket | None = None
        self._staff = Staff(
            page=self._page,
            terms=asked.terms,
            start=self._start,
            reach=OtherProcess,
            tell=tell,
            changed=lambda came: self._converger.changed(came=came),
            python=asked.python,
        )
        self._converger = Converger(
            host=asked.name,
            staff=self._staff,
            page=self._page,
            say=self._say,
            resolve=self._resolve,
            fitting=self._fitting,
            joins=HostJoined(
                host=asked.name, machine=platform.node(), pid=os.getpid(), workers=str(asked.terms.workers)
            ),
            tell=tell,
        )

    async def run(self, orphans: set[int]) -> None:
        """Until told to end."""
        loop = asyncio.get_running_loop()
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        control = await self._attend()
        try:
            with await self._listen(orphans) as self._listening:
                await self._keep(ending)
        finally:
            control.close()
            Path(self._place.control).unlink(missing_ok=True)

    async def _keep(self, ending: asyncio.Event) -> None:
        """Keep workers answering until the end, and see them out."""
        loop = asyncio.get_running_loop()
        lookout = Lookout(
            self._ledger,
            self._asked.capability,
            self._asked.environment,
            self._deployments,
            heard=lambda news: _later(loop, partial(self._converger.heard, news)),
            unreachable=lambda why: _later(loop, partial(self._converger.cannot_reach, why)),
        )
        self._converger.adopt()
        self._staff.keep()
        self._staff.tend()
        lookout.start()
        await self._settle(ending)
        while not ending.is_set():
            self._staff.tend()
            self._converger.tend()
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), TICK_S)
        lookout.stop()
        await self._staff.dismiss()
        await self._say(HostLeft(host=self._asked.name))

    async def _attend(self) -> asyncio.AbstractServer:
        path = self._place.control
        Path(path).unlink(missing_ok=True)  # of one that was killed: this one is alone here
        return await asyncio.start_unix_server(self._staff.attend, path)

    async def _listen(self, orphans: set[int]) -> socket.socket:
        """The socket of workers that run already, else a new one."""
        if orphans:
            await adopted(self._staff, orphans)
            for member in self._staff.members:
                path = f"{self._place.control}.hand"
                ask = partial(_later, asyncio.get_running_loop(), partial(member.say, said.HandOver(path)))
                found = await asyncio.to_thread(take_over, path, ask)
                if found is not None:
                    return self._checked(found)
        return listen(self._asked.host, self._asked.port if self._asked.port is not None else DEFAULT_PORT)

    def _checked(self, found: socket.socket) -> socket.socket:
        """The socket of workers that run already, if it is where it was asked for."""
        if self._asked.port in (None, 0, found.getsockname()[1]):
            return found
        url = url_of(found)
        found.close()
        pids = " ".join(str(member.pid) for member in self._staff.members)
        raise Refused(
            f"workers run already, and answer at {url}",
            f"--port {self._asked.port}",
            f"leave --port out to take them over, or stop them first: kill {pids}",
        )

    async def _settle(self, ending: asyncio.Event) -> None:
        """Join the hosts, and say where the service can be asked, once it is known what it answers."""
        until = asyncio.get_running_loop().time() + _SETTLED_S
        while not (self._converger.settled or ending.is_set()):
            self._staff.tend()
            await asyncio.sleep(0.01)
            if asyncio.get_running_loop().time() > until:
                break
        joining = asyncio.create_task(self._say(self._converger.joins))
        await asyncio.wait({joining}, timeout=_JOINED_S)
        assert self._listening is not None
        address = f"{url_of(self._listening)}/{self._asked.capability}"
        silent = self._converger.silent
        if silent:
            self._tell(f"{self._asked.what} listens at {address} — nothing answers yet: {silent}")
        else:
            self._tell(f"{self._asked.what} answers at {address}")

    def _start(self, slot: int, python: str) -> ChildProcess:
        assert self._listening is not None
        asked = self._asked
        arguments = [str(self._project.root), asked.capability, asked.environment, asked.name, str(slot)]
        grace = f"{asked.terms.grace_s:g}"
        return ChildProcess([python, "-m", "fullcycle.wiring", "worker", *arguments, grace], self._listening)

    async def _say(self, body: object) -> None:
        """Append to the activation stream; a ledger that is away is told of, and waited for by nobody."""
        try:
            await asyncio.to_thread(append_next, self._ledger, self._stream, body, by=self._asked.name)
        except Exception as error:  # noqa: BLE001 - the service goes on answering
            self._tell(f"the ledger was not told that {type(body).__name__} ({error})".splitlines()[0])

    async def _resolve(self, release: int) -> Deployed:
        generation = await asyncio.to_thread(self._deployments.generation)
        return await asyncio.to_thread(self._deployments.release, release, generation)

    async def _fitting(self, deployed: Deployed) -> tuple[str, str]:
        """An interpreter that a release fits: the one configured, or what is installed here by now."""
        whys = []
        for python in dict.fromkeys((self._asked.python, sys.executable)):
            why = await asyncio.to_thread(_misfit, python, self._project.root, deployed.manifest)
            if not why:
                return python, ""
            whys.append(f"{python}: {why}")
        return "", "; ".join(whys)


def _misfit(python: str, root: Path, manifest: str) -> str:
    """Why an interpreter does not fit a release; "" where it does."""
    command = [python, "-m", "fullcycle.wiring", "fits", str(root), manifest]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it cannot be asked ({type(error).__name__})"
    if done.returncode == 0:
        return ""
    return next(iter(done.stderr.strip().splitlines()), "it cannot be asked")[:300]


def _later(loop: asyncio.AbstractEventLoop, work: Callable[[], Any]) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(work)
