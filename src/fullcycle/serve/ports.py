"""What a service needs from outside, in its own words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fullcycle.kernel import Digest
from fullcycle.release import LookupPublished

Tell = Callable[[str], None]
"""Hears what an operator should know, a line at a time."""


class DecisionLog(Protocol):
    """Where a decision, or an event, is written before it is answered."""

    def append(self, payload: bytes) -> None:
        """Write one encoded decision; when this returns, it survives the process.

        Raises:
            FullcycleError, OSError: where it could not be written.
        """
        ...

    def append_all(self, payloads: Sequence[bytes]) -> None:
        """Write several decisions that are answered together: all of them or none.

        Raises:
            FullcycleError, OSError: where they could not be written.
        """
        ...

    def close(self) -> None:
        """Make all that was written durable, and let go."""
        ...


class Fibers(Protocol):
    """Calls that wait in their middle while others of the same thread go on."""

    @property
    def pause(self) -> Callable[[], Any]:
        """Called in a fiber, waits until that goes on: gives what it goes on with, or raises it."""
        ...

    def start(self, call: Callable[[Any], None], argument: Any) -> None:
        """Call it in a fiber, until it pauses or ends; what it raises is raised here."""
        ...

    def current(self) -> Any:
        """The fiber that runs; None outside of any, and in another thread."""
        ...

    def resume(self, fiber: Any, value: Any) -> None:
        """Go on with one that paused, with a value."""
        ...

    def throw(self, fiber: Any, error: Exception) -> None:
        """Go on with one that paused, with an error."""
        ...


class WorkerSlot(Protocol):
    """A worker's own numbers in memory that its supervisor reads too: single stores, no locks."""

    number: int
    counters: "memoryview[int]"  # outlive the worker: a total over all slots never falls
    connections: int
    accepts: bool

    def begin(self) -> None:
        """A request begins."""
        ...

    def end(self) -> None:
        """It has ended."""
        ...

    def beat(self) -> None:
        """Show that the worker's loop still turns."""
        ...

    @property
    def in_flight(self) -> int:
        """Requests that have begun and not ended."""
        ...


class Generation(Protocol):
    """The word that says what answers the requests that begin now."""

    @property
    def generation(self) -> int:
        """The number of what was staged to answer; 0 for nothing yet."""
        ...


@dataclass(frozen=True, slots=True)
class Deployed:
    """The release that should answer: its number, its manifest, and what was published since."""

    release: int
    manifest: Digest
    published: tuple[LookupPublished, ...] = ()


class Deployments(Protocol):
    """What has been decided to answer in one environment."""

    def generation(self) -> int:
        """A number that grows with every deployment and publication; 0 before the first. Cheap to ask.

        Raises:
            FullcycleError: where nobody can be asked now.
        """
        ...

    def deployed(self, generation: int) -> Deployed:
        """What should answer since ``generation``, 1 or more."""
        ...
