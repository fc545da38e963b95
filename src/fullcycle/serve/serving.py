"""What answers now, and what is known of what should: the state that a worker shares."""

from dataclasses import dataclass

import msgspec

from fullcycle.kernel import now, uuid7
from fullcycle.release import LookupPublished
from fullcycle.serve.decider import Decider, Undecided, Unrecorded
from fullcycle.serve.ports import Deployed
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Asked, read_row


@dataclass(frozen=True, slots=True)
class Active:
    """A release that has reproduced its golden rows and may answer."""

    decider: Decider
    openapi: bytes
    golden_rows: int
    published: tuple[LookupPublished, ...] = ()

    @property
    def deployed(self) -> Deployed:
        """What it was staged for."""
        return Deployed(self.decider.number, self.decider.release.digest, self.published)

    @property
    def ref(self) -> str:
        """The release's reference, such as ``winback@v7``."""
        return self.decider.ref

    def answer(self, body: bytes, asked: Asked) -> Response:
        """Decide on one row.

        Raises:
            Rejected: where the body is no row.
        """
        row = read_row(self.decider.release.row, body)
        at = now() if asked.at is None else asked.at
        id = asked.key if asked.key is not None else uuid7(at)
        try:
            return response(200, self.decider.decide(row, id, at))
        except Undecided:
            return undecided(id)
        except Unrecorded:
            return unrecorded()


def undecided(id: str) -> Response:
    """Nothing could be decided, and nothing of why may leave."""
    return problem(500, f"the service could not decide; the request's id is {id}")


def unrecorded() -> Response:
    """It was decided, but not logged."""
    return problem(
        503, "the decision could not be recorded, so it is not answered", headers=[(b"retry-after", b"1")]
    )


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ``/readyz`` says of a worker that answers."""

    status: str
    release: str
    golden_rows: int
    decisions: int
    fallbacks: int
    failures: int
    unlogged: int = 0  # decisions that were answered and are not in the log
    refused: str = ""  # a newer release that did not reproduce its golden rows, and why
    unreachable: str = ""  # why what should answer cannot be looked up now


@dataclass(slots=True)
class Serving:
    """The one mutable thing of a worker: each field is replaced whole, so readers need no lock."""

    active: Active | None = None
    previous: Active | None = None  # stays warm, to go back to
    refused: str = ""
    unreachable: str = ""

    def activate(self, staged: Active) -> None:
        """Let ``staged`` answer every request that begins from now on."""
        if staged is not self.active:
            self.previous, self.active = self.active, staged
        self.refused = ""

    def warm(self, deployed: Deployed) -> Active | None:
        """What answers or answered last, if it is that release: it need not be staged again."""
        for known in (self.active, self.previous):
            if known is not None and known.deployed == deployed:
                return known
        return None

    @property
    def ref(self) -> str:
        """The release that answers, such as ``winback@v7``; empty where none does."""
        return self.active.decider.ref if self.active is not None else ""

    @property
    def service(self) -> str:
        """What answers where, such as ``winback@prod``; empty before anything does."""
        return self.active.decider.service if self.active is not None else ""

    @property
    def silent(self) -> str:
        """Why nothing answers yet; empty where a release does."""
        if self.active is not None:
            return ""
        return self.refused or self.unreachable or "nothing is deployed yet"

    def ready(self) -> Response:
        """Whether this worker answers, with which release, and what stands in the way."""
        active = self.active
        if active is None:
            return problem(503, f"not ready: {self.silent}", headers=[(b"retry-after", b"1")])
        counts = active.decider.counts
        told = Status(
            "ready",
            active.ref,
            active.golden_rows,
            counts.decisions,
            counts.fallbacks,
            counts.failures,
            counts.unlogged,
            self.refused,
            self.unreachable,
        )
        return response(200, msgspec.json.encode(told))
