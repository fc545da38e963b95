"""The socket that a service listens on."""

import ipaddress
import os
import socket

from fullcycle.kernel import Misconfigured, Refused

BACKLOG = 2048
"""How many clients may wait for a connection."""

_LAST_PORT = 65_535


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine.

    Raises:
        Refused: for a name, other than ``localhost``.
        Misconfigured: where the address or the port is taken, or may not be used.
    """
    address = ipaddress.ip_address(address_of(host))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    if not 0 <= port <= _LAST_PORT:
        raise _unusable(host, port, f"ports are numbered 0 to {_LAST_PORT}")
    try:
        return socket.create_server((str(address), port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise _unusable(host, port, os.strerror(error.errno or 0).lower()) from error


def address_of(host: str) -> str:
    """The IP address that a host is told by.

    Raises:
        Refused: for a name, other than ``localhost``: who can reach it would depend on a resolver.
    """
    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise Refused(
            f"{host!r} is no IP address",
            "--host",
            "leave --host out (127.0.0.1: this machine only), or write an address such as 0.0.0.0",
        ) from None


def _unusable(host: str, port: int, why: str) -> Misconfigured:
    return Misconfigured(
        f"port {port} cannot be used: {why}",
        f"{host}:{port}",
        "stop what listens there, or take another: --port 0 takes any that is free",
    )


def url_of(listening: socket.socket) -> str:
    """Where a listening socket can be asked."""
    address, bound = listening.getsockname()[:2]
    return f"http://{f'[{address}]' if ':' in address else address}:{bound}"
