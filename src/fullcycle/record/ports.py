"""What the record needs from outside: a ledger, an object store, codecs."""

from pathlib import Path
from typing import Any, Protocol

from fullcycle.kernel import Digest
from fullcycle.record.facts import Fact


class Ledger(Protocol):
    """Append-only streams of facts; the head of a stream is all that ever changes."""

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

    def read(self, stream: str, since: int = 0) -> list[Fact]:
        """The facts of a stream after position ``since``, in order; empty where there is none."""
        ...

    def heads(self, prefix: str = "") -> dict[str, int]:
        """Last position of each stream whose name starts with ``prefix``, letter for letter."""
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


class Codec(Protocol):
    """How values of one sort become bytes and come back equal."""

    name: str  # with its version, such as "json@1": what an artifact remembers
    suffix: str  # of a file that holds such bytes, such as ".json"

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
