"""The HTTP edge: raw ASGI, a table of routes, a problem for everything else."""

import traceback
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager

from fullcycle.serve.answered import Answered
from fullcycle.serve.decider import Tell
from fullcycle.serve.guard import Guard
from fullcycle.serve.limits import Limits
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Gone, HeaderReader, Message, Receive, Rejected
from fullcycle.serve.routes import HttpScope, Request, Route, Routes
from fullcycle.serve.serving import Serving

Send = Callable[[Message], Awaitable[None]]
Life = Callable[[], AbstractAsyncContextManager[None]]
"""What happens beside the requests: entered before the first, left after the last."""

_ALIVE = response(200, b'{"status":"alive"}')


class App:
    """The ASGI application of one capability.

    ``POST /<capability>`` decides, once per Idempotency-Key that is still remembered (see
    ``answered`` for how long that is); ``GET /openapi.json``, ``/livez`` and ``/readyz`` tell.
    ``pages`` are answered besides.
    """

    def __init__(
        self,
        serving: Serving,
        life: Life,
        *,
        capability: str,
        replay: bool,
        tell: Tell,
        guard: Guard | None = None,
        limits: Limits | None = None,
        pages: Iterable[Route] = (),
    ) -> None:
        self._serving = serving
        self._life = life
        self._answered = Answered()
        self._tell = tell
        self._guard = guard or Guard()
        self._limits = limits or Limits()
        self._headers = HeaderReader(replay=replay, limit=self._limits.body_bytes)
        self._unknown = f"there is nothing here; decisions are made at POST /{capability}"
        self.routes = Routes(
            [
                Route("POST", f"/{capability}", "decide", self._decide),
                Route("GET", "/openapi.json", "read", self._openapi),
                Route("GET", "/livez", "open", self._alive),
                Route("GET", "/readyz", "open", self._ready),
                *pages,
            ]
        )

    @property
    def silent(self) -> str:
        """Why nothing answers yet; empty where a release does."""
        return self._serving.silent

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's start and end."""
        if scope["type"] == "http":
            try:
                answer = await self._answer(scope, receive)
            except Gone:
                return
            await _send(answer, send, head=scope["method"] == "HEAD")
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer(self, scope: HttpScope, receive: Receive) -> Response:
        try:
            route, name = self.routes.find(scope["method"], scope["path"])
            self._guard.admit(None if route is None else route.scope, scope["headers"])
            if route is None:
                self.routes.refuse(scope["path"], self._unknown)
            return await route.handler(Request(scope, receive, self._limits, name))
        except Rejected as rejected:
            return rejected.response
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: nothing of a fault of ours may leave
            self._tell("".join(traceback.format_exception(error)))
            return problem(500, "a fault in the server; its log says more")

    async def _decide(self, request: Request) -> Response:
        active = self._serving.active  # a request ends on the release it began with
        if active is None:
            return self._serving.ready()
        asked = self._headers.read(request.headers)
        body = await request.body()
        if asked.key is None:
            return active.answer(body, asked)
        return self._answered.once(asked.key, body, lambda: active.answer(body, asked))

    async def _openapi(self, request: Request) -> Response:
        active = self._serving.active
        return self._serving.ready() if active is None else response(200, active.openapi)

    async def _alive(self, request: Request) -> Response:
        return _ALIVE

    async def _ready(self, request: Request) -> Response:
        return self._serving.ready()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _send(answer: Response, send: Send, *, head: bool) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
