"""The HTTP edge: raw ASGI, a table of routes, a problem for everything else."""

import traceback
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

from fullcycle.serve import try_page
from fullcycle.serve.answered import Answered, Shared
from fullcycle.serve.crowd import Crowd, Room
from fullcycle.serve.decider import Tell
from fullcycle.serve.express import Desk
from fullcycle.serve.guard import Guard
from fullcycle.serve.helper import Helper
from fullcycle.serve.limits import Limits
from fullcycle.serve.many import ROW_BY_ROW, answer_rows
from fullcycle.serve.metrics import CONTENT_TYPE, Census, Meter, exposition
from fullcycle.serve.openapi import at_edge
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Asked, Gone, HeaderReader, Message, Receive, Rejected, is_array
from fullcycle.serve.routes import HttpScope, Request, Route, Routes
from fullcycle.serve.serving import Active, Serving

Send = Callable[[Message], Awaitable[None]]
Life = Callable[[], AbstractAsyncContextManager[None]]
"""What happens beside the requests: entered before the first, left after the last."""

_ALIVE = response(200, b'{"status":"alive"}')
_LATER = (b"retry-after", b"1")
_SHEDDING = problem(429, "too many requests are in flight here", headers=[_LATER])
_SHED = ("decide", "events")  # what is turned away in a crowd; whoever operates must still see it


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands around a service: who may ask, how much, what is counted, and further pages.

    ``census`` gathers what every worker counts; without it a worker tells of itself alone.
    ``helper`` decides on more rows than a worker does; without it they are refused. ``answers`` are
    those that other workers gave to keys.
    """

    guard: Guard = field(default_factory=Guard)
    limits: Limits = field(default_factory=Limits)
    meter: Meter = field(default_factory=Meter)
    census: Callable[[], Census] | None = None
    helper: Helper | None = None
    pages: Iterable[Route] = ()
    answers: Shared | None = None


class App:
    """The ASGI application of one capability.

    ``POST /<capability>`` decides, once per Idempotency-Key that is still remembered (see
    ``answered`` for how long that is); ``GET /openapi.json``, ``/metrics``, ``/livez`` and
    ``/readyz`` tell; ``GET /try`` asks by hand what ``POST /explain`` answers. The pages of its
    edge are answered besides.
    """

    def __init__(
        self,
        serving: Serving,
        life: Life,
        *,
        capability: str,
        replay: bool,
        tell: Tell,
        edge: Edge | None = None,
    ) -> None:
        edge = edge or Edge()
        limits = edge.limits
        self._serving = serving
        self._life = life
        self._capability = capability
        self._tell = tell
        self._guard, self._meter, self._census, self._limits = edge.guard, edge.meter, edge.census, limits
        self._helper = edge.helper
        self._answered = Answered(edge.answers)
        self._explainer = try_page.Explainer()
        self._crowd, self._room = Crowd(limits.in_flight), Room(limits.long_bodies)
        self._headers = HeaderReader(replay=replay, limit=max(limits.body_bytes, limits.rows_bytes))
        self._unknown = f"there is nothing here; decisions are made at POST /{capability}"
        self.routes = Routes(
            [
                Route("POST", f"/{capability}", "decide", self._decide),
                Route("GET", "/openapi.json", "read", self._openapi),
                Route("GET", "/try", "open", try_page.page),
                Route("POST", "/explain", "read", self._explain),
                Route("GET", "/metrics", "operate", self._metrics),
                Route("GET", "/livez", "open", self._alive),
                Route("GET", "/readyz", "open", self._ready),
                *edge.pages,
            ]
        )

    @property
    def silent(self) -> str:
        """Why nothing answers yet; empty where a release does."""
        return self._serving.silent

    @property
    def desk(self) -> Desk:
        """What plain single rows are decided with by whoever reads them without a task for each."""
        path = f"/{self._capability}"
        there = self._serving, self._guard, self._headers, self._limits, self._meter, self._crowd
        return Desk(path, *there, self._answered, _SHEDDING, self._fault)

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's start and end."""
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        method: str = scope["method"]
        path = release = ""
        request = None
        self._crowd.enter()
        try:
            release = self._serving.ref
            route, name = self.routes.find(method, scope["path"])
            self._guard.admit(None if route is None else route.scope, scope["headers"])
            if route is None:
                self.routes.refuse(scope["path"], self._unknown)
            path = route.path
            if route.scope in _SHED and self._crowd.too_many(scope):
                raise Rejected(_SHEDDING)
            request = Request(scope, receive, self._limits, self._room, name)
            answer = await route.handler(request)
        except Rejected as rejected:
            answer = rejected.response
            if answer.status == 429:
                self._meter.shed()
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: nothing of a fault of ours may leave
            answer = self._fault(error)
        finally:
            self._crowd.leave()
            if request is not None:
                request.end()
        self._meter.requested(path, release, answer.status)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    def _fault(self, error: Exception) -> Response:
        self._meter.faulted()
        self._tell("".join(traceback.format_exception(error)))
        return problem(500, "a fault in the server; its log says more")

    async def _decide(self, request: Request) -> Response:
        active = self._serving.active  # a request ends on the release it began with
        if active is None:
            return self._serving.ready()
        asked = self._headers.read(request.headers)
        body = await request.body()
        if is_array(body):
            return await self._decide_many(active, body, asked)
        if asked.key is None:
            return active.answer(body, asked)
        return self._answered.once(asked.key, body, lambda: active.answer(body, asked))

    async def _decide_many(self, active: Active, body: bytes, asked: Asked) -> Response:
        decide = partial(answer_rows, active, body, asked, most=self._limits.rows, helper=self._helper)
        if asked.key is None:
            return await decide()
        return await self._answered.once_awaited(asked.key, body, decide)

    async def _metrics(self, request: Request) -> Response:
        census = self._census or partial(Census, [self._meter.words], self._crowd.inside)
        service = self._serving.service or self._capability
        return response(200, exposition(service, census()), CONTENT_TYPE)

    async def _openapi(self, request: Request) -> Response:
        active = self._serving.active
        if active is None:
            return self._serving.ready()
        rows = self._limits.rows if self._helper is not None else min(self._limits.rows, ROW_BY_ROW)
        tokens = self._guard.tokens is not None
        return response(200, at_edge(active.openapi, rows=rows, tokens=tokens))

    async def _explain(self, request: Request) -> Response:
        active = self._serving.active
        if active is None:
            return self._serving.ready()
        asked = self._headers.read(request.headers)
        return await self._explainer.answer(active, await request.body(), asked)

    async def _alive(self, request: Request) -> Response:
        return _ALIVE

    async def _ready(self, request: Request) -> Response:
        return self._serving.ready()

    def _unasked(self, status: int) -> None:
        """Count what the server answered by itself, to bytes that are no request or came too slowly."""
        self._meter.requested("", self._serving.ref, status)

    async def _live(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        if "state" in scope:
            scope["state"]["refused"] = self._unasked
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
