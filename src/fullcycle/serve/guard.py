"""The outermost layer: nothing is answered before this says who asked, from where, by what name.

On a loopback address whoever asks is on this machine, but a page in a browser there may ask
too, on behalf of anybody. Two headers tell: ``Host`` is the name that was asked for, which a
foreign page that had its name resolved to 127.0.0.1 (DNS rebinding) cannot change; ``Origin``
is the page that asks. Beyond loopback a token is demanded for all that is not ``open``.
"""

import ipaddress
from collections.abc import Iterable
from typing import NoReturn

from fullcycle.serve.problem import problem
from fullcycle.serve.reading import Rejected
from fullcycle.serve.routes import Scope
from fullcycle.serve.tokens import Token, Tokens

_REMEMBERED = 256  # header values that were found good, so that a request compares only one
_NOT_HERE = "this service does not answer by that name; hosts in fullcycle.toml lists those it answers by"
_NOT_FROM = "a page of that origin may not ask; origins in fullcycle.toml lists those that may"


class Guard:
    """Admits a request, or refuses it.

    Args:
        loopback: whether only this machine can reach the service.
        tokens: those that are valid; None where none is demanded, which only loopback allows.
        hosts: further names that it is asked by, without ports.
        origins: further pages that may ask, such as ``https://shop.example``; pages of the
            service itself may.
    """

    def __init__(
        self,
        *,
        loopback: bool = True,
        tokens: Tokens | None = None,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
    ) -> None:
        self._loopback = loopback
        self._names = frozenset(host.lower().encode() for host in hosts)
        self._origins = frozenset(origin.lower().encode() for origin in origins)
        self._good: set[bytes] = set()
        self.tokens = Tokens() if tokens is None and not loopback else tokens

    def renew(self, tokens: Iterable[Token]) -> None:
        """From now on these are valid, where any is demanded."""
        if self.tokens is not None:
            self.tokens = Tokens(tokens)

    def admit(self, scope: Scope | None, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Let a request pass that asks for a route of that scope; None is for what has no route.

        Raises:
            Rejected: with 400, 401 or 403.
        """
        host = origin = authorization = None
        for name, value in headers:
            if name == b"host":
                host = _only(host, value, "Host")
            elif name == b"origin":
                origin = _only(origin, value, "Origin")
            elif name == b"authorization":
                authorization = _only(authorization, value, "Authorization")
        if host not in self._good:
            self._require_host(host)
        if origin is not None:
            self._require_origin(origin, host)
        if self.tokens is not None and scope != "open":
            self._require_token(self.tokens, authorization, scope)

    def _require_host(self, host: bytes | None) -> None:
        if host is None:
            raise Rejected(problem(400, "the header Host is missing"))
        name = _name(host)
        if name not in self._names and not self._is_own(name):
            raise Rejected(problem(403, _NOT_HERE))
        if len(self._good) < _REMEMBERED:
            self._good.add(host)

    def _is_own(self, name: bytes) -> bool:
        """Whether that is a name of the machine itself, which no other site can come to have."""
        if name == b"localhost":
            return True
        try:
            address = ipaddress.ip_address(name.strip(b"[]").decode("ascii"))
        except ValueError:
            return False
        return address.is_loopback or not self._loopback  # an address is no name: it cannot be rebound

    def _require_origin(self, origin: bytes, host: bytes | None) -> None:
        sent = origin.lower()
        if sent in self._origins:
            return
        scheme, _, authority = sent.partition(b"://")
        if scheme not in (b"http", b"https") or host is None or authority != host.lower():
            raise Rejected(problem(403, _NOT_FROM))

    def _require_token(self, tokens: Tokens, authorization: bytes | None, scope: Scope | None) -> None:
        if authorization is None:
            _unauthorized(b"Bearer", "a token is demanded here: send Authorization: Bearer …")
        kind, _, presented = authorization.partition(b" ")
        token = tokens.of(presented.strip()) if kind.lower() == b"bearer" else None
        if token is None:
            _unauthorized(b'Bearer error="invalid_token"', "the token is not valid: never made, or revoked")
        if scope is not None and scope not in token.scopes:
            challenge = b'Bearer error="insufficient_scope", scope="%b"' % scope.encode()
            raise Rejected(
                problem(403, f"the token lacks the scope {scope}", headers=[(b"www-authenticate", challenge)])
            )


def _unauthorized(challenge: bytes, detail: str) -> NoReturn:
    raise Rejected(problem(401, detail, headers=[(b"www-authenticate", challenge)]))


def _only(seen: bytes | None, value: bytes, name: str) -> bytes:
    if seen is not None:
        raise Rejected(problem(400, f"the header {name} was sent twice"))
    return value


def _name(host: bytes) -> bytes:
    """The name in a Host header, without its port: ``localhost``, ``127.0.0.1``, ``[::1]``."""
    name, colon, port = host.strip().lower().rpartition(b":")
    named = name if colon and port.isdigit() else host.strip().lower()
    return named.removesuffix(b".")
