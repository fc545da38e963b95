"""A service that others reach, as a process: bind, token, name, and what a token is worth later."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

import served_shop
from fullcycle.adapters.segments import read_decisions
from fullcycle.serve.tokens import make_token, revoke_token
from fullcycle.wiring.project import open_project
from served_process import Connection

BODY = json.dumps(served_shop.REQUESTS[0]).encode()
EVERYWHERE = "0.0.0.0"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose service is released and deployed."""
    root = served_shop.write_shop(tmp_path_factory.mktemp("reached"))
    (root / "fullcycle.toml").write_text(
        '[project]\npackage = "shop"\n[environments.prod.service]\nhosts = ["shop.example"]\n'
        "limits = { head_s = 0.5, body_s = 1.5, in_flight = 5, rows = 2000 }\n"
    )
    (root / "winback" / "brief.md").touch()
    made = open_project(root)
    number = served_shop.made(made.ledger, served_shop.release(made.objects, root))
    served_shop.deployed(made.ledger, number)
    return made


@contextmanager
def serving(project, *options):
    """``fullcycle serve``: the process and the port it answers at."""
    command = [sys.executable, "-m", "fullcycle.cli", "serve", "winback@prod", "--port", "0", *options]
    process = subprocess.Popen(
        command,
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        told = iter(process.stdout.readline, "")
        found = next((match for line in told if (match := re.search(r":(\d+)/winback", line))), None)
        if found is None:
            raise RuntimeError(process.communicate(timeout=30)[1])
        yield process, int(found[1])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def loopback(project):
    """The port of a service that only this machine reaches."""
    with serving(project) as (_, port):
        yield port


def asked(port, *lines, path="/winback", method="POST", body=BODY):
    """The status of one request on a connection of its own."""
    with Connection(port) as connection:
        return connection.ask(method, path, body, *lines)[0]


def raw(port, sent):
    """All that comes back until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def until(wanted, ask):
    """Ask again until the answer is ``wanted``."""
    end = time.monotonic() + 15
    while (found := ask()) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def test_where_others_reach_it_a_token_is_demanded_that_can_be_made_and_revoked_meanwhile(project):
    first = make_token(project.ledger, "crm", ["decide"], by="ann", service="winback@prod")

    with serving(project, "--host", EVERYWHERE) as (_, port):
        crm = f"Authorization: Bearer {first}"
        assert asked(port, crm) == 200
        assert asked(port) == 401
        assert asked(port, "Authorization: Bearer fc_guess") == 401
        assert asked(port, crm, method="GET", path="/metrics", body=b"") == 403
        assert asked(port, method="GET", path="/livez", body=b"") == 200

        ops = f"Authorization: Bearer {make_token(project.ledger, 'ops', ['operate'], by='ann')}"
        until(200, lambda: asked(port, ops, method="GET", path="/metrics", body=b""))
        revoke_token(project.ledger, "crm", why="a test", by="ann")
        until(401, lambda: asked(port, crm))
        revoke_token(project.ledger, "ops", why="a test", by="ann")


def test_where_nobody_has_a_token_it_does_not_begin(project):
    with (
        pytest.raises(RuntimeError, match="demands a token on") as caught,
        serving(project, "--host", EVERYWHERE),
    ):
        pass

    assert "fullcycle token new crm --scope decide --for winback@prod" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "status"),
    [(b"evil.example", b"403"), (b"shop.example", b"200"), (b"127.0.0.1:1", b"200"), (None, b"400")],
)
def test_on_loopback_a_name_that_was_resolved_here_gets_nothing(loopback, name, status):
    host = b"Host: %b\r\n" % name if name is not None else b""
    head = b"POST /winback HTTP/1.1\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n"

    assert raw(loopback, head % (host, len(BODY)) + BODY).split()[1] == status


@pytest.mark.parametrize(
    "begun", [b"POST /winb", b"POST /winback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"]
)
def test_who_sends_slowly_is_given_up(loopback, begun):
    answer = raw(loopback, begun)

    assert answer.split()[1] == b"408"
    assert b"connection: close" in answer.lower()
    assert asked(loopback) == 200


def test_a_crowd_is_turned_away_until_there_is_room_again(loopback):
    head = b"POST /winback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n"
    waiting = [socket.create_connection(("127.0.0.1", loopback), timeout=20) for _ in range(6)]
    try:
        for each in waiting:
            each.sendall(head)
        until(429, lambda: asked(loopback))
        assert asked(loopback, method="GET", path="/readyz", body=b"") == 200
        until(200, lambda: asked(loopback))
        assert sorted(each.recv(12)[9:] for each in waiting) == [b"408"] * 5 + [b"429"]
    finally:
        for each in waiting:
            each.close()


def many(port, count, key="k", **changes):
    """The status and the body of the answer to so many rows."""
    rows = [{**served_shop.REQUESTS[n % 3], "client_id": n, **changes} for n in range(count)]
    with Connection(port) as connection:
        status, answer = connection.ask(
            "POST", "/winback", json.dumps(rows).encode(), f"Idempotency-Key: {key}"
        )
    return status, json.loads(answer) if isinstance(answer, bytes) else answer


def test_very_many_rows_are_decided_beside_the_worker_as_it_would_itself(project, loopback):
    status, told = many(loopback, 1_000)

    assert (status, len(told)) == (200, 1_000)
    assert [one["decision_id"] for one in told] == [f"k/{n}" for n in range(1_000)]
    logged = {one.id: one for one in read_decisions(project.events_folder("winback", "prod"))}
    for n, one in enumerate(told):
        decision = logged[f"k/{n}"]
        assert (decision.answer, decision.request["client_id"]) == (one["answer"], n)
    with Connection(loopback) as connection:
        for n in (0, 500, 999):
            row = json.dumps({**served_shop.REQUESTS[n % 3], "client_id": n}).encode()
            assert connection.ask("POST", "/winback", row, f"Idempotency-Key: k/{n}")[1] == told[n]


def test_one_bad_row_of_very_many_is_named(loopback):
    status, told = many(loopback, 300, "bad", recency=99)

    assert status == 422
    assert [error["path"] for error in told["errors"][:2]] == ["$[0].recency", "$[1].recency"]
    assert len(told["errors"]) == 100


def test_more_rows_than_the_configuration_allows_are_refused(loopback):
    status, told = many(loopback, 2_001, "more")

    assert status == 413
    assert "more than 2,000 rows" in told["detail"]
