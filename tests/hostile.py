"""Requests that no client should send: bodies, headers and paths, bent at random.

``python tests/hostile.py --requests 100000`` asks a service by them at length, over real sockets, as a test
does in short.
"""

import argparse
import json
import os
import random
import re
import select
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import served_shop
from asgi_client import JSON
from fullcycle.adapters.workers import memory_of
from fullcycle.wiring.project import Project, open_project
from hosted import Supervisor, hosting
from served_process import Connection

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
    "/{name}", "/try", *["/explain"] * 3,
]  # fmt: skip
METHODS = ["POST"] * 20 + ["GET", "HEAD", "PUT", "TRACE", "CONNECT", "BREW", "post", ""]
FRAMING = (b"content-length", b"transfer-encoding", b"")  # with these, nobody knows where a request ends
NOISE = [b"\r\n", b"\n", b"\x00", b" ", b":", b"HTTP/1.1", b"\xff\xfe", b"GET ", b"\r\n\r\n", b"A" * 9000]
FRAMES = [
    b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n',
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
    b"Content-Length: -1\r\n\r\n{}",
    b"Content-Length: 3\r\nContent-Length: 5\r\n\r\n{}...",
    b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
    b"Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\n{}",
]
ASKERS, ANSWERED_S, SAMPLES = 4, 15.0, 60
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


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


def sound(rng: random.Random) -> bytes:
    """A request whose end is certain, whatever else is wrong with it."""
    path = rng.choice(PATHS).encode("latin-1", errors="replace")
    path = re.sub(rb"[\x00-\x20\x7f]", b"%20", path) or b"/"
    method = rng.choice([each for each in METHODS if each not in ("", "CONNECT", "HEAD")]).encode()
    sent = body(rng) if rng.random() < 0.97 else b" " * rng.choice([300_000, 2_000_000])
    lines = [
        name + b": " + value
        for name, value in headers(rng)
        if name not in FRAMING and name != b"host" and b"\n" not in value
    ]
    head = [method + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1", *lines]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(sent), b"", b""]) + sent


def unsound(rng: random.Random) -> bytes:
    """Bytes that may be no request at all."""
    match rng.randint(0, 3):
        case 0:
            return rng.randbytes(rng.randint(0, 400))
        case 1:
            return b"POST /winback HTTP/1.1\r\nHost: localhost\r\n" + rng.choice(FRAMES)
        case 2:
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers(rng))
            path = rng.choice(PATHS).encode(errors="surrogateescape")
            start = rng.choice(METHODS).encode() + b" " + path + rng.choice([b" HTTP/1.1", b" HTTP/9", b""])
            return start + b"\r\n" + lines + b"\r\n" + body(rng)
    good = sound(rng)
    at = rng.randrange(len(good))
    return good[:at] + rng.choice(NOISE) + (good[at:] if rng.random() < 0.5 else b"")


@dataclass
class Found:
    """What hostile requests met."""

    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0  # what was no request: the connection was closed without a word
    faults: list[bytes] = field(default_factory=list)  # what was answered with 500 or worse
    hung: list[bytes] = field(default_factory=list)
    held: list[int] = field(default_factory=list)  # bytes of memory of the worker, evenly over the requests

    @property
    def growth(self) -> float:
        """Memory in the last quarter beside that of the second: the first warms up."""
        quarter = len(self.held) // 4
        before, after = self.held[quarter : 2 * quarter], self.held[-quarter:]
        return statistics.median(after) / statistics.median(before)

    def __str__(self) -> str:
        """The figures, in a line."""
        seen = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.statuses.items()))
        warm, end = self.held[len(self.held) // 4] / 1e6, self.held[-1] / 1e6
        return (
            f"{sum(self.statuses.values()):,} answers ({seen}), {self.unanswered:,} closed unanswered, "
            f"{len(self.faults)} faults, {len(self.hung)} hung; memory {warm:.1f} to {end:.1f} MB, "
            f"{self.growth:.3f} times"
        )


class Attacker(threading.Thread):
    """Sends hostile requests over connections that stay open, and over such as do not."""

    def __init__(self, port: int, found: Found, seed: int, count: int) -> None:
        super().__init__(daemon=True)
        self._port, self._found, self._count = port, found, count
        self._rng = random.Random(seed)
        self._connection: Connection | None = None
        self.sent = 0

    def run(self) -> None:
        while self.sent < self._count:
            self.sent += 1
            if self._rng.random() < 0.7:
                self._ask(sound(self._rng))
            else:
                self._throw(unsound(self._rng))
        self._leave()

    def _ask(self, request: bytes) -> None:
        """Send it where others were sent; it must be answered."""
        self._connection = self._connection or Connection(self._port, timeout=ANSWERED_S)
        with suppress(OSError):  # refused before all of it was sent: the answer is there
            self._connection.send(request)
        try:
            status, _ = self._connection.read()
        except TimeoutError:
            self._found.hung.append(request)
            status = 0
        except OSError:
            self._found.unanswered += 1
            status = 0
        if status:
            self._see(status, request)
        if not status or self._connection.closes:
            self._leave()

    def _throw(self, sent: bytes) -> None:
        """Send it on a connection of its own, and no more; that must be closed, whatever was said."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=ANSWERED_S) as connection:
            said = b""
            try:
                connection.sendall(sent)
                said_something = select.poll()  # a test session may hold more files than select can name
                said_something.register(connection, select.POLLIN)
                said_something.poll(10)
                connection.shutdown(socket.SHUT_WR)
                while data := connection.recv(65536):
                    said += data
            except TimeoutError:
                self._found.hung.append(sent)
            except OSError:
                pass  # it was closed while something was still under way
        for status in map(int, _STATUS.findall(said)):
            self._see(status, sent)
        self._found.unanswered += not said

    def _see(self, status: int, sent: bytes) -> None:
        self._found.statuses[status] += 1
        if status >= 500:
            self._found.faults.append(sent)

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def shop(folder: Path) -> Project:
    """A project whose service asks a model, deployed; who sends slowly is given up soon."""
    root = served_shop.write_shop(folder)
    (root / "fullcycle.toml").write_text(
        '[project]\npackage = "shop"\n[environments.prod.service]\nlimits = { head_s = 2, body_s = 2 }\n'
    )
    (root / "winback" / "brief.md").touch()
    project = open_project(root)
    number = served_shop.made(project.ledger, served_shop.release(project.objects, root))
    served_shop.deployed(project.ledger, number)
    return project


def attack(service: Supervisor, count: int, *, seed: int = 20260301) -> Found:
    """Send so many hostile requests."""
    found, (pid,) = Found(), service.workers
    attackers = [Attacker(service.port, found, seed + n, count // ASKERS) for n in range(ASKERS)]
    for attacker in attackers:
        attacker.start()
    while any(attacker.is_alive() for attacker in attackers):
        if sum(attacker.sent for attacker in attackers) >= count * len(found.held) // SAMPLES:
            found.held.append(memory_of(pid) or 0)
        time.sleep(0.002)
    if service.workers != [pid]:
        raise AssertionError(f"worker {pid} is gone: {service.lines[-5:]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20260301)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, hosting(shop(Path(folder))) as service:
        began = time.monotonic()
        assert service.port
        found = attack(service, told.requests, seed=told.seed)
        print(f"{told.requests:,} requests in {time.monotonic() - began:.0f} s: {found}")
        for sent in (found.faults + found.hung)[:5]:
            print(f"  {sent[:400]!r}")
        os.write(2, "\n".join(service.lines[-3:]).encode() + b"\n")


if __name__ == "__main__":
    main()
