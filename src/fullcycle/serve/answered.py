"""What recent requests with a key were answered: a request that is sent again is not decided again.

The keys are remembered by this process, beside its releases: a deployment forgets none of
them. After a restart, or on another worker, a repeated key is decided again, from the
inputs it then comes with; readers of the log keep the first decision of an id.

Source: draft-ietf-httpapi-idempotency-key-header, sections 2.6 and 2.7.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from fullcycle.kernel import Digest, digest_bytes
from fullcycle.serve.problem import Response, problem
from fullcycle.serve.reading import Rejected

KEYS = 10_000
"""How many keys are remembered, the last that were answered."""

MOST_BYTES = 32 << 20
"""The bytes that the bodies of remembered answers may take together; the oldest go first."""


class Answered:
    """The answers of recent keys, each with the digest of the body that it answered."""

    def __init__(self, *, keys: int = KEYS, most_bytes: int = MOST_BYTES) -> None:
        self._keys = keys
        self._most_bytes = most_bytes
        self._bytes = 0
        self._under_way: set[str] = set()
        self._answers: OrderedDict[str, tuple[Digest, Response]] = OrderedDict()

    def once(self, key: str, body: bytes, decide: Callable[[], Response]) -> Response:
        """The answer that ``key`` was given before, else what ``decide`` answers now.

        Only a decision is remembered: what failed may be tried again with its key.

        Raises:
            Rejected: with 422 where the key was answered for a body of other bytes.
        """
        sent = digest_bytes(body)
        known = self._known(key, sent)
        if known is not None:
            return known
        answer = decide()
        self._remember(key, sent, answer)
        return answer

    async def once_awaited(
        self, key: str, body: bytes, decide: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The same, for what lets other requests in while it is decided.

        Raises:
            Rejected: with 409, too, where the key is being answered at this moment.
        """
        sent = digest_bytes(body)
        known = self._known(key, sent)
        if known is not None:
            return known
        if key in self._under_way:
            raise Rejected(problem(409, "this Idempotency-Key is being answered just now: try again later"))
        self._under_way.add(key)
        try:
            answer = await decide()
        finally:
            self._under_way.discard(key)
        self._remember(key, sent, answer)
        return answer

    def _known(self, key: str, sent: Digest) -> Response | None:
        known = self._answers.get(key)
        if known is None:
            return None
        if known[0] != sent:
            raise Rejected(problem(422, "this Idempotency-Key was already used with another body"))
        return known[1]

    def _remember(self, key: str, sent: Digest, answer: Response) -> None:
        if answer.status != 200:
            return
        self._answers[key] = sent, answer
        self._bytes += len(answer.body)
        while len(self._answers) > self._keys or self._bytes > self._most_bytes:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._bytes -= len(oldest.body)
