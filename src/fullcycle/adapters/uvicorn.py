"""uvicorn: the HTTP server under a service (uvloop and httptools, one process)."""

import asyncio
import ipaddress
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from fullcycle.kernel import Misconfigured, Refused
from fullcycle.serve.ports import WorkerSlot

GRACE_S = 10.0
"""What answers at SIGTERM has this long to end, in seconds."""

_BACKLOG = 2048
_LAST_PORT = 65_535
_YIELD_S = 0.001  # what another worker has to take a connection that it should rather have
_PAUSE_S = 0.5  # where the system has no room for another connection
_IDLE_S = 75  # how long a connection may wait for its next request

_CLOSE = (b"connection", b"close")


def serve_http(app: Any, *, host: str = "127.0.0.1", port: int = 8765, ready: Callable[[str], None]) -> None:
    """Serve an ASGI app until SIGTERM or SIGINT; then finish what was begun, and return.

    ``ready`` hears the service's address as soon as it can be asked. Port 0 takes any that
    is free.

    Raises:
        Refused: for an address that others can reach.
        Misconfigured: where the port is taken, or may not be used.
    """
    with listen(host, port) as listening:
        server = _Server(_config(app, GRACE_S), None)
        server.told = lambda: ready(url_of(listening))
        # uvicorn raises the signal again once it has stopped; here that is the end, not a crash.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.handle_exit)
        server.run(sockets=[listening])


def serve_behind(app: Any, door: "Door", *, grace_s: float = GRACE_S) -> None:
    """Serve an ASGI app to those whom ``door`` lets in, until it retires or SIGTERM.

    SIGINT is ignored: whoever presses Ctrl-C means the supervisor, which says what to do.
    """
    server = _Server(_config(app, grace_s), door)
    signal.signal(signal.SIGTERM, server.handle_exit)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.run(sockets=[])


def url_of(listening: socket.socket) -> str:
    """Where a listening socket can be asked."""
    address, bound = listening.getsockname()[:2]
    return f"http://{f'[{address}]' if ':' in address else address}:{bound}"


class Door:
    """A worker's share of a socket that several processes listen on.

    Whoever has more connections than another worker leaves the next one to that other, for
    a millisecond: so connections that live long are spread evenly. ``fewest`` tells how few
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

    def open(self) -> None:
        """Take connections."""
        self._wanted = True
        if self._loop is not None and not self._slot.accepts:
            self._slot.accepts = True
            self._loop.add_reader(self._listening.fileno(), self._accept)

    def retire(self) -> None:
        """Take no more connections, close each with its next answer, then end the server.

        Those that ask nothing for a while are closed, too.
        """
        self.close()
        if self._server is not None and self._loop is not None:
            self._server.close_each()
            self._loop.create_task(self._leave(self._server))

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
            self._slot.connections = len(self._server.server_state.connections) + len(self._arriving)
        self._slot.beat()

    def _accept(self) -> None:
        self.count()
        if (fewest := self._fewest()) is not None and fewest < self._slot.connections:
            self._pause(_YIELD_S)
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

    async def _leave(self, server: "_Server") -> None:
        until = asyncio.get_running_loop().time() + self._idle_s
        while server.server_state.connections and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
        server.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a loopback address.

    Raises:
        Refused: for any other address.
        Misconfigured: where the port is taken, or may not be used.
    """
    address = _loopback(host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    if not 0 <= port <= _LAST_PORT:
        raise _unusable(host, port, f"ports are numbered 0 to {_LAST_PORT}")
    try:
        return socket.create_server((str(address), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise _unusable(host, port, os.strerror(error.errno or 0).lower()) from error


def _unusable(host: str, port: int, why: str) -> Misconfigured:
    return Misconfigured(
        f"port {port} cannot be used: {why}",
        f"{host}:{port}",
        "stop what listens there, or take another: --port 0 takes any that is free",
    )


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise Refused(
            f"a service listens on this machine only, not on {host}",
            "--host",
            "leave --host out (127.0.0.1) and put a proxy that authenticates in front of it",
        )
    return address


def _config(app: Any, grace_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )


class _Server(uvicorn.Server):
    """Tells when it can be asked; lets in by a door, where there is one."""

    told: Callable[[], None] | None = None

    def __init__(self, config: uvicorn.Config, door: Door | None) -> None:
        super().__init__(config)
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
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
        """Ten times a second: show that the loop turns."""
        if self._door is not None:
            self._door.count()
        return await super().on_tick(counter)

    def close_each(self) -> None:
        """From now on, close each connection with its next answer."""
        self.config.encoded_headers = [*self.config.encoded_headers, _CLOSE]
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, finish what was begun, and end."""
        if self._door is not None:
            self._door.close()
            self._door = None
        await super().shutdown(sockets=sockets)
