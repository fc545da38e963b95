"""The real server: a process, its port, its log, its end."""

import json
import random
import signal
import socket
import threading
import time
from contextlib import suppress

import pytest

import served_process
import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segments import Hole, scan_segment, segments
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.record import decode_decision
from served_process import Connection, serving

BODY = json.dumps(served_shop.REQUESTS[0]).encode()


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A folder with a ledger in which two releases were made, the first is deployed."""
    folder = tmp_path_factory.mktemp("record")
    objects, ledger = FileObjects(folder / "artifacts"), SqliteLedger(folder / "ledger.db")
    shop = served_shop.write_shop(folder)
    served_shop.made(ledger, served_shop.release(objects, shop))
    served_shop.made(ledger, served_shop.release(objects, shop, **served_shop.alone("today")))
    served_shop.deployed(ledger, 1)
    ledger.close()
    return folder


def logged(folder):
    """Every id in the log, as often as it is there; a hole would be half a decision."""
    ids = []
    for segment in segments(folder / "events"):
        for event in scan_segment(segment):
            assert not isinstance(event, Hole)
            ids.append(decode_decision(event.payload).id)
    return ids


def test_a_server_answers_follows_and_ends_when_asked_to(record):
    with serving(record) as (process, port):
        connection = Connection(port)
        status, answer = connection.ask("POST", "/winback", BODY)
        assert (status, answer["release"]) == (200, "winback@v1")
        assert connection.ask("GET", "/readyz")[1]["release"] == "winback@v1"

        ledger = SqliteLedger(record / "ledger.db")
        served_shop.deployed(ledger, 2)
        until = time.monotonic() + 5
        while connection.ask("GET", "/readyz")[1]["release"] != "winback@v2":
            assert time.monotonic() < until
        served_shop.deployed(ledger, 1)
        ledger.close()

        process.send_signal(signal.SIGTERM)
        connection.close()
        out, err = process.communicate(timeout=10)

    assert process.returncode == 0
    assert json.loads(out) == []  # neither Polars, NumPy, DuckDB, SciPy nor the lightgbm package
    assert "winback@v2 answers; 3 golden rows reproduced" in err
    assert answer["decision_id"] in logged(record)


def test_a_request_that_began_is_answered_after_the_signal_to_end(record):
    with serving(record) as (process, port):
        connection = Connection(port)
        head = f"POST /winback HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
        connection.send(head.encode() + BODY[:10])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.send(BODY[10:])

        assert connection.read()[0] == 200
        connection.close()
        assert process.wait(timeout=10) == 0


def test_bytes_that_are_no_http_are_answered_and_leave_the_server_well(record):
    rng = random.Random(7)
    with serving(record) as (process, port):
        for n in range(60):
            start = b"POST /winback HTTP/1.1\r\n" if n % 2 else b""
            with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
                raw.sendall(start + rng.randbytes(rng.randint(1, 400)) + b"\r\n\r\n")
                raw.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda raw=raw: raw.recv(4096), b""))
            assert not answer or b" 4" in answer.split(b"\r\n", 1)[0]
        for path in ("/%ff%fe", "/win%62ack?x=%00", "/" + "a" * 60_000, "/\xe4"):
            connection = Connection(port)
            connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))
            assert connection.read()[0] in (400, 404, 405, 414, 431)
            connection.close()
        fine = Connection(port)
        assert fine.ask("POST", "/winback", BODY)[0] == 200
        fine.close()
        assert process.poll() is None


def test_bytes_that_are_no_http_are_a_problem_that_is_counted(record):
    with serving(record) as (_, port):
        for _ in range(3):
            with Connection(port) as connection:
                connection.send(b"nonsense\r\n\r\n")
                status, told = connection.read()
                assert (status, told["title"], connection.closes) == (400, "Bad Request", True)
        with Connection(port) as connection:
            counts = connection.ask("GET", "/metrics")[1].decode()

    line = 'fullcycle_requests_total{service="winback@prod",route="",release="winback@v1",status="4xx"} 3'
    assert line in counts


def test_a_port_that_is_taken_is_told_with_the_way_out(record):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                RuntimeError, match=f"port {port} cannot be used: address already in use"
            ) as caught,
            serving(record, port),
        ):
            pass

    assert "--port 0 takes any that is free" in str(caught.value)


class Client(threading.Thread):
    """Asks as fast as it can, and remembers each id that it saw answered."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.answered: list[str] = []
        self.sent = 0
        self._port, self._prefix = port, name

    def run(self) -> None:
        # Once killed, what was asked last may or may not have been decided.
        with suppress(OSError), Connection(self._port) as connection:
            while True:
                id = f"{self._prefix}-{self.sent}"
                self.sent += 1
                status, answer = connection.ask("POST", "/winback", BODY, f"Idempotency-Key: {id}")
                assert (status, answer["decision_id"]) == (200, id)
                self.answered.append(id)


@pytest.mark.slow
def test_killed_at_fifty_moments_no_answered_decision_is_lost_doubled_or_half_read(record):
    rng = random.Random(11)
    answered: list[str] = []
    asked = 0
    before = len(logged(record))
    for n in range(50):
        with serving(record) as (process, port):
            clients = [Client(port, f"kill-{n}-{m}") for m in range(2)]
            for client in clients:
                client.start()
            time.sleep(rng.uniform(0, 0.12))
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join(timeout=10)
                answered += client.answered
                asked += client.sent

    ids = logged(record)
    killed = [id for id in ids if id.startswith("kill-")]
    assert len(killed) == len(set(killed))
    assert set(answered) <= set(killed)
    assert len(killed) - len(answered) <= 50 * 2  # at most what was in flight
    assert len(answered) > 1_000
    assert len(ids) == before + len(killed)


def test_what_the_server_never_imports_is_what_its_process_was_asked_for():
    assert {"polars", "numpy", "duckdb", "scipy", "lightgbm"} <= set(served_process.HEAVY)
