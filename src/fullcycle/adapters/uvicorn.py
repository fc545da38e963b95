"""uvicorn: the HTTP server under a service (uvloop and httptools, one process)."""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from fullcycle.adapters.http_express import ExpressHttp, Lane
from fullcycle.adapters.http_heads import SlowHeads, SlowReaders
from fullcycle.adapters.listening import BACKLOG, listen, url_of
from fullcycle.serve.express import Express
from fullcycle.serve.ports import WorkerSlot

GRACE_S = 10.0
"""What answers at SIGTERM has this long to end, in seconds."""

HEAD_S = 10.0
"""In which the head of a request must have been sent, in seconds."""

_YIELD_S = 0.002  # what another worker has to take a connection that it should rather have
_LONGEST_YIELD_S = 0.01  # where it has far fewer
_PAUSE_S = 0.5  # where the system has no room for another connection
_IDLE_S = 75  # how long a connection may wait for its next request

_END_IDLE_S = 0.5  # and how long one that asked nothing is kept where the whole service ends

_HEADS_EVERY = 5  # ticks of a tenth of a second

_CLOSE = (b"connection", b"close")


def serve_http(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    ready: Callable[[str], None],
    express: Express | None = None,
    head_s: float = HEAD_S,
) -> None:
    """Serve an ASGI app until SIGTERM or SIGINT; then finish what was begun, and return.

    ``ready`` hears the service's address as soon as it can be asked. Port 0 takes any that
    is free. A request's head has ``head_s`` seconds to arrive. What ``express`` takes is not
    asked of the app.

    Raises:
        Refused: for an address that others can reach.
        Misconfigured: where the port is taken, or may not be used.
    """
    with listen(host, port) as listening:
        lane = Lane(express) if express is not None else None
        server = _Server(_config(app, GRACE_S, lane), None, head_s, lane)
        server.told = lambda: ready(url_of(listening))
        # uvicorn raises the signal again once it has stopped; here that is the end, not a crash.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.handle_exit)
        server.run(sockets=[listening])


def serve_behind(
    app: Any,
    door: "Door",
    express: Express | None = None,
    *,
    grace_s: float = GRACE_S,
    head_s: float = HEAD_S,
) -> None:
    """Serve an ASGI app to those whom ``door`` lets in, until it retires or SIGTERM.

    To be called in a process with a session of its own: whoever presses Ctrl-C means the supervisor.
    What ``express`` takes is not asked of the app.
    """
    lane = Lane(express) if express is not None else None
    server = _Server(_config(app, grace_s, lane), door, head_s, lane)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)  # raised again at the end, which is no crash
    server.run(sockets=[])


