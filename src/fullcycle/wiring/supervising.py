"""One life of a supervisor: met with the ledger it follows, the control socket and its workers."""

import asyncio
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from fullcycle.adapters.listening import url_of
from fullcycle.adapters.shared_page import SharedPage
from fullcycle.adapters.workers import ChildProcess, OtherProcess, take_over
from fullcycle.kernel import Refused
from fullcycle.record import append_next
from fullcycle.release import HostJoined, HostLeft, activation_stream
from fullcycle.serve import LedgerDeployments
from fullcycle.serve import messages as said
from fullcycle.serve.converging import Converger
from fullcycle.serve.lookout import Lookout
from fullcycle.serve.member import Member
from fullcycle.serve.ports import Deployed, Tell
from fullcycle.serve.supervisor import TICK_S, Staff, adopted
from fullcycle.wiring.place import Place
from fullcycle.wiring.project import Project
from fullcycle.wiring.starting import Asked, First, listen_as, start_worker

_SETTLED_S = 60.0  # for how long a service may take to say what it answers with
_JOINED_S = 5.0  # for how long a ledger may take to be told that a host joins, before it goes on


class Hosting:
    """One life of a supervisor; ``first`` is the worker that was started ahead of it."""

    def __init__(
        self, project: Project, asked: Asked, place: Place, tell: Tell, *, first: First | None
    ) -> None:
        self._project = project
        self._asked = asked
        self._place = place
        self._tell = tell
        self._page = SharedPage(place.page)
        self._ledger = project.ledger
        self._stream = activation_stream(asked.capability, asked.environment)
        self._deployments = LedgerDeployments(project.ledger, asked.capability, asked.environment)
        self._listening = first.listening if first is not None else None
        self._staff = Staff(
            page=self._page,
            terms=asked.terms,
            start=self._start,
            reach=OtherProcess,
            tell=tell,
            changed=lambda came: self._converger.changed(came=came),
            python=asked.python,
            members=[Member(first.process, first.slot, asked.python, first.began)] if first else [],
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
        self._converger.end()
        self._take_no_more()
        await self._staff.dismiss()
        await self._say(HostLeft(host=self._asked.name))

    def _take_no_more(self) -> None:
        """Refuse connections from here on: one that nobody takes any more would wait, and be cut off."""
        if self._listening is not None:
            with suppress(OSError):  # some systems cannot do so for all who share a socket
                self._listening.shutdown(socket.SHUT_RDWR)

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
        return self._listening or listen_as(self._asked)

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
        return start_worker(self._project.root, self._asked, slot, python, self._listening)

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
