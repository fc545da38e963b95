"""The example's replay.py, against a small real HTTP server that answers by a rule of the test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shop_scripts import SHOP, script

replay = script("replay")
TODAY = date(2026, 11, 21)


class Asked:
    """What the server was asked, header by header."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []


@contextmanager
def service(choose: Callable[[dict[str, Any]], str], status: int = 200) -> Iterator[tuple[str, Asked]]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.requests.append(request)
            asked.headers.append(dict(self.headers))
            body = json.dumps({"answer": {"campaign": choose(request)}}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/winback", asked
        server.shutdown()
        thread.join()


def womens(request: dict[str, Any]) -> str:
    return "Womens E-Mail"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    script("load").load(path, TODAY)
    return path


def count(warehouse: Path, table: str) -> int:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return len(connection.table(table))


def test_what_was_really_sent_counts_and_the_rest_is_left_out(warehouse: Path) -> None:
    clients = {client.request["client_id"]: client for client in replay.live_clients(warehouse, 300)}
    with service(womens) as (url, _):
        replay.replay(warehouse, url, 300)

    really = {id for id, client in clients.items() if client.campaign == "Womens E-Mail"}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        delivered = connection.execute("select client_id, decision_id from mail.delivered").fetchall()
        came = connection.execute(
            "select client_id from shop.visits where client_id not in (select client_id from mail.log)"
        ).fetchall()
    assert set(delivered) == {(id, f"replay-{id}") for id in really}
    assert {id for (id,) in came} == {id for id in really if clients[id].visit is not None}
    assert count(warehouse, "mail.outbox") == 300


def test_a_second_replay_sends_none(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service(womens) as (url, asked):
        replay.replay(warehouse, url, 100)
        replay.replay(warehouse, url, 100)

    assert len(asked.requests) == 100
    assert "none is sent" in capsys.readouterr().out


def test_a_longer_replay_sends_only_what_is_new(warehouse: Path) -> None:
    with service(womens) as (url, asked):
        replay.replay(warehouse, url, 100)
        replay.replay(warehouse, url, 150)

    ids = [request["client_id"] for request in asked.requests]
    assert len(ids) == len(set(ids)) == 150


def test_a_request_is_a_client_with_its_id_and_its_date(warehouse: Path) -> None:
    with service(womens) as (url, asked):
        replay.replay(warehouse, url, 20)

    request, headers = asked.requests[0], asked.headers[0]
    assert set(request) == {"client_id", "recency", "history", "zip_code", "newbie", "channel"}
    assert headers["Idempotency-Key"] == f"replay-{request['client_id']}"
    at = datetime.fromisoformat(headers["Replay-At"])
    assert at.tzinfo == UTC
    assert TODAY - timedelta(days=42) <= at.date() <= TODAY - timedelta(days=15)


def test_every_live_window_of_two_weeks_is_over_today(warehouse: Path) -> None:
    clients = replay.live_clients(warehouse)

    assert len(clients) == 64_000 - 25_770
    assert max(client.at for client in clients) + timedelta(days=14) < datetime.combine(
        TODAY, datetime.min.time()
    )
    assert all(
        timedelta(0) < client.visit - client.at <= timedelta(days=14) for client in clients if client.visit
    )
    assert [client.at for client in clients] == sorted(client.at for client in clients)


def test_a_refusal_of_the_service_is_shown_and_nothing_is_written(warehouse: Path) -> None:
    with service(womens, status=422) as (url, _), pytest.raises(RuntimeError, match="answers 422 to replay-"):
        replay.replay(warehouse, url, 10)

    assert count(warehouse, "mail.outbox") == 0


def test_without_a_service_the_replay_says_how_to_start_one(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "HERE", warehouse.parent)
    monkeypatch.setattr("sys.argv", ["replay.py", "--url", "http://127.0.0.1:9/winback"])
    (warehouse.parent / "data").symlink_to(SHOP / "data")

    with pytest.raises(SystemExit, match="fullcycle serve winback@prod --port 8765"):
        replay.main()