class Door:
    """A worker's share of a socket that several processes listen on.

    Whoever has more connections than another worker leaves the next one to that other, for
    some milliseconds: so connections that live long are spread evenly. ``fewest`` tells how few
    another open worker has; None where there is no other.
    """

    def __init__(
        self,
        listening: socket.socket,
        slot: WorkerSlot,
        fewest: Callable[[], int | None],
        *,
        idle_s: float = 5.0,
    ) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._slot = slot
        self._fewest = fewest
        self._idle_s = idle_s  # how long connections that ask nothing are kept by a door that closes
        self._server: _Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arriving: set[asyncio.Task[Any]] = set()
        self._wanted = False  # open, as soon as there is a server behind it
        self._most: int | None = None  # connections; the others are closed with their next answers

    def open(self) -> None:
        """Take connections."""
        self._wanted = True
        if self._loop is not None and not self._slot.accepts:
            self._slot.accepts = True
            self._loop.add_reader(self._listening.fileno(), self._accept)

    def retire(self, idle_s: float | None = None) -> None:
        """Take no more connections, close each with its next answer, then end the server.

        Those that ask nothing for ``idle_s`` are closed, too.
        """
        self.close()
        if self._server is not None and self._loop is not None:
            self._most = None
            self._server.close_each(so=True)
            self._loop.create_task(self._leave(self._server, self._idle_s if idle_s is None else idle_s))

    def spread(self, most: int) -> None:
        """Close connections with their next answers until at most ``most`` are left."""
        if self._server is not None and self._slot.accepts:
            self._most = most
            self._server.close_each(so=True)
            self.count()

    def hand_over(self, path: str) -> None:
        """Send the listening socket to the Unix socket at ``path``.

        Raises:
            OSError: where nobody listens there.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(2.0)
            line.connect(path)
            socket.send_fds(line, [b"listening"], [self._listening.fileno()])

    def attend(self, server: "_Server") -> None:
        """Begin to let in, for this server, if it was opened already."""
        self._server, self._loop = server, asyncio.get_running_loop()
        if self._wanted:
            self.open()

    def close(self) -> None:
        """Take no more connections; others may go on listening on the same socket."""
        self._wanted = False
        if self._loop is not None and self._slot.accepts:
            self._slot.accepts = False
            self._loop.remove_reader(self._listening.fileno())

    def count(self) -> None:
        """Note how many connections there are, and that the loop turns."""
        if self._server is not None:
            there = len(self._server.server_state.connections) + len(self._arriving)
            self._slot.connections = there
            if self._most is not None and there <= self._most:
                self._most = None
                self._server.close_each(so=False)
        self._slot.beat()

    def _accept(self) -> None:
        self.count()
        if (fewest := self._fewest()) is not None and fewest < self._slot.connections:
            self._pause(min(_YIELD_S * (self._slot.connections - fewest), _LONGEST_YIELD_S))
        else:
            self._take()

    def _take(self) -> bool:
        """Take one connection; False where there is no room for any now."""
        assert self._loop is not None
        assert self._server is not None
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return True  # another worker has it, or nobody waits for it any more
        except OSError:
            self._pause(_PAUSE_S)
            return False
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        let_in = self._loop.create_task(self._let_in(self._loop, self._server, connection))
        self._arriving.add(let_in)
        let_in.add_done_callback(self._arriving.discard)
        self.count()
        return True

    async def _let_in(
        self, loop: asyncio.AbstractEventLoop, server: "_Server", connection: socket.socket
    ) -> None:
        try:
            await loop.connect_accepted_socket(server.protocol, connection)
        except OSError:
            connection.close()  # it is gone already

    def _pause(self, seconds: float) -> None:
        assert self._loop is not None
        self._loop.remove_reader(self._listening.fileno())
        self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        """Take what nobody else took meanwhile, and look again."""
        if self._loop is not None and self._slot.accepts and self._take():
            self._loop.add_reader(self._listening.fileno(), self._accept)

    async def _leave(self, server: "_Server", idle_s: float) -> None:
        until = asyncio.get_running_loop().time() + idle_s
        while server.server_state.connections and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
        server.should_exit = True


def _config(app: Any, grace_s: float, lane: Lane | None = None) -> uvicorn.Config:
    speaks: Any = partial(ExpressHttp, lane=lane)  # typed as a class, and only called
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=speaks,
        ws="none",
        lifespan="on",
        interface="asgi3",
        access_log=False,
        log_level="error",  # its warnings are of what clients send: whoever likes could fill a disk
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )


class _Server(uvicorn.Server):
    """Tells when it can be asked; lets in by a door, where there is one."""

    told: Callable[[], None] | None = None

    def __init__(
        self, config: uvicorn.Config, door: Door | None, head_s: float, lane: Lane | None = None
    ) -> None:
        super().__init__(config)
        self._lane = lane
        self._door = door
        self._heads = SlowHeads(head_s)
        self._readers = SlowReaders()
        self._leaving = False  # told to end by a signal
        self._retired = False  # and seen to it

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End. Whoever is about to ask by an open connection is answered first, unless told twice."""
        if self.started and self._door is not None and not self._leaving:
            self._leaving = True  # the loop sees to it: a signal comes in the middle of anything
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        self.lifespan.state["tasks"] = self.server_state.tasks  # by which an app sees a crowd
        if self._lane is not None:
            self._lane.express.attend(self.server_state.tasks)
        if self.started and self._door is not None:
            self._door.attend(self)
        if self.started and self.told is not None:
            self.told()

    def protocol(self) -> asyncio.Protocol:
        """What speaks HTTP on one connection."""
        speaks: Any = self.config.http_protocol_class  # typed as any protocol, made as uvicorn's own
        made: asyncio.Protocol = speaks(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: show that the loop turns, and look after clients that do not send or read."""
        if counter % _HEADS_EVERY == 0:
            self._heads.give_up(self.server_state.connections)
            self._readers.give_up(self.server_state.connections)
        if self._door is not None:
            self._door.count()
            if self._leaving and not self._retired:
                self._retired = True
                self._door.retire(_END_IDLE_S)
        return await super().on_tick(counter)

    def close_each(self, *, so: bool) -> None:
        """Whether from now on each connection is closed with its next answer."""
        told = [(name.encode(), value.encode()) for name, value in self.config.headers]
        self.config.encoded_headers = [*told, _CLOSE] if so else told
        known = [each for each in self.server_state.default_headers if each != _CLOSE]
        self.server_state.default_headers = [*known, _CLOSE] if so else known

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, finish what was begun, and end."""
        if self._door is not None:
            self._door.close()
            self._door = None
        await super().shutdown(sockets=sockets)
