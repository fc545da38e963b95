"""Two servers of one release, one with an express lane and one without, that are sent the same."""

import asyncio
import itertools
import re
import select
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

import served_shop
from fullcycle.adapters.http_express import Lane
from fullcycle.adapters.shared_answers import SharedAnswers
from fullcycle.adapters.uvicorn import _config, _Server
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryObjects, decode_decision
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.express import Express
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.guard import Guard
from fullcycle.serve.limits import Limits
from fullcycle.serve.metrics import Census, Meter, exposition
from fullcycle.serve.serving import Serving

LIMITS = Limits(body_bytes=6_000, rows_bytes=20_000, rows=3, head_s=2.0, body_s=0.3)
END = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-End: 1\r\n\r\n"
ALIVE = b'{"status":"alive"}'
LEAVES = """

@fc.service(fallback=today)
def leaves(client: Client) -> Offer:
    if client.recency == 12:
        raise SystemExit(3)
    if client.recency == 11:
        import asyncio

        raise asyncio.CancelledError
    return Offer("No E-Mail")
"""


class Log:
    """Keeps what is appended; refuses all while it is told to."""

    def __init__(self):
        self.kept, self.refuses = [], False

    def append(self, payload):
        self.append_all([payload])

    def append_all(self, payloads):
        if self.refuses:
            raise Misconfigured("no space", "the event log", "make room")
        self.kept.extend(payloads)

    def close(self): ...


class Side:
    """A server in a thread; with an express lane, or without."""

    def __init__(self, objects, shop, digest, lane, *, tokens=None, gaps=False):
        self.log, self.told, self.meter = Log(), [], Meter(slow_us=10**9)
        stager = Stager(
            objects,
            served_shop.serving_codecs(),
            self.log,
            "prod",
            self.told.append,
            replay=True,
            root=shop,
            meter=self.meter,
            gaps=Gaps() if gaps else None,
        )
        answers = SharedAnswers(shop.parent / f"{'lane' if lane else 'no lane'}.keys", self.told.append)
        self.releases = [stager(Deployed(number, digest)) for number in (3, 4)]
        self.serving = Serving(self.releases[0])
        self.app = App(
            self.serving,
            lambda: None,
            capability="winback",
            replay=True,
            tell=self.told.append,
            edge=Edge(Guard(tokens=tokens), LIMITS, self.meter, answers=answers),
        )
        self.taken = 0
        express = lane and lane(self.app.desk, begin=self._take, end=lambda: None)
        self.lane = express and Lane(express)
        config = _config(self.app, 1.0, self.lane)
        config.lifespan = "off"
        self.server = _Server(config, None, LIMITS.head_s, self.lane)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.thread.start()

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        await self.server.serve([self.listening])

    def _take(self):
        self.taken += 1

    def connect(self):
        connection = socket.create_connection(self.listening.getsockname(), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def become(self, state):
        """Be in a state, from the next request on."""
        done = threading.Event()

        def change():
            self.log.refuses = state == "refusing"
            self.server.close_each(so=state == "draining")
            self.serving.active = self.releases[state == "deployed"]
            done.set()

        self.loop.call_soon_threadsafe(change)
        assert done.wait(10)

    def seen(self):
        """What was logged, counted and told since it was asked last."""
        kept = [
            plain(decode_decision(payload)) for payload in self.log.kept if b'"unlogged"' not in payload[:40]
        ]
        gaps = sum(b'"unlogged"' in payload[:40] for payload in self.log.kept)
        self.log.kept.clear()
        text = exposition("winback@prod", Census([self.meter.words], 0)).decode()
        counts = [line for line in text.splitlines() if "decision_seconds_" not in line or "_count" in line]
        return kept, gaps, counts, list(self.told)

    def end(self):
        self.server.should_exit = True
        self.thread.join()
        self.listening.close()


def plain(decision):
    """A decision without what differs from one to the next."""
    id = decision.id if decision.id.startswith("k") else ""
    return msgspec.structs.replace(decision, id=id, micros=0, at=0)


@dataclass(frozen=True)
class Pair:
    """A server with the lane and one without."""

    express: Side
    ordinary: Side

    @property
    def sides(self):
        return self.express, self.ordinary


@contextmanager
def paired(folder, lane=Express, *, tokens=None, gaps=False, **changes):
    objects, shop = MemoryObjects(), served_shop.write_shop(folder, service=served_shop.SERVICE + LEAVES)
    digest = served_shop.release(objects, shop, **changes)
    sides = [Side(objects, shop, digest, one, tokens=tokens, gaps=gaps) for one in (lane, None)]
    try:
        yield Pair(*sides)
    finally:
        for side in sides:
            side.end()


class Talk:
    """One connection, and what came over it."""

    def __init__(self, side):
        self.connection = side.connect()
        self.came, self.closed = b"", False
        self.reset = False  # closed while we sent: what came last may be lost

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            self.closed = self.reset = True

    def read(self):
        """What came by now; waits for it."""
        try:
            part = self.connection.recv(1 << 16)
        except OSError:
            part, self.reset = b"", True
        self.came += part
        self.closed = not part

    def fileno(self):
        return self.connection.fileno()

    def until_alive(self):
        """Read until the last request was answered, or the other end closes; give the answers."""
        while not self.closed and not self.came.endswith(ALIVE):
            self.read()
        came, self.came = self.came, b""
        return answers(came)


def answers(came):
    """Each answer, without its date and the id that nobody chose."""
    found = []
    while came:
        head, _, came = came.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"date: ")]
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length else 0
        body, came = came[:size], came[size:]
        body = re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", b"ID", body)
        found.append((lines, body))
    return found


@dataclass(frozen=True)
class Round:
    """Some bytes, in the parts that they are sent in, to servers in a state."""

    parts: tuple[bytes, ...]
    state: str = ""
    answered: bool = False  # for certain: nothing is sent behind it before


def settle(talks, seconds):
    """Read what comes until nothing does for so long."""
    waiting = {talk.fileno(): talk for talk in talks if not talk.closed}
    poll = select.poll()  # a test session may hold more files than select can name
    for number in waiting:
        poll.register(number, select.POLLIN)
    while ready := poll.poll(seconds * 1000):
        for number, _ in ready:
            waiting[number].read()
            if waiting[number].closed:
                poll.unregister(number)
        seconds = min(seconds, 0.003)


numbers = itertools.count()


def require_alike(pair, rounds):
    """Hold both sides to the same answers, logs and counts.

    Raises:
        AssertionError: where they differ.
    """
    talks = [Talk(side) for side in pair.sides]
    number = b"k%d-" % next(numbers)
    try:
        for round in rounds:
            for side in pair.sides:
                side.become(round.state)
            for n, part in enumerate(round.parts):
                if n:
                    settle(talks, 0.001)  # so that it is read as a part
                for talk in talks:
                    talk.send(part.replace(b"KEY", number))
            while round.answered and not all(talk.came or talk.closed for talk in talks):
                settle(talks, 10)
            settle(talks, 0.003)
            for talk in talks:
                talk.send(END)
            mine, theirs = (talk.until_alive() for talk in talks)
            if any(talk.reset for talk in talks):
                time.sleep(0.1)
                assert all(one == other for one, other in zip(mine, theirs, strict=False)), round
            else:
                assert mine == theirs, (round, mine, theirs)
            mine, theirs = (side.seen() for side in pair.sides)
            assert mine == theirs, (round, mine, theirs)
            if any(talk.closed for talk in talks):
                break
        assert talks[0].closed == talks[1].closed
    finally:
        for talk in talks:
            talk.connection.close()
        for side in pair.sides:
            side.become("")
