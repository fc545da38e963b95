"""What the record needs from outside: a ledger, an object store, codecs."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from fullcycle.kernel import Digest
from fullcycle.record.facts import Fact


class Entry(NamedTuple):
    """A fact to be: its body, and the position of its stream that it follows."""

    stream: str
    expected: int
    body: object


class Attachments(Protocol):
    """Small bytes beside the facts that name them."""

    def attach(self, data: bytes) -> Digest:
        """Keep small bytes under their digest; durable when the next append returns."""
        ...

    def attached(self, digest: Digest) -> bytes | None:
        """Bytes that were attached, by this process or written by any; None where there are none."""
        ...

    def attachments(self) -> "list[Stored]":
        """All that is attached and written."""
        ...

    def detach(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up attachments, and the room they take; not those attached again since ``before``.

        What is attached again counts as attached then, to the hour.
        """
        ...


class Ledger(Attachments, Protocol):
    """Append-only streams of facts; the head of a stream is all that ever changes.

    Beside its facts a ledger keeps small bytes that they refer to, its attachments: what
    is attached is written by the next append, in the same commit, so that a step's result
    and the fact that tells of it cost one.
    """

    def append(
        self, stream: str, expected: int, body: object, *, by: str = "fullcycle", at: int | None = None
    ) -> Fact:
        """Append at position ``expected + 1``, if ``expected`` is the stream's last position.

        When it returns, the fact survives the loss of power.

        Args:
            stream: where, such as ``"runs/winback"``.
            expected: last position known to the caller, 0 for a stream that does not exist.
            body: an instance of a class registered with ``@fact``.
            by: who says so.
            at: microseconds since 1970 UTC; now unless given.

        Raises:
            Conflict: where the stream's last position is another.
        """
        ...

    def append_all(
        self, entries: Sequence[Entry], *, by: str = "fullcycle", at: int | None = None
    ) -> list[Fact]:
        """Append several facts, and all that is attached, in one commit: all of them or none.

        Without entries it writes what is attached.

        Raises:
            Conflict: where the last position of a stream is not the one expected.
        """
        ...

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``, in order; empty where there is none."""
        ...

    def latest(self, streams: Sequence[str]) -> dict[str, Fact]:
        """The last fact of each of these streams, of those that have one."""
        ...

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``, letter for letter."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A ledger that can be asked every few milliseconds whether anything is new."""

    def revision(self) -> int:
        """A number that is another once anybody has written; costs microseconds."""
        ...


@runtime_checkable
class Witnessing(Protocol):
    """A ledger whose server knows by itself who writes to it, whatever its clients claim."""

    def witnesses_me(self) -> bool:
        """Whether the server can note who this client is: it may lack what it needs for that."""
        ...

    def append_witnessed(self, stream: str, expected: int, body: object, *, by: str = "fullcycle") -> Fact:
        """Append as ``append`` does, and have the server note as whom this client has logged in.

        Raises:
            Conflict: where the stream's last position is another.
        """
        ...

    def witnesses(self, stream: str) -> dict[int, str]:
        """Who wrote the facts of a stream, by position; of those that were witnessed."""
        ...


class ObjectStore(Protocol):
    """Immutable bytes under the digest of their content."""

    def put(self, data: bytes) -> Digest:
        """Store bytes, durably when it returns; storing them again costs nothing."""
        ...

    def get(self, digest: Digest) -> bytes:
        """The bytes, verified.

        Raises:
            Missing: where they are not there.
            Damaged: where they are not what was stored.
        """
        ...

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        ...

    def path(self, digest: Digest) -> Path | None:
        """The file that holds them, to be mapped into memory; None where there is no such file."""
        ...

    def write(self, digest: Digest, write: Callable[[Path], None], *, lasting: bool = True) -> int:
        """Have a file written that holds what ``digest`` stands for; its size in bytes.

        For what is too big to be bytes in memory, under a digest of what it means. Nothing
        is written where it is there already. Such an object is read by its ``path``.
        ``lasting`` says whether a loss of power must not take it.
        """
        ...

    def is_sealed(self, digest: Digest) -> bool:
        """Whether nothing has written to an object's file since it was written or verified."""
        ...

    def seal(self, digest: Digest) -> None:
        """Note that an object's file was verified."""
        ...

    def stored(self) -> Iterator["Stored"]:
        """Every object, in no order."""
        ...

    def remove(self, digest: Digest, *, before: int | None = None) -> None:
        """Give up an object; nothing happens where there is none, or it was stored again since ``before``."""
        ...

    def remove_all(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up several, but those stored again since ``before``."""
        ...


class Stored(NamedTuple):
    """An object of a store: its size in bytes, and when it was written in µs since 1970 UTC."""

    digest: Digest
    size: int
    at: int


class Codec(Protocol):
    """How values of one sort become bytes and come back equal."""

    @property
    def name(self) -> str:
        """With its version, such as ``"json@1"``: what an artifact remembers."""
        ...

    @property
    def suffix(self) -> str:
        """Of a file that holds such bytes, such as ``".json"``."""
        ...

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        ...

    def encode(self, value: Any) -> bytes:
        """The value as bytes."""
        ...

    def decode(self, data: bytes) -> Any:
        """The value again."""
        ...

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of what the value means; ``data`` is its encoding. Equal digests, equal values."""
        ...


@runtime_checkable
class FittedCodec(Protocol):
    """A codec whose values can be seen as what an annotation asks for, such as ``Lookup[Taste]``."""

    def fit(self, value: Any, kind: Any) -> Any:
        """The value as ``kind``; as it is where that says nothing about it."""
        ...


@runtime_checkable
class MappedCodec(Protocol):
    """A codec of values that may be big: written straight to a file, and read by mapping it."""

    name: str

    def is_small(self, value: Any) -> bool:
        """Whether it is better kept as bytes."""
        ...

    def write(self, value: Any, path: Path) -> None:
        """Write a value to a file that is not there yet."""
        ...

    def read(self, path: Path) -> Any:
        """The value again, mapped into memory.

        Raises:
            Damaged: where the file is not what was written.
        """
        ...

    def content(self, value: Any, data: bytes | None = None) -> Digest:
        """Digest of what the value means."""
        ...


@runtime_checkable
class VouchedCodec(Protocol):
    """A mapped codec that need not digest again what lies unchanged in a file that it read."""

    def content_vouched(self, value: Any) -> Digest:
        """What ``content`` gives, taking the word of ``vouch`` for parts of it: never for verifying."""
        ...

    def vouch(self, value: Any, content: Digest) -> None:
        """Take the caller's word that a value just read has this content."""
        ...
