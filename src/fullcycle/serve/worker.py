"""A worker: one of the processes that answer, with whatever the shared generation word names.

It asks no ledger. Its supervisor has it stage a release, off the event loop, and writes the
word; each request reads the word as it begins, and ends on the release it began with. If the
supervisor dies, the worker goes on answering, and greets the next one.
"""

import asyncio
import os
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from fullcycle.kernel import Misconfigured
from fullcycle.serve import messages
from fullcycle.serve.guard import Guard
from fullcycle.serve.messages import TO_WORKER, ToSupervisor, first_line, line_of
from fullcycle.serve.ports import Deployed, Generation, WorkerSlot
from fullcycle.serve.serving import Active, Serving

App = Callable[[Any, Any, Any], Awaitable[None]]
Stage = Callable[[Deployed], Active]
"""Loads a release and replays its golden rows; raises where it may not answer."""

_HELD = 3  # what answers, what answered before it, and what was staged to answer next
_AGAIN_S = 0.01  # until a supervisor is tried again, which may be loading still; doubled each time
_LONGEST_S = 0.2
_UNSAID = 100  # lines that are kept for the next supervisor


class Door(Protocol):
    """A worker's way to its clients."""

    def open(self) -> None:
        """Take connections."""
        ...

    def retire(self) -> None:
        """Take no more, close each with its next answer, then end the process."""
        ...

    def spread(self, most: int) -> None:
        """Close connections with their next answers until at most ``most`` are left."""
        ...

    def hand_over(self, path: str) -> None:
        """Send the listening socket to the Unix socket at ``path``."""
        ...


class Worker:
    """An ASGI application around ``app`` that turns to the generation that the word names."""

    def __init__(
        self, app: App, serving: Serving, word: Generation, slot: WorkerSlot, *, stage: Stage
    ) -> None:
        self._app = app
        self._serving = serving
        self._word = word
        self._slot = slot
        self._stage = stage
        self._seen = 0  # the word when it was read last
        self._held: OrderedDict[int, Active] = OrderedDict()  # by generation, used last stands last

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request with what the word names now."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.begin()
        try:
            await self._app(scope, receive, send)
        finally:
            self.end()

    def begin(self) -> None:
        """A request begins: what the word names now answers it."""
        if self._word.generation != self._seen:
            self.turn()
        self._slot.begin()

    def end(self) -> None:
        """It has ended."""
        self._slot.end()

    @property
    def held(self) -> dict[int, Deployed]:
        """What is ready to answer, by generation."""
        return {generation: active.deployed for generation, active in self._held.items()}

    @property
    def answering(self) -> int:
        """The generation that answers here; 0 for none."""
        active = self._serving.active
        return next((number for number, one in self._held.items() if one is active), 0)

    def turn(self) -> None:
        """Let what the word names answer; where that is not ready here, what answers stays."""
        self._seen = self._word.generation
        staged = self._held.get(self._seen)
        if staged is not None and staged is not self._serving.active:
            self._serving.activate(staged)
            self._held.move_to_end(self._seen)

    async def stage(self, generation: int, deployed: Deployed) -> messages.Staged:
        """Have a release ready as ``generation``, off the event loop; say whether it is, or why not."""
        if generation not in self._held:
            try:
                staged = self._serving.warm(deployed)
                if staged is None:
                    staged = await asyncio.to_thread(self._stage, deployed)
            except Exception as error:  # noqa: BLE001 - the code of a release may raise anything when loaded
                return messages.Staged(generation, first_line(error), isinstance(error, Misconfigured))
            self._hold(generation, staged)
        if generation == self._word.generation:
            self.turn()  # it was named before it was ready
        return messages.Staged(generation)

    def note(self, refused: str, unreachable: str) -> None:
        """What ``/readyz`` says of what stands in the way."""
        self._serving.refused, self._serving.unreachable = refused, unreachable

    def told(self) -> str:
        """What answers, in a line."""
        active = self._serving.active
        return f"{active.ref} answers; {active.golden_rows} golden rows reproduced" if active else ""

    def _hold(self, generation: int, staged: Active) -> None:
        self._held[generation] = staged
        kept = (staged, self._serving.active, self._serving.previous)
        for number, one in list(self._held.items()):
            if len(self._held) > _HELD and not any(one is each for each in kept):
                del self._held[number]


class Line:
    """The line to the supervisor: done what it says, told how that went, picked up again if it breaks."""

    def __init__(self, path: str, worker: Worker, door: Door, slot: WorkerSlot, guard: Guard) -> None:
        self._path = path
        self._guard = guard
        self._worker = worker
        self._door = door
        self._slot = slot
        self._writer: asyncio.StreamWriter | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsaid: list[str] = []
        self._doing: set[asyncio.Task[None]] = set()

    def tell(self, line: str) -> None:
        """Tell an operator, through the supervisor, or the next one; from any thread."""
        if self._loop is None:
            self._unsaid.append(line)
        else:
            self._loop.call_soon_threadsafe(self._tell, line)

    async def keep(self) -> None:
        """Stay on the line, until cancelled."""
        self._loop = asyncio.get_running_loop()
        wait = _AGAIN_S
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_S)
                continue
            wait = _AGAIN_S
            self._greet()
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._listen(reader)
            self._writer.close()
            self._writer = None

    def _greet(self) -> None:
        self._say(
            messages.Hello(
                os.getpid(), self._slot.number, sys.executable, bool(self._slot.accepts), self._worker.held
            )
        )
        self._answers()
        unsaid, self._unsaid = self._unsaid, []
        for line in unsaid:
            self._tell(line)

    def _tell(self, line: str) -> None:
        if not self._say(messages.Told(line)):
            self._unsaid = [*self._unsaid, line][-_UNSAID:]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while said := await reader.readline():
            try:
                message = TO_WORKER.decode(said)
            except msgspec.MsgspecError:
                continue  # of a later version: what it does not know it does not do
            task = asyncio.create_task(self._do(message))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _do(self, message: messages.ToWorker) -> None:
        match message:
            case messages.Stage(generation, deployed):
                self._say(await self._worker.stage(generation, deployed))
                self._answers()
            case messages.Turn():
                self._worker.turn()
                self._answers()
            case messages.Open():
                self._door.open()
            case messages.Retire():
                self._door.retire()
            case messages.Spread(most):
                self._door.spread(most)
            case messages.HandOver(path):
                with suppress(OSError):
                    self._door.hand_over(path)
            case messages.Admit(tokens):
                self._guard.renew(tokens)
            case messages.Standing(refused, unreachable):
                self._worker.note(refused, unreachable)

    def _answers(self) -> None:
        worker = self._worker
        self._say(messages.Answering(worker.answering, worker.told(), tuple(worker.held)))

    def _say(self, message: ToSupervisor) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(line_of(message))
        return True
