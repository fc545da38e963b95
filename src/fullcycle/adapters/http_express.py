"""uvicorn's HTTP, with a shorter way for plain requests, and for heads that were read before.

A whole request that the service's express lane admits is handed over without a task.

A client that asks again and again sends the same head each time: the same bytes, but for the
length of a body. Such a head is read by uvicorn twice, and then remembered. Whoever sends these
very bytes, and just as many more as they announce, has sent a request that would be read as the
others were: it is not even parsed.

Everything else is uvicorn's: a body that comes in pieces, one request upon another, whatever
the lane does not admit. Heads with anything secret are of the latter, so none is remembered; nor
is one with a key, which comes but once.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from fullcycle.adapters.http_heads import Http
from fullcycle.serve.express import Express
from fullcycle.serve.problem import Response

HEADS = 1_000
"""How many heads are remembered."""

LONGEST = 2_048
"""The most bytes of one that is."""

_END = b"\r\n\r\n"
_CLOSE = (b"connection", b"close")
_LAST = b"connection: close\r\n\r\n"


class Lane:
    """The express lane of a server, and the heads that may go there, with the lengths of their bodies."""

    def __init__(self, express: Express) -> None:
        self.express = express
        self.lengths: dict[bytes, int] = {}
        self._told: list[tuple[bytes, bytes]] = []  # the headers that each answer has
        self._start = b""
        self.closes = False  # whether each answer ends its connection

    def remember(self, head: bytes, length: int) -> None:
        """From now on requests with this head go there."""
        if len(self.lengths) >= HEADS:
            self.lengths.clear()  # those that are in use come back with their next requests
        self.lengths[head] = length

    def head_of(
        self, answer: Response, default_headers: list[tuple[bytes, bytes]], *, last: bool = False
    ) -> bytes:
        """The head of an answer, as uvicorn writes it; it tells whether it is the last on its connection."""
        if default_headers is not self._told:  # a second has passed, or the server is closing
            self._told = default_headers
            self._start = _lines(default_headers)
            self.closes = _CLOSE in default_headers
        end = _LAST if last and not self.closes else b"\r\n"
        return b"".join((STATUS_LINE[answer.status], self._start, _lines(answer.headers), end))


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class ExpressHttp(Http):
    """One connection; ``lane`` is None where every request goes uvicorn's way."""

    _between = False  # whether the next byte begins a request, and none is being answered
    _under_way = False  # whether a request is in the lane
    _last = False  # whether the connection ends with the next answer
    _seen = b""  # the head that uvicorn read last
    _answered_at = 0.0  # on the loop's clock
    _holds = False  # whether the next request that uvicorn finds begins no task at once
    _held: tuple[RequestResponseCycle, Any] | None = None  # that one

    def __init__(self, *known: Any, lane: Lane | None = None, **named: Any) -> None:
        super().__init__(*known, **named)
        self.lane = lane

    def data_received(self, data: bytes) -> None:
        """Take the shorter way where the head is known and the body is whole."""
        if self.lane is None:
            super().data_received(data)
        elif self._under_way or self._behind:
            self._keep_back(data)
        elif self._between or self._is_between():
            size = data.find(_END) + len(_END)  # too few where there is none, and then nothing is known
            head = data[:size]
            length = self.lane.lengths.get(head)
            if length is None or length != len(data) - size:
                self._read(self.lane, data, head)
            elif not self._hand_over(self.lane, data[size:]):
                super().data_received(data)
        else:
            super().data_received(data)

    def _hand_over(self, lane: Lane, body: bytes, key: str | None = None) -> bool:
        self._between = False
        if not self.flow.write_paused:  # else it waits, on uvicorn's way, until its client reads
            self._under_way = lane.express.put(body, self._answer, key)
        return self._under_way

    def _read(self, lane: Lane, data: bytes, head: bytes) -> None:
        """Have uvicorn read what came; a whole request that is admitted goes to the lane, too."""
        self._between, self._holds = False, True
        try:
            super().data_received(data)
        finally:
            self._holds, held, self._held = False, self._held, None
        if held is None:
            return  # a part of a head, or no request at all
        again, self._seen = head == self._seen, head if len(head) <= LONGEST else b""
        cycle, body = held[0], data[len(head) :]
        if cycle is self.cycle and self._is_whole(body):
            admitted = lane.express.admits(cycle.scope)
            if admitted is not None and admitted.length == len(body):
                if again and admitted.key is None:
                    lane.remember(head, len(body))
                if self._hand_over(lane, body, admitted.key):
                    return
        super()._start_asgi_task(*held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin a request's task, unless it may be done without."""
        if self._holds and self._held is None:
            self._held = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _is_whole(self, body: bytes) -> bool:
        """Whether uvicorn found one request in what came, just that body in it, and nothing unusual."""
        cycle = self.cycle
        return (
            cycle.body == body
            and not cycle.more_body
            and not self.pipeline
            and cycle.keep_alive
            and not cycle.waiting_for_100_continue
        )

    def _is_between(self) -> bool:
        if self.cycle is None:
            self._between = self.scope is None
        else:
            done = self.cycle.response_complete and not self.cycle.more_body
            self._between = done and not self._in_head
        return self._between

    def _answer(self, answer: Response) -> None:
        """Write an answer, unless its client went away."""
        self._under_way = False
        if self.cycle is not None:
            self.cycle.response_complete = True
        if self.lane is None or self.transport.is_closing():
            return
        head = self.lane.head_of(answer, self.server_state.default_headers, last=self._last)
        self.transport.write(head + answer.body)
        if self._last or self.lane.closes:
            self.transport.close()
            return
        self._between = not self._behind
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._expire_in(self.timeout_keep_alive)
        if self._behind:
            self.loop.call_soon(self._go_on)
        else:
            self.flow.resume_reading()  # a long body may have paused it

    def _expire_in(self, seconds: float) -> None:
        """One timer for many answers: it looks whether there was another when it rings."""
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection where it asked nothing for as long as it may."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._under_way or left > 0:
            self._expire_in(max(left, 1.0))
        else:
            super().timeout_keep_alive_handler()

    @property
    def waits(self) -> bool:
        """As before; whoever is in the lane waits for nobody."""
        return not self._under_way and super().waits

    def shutdown(self) -> None:
        """Answer what was asked, then close."""
        if self._under_way:
            self._last = True
        else:
            super().shutdown()
