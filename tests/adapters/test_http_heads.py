"""fullcycle.adapters.http_heads: a head that comes slowly, or without end, holds nothing for long."""

import asyncio
import json
import socket
import threading
import time

import pytest
import uvicorn

from fullcycle.adapters.http_heads import LARGEST, PART, REFUSED, Http, SlowHeads, SlowReaders

HEAD_S = 0.3
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def app(scope, receive, send):
    if scope["path"] == "/long":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"y" * LARGEST})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Server(uvicorn.Server):
    heads, readers = SlowHeads(HEAD_S), SlowReaders(HEAD_S)

    async def on_tick(self, counter):
        self.readers.give_up(self.server_state.connections)
        self.heads.give_up(self.server_state.connections)
        return await super().on_tick(counter)


@pytest.fixture
def connect():
    server = Server(
        uvicorn.Config(app, http=Http, lifespan="off", log_level="critical", timeout_keep_alive=60)
    )
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    opened = []

    def connecting():
        opened.append(socket.create_connection(listening.getsockname(), timeout=10))
        return opened[-1]

    connecting.server = server
    yield connecting
    for one in opened:
        one.close()
    server.should_exit = True
    thread.join()
    listening.close()


def answered(connection):
    """Whether an answer comes, whole."""
    answer = b""
    while not answer.endswith(b"ok"):
        part = connection.recv(65536)
        if not part:
            return False
        answer += part
    return answer.startswith(b"HTTP/1.1 200")


def rest(connection):
    """All that still comes, until the other end closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def trickled(connection):
    """How many bytes can be sent, one at a time, before the other end closes; 400 at most."""
    for n in range(400):
        try:
            connection.sendall(b"y")
        except OSError:
            return n
        time.sleep(0.05)
    return 400


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_that_does_not_come_is_given_up(connect, begun):
    connection = connect()
    connection.sendall(begun)

    answer = rest(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert b"application/problem+json" in answer


def test_a_byte_now_and_then_does_not_help(connect):
    connection = connect()
    connection.sendall(b"GET / HTTP/1.1\r\nx: ")

    assert trickled(connection) < 400


def test_the_head_of_a_later_request_has_as_little_time(connect):
    connection = connect()
    connection.sendall(HEAD)
    assert answered(connection)
    connection.sendall(HEAD[:10])

    assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_asks_is_not_closed_however_long_it_lives(connect):
    connection = connect()
    began = time.monotonic()
    while time.monotonic() - began < 4 * HEAD_S:
        connection.sendall(HEAD[:7])
        time.sleep(0.02)
        connection.sendall(HEAD[7:])
        assert answered(connection)


def test_an_answered_connection_that_asks_nothing_is_left_to_its_own_time(connect):
    connection = connect()
    connection.sendall(HEAD)
    assert answered(connection)
    time.sleep(4 * HEAD_S)
    connection.sendall(HEAD)

    assert answered(connection)


def test_a_head_without_end_is_refused(connect):
    connection = connect()
    connection.sendall(HEAD[:-2] + b"x: " + b"y" * LARGEST)

    assert rest(connection).startswith(b"HTTP/1.1 431 ")


def test_many_small_heads_on_one_connection_are_not_one_large_head(connect):
    connection = connect()
    for _ in range(5):
        connection.sendall(HEAD[:-2] + b"x: " + b"y" * (LARGEST // 3))
        time.sleep(0.01)
        connection.sendall(b"\r\n\r\n")
        assert answered(connection)


def test_the_rest_of_a_body_that_was_answered_unread_is_dropped_and_answered_no_second_time(connect):
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (4 * LARGEST))
    assert answered(connection)
    for _ in range(4):
        connection.sendall(b"x" * LARGEST)
        time.sleep(0.01)
    connection.sendall(HEAD)

    assert answered(connection)


def test_a_body_without_end_that_was_answered_unread_is_cut_off_without_a_word(connect):
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
    assert answered(connection)
    connection.sendall(b"x")

    assert rest(connection) == b""


NO_HTTP = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    HEAD[:-2] + b"no colon\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
]


@pytest.mark.parametrize("sent", NO_HTTP)
def test_bytes_that_are_no_http_are_a_problem_and_close(connect, sent):
    connection = connect()
    connection.sendall(sent)
    head, _, body = rest(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert json.loads(body)["status"] == 400


def test_a_request_that_came_whole_is_answered_though_no_http_follows(connect):
    connection = connect()
    connection.sendall(HEAD + b"nonsense\r\n\r\n")
    answer = rest(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer


def test_a_body_that_breaks_off_into_nonsense_is_refused(connect):
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")

    assert b" 400 " in rest(connection)


def test_what_is_refused_here_is_told_to_the_app(connect):
    while not connect.server.started:
        time.sleep(0.01)
    connect.server.lifespan.state[REFUSED] = (told := []).append
    for sent in (b"nonsense\r\n\r\n", HEAD[:-2] + b"x: " + b"y" * LARGEST, b"GET"):
        connection = connect()
        connection.sendall(sent)
        rest(connection)

    assert told == [400, 431, 408]


def test_many_requests_upon_each_other_are_read_some_at_a_time_and_all_answered(connect, monkeypatch):
    longest = 0
    read = Http._read_part

    def counted(self, data):
        nonlocal longest
        read(self, data)
        longest = max(longest, len(self.pipeline))

    monkeypatch.setattr(Http, "_read_part", counted)
    connection, many = connect(), 20_000
    sending = threading.Thread(target=connection.sendall, args=(HEAD * many,))
    sending.start()
    came = bytearray()
    while came.count(b"\r\n\r\nok") < many:
        part = connection.recv(1 << 20)
        assert part
        came += part
    sending.join()

    assert came.count(b"HTTP/1.1 200") == many
    assert 10 < longest <= PART // len(HEAD) + 1


def test_a_head_without_end_behind_a_request_that_is_not_answered_is_not_read_on(connect):
    connection = connect()
    connection.sendall(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n" * 200)
    connection.settimeout(0.5)

    with pytest.raises(OSError, match=r"timed out|reset|[Bb]roken pipe"):
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 10_000_000)


def test_a_client_that_takes_no_answers_is_given_up(connect):
    connection = connect()
    while not connect.server.started:
        time.sleep(0.01)
    connection.sendall(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n" * 200)
    for _ in range(200):
        time.sleep(0.05)
        if connect.server.server_state.total_requests and not connect.server.server_state.connections:
            break

    assert not connect.server.server_state.connections
    assert not connect.server.server_state.tasks


def test_a_client_that_reads_slowly_is_not_given_up(connect):
    connection = connect()
    many = 200
    connection.sendall(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n" * many)
    left = many * LARGEST
    while left > 0:
        part = connection.recv(1 << 16)
        assert part
        left -= len(part)
        time.sleep(HEAD_S / 50)
