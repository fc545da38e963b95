"""The table of what a service answers: each path with the scope that a caller needs for it.

What stands in no row is not answered, and a row without a scope is refused: a page that is
added says who may read it, or it does not exist.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from fullcycle.kernel import Invalid
from fullcycle.serve.crowd import Room
from fullcycle.serve.limits import Limits
from fullcycle.serve.problem import Response, problem
from fullcycle.serve.reading import Receive, Rejected, read_body

Scope = Literal["decide", "events", "read", "operate", "open"]
"""Who may ask: ``open`` anybody who reaches the service, the others a token made for that scope.

``decide`` asks for decisions, ``events`` tells what happened later, ``read`` sees what the
service takes and gives, ``operate`` its figures.
"""

SCOPES: tuple[str, ...] = get_args(Scope)

PAGES = frozenset(("events", "explain", "livez", "metrics", "openapi.json", "readyz", "try"))
"""The first parts of the paths that each service has besides that of its capability."""

HttpScope = Mapping[str, Any]
"""What ASGI calls a scope: one request, without its body."""


LATER = ((b"retry-after", b"1"), (b"connection", b"close"))
"""Headers of a refusal whose body is not read: come back, on another connection."""


class Request:
    """One request, as a handler is given it."""

    __slots__ = ("_limits", "_long", "_receive", "_room", "_scope", "name")

    def __init__(
        self, scope: HttpScope, receive: Receive, limits: Limits, room: Room, name: str = ""
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._room = room
        self._long = False
        self.name = name  # what stands for {name} in the route's path

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The headers, their names in lower case."""
        headers: Iterable[tuple[bytes, bytes]] = self._scope["headers"]
        return headers

    @property
    def query(self) -> bytes:
        """What follows the path's question mark."""
        query: bytes = self._scope.get("query_string", b"")
        return query

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            Rejected: with 413 or 408 where it is too long, in bytes or in seconds; with 429 where
                too many long ones are being answered.
            Gone: where the client went away before it was sent.
        """
        return await read_body(self._receive, self._limits, self._take_room)

    def end(self) -> None:
        """It is answered: what it held is free for another."""
        if self._long:
            self._room.give_back()
            self._long = False

    def _take_room(self) -> None:
        if not self._room.take():
            raise Rejected(problem(429, "too many long requests are in flight here", headers=LATER))
        self._long = True


Handler = Callable[[Request], Awaitable[Response]]
"""Answers one request; may raise ``Rejected``. What else it raises is a fault, answered with 500."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, who may ask, and what answers.

    ``GET`` answers HEAD, too. The path's last part may be ``{name}``: any one part, which the
    handler finds as ``request.name``; it names nothing but an entry of a table of its own.

    Raises:
        Invalid: where the scope is none.
    """

    method: Literal["GET", "POST"]
    path: str
    scope: Scope
    handler: Handler

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise Invalid(
                f"the scope {self.scope!r} is none of {', '.join(SCOPES)}",
                f"the route {self.method} {self.path}",
                "declare who may ask",
            )


def require_free(capability: str) -> None:
    """See that a capability, which is asked for by its name, has not that of a page of its service.

    Raises:
        Invalid: where it has.
    """
    if capability in PAGES:
        raise Invalid(
            f"a service cannot be named {capability!r}: it answers something else at /{capability}",
            "the name of the capability",
            f"choose another one, say my_{capability}; the names that are taken: {', '.join(sorted(PAGES))}",
        )


class Routes:
    """Finds the route of a request; a table that nothing changes while it answers."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.all = tuple(routes)
        self._exact = {
            (method, route.path): route
            for route in self.all
            if not route.path.endswith("/{name}")
            for method in _methods(route)
        }
        self._named = {
            (method, route.path.removesuffix("{name}")): route
            for route in self.all
            if route.path.endswith("/{name}")
            for method in _methods(route)
        }
        if len(self._exact) + len(self._named) < sum(len(_methods(route)) for route in self.all):
            raise Invalid("two routes have the same method and path", "the routes of a service", "drop one")

    def find(self, method: str, path: str) -> tuple[Route | None, str]:
        """The route that answers, with what stands for its ``{name}``; None where none does."""
        route = self._exact.get((method, path))
        if route is not None:
            return route, ""
        folder, slash, name = path.rpartition("/")
        named = self._named.get((method, folder + slash)) if name else None
        return named, name if named is not None else ""

    def refuse(self, path: str, hint: str) -> NoReturn:
        """Say why no route was found: the path is unknown, or the method is another.

        Raises:
            Rejected: with 404 or 405.
        """
        allowed = [
            method for route in self.all for method in _methods(route) if self.find(method, path)[0] is route
        ]
        if not allowed:
            raise Rejected(problem(404, hint))
        told = ", ".join(sorted(allowed))
        raise Rejected(problem(405, f"use {told}", headers=[(b"allow", told.encode())]))


def _methods(route: Route) -> tuple[str, ...]:
    return ("GET", "HEAD") if route.method == "GET" else (route.method,)
