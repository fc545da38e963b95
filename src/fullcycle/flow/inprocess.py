"""The executor of a laptop: every call is made right here."""

from contextlib import AbstractContextManager, nullcontext

from fullcycle.flow.ports import Crew
from fullcycle.kernel import Digest, Misconfigured


class InProcess:
    """Makes calls in this process, one after another, and has no other processes."""

    def limited(self, threads: int) -> AbstractContextManager[None]:
        """Nothing here knows of threads."""
        return nullcontext()

    def workers(self, cpus: float, memory: int | None) -> int:
        """One call at a time."""
        return 1

    def start_s(self) -> float:
        """Never."""
        return float("inf")

    def foresee(self, *, unknown: bool = False) -> None:
        """There will be none."""

    def crew(self, workers: int) -> AbstractContextManager[Crew]:
        """Refuse: there are no other processes.

        Raises:
            Misconfigured: always.
        """
        raise Misconfigured(
            "there are no processes here that a step with timeout= or memory= could be made in",
            "the executor of this run",
            'leave timeout= and memory= out, or run it with executor = "process"',
        )

    def at(self, key: Digest | None) -> None:
        """It makes no difference: there is no other place."""

    def is_deadly(self, key: Digest) -> bool:
        """Nothing is known to be."""
        return False

    def beware(self, key: Digest) -> None:
        """There is no other place to make it."""

    def close(self) -> None:
        """There is nothing to end."""
