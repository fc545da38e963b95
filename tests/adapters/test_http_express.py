"""fullcycle.adapters.http_express: the shorter way answers what the ordinary one does."""

import asyncio
import json
import re
import socket
import threading
import time
from itertools import pairwise

import msgspec
import pytest

import served_shop
from fullcycle.adapters.http_express import HEADS, LONGEST, Lane
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.adapters.uvicorn import _config, _Server
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.express import Express
from fullcycle.serve.problem import problem
from fullcycle.serve.serving import Serving

ROW = served_shop.REQUESTS[0]


def post(body, *, path="/winback", more="", kind="application/json"):
    """A request as bytes."""
    body = body if isinstance(body, bytes) else msgspec.json.encode(body)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


GOOD = post(ROW)


class Counting(Express):
    """Counts what is put."""

    taken = 0

    def put(self, body, answered, key=None):
        took = super().put(body, answered, key)
        self.taken += took
        return took


class Running:
    """A server on a socket of this machine, in a thread."""

    def __init__(self, folder, *, lane=True):
        objects, shop = MemoryObjects(), served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop)
        self.events = folder / "events"
        log, codecs = SegmentWriter(self.events), served_shop.serving_codecs()
        stager = Stager(objects, codecs, log, "prod", print, root=shop)
        serving = Serving(stager(Deployed(3, digest)))
        app = App(serving, lambda: None, capability="winback", replay=False, tell=print)
        self.express = Counting(app.desk, begin=lambda: None, end=lambda: None)
        self.lane = Lane(self.express) if lane else None
        config = _config(app, 1.0, self.lane)
        config.lifespan, config.timeout_keep_alive = "off", 1
        self.server = _Server(config, None, 5.0, self.lane)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.listening])))
        self.thread.start()
        self.opened = []

    def connect(self):
        self.opened.append(socket.create_connection(self.listening.getsockname(), timeout=10))
        return self.opened[-1]

    def warm(self):
        """A connection whose head is known."""
        connection = self.connect()
        for _ in range(3):
            assert answer(connection, GOOD)[0] == 200
        return connection

    def end(self):
        for one in self.opened:
            one.close()
        self.server.should_exit = True
        self.thread.join()
        self.listening.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Running(tmp_path_factory.mktemp("express"))
    yield one
    one.end()


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    one = Running(tmp_path_factory.mktemp("ordinary"), lane=False)
    yield one
    one.end()


