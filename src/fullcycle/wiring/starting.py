"""Starting workers, the first of them before the supervisor has loaded what it needs itself.

A supervisor takes as long to load as a worker: one after the other, a client would wait for both.
So nothing here imports ``asyncio``, or what converges.
"""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

from fullcycle.adapters.listening import listen
from fullcycle.adapters.shared_page import SharedPage, Slot
from fullcycle.adapters.workers import ChildProcess
from fullcycle.serve.staffing import Terms
from fullcycle.wiring.place import Place

DEFAULT_PORT = 8765


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


@dataclass(frozen=True, slots=True)
class First:
    """The first worker of a host on which none runs yet, and the socket that it inherited."""

    process: ChildProcess
    slot: Slot
    began: float  # monotonic seconds
    listening: socket.socket


def listen_as(asked: Asked) -> socket.socket:
    """A new socket where it was asked for.

    Raises:
        Misconfigured: where the port is taken.
    """
    return listen(asked.host, asked.port if asked.port is not None else DEFAULT_PORT)


def start_first(root: Path, asked: Asked, place: Place) -> First:
    """Listen, and start a worker, which waits for its supervisor.

    Raises:
        Misconfigured: where the port is taken.
    """
    listening = listen_as(asked)
    page = SharedPage(place.page)
    slot = page.slot(page.free())
    began = time.monotonic()
    process = start_worker(root, asked, slot.number, asked.python, listening)
    slot.take(process.pid)
    return First(process, slot, began, listening)


def start_worker(root: Path, asked: Asked, slot: int, python: str, listening: socket.socket) -> ChildProcess:
    """Start a worker in a slot of the shared page."""
    arguments = [str(root), asked.capability, asked.environment, asked.name, str(slot)]
    grace = f"{asked.terms.grace_s:g}"
    return ChildProcess([python, "-m", "fullcycle.wiring", "worker", *arguments, grace], listening)
