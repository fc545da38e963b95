"""uvicorn's HTTP, with a limit to how long and how large the head of a request may be.

uvicorn waits for ever for a head that has begun, and keeps all of it: a client that sends a
byte now and then holds a connection for nothing (Slowloris), one that sends headers without
end holds memory. Both end here. A connection that has asked once and then asks nothing is
uvicorn's own to close.

What is refused here, bytes that are no HTTP among it, never comes to the app. So that it can be
counted, an app may leave a function under ``REFUSED`` in the state of its lifespan.
"""

import asyncio
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from fullcycle.serve.problem import problem

LARGEST = 64 * 1024
"""The most bytes of a head."""

REFUSED = "refused"
"""Where an app's state holds what hears the status of each answer that is given here."""


class Http(HttpToolsProtocol):
    """One connection."""

    _head = 0  # bytes of the head that is being received

    def data_received(self, data: bytes) -> None:
        """Read what came; refuse a head that is too large."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._head = 0
        elif self.waits and self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LARGEST:
                self._refuse(431, f"the headers are larger than {LARGEST:,} bytes")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; a request before it that came whole is answered first, and the last."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            self._refuse(400, "that is no HTTP request, or one that is not well-formed")
        else:
            cycle.keep_alive = False

    @property
    def waits(self) -> bool:
        """Whether it waits for its client, and uvicorn does not see to it.

        Either for a head, or for the rest of a body whose request was answered already.
        """
        answered = self.cycle is None or self.cycle.response_complete
        return answered and self.timeout_keep_alive_task is None

    def give_up(self, seconds: float) -> None:
        """Close: what it waits for did not come in time. What was answered is not answered again."""
        if self._in_head:
            self._refuse(408, f"the headers were not sent within {seconds:g} s")
        else:
            self.transport.close()

    @property
    def _in_head(self) -> bool:
        return self.cycle is None or self.scope is not self.cycle.scope

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        count = self.app_state.get(REFUSED)
        if count is not None:
            count(status)
        answer = problem(status, detail, headers=[(b"connection", b"close")])
        lines = b"".join(b"%b: %b\r\n" % header for header in answer.headers)
        self.transport.write(b"HTTP/1.1 %d \r\n%b\r\n%b" % (status, lines, answer.body))
        self.transport.close()


class SlowHeads:
    """Finds the connections whose head takes too long; to be asked a few times a second."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[Http, tuple[RequestResponseCycle | None, float]] = {}

    def give_up(self, connections: Iterable[asyncio.Protocol]) -> None:
        """Close those that have waited for one and the same thing for longer than it may take."""
        now = asyncio.get_running_loop().time()
        waiting = [one for one in connections if isinstance(one, Http) and one.waits]
        known, self._since = self._since, {}
        for one in waiting:
            cycle, since = known.get(one, (one.cycle, now))
            since = since if cycle is one.cycle else now  # it was answered meanwhile
            if now - since > self._seconds:
                one.give_up(self._seconds)
            else:
                self._since[one] = one.cycle, since
