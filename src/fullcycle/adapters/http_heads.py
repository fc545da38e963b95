"""uvicorn's HTTP, with limits to what one connection may hold: its heads, its requests, its answers.

uvicorn waits for ever for a head that has begun, and keeps all of it: a client that sends a
byte now and then holds a connection for nothing (Slowloris), one that sends headers without
end holds memory. Both end here. A connection that has asked once and then asks nothing is
uvicorn's own to close.

It reads at once all that came, a thousand requests upon each other, too, while all others wait,
and goes on reading before those are answered. Here a client that sends more than it was
answered has some of it read, and the rest once that is answered. One that does not take its answers
holds a request in flight with each connection; after a while it is no longer waited for.

What is refused here, bytes that are no HTTP among it, never comes to the app. So that it can be
counted, an app may leave a function under ``REFUSED`` in the state of its lifespan.
"""

import asyncio
from collections.abc import Iterable

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from fullcycle.serve.problem import problem

LARGEST = 64 * 1024
"""The most bytes of a head."""

PART = 4 * 1024
"""Bytes that are read at a time: what more there is waits where requests wait behind another."""

UNREAD_S = 60.0
"""Seconds after which a client is given up that takes nothing of its answers meanwhile."""

REFUSED = "refused"
"""Where an app's state holds what hears the status of each answer that is given here."""


class _Flow(FlowControl):
    """uvicorn's own, which does not go on reading where much is left of what was read."""

    full = False

    def resume_reading(self) -> None:
        if not self.full:
            super().resume_reading()


class Http(HttpToolsProtocol):
    """One connection."""

    flow: _Flow
    _head = 0  # bytes of the head that is being received
    _behind = b""  # what came, and waits until what came before it is answered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self.flow = _Flow(transport)

    def data_received(self, data: bytes) -> None:
        """Read what came, so much at a time that nobody else waits long."""
        if self._behind or self.pipeline:
            self._keep_back(data)
        elif len(data) <= PART:
            self._read_part(data)
        else:
            self._read_parts(data)

    def on_response_complete(self) -> None:
        """Go on with what came behind, once nothing waits that was read before it."""
        super().on_response_complete()
        if self._behind and not self.pipeline:
            self.loop.call_soon(self._go_on)

    def _read_parts(self, data: bytes) -> None:
        for at in range(0, len(data), PART):
            self._read_part(data[at : at + PART])
            if self.transport.is_closing():
                return
            if self.pipeline and at + PART < len(data):
                self._keep_back(data[at + PART :])
                return

    def _keep_back(self, data: bytes) -> None:
        self._behind += data
        self.flow.full = True
        self.flow.pause_reading()

    def _go_on(self) -> None:
        if self.transport.is_closing() or not self._behind:  # it was told twice
            return
        behind, self._behind = self._behind, b""
        self.flow.full = False
        self.data_received(behind)
        if not self._behind and not self.pipeline:
            self.flow.resume_reading()

    def _read_part(self, data: bytes) -> None:
        """Read some of what came; refuse a head that is too large."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._head = 0
        elif self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LARGEST:
                self._refuse_head()

    def _refuse_head(self) -> None:
        """Refuse what is too large; whoever waits for an answer still has that first, and the last."""
        if self.waits:
            self._refuse(431, f"the headers are larger than {LARGEST:,} bytes")
        else:
            self.cycle.keep_alive = False
            self.flow.full = True
            self.flow.pause_reading()

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


class SlowReaders:
    """Finds the connections whose answers are not taken; to be asked now and then."""

    def __init__(self, seconds: float = UNREAD_S) -> None:
        self._seconds = seconds
        self._since: dict[Http, tuple[int, float]] = {}

    def give_up(self, connections: Iterable[asyncio.Protocol]) -> None:
        """End those whose clients took nothing for so long, though much waits for them."""
        now = asyncio.get_running_loop().time()
        known, self._since = self._since, {}
        for one in connections:
            left = one.transport.get_write_buffer_size() if isinstance(one, Http) else 0
            if not isinstance(one, Http) or not left:
                continue
            before, since = known.get(one, (left, now))
            since = since if left == before else now  # some of it was taken
            if now - since > self._seconds:
                one.transport.abort()
            else:
                self._since[one] = left, since


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
