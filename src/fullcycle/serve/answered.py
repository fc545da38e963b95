"""What recent requests with a key were answered: a request that is sent again is not decided again.

The keys are remembered by this process, beside its releases, and by the workers of its host
together: so a deployment forgets none of them, and it does not matter which worker is asked. A key
that nobody remembers any more is decided again, from the inputs it then comes with; readers of the
log keep the first decision of an id.

Source: draft-ietf-httpapi-idempotency-key-header, sections 2.6 and 2.7.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from fullcycle.kernel import Digest, digest_bytes
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Rejected

KEYS = 10_000
"""How many keys are remembered, the last that were answered."""

MOST_BYTES = 32 << 20
"""The bytes that the bodies of remembered answers may take together; the oldest go first."""


class Claim(NamedTuple):
    """What becomes of a key that a worker asks for; it has it where nothing is said."""

    answer: bytes | None = None  # that it was given
    busy: bool = False  # another worker decides on it
    other: bool = False  # it came with another body before


class Shared(Protocol):
    """What the workers of a host remember together; whoever claims a key keeps or drops it."""

    def claim(self, key: str, sent: Digest) -> Claim:
        """Claim a key that came with a body of that digest."""
        ...

    def keep(self, answers: Sequence[tuple[str, bytes]]) -> None:
        """Remember what keys that were claimed were answered."""
        ...

    def drop(self, key: str) -> None:
        """Leave a key that was claimed to who asks next."""
        ...


class Taken(NamedTuple):
    """A key that is being decided here."""

    key: str
    sent: Digest


class Answered:
    """The answers of recent keys, each with the digest of the body that it answered.

    With ``shared``, those of other workers, too.
    """

    def __init__(
        self, shared: Shared | None = None, *, keys: int = KEYS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._shared = shared
        self._keys = keys
        self._most_bytes = most_bytes
        self._bytes = 0
        self._under_way: set[str] = set()
        self._answers: OrderedDict[str, tuple[Digest, Response]] = OrderedDict()

    def once(self, key: str, body: bytes, decide: Callable[[], Response]) -> Response:
        """The answer that ``key`` was given before, else what ``decide`` answers now.

        Only a decision is remembered: what failed may be tried again with its key.

        Raises:
            Rejected: as ``take``.
        """
        taken = self.take(key, body)
        if isinstance(taken, Response):
            return taken
        answer = None
        try:
            answer = decide()
        finally:
            self.settle(taken, answer)
        return answer

    async def once_awaited(
        self, key: str, body: bytes, decide: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The same, for what lets other requests in while it is decided.

        Raises:
            Rejected: as ``take``.
        """
        taken = self.take(key, body)
        if isinstance(taken, Response):
            return taken
        answer = None
        try:
            answer = await decide()
        finally:
            self.settle(taken, answer)
        return answer

    def take(self, key: str, body: bytes) -> "Taken | Response":
        """Take a key on to be decided here, and then settled; or the answer that it was given before.

        Raises:
            Rejected: with 422 where the key was answered for a body of other bytes, with 409 where it is
                being answered at this moment.
        """
        sent = digest_bytes(body)
        known = self._known(key, sent)
        if known is not None:
            return known
        if key in self._under_way:
            raise _busy()
        known = self._claimed(key, sent)
        if known is not None:
            return known
        self._under_way.add(key)
        return Taken(key, sent)

    def settle(self, taken: "Taken", answer: Response | None) -> None:
        """Remember what was decided; leave to who asks next what was not, which None is for as well."""
        self.settle_all([(taken, answer)])

    def settle_all(self, settled: "Iterable[tuple[Taken, Response | None]]") -> None:
        """The same for keys that were decided together."""
        kept = []
        for (key, sent), answer in settled:
            self._under_way.discard(key)
            if answer is not None and answer.status == 200:
                self._remember(key, sent, answer)
                kept.append((key, answer.body))
            elif self._shared is not None:
                self._shared.drop(key)
        if kept and self._shared is not None:
            self._shared.keep(kept)

    def _known(self, key: str, sent: Digest) -> Response | None:
        known = self._answers.get(key)
        if known is None:
            return None
        if known[0] != sent:
            raise _other()
        return known[1]

    def _claimed(self, key: str, sent: Digest) -> Response | None:
        """What another worker answered; None where the key is this one's to decide on."""
        claim = Claim() if self._shared is None else self._shared.claim(key, sent)
        if claim.other:
            raise _other()
        if claim.busy:
            raise _busy()
        if claim.answer is None:
            return None
        known = response(200, claim.answer)
        self._remember(key, sent, known)
        return known

    def _remember(self, key: str, sent: Digest, answer: Response) -> None:
        self._answers[key] = sent, answer
        self._bytes += len(answer.body)
        while len(self._answers) > self._keys or self._bytes > self._most_bytes:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._bytes -= len(oldest.body)


def _other() -> Rejected:
    return Rejected(problem(422, "this Idempotency-Key was already used with another body"))


def _busy() -> Rejected:
    return Rejected(problem(409, "this Idempotency-Key is being answered just now: try again later"))
