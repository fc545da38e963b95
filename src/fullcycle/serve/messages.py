"""What a supervisor and its workers say to each other, a line of JSON each."""

import msgspec

from fullcycle.kernel import FullcycleError
from fullcycle.serve.ports import Deployed
from fullcycle.serve.tokens import Token


class Stage(msgspec.Struct, frozen=True, tag="stage"):
    """To a worker: have this ready to answer as generation ``generation``."""

    generation: int
    deployed: Deployed


class Turn(msgspec.Struct, frozen=True, tag="turn"):
    """To a worker: the generation word was written; say what answers."""


class Open(msgspec.Struct, frozen=True, tag="open"):
    """To a worker: take connections."""


class Retire(msgspec.Struct, frozen=True, tag="retire"):
    """To a worker: take no more connections, close each with its next answer, then end."""


class HandOver(msgspec.Struct, frozen=True, tag="hand_over"):
    """To a worker: send the listening socket to the Unix socket at ``path``."""

    path: str


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """To a worker: what ``/readyz`` should say of what stands in the way."""

    refused: str
    unreachable: str


class Admit(msgspec.Struct, frozen=True, tag="admit"):
    """To a worker: the tokens that are valid from now on; none before the first of these came."""

    tokens: tuple[Token, ...]


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """From a worker: who it is, and what it holds ready by generation."""

    pid: int
    slot: int
    python: str  # the interpreter's path
    opened: bool
    held: dict[int, Deployed]


class Staged(msgspec.Struct, frozen=True, tag="staged"):
    """From a worker: it could get a generation ready, or why not.

    ``misfit`` says that this process stands on another Python or other distributions.
    """

    generation: int
    why: str = ""  # empty where it is ready
    misfit: bool = False


class Answering(msgspec.Struct, frozen=True, tag="answering"):
    """From a worker: what answers each request that begins there from now on."""

    generation: int
    told: str
    held: tuple[int, ...] = ()  # what is still ready to answer


class Spread(msgspec.Struct, frozen=True, tag="spread"):
    """To a worker: close connections with their next answers until at most ``most`` are left."""

    most: int


class Told(msgspec.Struct, frozen=True, tag="told"):
    """From a worker: what an operator should know."""

    line: str


ToWorker = Stage | Turn | Open | Retire | HandOver | Standing | Spread | Admit
ToSupervisor = Hello | Staged | Answering | Told

TO_WORKER = msgspec.json.Decoder(ToWorker)
TO_SUPERVISOR = msgspec.json.Decoder(ToSupervisor)
_ENCODER = msgspec.json.Encoder()


def line_of(message: ToWorker | ToSupervisor) -> bytes:
    """A message as one line."""
    return _ENCODER.encode(message) + b"\n"


def first_line(error: Exception) -> str:
    """What happened, on one line of at most 300 characters."""
    text = error.what if isinstance(error, FullcycleError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:300]
