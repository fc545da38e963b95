"""A service as a user runs it: a project on disk, ``fullcycle serve`` in processes, clients that ask.

The releases decide by plain functions, so that a worker costs little to start.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import served_shop
from fullcycle.adapters.segments import scan_segment, segments
from fullcycle.adapters.shared_page import SharedPage
from fullcycle.adapters.workers import lives
from fullcycle.kernel import Digest
from fullcycle.record import decode_decision
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import Deploying, put_to_work
from fullcycle.wiring.meeting import Patience
from fullcycle.wiring.project import Project
from served_process import Connection

CAMPAIGNS = ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
BODY = json.dumps(served_shop.REQUESTS[0]).encode()
WHAT = "winback@prod"

_TOML = """[project]
package = "shop"
ledger = "{ledger}"

[environments.prod]
{more}
"""
_SERVICE = """
import fullcycle as fc
from shop.winback.rows import Campaign, Client

class Offer(fc.Row):
    campaign: Campaign

@fc.service
def choose(client: Client) -> Offer:
    {body}
    return Offer("{campaign}")
"""


_LEDGER = "sqlite:///.fullcycle/ledger.db"


def lay_out(
    folder: Path, *, more: str = "", bodies: tuple[str, ...] = ("", ""), ledger: str = _LEDGER
) -> Project:
    """A project with a release per body, ``v1`` and so on, each answering with a campaign of its own."""
    shop = folder / "shop"
    (shop / "winback").mkdir(parents=True)
    (shop / "fullcycle.toml").write_text(_TOML.format(more=more, ledger=ledger))
    (shop / "winback" / "brief.md").write_text("# to be found by\n")
    project = open_project(shop)
    for number, body in enumerate(bodies):
        add_release(project, number, body)
    return project


def add_release(project: Project, number: int, body: str = "", **changes: Any) -> int:
    """Record one more release, which answers with the campaign of that number."""
    manifest = release(project, number, body, **changes)
    return served_shop.made(project.ledger, manifest)


def release(project: Project, number: int, body: str = "", **changes: Any) -> Digest:
    """A stored manifest of a release that answers with the campaign of that number."""
    text = _SERVICE.format(body=body or "pass", campaign=CAMPAIGNS[number % len(CAMPAIGNS)])
    shop = served_shop.write_shop(project.root.parent, service=text)
    return served_shop.release(project.objects, shop, **{**served_shop.alone("choose"), **changes})


def deploy(project: Project, number: int) -> int:
    """Decide that a release answers, with nobody asked whether it is ready."""
    return served_shop.deployed(project.ledger, number)


def two_releases(folder: Path) -> Project:
    """A project with two releases, the first deployed."""
    project = lay_out(folder)
    deploy(project, 1)
    return project


def put(project: Project, number: int, **patience: Any) -> Deploying:
    """Deploy a release, and wait for the hosts."""
    terms = Patience(**patience) if patience else None
    return put_to_work(project, "winback", number, "prod", why="a test", patience=terms)


def logged(project: Project) -> list[tuple[int, int]]:
    """Each decision in the log: when its request began (µs), and the release that decided."""
    folder = project.events_folder("winback", "prod")
    found = (decode_decision(event.payload) for path in segments(folder) for event in scan_segment(path))
    return sorted((one.at, one.release) for one in found)


@dataclass
class Supervisor:
    """A running ``fullcycle serve``."""

    process: subprocess.Popen[str]
    project: Project
    host: str
    lines: list[str] = field(default_factory=list)
    _heard: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def port(self) -> int:
        """Where it can be asked, as it said."""
        line = self.heard("winback@prod answers at", "winback@prod listens at")
        return int(line.partition("http://127.0.0.1:")[2].partition("/")[0])

    @property
    def page(self) -> SharedPage:
        folder = self.project.root / ".fullcycle" / "run"
        return SharedPage(folder / f"winback@prod~{self.host}.page")

    @property
    def workers(self) -> list[int]:
        """The processes that take connections."""
        return [slot.pid for slot in self.page.slots() if slot.accepts]

    def heard(self, *starts: str, wait_s: float = 30) -> str:
        """The line that begins, or goes on, with one of these; waits for it."""
        return until(
            lambda: next((line for line in self.lines if any(start in line for start in starts)), ""),
            wait_s=wait_s,
            told=lambda: "\n".join(self.lines),
        )

    def end(self, number: int = signal.SIGTERM, wait_s: float = 30) -> int:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(wait_s)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))


@contextmanager
def hosting(
    project: Project, *, workers: str = "1", host: str = "here", port: int | None = 0, **environment: str
) -> Iterator[Supervisor]:
    """``fullcycle serve`` as a process; it and whatever it started are gone at the end."""
    options = [] if port is None else ["--port", str(port)]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fullcycle.cli", "serve", WHAT, "--workers", workers),
            *("--host-name", host, *options),
        ],
        cwd=project.root,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    supervisor = Supervisor(process, project, host)
    try:
        yield supervisor
    finally:
        pids = _pids(supervisor)
        if process.poll() is None:
            process.kill()
        process.wait()
        for pid in pids | _pids(supervisor) | left_behind(project):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert process.stdout is not None
        supervisor._listener.join(timeout=10)
        process.stdout.close()


def left_behind(project: Project) -> set[int]:
    """Processes that answer for a project, whoever knows of them; where the system tells of processes."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"worker" in words and str(project.root).encode() in words:
                found.add(int(path.parent.name))
    return {pid for pid in found if lives(pid)}


