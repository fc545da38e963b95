"""A worker as its supervisor sees it: a process, its slot, its line, what it holds ready."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from fullcycle.serve import messages
from fullcycle.serve.messages import line_of
from fullcycle.serve.ports import Deployed, WorkerSlot

ENDED = "the worker ended meanwhile"


class Process(Protocol):
    """A worker's process, whoever started it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def ended(self) -> str | None:
        """How it ended, such as ``"killed by signal 9"``; None while it lives."""
        ...

    def send(self, signal: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        ...

    def memory(self) -> int | None:
        """Bytes that it holds in memory; None where that cannot be known."""
        ...


class ReadSlot(WorkerSlot, Protocol):
    """A worker's slot, as others read it."""

    @property
    def beats(self) -> int:
        """How often the worker has shown that its loop turns."""
        ...

    def take(self, pid: int) -> None:
        """Let a worker begin here."""
        ...

    def leave(self) -> None:
        """Let the next worker have it."""
        ...


@dataclass(eq=False)
class Member:
    """One worker. ``standby`` ones are ready for a proposal and take no connections yet."""

    process: Process
    slot: ReadSlot
    python: str
    began: float  # monotonic seconds
    standby: bool = False
    retiring: float | None = None  # since when, monotonic seconds
    greeted: bool = False
    opened: float | None = None  # since when
    answering: int = 0  # the generation
    told: str = ""  # what answers, in a line
    held: dict[int, Deployed] = field(default_factory=dict)
    replaces: "Member | None" = None  # which goes once this one takes connections
    beat: tuple[int, float] = (0, 0.0)  # the last that was seen, and when
    _writer: asyncio.StreamWriter | None = None
    _staging: dict[int, asyncio.Future[messages.Staged]] = field(default_factory=dict)
    _refused: set[int] = field(default_factory=set)

    @property
    def pid(self) -> int:
        """Its process's number."""
        return self.process.pid

    @property
    def stays(self) -> bool:
        """Whether it answers now or is about to: neither a standby nor on its way out."""
        return not self.standby and self.retiring is None

    def greet(self, hello: messages.Hello, writer: asyncio.StreamWriter) -> None:
        """It is on the line."""
        self._writer = writer
        self.greeted = True
        self.held = dict(hello.held)

    def say(self, message: messages.ToWorker) -> None:
        """Say something, if it is on the line."""
        if self._writer is not None and not self._writer.is_closing():
            with suppress(OSError):
                self._writer.write(line_of(message))

    def hung_up(self, writer: asyncio.StreamWriter) -> None:
        """Its line broke."""
        if self._writer is writer:
            self._writer = None
            self.give_up()

    @property
    def on_line(self) -> bool:
        """Whether it can be spoken with."""
        return self._writer is not None

    async def ready(self, generation: int, deployed: Deployed) -> messages.Staged:
        """Have it stage a release; what came of it."""
        if generation in self.held:
            return messages.Staged(generation)
        if not self.on_line:
            return messages.Staged(generation, ENDED)
        asked = self._staging.get(generation)
        if asked is None:
            asked = self._staging[generation] = asyncio.get_running_loop().create_future()
            self.say(messages.Stage(generation, deployed))
        staged = await asyncio.shield(asked)
        if not staged.why:
            self.held[generation] = deployed
        return staged

    def staged(self, said: messages.Staged) -> None:
        """It told what came of it."""
        if said.why and said.why != ENDED:
            self._refused.add(said.generation)
        asked = self._staging.pop(said.generation, None)
        if asked is not None and not asked.done():
            asked.set_result(said)

    def refuses(self, generation: int) -> bool:
        """Whether it could not stage that one."""
        return generation in self._refused

    def give_up(self) -> None:
        """Wait no more for what it was asked."""
        for generation in list(self._staging):
            self.staged(messages.Staged(generation, ENDED))
