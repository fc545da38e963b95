"""A process beside a worker that decides on requests of very many rows.

A worker that decided on ten thousand rows itself would answer nobody else meanwhile. The
helper is started when the first such request comes, loads and verifies the release as a
worker does, and ends when it was not needed for a while. It logs nothing: what it decides
goes back to the worker, which logs and answers it.
"""

import asyncio
import contextlib
import os
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import BinaryIO

import msgspec

from fullcycle.record import Decision
from fullcycle.serve.batch import Scorer
from fullcycle.serve.metrics import Meter
from fullcycle.serve.ports import Deployed, Fibers
from fullcycle.serve.problem import Response
from fullcycle.serve.reading import Rejected, elements_of, read_rows
from fullcycle.serve.serving import Active

IDLE_S = 60.0
"""How long a helper is kept that nobody needs."""

_HELD = 2  # releases: what answers, and what answered before
_LENGTH = struct.Struct(">I")


class Ask(msgspec.Struct, frozen=True):
    """Decide on rows with a release; ``request`` is what their ids begin with."""

    deployed: Deployed
    request: str
    at: int
    rows: msgspec.Raw


class MadeElsewhere(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A decision whose request and answer stay as they were written."""

    request: msgspec.Raw
    answer: msgspec.Raw


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """What was decided, and what failed and was made good: arm, function and error of each."""

    decisions: list[MadeElsewhere]
    failures: list[tuple[str, str, str]]
    told: list[str]


class NotDecided(msgspec.Struct, frozen=True, tag="not decided"):
    """A row that neither service nor fallback could answer, or a release that cannot be loaded."""

    failures: list[tuple[str, str, str]]
    told: list[str]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """What was asked is no array of rows."""

    response: Response


Reply = Decided | NotDecided | Refused

_ENCODER = msgspec.json.Encoder()
_ASK, _REPLY = msgspec.json.Decoder(Ask), msgspec.json.Decoder(Reply)


class Gone(Exception):
    """The helper ended while it was asked."""


class Helper:
    """A worker's helper, for one loop; ``command`` starts it."""

    def __init__(self, command: Sequence[str], *, idle_s: float = IDLE_S) -> None:
        self._command = command
        self._idle_s = idle_s
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._leaving: asyncio.TimerHandle | None = None
        self._burials: set[asyncio.Task[None]] = set()

    async def decide(self, ask: Ask) -> Reply:
        """Have it decide.

        Raises:
            Gone: where the process ended, or could not be started.
        """
        async with self._one_at_a_time:
            if self._leaving is not None:
                self._leaving.cancel()
            try:
                reply = await self._asked(_ENCODER.encode(ask))
            except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
                self.close()
                raise Gone(type(error).__name__) from error
            except BaseException:
                self.close()  # what it says next would be taken for the answer to something else
                raise
            self._leaving = asyncio.get_running_loop().call_later(self._idle_s, self.close)
            return reply

    @property
    def pid(self) -> int | None:
        """The number of the process; None where there is none."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End it; another begins when one is needed again."""
        process, self._process = self._process, None
        if self._leaving is not None:
            self._leaving.cancel()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            burial = asyncio.get_running_loop().create_task(_buried(process))
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)

    async def end(self) -> None:
        """End it, and wait until it has ended."""
        self.close()
        await asyncio.gather(*self._burials, return_exceptions=True)

    async def _asked(self, payload: bytes) -> Reply:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        write, read = self._process.stdin, self._process.stdout
        assert write is not None
        assert read is not None
        write.write(_LENGTH.pack(len(payload)) + payload)
        await write.drain()
        (length,) = _LENGTH.unpack(await read.readexactly(_LENGTH.size))
        reply: Reply = _REPLY.decode(await read.readexactly(length))
        return reply


async def _buried(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            await process.stdin.wait_closed()


class Noting(Meter):
    """Keeps each failure, for the worker to count."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[tuple[str, str, str]] = []

    def failed(self, release: str, arm: str, function: str, error: str) -> None:
        """Note it."""
        self.failures.append((arm, function, error))


def help_out(stage: Callable[[Deployed], Active], fibers: Fibers, noting: Noting, told: list[str]) -> None:
    """Be a helper: answer what comes on standard input, until it ends.

    What ``stage`` makes counts with ``noting`` and tells ``told``; its rows wait in ``fibers`` for
    each model to be asked once for all of them. What a function of the
    release prints goes to standard error: standard output is the worker's.
    """
    taken = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as given:
        os.dup2(2, 1)
        held: OrderedDict[Deployed, tuple[Active, Scorer]] = OrderedDict()

        def loaded(deployed: Deployed) -> tuple[Active, Scorer]:
            if deployed not in held:
                active = stage(deployed)
                held[deployed] = active, Scorer(active.decider.release, fibers, sticky=active.decider.sticky)
            held.move_to_end(deployed)
            while len(held) > _HELD:
                held.popitem(last=False)
            return held[deployed]

        while (said := _frame(taken)) is not None:
            noting.failures.clear()
            told.clear()
            reply = _ENCODER.encode(_reply(_ASK.decode(said), loaded, noting, told))
            given.write(_LENGTH.pack(len(reply)) + reply)
            given.flush()


def _frame(taken: BinaryIO) -> bytes | None:
    head = taken.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    return taken.read(length)


def _reply(
    ask: Ask,
    loaded: Callable[[Deployed], tuple[Active, Scorer]],
    noting: Noting,
    told: list[str],
) -> Reply:
    try:
        active, scorer = loaded(ask.deployed)
        decider = active.decider
        rows = read_rows(decider.release.row, elements_of(bytes(ask.rows)))
        scores = scorer.score(rows, [f"{ask.request}/{n}" for n in range(len(rows))])
        for failure in scores.failures:
            decider.note_failure(failure.policy, scores.exposures[failure.row].arm or "", failure.error)
        if scores.undecided:
            return NotDecided(noting.failures, told)
        decisions = scores.decisions(
            capability=decider.release.manifest.capability,
            environment=decider.environment,
            number=decider.number,
            live=decider.release.live,
            at=ask.at,
        )
        made = msgspec.json.decode(_ENCODER.encode(list(decisions)), type=list[MadeElsewhere])
        return Decided(made, noting.failures, told)
    except Rejected as rejected:
        return Refused(rejected.response)
    except Exception as error:  # noqa: BLE001 - a release that is loaded may raise anything
        return NotDecided(noting.failures, [*told, f"a helper cannot decide: {type(error).__name__}"])
