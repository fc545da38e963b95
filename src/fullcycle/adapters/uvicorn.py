"""uvicorn: the HTTP server under a service (uvloop and httptools, one process)."""

import ipaddress
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from fullcycle.kernel import Misconfigured, Refused

_GRACE_S = 10  # what answers at SIGTERM has this long to end
_BACKLOG = 2048
_LAST_PORT = 65_535


def serve_http(app: Any, *, host: str = "127.0.0.1", port: int = 8765, ready: Callable[[str], None]) -> None:
    """Serve an ASGI app until SIGTERM or SIGINT; then finish what was begun, and return.

    ``ready`` hears the service's address as soon as it can be asked. Port 0 takes any that
    is free.

    Raises:
        Refused: for an address that others can reach.
        Misconfigured: where the port is taken, or may not be used.
    """
    with listen(host, port) as listening:
        server = _Server(
            uvicorn.Config(
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
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        address, bound = listening.getsockname()[:2]
        server.told = lambda: ready(f"http://{f'[{address}]' if ':' in address else address}:{bound}")
        # uvicorn raises the signal again once it has stopped; here that is the end, not a crash.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.handle_exit)
        server.run(sockets=[listening])


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


class _Server(uvicorn.Server):
    """Tells when it can be asked."""

    told: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        if self.started:
            self.told()
