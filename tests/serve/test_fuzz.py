"""Hostile input: whatever is sent, the answer is a decision or a problem, never a fault."""

import asyncio
import json
import random

import pytest

import served_shop
from asgi_client import HOST, JSON, asking
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]
HOSTILE = [
    None, True, -1, 0, 13, 2**63, 2**64, -(2**70), 10**4200, 1e308, -0.0, 1e-320,
    "", "Urban", "\x00", "\ud800", "x" * 5000, "\u202e", [], [[]], {}, {"a": {"b": []}}, [1] * 500,
]  # fmt: skip
BYTES = [
    b"\x00", b"\xff", b"{", b"}", b"[", b"]", b'"', b"\\u", b"\\ud800", b",", b":", b"NaN", b"1e999", b"-",
    b"\xef\xbb\xbf", b"9" * 5000,
]  # fmt: skip
HEADERS = [
    b"content-type",
    b"content-length",
    b"idempotency-key",
    b"replay-at",
    b"content-encoding",
    b"host",
    b"origin",
    b"authorization",
    b"transfer-encoding",
    b"x-forwarded-host",
    b"",
]
VALUES = [
    b"", b"application/json", b"text/html", b"0", b"-5", b"1e9", b"9" * 300, b"k", b"k" * 500, b"\xff\xfe",
    b"\r\n", b"2026-01-01T00:00:00Z", b"2026-99-99T99:99:99Z", b"gzip", b"identity", b"%00",
    b"../../etc/passwd", b"a" * 70_000, b"localhost", b"[::1]:1", b"[", b"]:", b":", b"null",
    b"http://127.0.0.1", b"http://", b"Bearer", b"Bearer \xff", b"bearer k", b"chunked",
    b"127.0.0.1.evil.example",
]  # fmt: skip
PATHS = [
    *["/winback"] * 30, "/", "", "//", "/livez", "/readyz", "/openapi.json", "/winback/..", "/\x00",
    "/\udcff", "/" + "a" * 9000, "/winback\x00", "/winback%2f", "/WINBACK", "/events/x", "/metrics",
    "/{name}",
]  # fmt: skip
METHODS = ["POST"] * 20 + ["GET", "HEAD", "PUT", "TRACE", "CONNECT", "BREW", "post", ""]


class Nowhere:
    def append(self, payload: bytes) -> None:
        json.loads(payload)

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    digest = served_shop.release(objects, shop)
    stager = Stager(objects, served_shop.serving_codecs(), Nowhere(), "prod", print, replay=True, root=shop)
    return App(
        Serving(stager(Deployed(1, digest))), lambda: None, capability="winback", replay=True, tell=print
    )


def body(rng: random.Random) -> bytes:
    """A good request, bent in one of several ways."""
    request = dict(CLIENT)
    for _ in range(rng.randint(0, 3)):
        name = rng.choice([*CLIENT, "note", "extra", "$", "a.b", "x" * 300])
        request[name] = rng.choice(HOSTILE)
    if rng.random() < 0.3:
        request.pop(rng.choice(list(CLIENT)), None)
    text = json.dumps(request, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    match rng.randint(0, 5):
        case 0:
            at = rng.randrange(len(text))
            return text[:at] + rng.choice(BYTES) + text[at:]
        case 1:
            return text[: rng.randrange(len(text) + 1)]
        case 2:
            return rng.randbytes(rng.randint(0, 300))
        case 3:
            return rng.choice([b"[", b'{"a":', b'{"client_id":']) * rng.randint(1, 20_000)
    return text


def headers(rng: random.Random) -> list[tuple[bytes, bytes]]:
    made = [JSON] if rng.random() < 0.8 else []
    return made + [(rng.choice(HEADERS), rng.choice(VALUES)) for _ in range(rng.randint(0, 3))]


def test_four_thousand_hostile_requests_meet_no_fault(app):
    rng = random.Random(20260301)

    async def attack() -> dict[int, int]:
        seen: dict[int, int] = {}
        for _ in range(4_000):
            parts = rng.choice([1, 1, 1, 5])
            answer = await asking(
                app, rng.choice(METHODS), rng.choice(PATHS), body(rng), headers(rng), parts=parts
            )
            seen[answer.status] = seen.get(answer.status, 0) + 1
            if answer.status != 200 and answer.body:
                told = json.loads(answer.body)
                assert told["status"] == answer.status
                assert answer.headers[b"content-type"] == b"application/problem+json"
        return seen

    seen = asyncio.run(attack())

    assert set(seen) <= {200, 400, 403, 404, 405, 413, 415, 422}
    assert all(seen.get(status, 0) > 20 for status in (200, 400, 403, 404, 405, 415, 422))


def test_a_client_that_goes_away_gets_no_answer_and_leaves_no_decision(app):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON]}
    asyncio.run(app(scope, receive, send))

    assert sent == []
