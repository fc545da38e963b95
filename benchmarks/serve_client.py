"""What asks servers and weighs them: one client of sixteen connections, and figures from ``/proc``."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvloop

CONNECTIONS = 16
_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")

Wrap = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row is sent, and how it is told there."""

    port: int
    path: str
    wrap: Wrap = lambda row: row
    further: Callable[[], str] = str  # headers of a request of its own; none

    def request(self, row: dict[str, Any]) -> bytes:
        """A request as bytes."""
        body = msgspec.json.encode(self.wrap(row))
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        return f"{head}{self.further()}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def ask(self, body: bytes, timeout: float = 20) -> tuple[int, bytes]:
        """Send one body on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", self.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Round:
    """One round against one server; microseconds of CPU per request."""

    server_us: float
    client_us: float
    per_second: float
    p99_ms: float
    each_s: Mapping[int, float] = field(default_factory=dict)  # seconds of CPU of each process


@dataclass(frozen=True, slots=True)
class Server:
    """A server's first process, and where it is asked."""

    pid: int
    place: Place
    start_s: float = 0.0  # until its first answer
    start_cpu_s: float = 0.0  # of all its processes, until then

    def processes(self) -> list[int]:
        """It and all that it started."""
        found, left = [], [self.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            with suppress(OSError):
                for task in (_PROC / str(pid) / "task").iterdir():
                    left += map(int, (task / "children").read_text().split())
        return found

    def cpu(self) -> dict[int, float]:
        """Seconds of CPU of each of its processes."""
        return {pid: cpu_seconds(pid) for pid in self.processes()}

    def resident_mb(self) -> dict[int, float]:
        """What each of its processes holds in memory."""
        return {pid: resident_mb(pid) for pid in self.processes()}


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all threads, user and system; 0 for one that has ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mb(pid: int) -> float:
    """What a process holds in memory, what it shares with others among it."""
    with suppress(OSError):
        told = re.search(r"VmRSS:\s*(\d+) kB", (_PROC / str(pid) / "status").read_text())
        if told:
            return int(told[1]) / 1024
    return 0.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def started(
    command: Sequence[object],
    place: Place,
    row: dict[str, Any],
    *,
    cwd: Path,
    wait_s: float = 120,
    **more: str,
) -> Iterator[Server]:
    """Start a server; it is given once it has answered ``row`` with 200, and ended with all it started."""
    log = cwd / f"server-{place.port}.log"
    began = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=cwd,
            env={**_environment(), **more},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    server = Server(process.pid, place)
    try:
        body = msgspec.json.encode(place.wrap(row))
        while not _answers(place, body):
            if process.poll() is not None or time.perf_counter() - began > wait_s:
                raise SystemExit(f"it did not answer:\n{log.read_text()[-4000:]}")
            time.sleep(0.003)
        took = time.perf_counter() - began
        yield Server(process.pid, place, took, sum(server.cpu().values()))
    finally:
        every = server.processes()
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for pid in every:  # those that outlive what started them
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _environment() -> dict[str, str]:
    telling = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**plain, **telling, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}


def _answers(place: Place, body: bytes) -> bool:
    try:
        return place.ask(body)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


class _Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as it has the last answer."""

    def __init__(self, requests: Iterator[bytes], took: list[float], done: "asyncio.Future[bool]") -> None:
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
        _, told, length = head.lower().partition(b"content-length: ")
        if len(body) >= int(length.split(b"\r\n", 1)[0]) if told else body.endswith(b"0\r\n\r\n"):
            if not head.startswith(b"HTTP/1.1 200"):
                self._done.set_exception(RuntimeError(self._buffer[:500].decode(errors="replace")))
                return
            self._took.append(time.perf_counter() - self._began)
            self._buffer = b""
            if b"\r\nconnection: close" in head.lower():
                self._end(more=True)
            else:
                self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(more=False)
        else:
            self._began = time.perf_counter()
            self._transport.write(request)  # type: ignore[attr-defined]

    def _end(self, *, more: bool) -> None:
        self._done.set_result(more)
        self._transport.close()


async def _ask(ports: Sequence[int], requests: Sequence[bytes], connections: int) -> list[float]:
    """Ask all of it. Each connection has its own share: none asks more because another waits longer."""
    took: list[float] = []
    asking = [port for port in ports for _ in range(connections)]

    async def keep_asking(port: int, share: Iterator[bytes]) -> None:
        loop, more = asyncio.get_running_loop(), True
        while more:  # on another connection, where the server closes one
            done: asyncio.Future[bool] = loop.create_future()
            await loop.create_connection(lambda done=done: _Caller(share, took, done), "127.0.0.1", port)
            more = await done

    shares = [iter(requests[n :: len(asking)]) for n in range(len(asking))]
    await asyncio.gather(*map(keep_asking, asking, shares))
    return took


def measure(
    servers: Server | Sequence[Server],
    rows: Iterator[dict[str, Any]],
    count: int,
    connections: int = CONNECTIONS,
) -> Round:
    """One round: so many rows in all, asked over all connections to each server at once."""
    servers = [servers] if isinstance(servers, Server) else servers
    requests = [servers[0].place.request(next(rows)) for _ in range(count)]
    before, own, began = _cpu(servers), time.process_time(), time.perf_counter()
    took = sorted(uvloop.run(_ask([one.place.port for one in servers], requests, connections)))
    wall = time.perf_counter() - began
    each = {pid: spent - before.get(pid, 0.0) for pid, spent in _cpu(servers).items()}
    return Round(
        server_us=sum(each.values()) / count * 1e6,
        client_us=(time.process_time() - own) / count * 1e6,
        per_second=count / wall,
        p99_ms=took[len(took) * 99 // 100] * 1e3,
        each_s=each,
    )


def _cpu(servers: Sequence[Server]) -> dict[int, float]:
    return {pid: spent for one in servers for pid, spent in one.cpu().items()}


def told(status: int, body: bytes) -> str:
    """What a server answered, in short: its status, and the score if there is one."""
    try:
        found = _score(json.loads(body))
    except ValueError:
        found = None
    return f"{status}" if found is None else f"{status}, score {found:.4f}"


def _score(answer: Any) -> float | None:
    match answer:
        case {"score": float(score)} | {"answer": {"score": float(score)}} | {"predictions": [float(score)]}:
            return score
    return None