def read(connection):
    """One answer: its status, its headers without the date, its body without the id."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)  # another answer may follow
        if not part:
            return None
        head += part
    status, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines)
    body = connection.recv(int(headers[b"content-length"]), socket.MSG_WAITALL)
    headers.pop(b"date", None)
    return int(status.split()[1]), headers, re.sub(rb'"decision_id":"[^"]*"', b"", body)


def send(connection, data, many):
    for _ in range(many):
        connection.sendall(data)


def answer(connection, data):
    connection.sendall(data)
    return read(connection)


def test_plain_requests_go_the_shorter_way_and_what_says_more_does_not(running):
    connection, before = running.connect(), running.express.taken

    taken = []
    for more in ("", "", "Traceparent: 00-1-1-01\r\n", "Idempotency-Key: b\r\n", "Authorization: c\r\n"):
        assert answer(connection, post(ROW, more=more))[0] == 200
        taken.append(running.express.taken - before)

    assert taken == [1, 2, 3, 4, 4]


def test_a_head_that_came_twice_is_remembered_and_no_secret_is(running):
    connection = running.connect()
    traced, secret = (post(ROW, more=f"{name}: 17\r\n") for name in ("Traceparent", "Authorization"))
    head = len(traced) - len(msgspec.json.encode(ROW))

    answer(connection, traced)
    assert traced[:head] not in running.lane.lengths
    answer(connection, traced)
    assert running.lane.lengths[traced[:head]] == len(traced) - head
    for _ in range(3):
        answer(connection, secret)
    assert not any(b"uthorization" in known for known in running.lane.lengths)


REQUESTS = {
    "a good row": GOOD,
    "another length": post({**ROW, "client_id": 123_456}),
    "no row": post({"client_id": 7}),
    "half of the JSON": post(msgspec.json.encode(ROW)[:40]),
    "no JSON": post(b"\xff\x00"),
    "an empty body": post(b""),
    "many rows": post([ROW, ROW]),
    "blanks before": post(b"  " + msgspec.json.encode(ROW)),
    "a key of its own": post(ROW, more="Idempotency-Key: a\r\n"),
    "a trace of its own": post(ROW, more="Traceparent: 00-1-1-01\r\n"),
    "a bad key": post(ROW, more="Idempotency-Key: ä\r\n"),
    "another type": post(ROW, kind="text/csv"),
    "a coded body": post(ROW, more="Content-Encoding: gzip\r\n"),
    "another host": GOOD.replace(b"127.0.0.1", b"shop.example"),
    "a page of another origin": post(ROW, more="Origin: https://shop.example\r\n"),
    "another path": post(ROW, path="/losers"),
    "a query": post(ROW, path="/winback?dry=1"),
    "a path that is escaped": post(ROW, path="/win%62ack"),
    "HTTP/1.0": GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the last of a connection": post(ROW, more="Connection: close\r\n"),
    "to be kept": post(ROW, more="Connection: keep-alive\r\n"),
    "in a chunk": GOOD.partition(b"Content-Length")[0]
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(msgspec.json.encode(ROW))
    + msgspec.json.encode(ROW)
    + b"\r\n0\r\n\r\n",
    "a page": b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "no method": b"\x00\x01\x02\r\n\r\n",
    "lines that end otherwise": GOOD.replace(b"\r\n", b"\n"),
    "a length sent twice": post(ROW, more="Content-Length: 3\r\n"),
}


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS.keys())
def test_each_way_answers_alike_however_often_it_is_asked(running, ordinary, sent):
    for _ in range(4):
        one, other = running.warm(), ordinary.warm()
        for _ in range(3):
            mine, theirs = answer(one, sent), answer(other, sent)
            assert mine == theirs
            if mine is None or b"connection" in mine[1]:
                break
            assert answer(one, GOOD) == answer(other, GOOD)
        one.close()
        other.close()


@pytest.mark.parametrize(
    "parts", [(10,), (len(GOOD) - 5,), (3, 60, len(GOOD) - 1), (GOOD.index(b"\r\n\r\n") + 4,)]
)
def test_a_request_in_pieces_is_one_request(running, parts):
    connection = running.warm()

    for _ in range(3):
        for start, end in pairwise([0, *parts, len(GOOD)]):
            connection.sendall(GOOD[start:end])
            time.sleep(0.01)
        assert read(connection)[0] == 200

    assert answer(connection, GOOD)[0] == 200


def test_requests_upon_each_other_are_answered_in_their_order(running):
    connection = running.warm()
    bodies = [{**ROW, "client_id": n} for n in (5, 6, 7)]
    bodies.insert(1, {"client_id": 7})

    connection.sendall(GOOD + b"".join(map(post, bodies)) + b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

    assert [read(connection)[0] for _ in range(6)] == [200, 200, 422, 200, 200, 200]
    assert answer(connection, GOOD)[0] == 200


def test_what_comes_while_another_is_in_the_lane_is_answered_after_it(running):
    connection = running.warm()

    for _ in range(50):
        connection.sendall(GOOD)
        connection.sendall(GOOD[:30])
        connection.sendall(GOOD[30:] + b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert [read(connection)[2][:9] for _ in range(3)] == [b'{,"releas', b'{,"releas', b'{"status"']


def test_a_long_body_leaves_its_connection_readable(running):
    connection, long = running.warm(), post({**ROW, "note": "y" * 100_000})
    before = running.express.taken

    for _ in range(10):
        assert answer(connection, long)[0] == 200
        assert answer(connection, GOOD)[0] == 200

    assert running.express.taken > before + 10  # some of them came whole


def test_a_client_that_takes_no_answers_is_answered_no_further(running):
    """What it would be answered is not kept for it without end."""
    connection = running.warm()
    connection.settimeout(1.0)

    with pytest.raises(TimeoutError):
        send(connection, GOOD, 200_000)

    (stuck,) = (one for one in running.server.server_state.connections if one.flow.write_paused)
    assert 0 < stuck.transport.get_write_buffer_size() < 200_000


def test_nothing_goes_to_the_lane_until_its_client_takes_answers_again(running):
    connections = running.server.server_state.connections
    others = set(connections)
    connection = running.warm()
    (one,) = connections - others
    before = running.express.taken

    one.loop.call_soon_threadsafe(one.flow.pause_writing)  # as its transport does when too much waits
    connection.sendall(GOOD)
    connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    assert running.express.taken == before
    one.loop.call_soon_threadsafe(one.flow.resume_writing)
    connection.settimeout(10.0)

    assert read(connection)[0] == 200
    assert answer(connection, GOOD)[0] == 200
    assert running.express.taken == before + 1


def test_a_client_that_goes_away_leaves_the_server_well(running):
    for _ in range(20):
        connection = running.warm()
        connection.sendall(GOOD)
        connection.close()

    assert answer(running.connect(), GOOD)[0] == 200


def test_a_connection_is_closed_once_it_has_asked_nothing_for_its_time_and_not_before(running):
    connection = running.warm()

    for _ in range(8):
        time.sleep(0.2)
        assert answer(connection, GOOD)[0] == 200

    assert connection.recv(1) == b""


def test_every_answer_was_logged_once(running):
    before = sum(1 for _ in read_decisions(running.events))
    connection = running.warm()

    ids = set()
    for _ in range(20):
        connection.sendall(GOOD)
        ids.add(json.loads(connection.recv(65536).partition(b"\r\n\r\n")[2])["decision_id"])

    found = [one.id for one in read_decisions(running.events)]
    assert len(found) == before + 23
    assert ids <= set(found)


def test_a_server_that_closes_says_so_with_the_next_answer(tmp_path):
    one = Running(tmp_path)
    connection = one.warm()

    one.server.close_each(so=True)
    told = answer(connection, GOOD)

    assert (told[0], told[1][b"connection"]) == (200, b"close")
    assert connection.recv(1) == b""
    one.end()


def test_a_lane_remembers_so_many_heads_and_no_more():
    lane = Lane(None)
    for n in range(HEADS + 1):
        lane.remember(b"%d" % n, 1)

    assert lane.lengths == {b"%d" % HEADS: 1}


def test_a_long_head_is_read_each_time(running):
    connection, long = running.warm(), post(ROW, more=f"x: {'y' * LONGEST}\r\n")

    assert [answer(connection, long)[0] for _ in range(4)] == [200] * 4
    assert max(map(len, running.lane.lengths)) <= LONGEST


def test_the_last_answer_of_a_connection_says_so():
    head = Lane(None).head_of(problem(422, "no"), [(b"date", b"today")], last=True)

    assert head.startswith(b"HTTP/1.1 422 Unprocessable")
    assert head.endswith(b"\r\nconnection: close\r\n\r\n")
