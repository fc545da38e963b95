"""CPU per request of a service, everything on, beside a hard-coded uvicorn answer and beside other tools.

``python benchmarks/serve.py`` starts both servers, asks them in turn over 16 connections that
stay open, and reads the CPU time of every process of each server and of the client from
``/proc`` (Linux). On a noisy machine CPU per request is the figure that holds; requests per
second is not.

The service is what ``fullcycle serve`` starts, a supervisor and its worker: it checks the row, assigns the
arm of an experiment, computes features, asks a LightGBM model of 60 trees, logs the decision before it
answers, and counts. The others do what their documentation has one write.

``… serve.py peers`` asks the same of other tools, each in an environment of its own, which is made from
the versions pinned in ``serve_peers/*.txt`` (``FULLCYCLE_PEERS`` names a folder where they lie already);
``… serve.py peers litserve ray`` of some. ``… serve.py workers`` measures two workers beside one,
``… serve.py heads`` requests whose heads differ, ``… serve.py parts`` what a request is made of, one part
at a time.
"""

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import serve_shop
from serve_client import CONNECTIONS, Place, Round, Server, Wrap, free_port, measure, started, told

HERE = Path(__file__).resolve().parent
ROUNDS, CPU_S, MOST, FEWEST = 5, 1.5, 60_000, 300  # of a round: seconds of the server's CPU, requests
ROW: dict[str, Any] = next(serve_shop.clients())
BENT: dict[str, bytes] = {  # what is sent that no contract allows; each but the last is JSON
    "a feature that is null": msgspec.json.encode({**ROW, "history": None}),
    "a text for a number": msgspec.json.encode({**ROW, "history": "much"}),
    "a number out of bounds": msgspec.json.encode({**ROW, "recency": -5}),
    "a field that is missing": msgspec.json.encode({k: v for k, v in ROW.items() if k != "history"}),
    "half of the JSON": msgspec.json.encode(ROW)[:40],
}
HARD_CODED = """
import sys, uvicorn

START = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", b"15")]}
BODY = {"type": "http.response.body", "body": b'{"answer":"no"}'}

async def app(scope, receive, send):
    await receive()
    await send(START)
    await send(BODY)

uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", ws="none", lifespan="off",
            access_log=False, log_level="warning")
"""


