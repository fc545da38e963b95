"""Asks an ASGI application in this process, as an HTTP server would."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Headers = Iterable[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
HOST = (b"host", b"127.0.0.1")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def asking(
    app: Any,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Headers = (),
    *,
    parts: int = 1,
) -> Answer:
    """One request and its answer; the body arrives in ``parts``. It asks 127.0.0.1 unless told."""
    headers = list(headers)
    if not any(name == b"host" for name, _ in headers):
        headers.insert(0, HOST)
    size = max(1, -(-len(body) // parts))
    chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    arriving = iter(enumerate(chunks, start=1))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        n, chunk = next(arriving)
        return {"type": "http.request", "body": chunk, "more_body": n < len(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    start, *rest = sent
    assert start["type"] == "http.response.start"
    return Answer(start["status"], dict(start["headers"]), b"".join(part["body"] for part in rest))


def ask(
    app: Any,
    method: str,
    path: str,
    body: bytes | dict[str, Any] | list[Any] = b"",
    headers: Headers = (),
    **more: Any,
) -> Answer:
    """The same, for one request outside an event loop; a dict or list is sent as JSON."""
    if isinstance(body, (dict, list)):
        body, headers = json.dumps(body).encode(), [JSON, *headers]
    return asyncio.run(asking(app, method, path, body, headers, **more))