def _pids(supervisor: Supervisor) -> set[int]:
    folder = supervisor.project.root / ".fullcycle" / "run"
    if not (folder / f"winback@prod~{supervisor.host}.page").exists():
        return set()
    return {slot.pid for slot in supervisor.page.slots() if slot.pid and lives(slot.pid)}


def until(found: Callable[[], Any], *, wait_s: float = 20, told: Callable[[], str] = lambda: "") -> Any:
    """What is found once there is something."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        if there := found():
            return there
        time.sleep(0.005)
    raise AssertionError(f"nothing came within {wait_s} s\n{told()}")


def ask(port: int, path: str = "/winback", *lines: str) -> Any:
    """Ask once, on a connection of its own."""
    with Connection(port) as connection:
        return connection.ask("POST" if path == "/winback" else "GET", path, BODY, *lines)[1]


def half_asked(port: int) -> Connection:
    """A connection on which a request has begun, and waits for the rest of its body."""
    connection = Connection(port)
    head = f"POST /winback HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
    connection.send(head.encode() + BODY[:10])
    return connection


class Client(threading.Thread):
    """Asks without a pause; whatever fails is kept, and ``retried`` counts connections that were lost."""

    def __init__(self, port: int, *, fresh: int = 0, retry: bool = False) -> None:
        super().__init__(daemon=True)
        self._port, self._fresh, self._retry = port, fresh, retry
        self._over = threading.Event()
        self.failed: list[str] = []
        self.answers: list[tuple[float, str]] = []  # when it was asked, and the release that answered
        self.retried = 0

    def run(self) -> None:
        connection = Connection(self._port)
        while not self._over.is_set():
            if self._fresh and len(self.answers) % self._fresh == 0:
                connection.close()
                connection = Connection(self._port)
            began = time.monotonic()
            try:
                status, answer, closes = connection.ask_and_see("POST", "/winback", BODY)
                if status != 200:
                    self.failed.append(f"{status} {answer}")
                else:
                    self.answers.append((began, answer["release"]))
            except OSError as error:
                closes = True
                if not self._retry:
                    self.failed.append(repr(error))
                self.retried += 1
            if closes:
                connection.close()
                connection = Connection(self._port)
        connection.close()

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=30)


@contextmanager
def asking(port: int, count: int = 2, **how: Any) -> Iterator[list[Client]]:
    """Clients at work."""
    clients = [Client(port, **how) for _ in range(count)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()