def _model_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as MLflow's signature has it: the model's features, encoded by whoever asks."""
    zip_code = float(serve_shop.ZIP_CODES.index(row["zip_code"]))
    numbers = {name: row[name] for name in ("recency", "history", "newbie") if name in row}
    as_floats = {k: v if v is None or isinstance(v, str) else float(v) for k, v in numbers.items()}
    return {"dataframe_records": [{**as_floats, "zip_code": zip_code, "campaign": 0.0}]}


@dataclass(frozen=True, slots=True)
class Peer:
    """Another tool: its environment, its module below ``serve_peers``, and how it is asked."""

    environment: str
    module: str
    path: str = "/predict"
    wrap: Wrap = dict
    prepared: bool = False


PEERS = {
    "fastapi-native": Peer("fastapi", "fastapi_native"),
    "fastapi-pandas": Peer("fastapi", "fastapi_pandas", prepared=True),
    "litserve": Peer("litserve", "litserve_peer"),
    "bentoml": Peer("bentoml", "bentoml_peer", wrap=lambda row: {"client": row}),
    "ray": Peer("ray", "ray_peer"),
    "mlflow": Peer("mlflow", "mlflow_peer", "/invocations", _model_row, prepared=True),
}


def interpreter(environment: str) -> Path:
    """The interpreter of an environment, made where there is none yet."""
    if "FULLCYCLE_PEERS" in os.environ:
        return Path(os.environ["FULLCYCLE_PEERS"]) / environment / "bin" / "python"
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    kept = caches / "fullcycle-benchmarks" / f"serve-{environment}"
    pinned = HERE / "serve_peers" / f"{environment}.txt"
    stamp = kept / "made-from.txt"
    if not stamp.exists() or stamp.read_bytes() != pinned.read_bytes():
        print(f"making an environment for {environment}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", kept], check=True)
        subprocess.run([kept / "bin" / "pip", "install", "-qq", "-r", pinned], check=True)
        stamp.write_bytes(pinned.read_bytes())
    return kept / "bin" / "python"


@contextmanager
def constant(folder: Path) -> Iterator[Server]:
    """The hard-coded answer."""
    place = Place(free_port(), "/winback")
    with started([sys.executable, "-c", HARD_CODED, place.port], place, ROW, cwd=folder) as server:
        yield server


@contextmanager
def ours(folder: Path, workers: int = 1, name: str = "") -> Iterator[Server]:
    """``fullcycle serve``."""
    place = Place(free_port(), "/winback")
    command = [
        sys.executable,
        "-m",
        "fullcycle.cli",
        "serve",
        "winback@prod",
        "--host-name",
        f"w{workers}{name}",
    ]
    options = ["--port", place.port, "--workers", workers]
    with started([*command, *options], place, ROW, cwd=folder / "shop") as server:
        while len(server.processes()) < 1 + workers:
            time.sleep(0.05)
        yield server


@contextmanager
def other(folder: Path, peer: Peer) -> Iterator[Server]:
    """A peer, in its own environment."""
    place = Place(free_port(), peer.path, peer.wrap)
    command = [interpreter(peer.environment), HERE / "serve_peers" / f"{peer.module}.py"]
    if peer.prepared:
        subprocess.run([*command, "prepare", folder], check=True, capture_output=True)
    with started([*command, folder, place.port], place, ROW, cwd=folder) as server:
        yield server


def enough(server: Server) -> int:
    """How many requests a round takes; the server is warm then."""
    measure(server, serve_shop.clients(), FEWEST)
    spent = measure(server, serve_shop.clients(), FEWEST).server_us
    return max(FEWEST, min(MOST, round(CPU_S / max(spent, 1) * 1e6)))


def in_turns(*servers: Server) -> list[list[Round]]:
    """Rounds against each server, in turns: what else happens on the machine happens to all."""
    counts = [enough(server) for server in servers]
    turns = [
        [measure(each, serve_shop.clients(), count) for each, count in zip(servers, counts, strict=True)]
        for _ in range(ROUNDS)
    ]
    return [list(rounds) for rounds in zip(*turns, strict=True)]


def ratio(one: list[Round], two: list[Round]) -> float:
    """CPU of one beside that of the other, in the median of the turns."""
    return statistics.median(a.server_us / b.server_us for a, b in zip(one, two, strict=True))


def report(name: str, server: Server, rounds: list[Round], more: str = "") -> None:
    """One line of a server."""
    cpu, client, rate, p99 = (
        statistics.median(getattr(r, what) for r in rounds)
        for what in ("server_us", "client_us", "per_second", "p99_ms")
    )
    resident = list(server.resident_mb().values())
    split = f" in {len(resident)} processes" if len(resident) > 1 else ""
    print(
        f"{name:<22} {cpu:8.1f} µs CPU a request (client {client:5.1f}) {rate:7,.0f} /s p99 {p99:6.2f} ms; "
        f"first answer after {server.start_s:.2f} s, {server.start_cpu_s:.2f} s of CPU; "
        f"{sum(resident):.0f} MB resident{split}{more}",
        flush=True,
    )


def weighed(server: Server) -> str:
    """What each process of ours holds."""
    return " + ".join(f"{held:.0f}" for held in server.resident_mb().values())


def beside_the_constant(folder: Path) -> None:
    """Ours beside the hard-coded answer."""
    with constant(folder) as plain, ours(folder) as full:
        first, second = in_turns(plain, full)
        report("hard-coded uvicorn", plain, first)
        report("service, everything on", full, second, f": {weighed(full)}")
        print(f"ratio {ratio(second, first):.2f}")


def beside_peers(folder: Path, names: list[str]) -> None:
    """Ours beside each peer, both asked in turns; then what each answers to what is malformed."""
    with ours(folder) as mine, constant(folder) as plain:
        first, second = in_turns(plain, mine)
        report("hard-coded uvicorn", plain, first)
        report("fullcycle", mine, second, f": {weighed(mine)}; {ratio(second, first):.2f} times hard-coded")
        answers(mine)
        for name in names:
            with other(folder, PEERS[name]) as peer:
                us, them = in_turns(mine, peer)
                times = ratio(them, us)
                report(name, peer, them, f"; {times:.2f} times ours, which is {1 / times:.3f} of it")
                answers(peer)


def answers(server: Server) -> None:
    """What a server answers to a good row, and to each that is none."""
    good = msgspec.json.encode(server.place.wrap(ROW))
    print(f"    a good row: {told(*server.place.ask(good))}")
    for what, body in BENT.items():
        try:
            row = msgspec.json.decode(body)
        except msgspec.DecodeError:
            row = None
        sent = msgspec.json.encode(server.place.wrap(row)) if row is not None else good[: len(good) // 2]
        try:
            print(f"    {what}: {told(*server.place.ask(sent))}", flush=True)
        except OSError as error:
            print(f"    {what}: no answer ({type(error).__name__})", flush=True)


def by_heads(folder: Path) -> None:
    """Ours by what heads its requests have: the same each time, or each one of its own."""
    numbers = itertools.count()
    kinds: dict[str, Callable[[], str]] = {
        "the same head": str,
        "a trace id each": lambda: f"Traceparent: 00-{next(numbers):032x}-00f067aa0ba902b7-01\r\n",
        "a key each": lambda: f"Idempotency-Key: order-{next(numbers)}\r\n",
    }
    with ours(folder) as mine:
        asked = [replace(mine, place=replace(mine.place, further=further)) for further in kinds.values()]
        for name, server, rounds in zip(kinds, asked, in_turns(*asked), strict=True):
            report(name, server, rounds)


def two_workers(folder: Path) -> None:
    """Two workers beside one, each with as many connections: what the busiest spends on as many requests.

    The client takes its share of the two cores, and others take theirs, so requests per second
    say little. Where each worker had a core, and the client another, throughput would be bounded
    by the CPU of the busiest worker: that is compared. What two busy cores cost each other is in
    it, so the same is asked of two services of one worker each, which have nothing in common.
    """
    both = 2 * CONNECTIONS
    with ours(folder, 1) as one, ours(folder, 2) as two, ours(folder, 1, "apart") as other_one:
        count = enough(one)
        measure(two, serve_shop.clients(), count, both)
        turns = []
        for _ in range(ROUNDS):
            lone = measure(one, serve_shop.clients(), count)
            shared = measure(two, serve_shop.clients(), count, both)
            apart = measure([one, other_one], serve_shop.clients(), count)
            turns.append((busiest(lone, shared), busiest(lone, apart), shared.per_second / lone.per_second))
            for name, each in (("one", lone), ("two", shared), ("two services", apart)):
                print(f"  {name} {each.per_second:6,.0f} /s, CPU {shares(each)}", end=";")
            print(f" client {shared.client_us:.0f} µs each")
        by_cpu, services, by_clock = map(statistics.median, zip(*turns, strict=True))
        print(f"throughput of two workers beside one, by the CPU of the busiest: {by_cpu:.2f} times;")
        print(f"of two services of one worker each: {services:.2f} times")
        print(f"by the clock, with the client on the same cores: {by_clock:.2f} times")


def busiest(one: Round, two: Round) -> float:
    """How much less the busiest process of the second has to do."""
    return max(one.each_s.values()) / max(two.each_s.values())


def shares(round: Round) -> str:
    """Seconds of CPU of each process that had any."""
    return " + ".join(f"{spent:.2f}" for spent in round.each_s.values()) + " s"


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


def main(arguments: list[str]) -> None:
    what = arguments[0] if arguments else ""
    if what == "parts":
        parts()
        return
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; {CONNECTIONS} connections")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        serve_shop.lay_out(folder).ledger.close()  # type: ignore[attr-defined]
        serve_shop.hand_out(folder)
        if what == "peers":
            beside_peers(folder, arguments[1:] or list(PEERS))
        elif what == "heads":
            by_heads(folder)
        elif what == "workers":
            two_workers(folder)
        else:
            beside_the_constant(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
