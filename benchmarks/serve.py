"""CPU per request of a service, everything on, beside a hard-coded uvicorn answer, in one run.

``python benchmarks/serve.py`` starts both servers, asks them in turn over 16 connections that
stay open, and reads the CPU time of server and client from ``/proc/PID/stat`` (Linux). On a
noisy machine CPU per request is the figure that holds; requests per second is not.

The service is the one of the tests: it checks the row, assigns the arm, asks a LightGBM model of
60 trees three times in one arm of two, and logs the decision before it answers.

``python benchmarks/serve.py parts`` measures what a request is made of, one part at a time.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

import msgspec  # noqa: E402
import uvloop  # noqa: E402

import served_shop  # noqa: E402 - the shop of the tests
from fullcycle.adapters.files import FileObjects  # noqa: E402
from fullcycle.adapters.sqlite import SqliteLedger  # noqa: E402

ROUNDS, REQUESTS, CONNECTIONS = 5, 20_000, 16
TICK = os.sysconf("SC_CLK_TCK")
HARD_CODED = """
from fullcycle.adapters.uvicorn import serve_http

START = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", b"15")]}
BODY = {"type": "http.response.body", "body": b'{"answer":"no"}'}

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send(START)
    await send(BODY)

serve_http(app, port=0, ready=lambda url: print(url, flush=True))
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One round against one server; microseconds of CPU per request, requests per second."""

    server_us: float
    client_us: float
    per_second: float
    p99_ms: float


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def server(*command: str) -> Iterator[tuple[int, int]]:
    """Start a server that prints its address; give its process id and port."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline().rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.communicate()


class Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as it has the last answer."""

    def __init__(self, requests: Iterator[bytes], took: list[float], done: asyncio.Future[None]) -> None:
        self._requests, self._took, self._done = requests, took, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            assert head.startswith(b"HTTP/1.1 200"), self._buffer
            self._took.append(time.perf_counter() - self._began)
            self._buffer = b""
            self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done.set_result(None)
        else:
            self._began = time.perf_counter()
            self._transport.write(request)  # type: ignore[attr-defined]


async def ask(port: int, count: int) -> list[float]:
    """Ask ``count`` times; give the seconds each answer took."""
    loop = asyncio.get_running_loop()
    requests, took, ended = wire(count), [], []
    for _ in range(CONNECTIONS):
        done: asyncio.Future[None] = loop.create_future()
        ended.append(done)
        await loop.create_connection(lambda done=done: Caller(requests, took, done), "127.0.0.1", port)
    await asyncio.gather(*ended)
    return took


def wire(count: int) -> Iterator[bytes]:
    """Requests of as many clients, as bytes."""
    for n in range(count):
        body = msgspec.json.encode({**served_shop.REQUESTS[n % 3], "client_id": n})
        head = b"POST /winback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
        yield head % len(body) + body


def measure(pid: int, port: int, count: int) -> Round:
    """One round."""
    before, own, began = cpu_seconds(pid), time.process_time(), time.perf_counter()
    took = sorted(uvloop.run(ask(port, count)))
    wall = time.perf_counter() - began
    return Round(
        (cpu_seconds(pid) - before) / count * 1e6,
        (time.process_time() - own) / count * 1e6,
        count / wall,
        took[len(took) * 99 // 100] * 1e3,
    )


def shop(folder: Path) -> None:
    """Release and deploy the tests' shop in a folder."""
    objects, ledger = FileObjects(folder / "artifacts"), SqliteLedger(folder / "ledger.db")
    digest = served_shop.release(objects, served_shop.write_shop(folder))
    served_shop.deployed(ledger, served_shop.made(ledger, digest))
    ledger.close()


def report(name: str, rounds: list[Round]) -> float:
    """Print the medians of a server's rounds; give its CPU per request."""
    cpu = statistics.median(r.server_us for r in rounds)
    client = statistics.median(r.client_us for r in rounds)
    rate = statistics.median(r.per_second for r in rounds)
    p99 = statistics.median(r.p99_ms for r in rounds)
    print(f"{name:<22} {cpu:6.1f} µs CPU a request (client {client:5.1f}) {rate:8,.0f} /s p99 {p99:5.2f} ms")
    return cpu


def best(work: Callable[[], object], count: int = 5_000) -> float:
    """Microseconds of CPU that one call takes, at the quietest of seven times."""
    took = []
    for _ in range(7):
        began = time.process_time()
        for _ in range(count):
            work()
        took.append((time.process_time() - began) / count * 1e6)
    return min(took)


def parts() -> None:
    """What a request is made of: the model, features, the log, and what stands around the service."""
    import serve_parts

    for name, work, count, per in serve_parts.parts():
        print(f"{name:<64} {best(work, count) / per:7.2f} µs")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop(folder)
        began = time.perf_counter()
        with (
            server(str(TESTS / "served_process.py"), name, "0") as service,
            server("-c", HARD_CODED) as constant,
        ):
            print(f"both servers started in {time.perf_counter() - began:.2f} s")
            for each in (service, constant):
                measure(*each, REQUESTS // 4)
            rounds = [(measure(*constant, REQUESTS), measure(*service, REQUESTS)) for _ in range(ROUNDS)]
            plain = report("hard-coded uvicorn", [first for first, _ in rounds])
            full = report("service, everything on", [second for _, second in rounds])
            resident = Path(f"/proc/{service[0]}/status").read_text().partition("VmHWM:")[2].split()[0]
            print(f"ratio {full / plain:.2f}; the service held at most {int(resident) / 1024:.0f} MB")


if __name__ == "__main__":
    parts() if sys.argv[1:] == ["parts"] else main()
