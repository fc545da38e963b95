"""The HTTP edge: raw ASGI, a path per purpose, a problem for everything else."""

import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fullcycle.serve.answered import Answered
from fullcycle.serve.decider import Tell
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import BODY_LIMIT, HeaderReader, Message, Receive, Rejected, read_body
from fullcycle.serve.serving import Serving

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Life = Callable[[], AbstractAsyncContextManager[None]]
"""What happens beside the requests: entered before the first, left after the last."""

_ALIVE = response(200, b'{"status":"alive"}')


class App:
    """The ASGI application of one capability.

    ``POST /<capability>`` decides, once per Idempotency-Key that is still remembered (see
    ``answered`` for how long that is); ``GET /openapi.json``, ``/livez`` and ``/readyz`` tell.
    """

    def __init__(
        self,
        serving: Serving,
        life: Life,
        *,
        capability: str,
        replay: bool,
        tell: Tell,
        limit: int = BODY_LIMIT,
    ) -> None:
        self._serving = serving
        self._life = life
        self._answered = Answered()
        self._tell = tell
        self._path = f"/{capability}"
        self._headers = HeaderReader(replay=replay, limit=limit)
        self._limit = limit
        self._pages: dict[str, Callable[[], Response]] = {
            "/livez": lambda: _ALIVE,
            "/readyz": serving.ready,
            "/openapi.json": self._openapi,
        }

    @property
    def silent(self) -> str:
        """Why nothing answers yet; empty where a release does."""
        return self._serving.silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's start and end."""
        if scope["type"] == "http":
            answer = await self._answer(scope, receive)
            if answer is not None:
                await _send(answer, send, head=scope["method"] == "HEAD")
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The response; None where the client went away before it had asked."""
        try:
            if scope["path"] == self._path:
                return await self._decide(scope, receive)
            return self._page(scope)
        except Rejected as rejected:
            return rejected.response
        except Exception as error:  # noqa: BLE001 - the edge: nothing of a fault of ours may leave
            self._tell("".join(traceback.format_exception(error)))
            return problem(500, "a fault in the server; its log says more")

    async def _decide(self, scope: Scope, receive: Receive) -> Response | None:
        if scope["method"] != "POST":
            return _not_allowed(b"POST")
        active = self._serving.active  # a request ends on the release it began with
        if active is None:
            return self._serving.ready()
        asked = self._headers.read(scope["headers"])
        body = await read_body(receive, self._limit)
        if body is None:
            return None
        if asked.key is None:
            return active.answer(body, asked)
        return self._answered.once(asked.key, body, lambda: active.answer(body, asked))

    def _page(self, scope: Scope) -> Response:
        page = self._pages.get(scope["path"])
        if page is None:
            return problem(404, f"there is nothing here; decisions are made at POST {self._path}")
        return page() if scope["method"] in ("GET", "HEAD") else _not_allowed(b"GET, HEAD")

    def _openapi(self) -> Response:
        active = self._serving.active
        return self._serving.ready() if active is None else response(200, active.openapi)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _send(answer: Response, send: Send, *, head: bool) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def _not_allowed(allowed: bytes) -> Response:
    return problem(405, f"use {allowed.decode()}", headers=[(b"allow", allowed)])
