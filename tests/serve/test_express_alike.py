"""The express lane answers as the ordinary way does: the same is sent to a server with it and to one without.

Two servers of the same release, on sockets. What is generated is sent to both, and each answer with its
headers, each decision that was logged, each count and each line that an operator is told must be the same,
but for dates, times and the ids that nobody chose.
"""

import asyncio
import hashlib
import itertools
import re
import select
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import served_shop
from fullcycle.adapters.http_express import Lane
from fullcycle.adapters.shared_answers import SharedAnswers
from fullcycle.adapters.uvicorn import _config, _Server
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryObjects, decode_decision
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.express import Admitted, Express
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.guard import Guard
from fullcycle.serve.limits import Limits
from fullcycle.serve.metrics import Census, Meter, exposition
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import Token, Tokens

LIMITS = Limits(body_bytes=6_000, rows_bytes=20_000, rows=3, head_s=2.0, body_s=0.3)
SECRET = "fc_secret"
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


KINDS = {
    "arms": {},
    "fallback": {**served_shop.alone("sometimes", "today"), "gaps": True},
    "helpless": served_shop.alone("helpless"),
    "leaves": served_shop.alone("leaves", "today"),
    "tokens": {},
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    sha256 = hashlib.sha256(SECRET.encode()).hexdigest()
    scopes = frozenset(("decide",))
    with ExitStack() as open:
        found = {}
        for kind, changes in KINDS.items():
            tokens = Tokens([Token("shop", sha256, scopes, "", 0, "us")]) if kind == "tokens" else None
            folder = tmp_path_factory.mktemp(kind)
            found[kind] = open.enter_context(paired(folder, tokens=tokens, **changes))
        yield found


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
                assert mine == theirs, round
            mine, theirs = (side.seen() for side in pair.sides)
            assert mine == theirs, round
            if any(talk.closed for talk in talks):
                break
        assert talks[0].closed == talks[1].closed
    finally:
        for talk in talks:
            talk.connection.close()
        for side in pair.sides:
            side.become("")


ROW = served_shop.REQUESTS[0]


def encoded(**changes):
    return msgspec.json.encode({**ROW, **changes})


GOOD = encoded()
bodies = st.sampled_from(
    [
        *[GOOD] * 6,
        *(encoded(client_id=n, recency=recency) for n, recency in ((7, 12), (8, 11), (9, 12), (10, 1))),
        encoded(note="ä€𝄞"),
        encoded(note="x" * 3_000),
        encoded(note="x" * 7_000),
        encoded(recency=13),
        encoded(recency="3", history=None),
        encoded(more=1),
        b"{}",
        b"{" + GOOD,
        GOOD[:30],
        GOOD + b"x",
        b"  " + GOOD,
        GOOD.replace(b"7", b"7,\n  ", 1),
        GOOD.replace(b"12.5", b"NaN"),
        GOOD.replace(b"12.5", b"1e999"),
        GOOD.replace(b"Urban", b"\xff"),
        GOOD.replace(b"Urban", b"\\ud800"),
        b'{"recency":12,' + GOOD[1:],
        b"[" + GOOD + b"," + encoded(client_id=3) + b"]",
        b"[" + b",".join([GOOD] * 4) + b"]",
        b"[]",
        b"",
        b"null",
    ]
)
hosts = st.sampled_from(
    [
        *["127.0.0.1"] * 8,
        *("localhost:8765", "LOCALHOST", "[::1]", "127.0.0.1.", "shop.example", "", "10.0.0.1", "a b"),
    ]
)
types = st.sampled_from(
    [
        *["application/json"] * 8,
        *(
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "text/csv",
            "application/json; charset=latin-1",
        ),
    ]
)
extras = st.sampled_from(
    [
        *(("Accept", "*/*"), ("User-Agent", "test/1.0"), ("X-Long", "y" * 3000), ("Cookie", "a=b")),
        *(("Traceparent", "00-1-1-01"), ("Traceparent", "00-2-2-01"), ("Accept-Encoding", "gzip")),
        *(("Idempotency-Key", "KEYa"), ("Idempotency-Key", "KEYb"), ("Idempotency-Key", "ä")),
        *(("Origin", "http://127.0.0.1"), ("Origin", "https://shop.example"), ("Origin", "null")),
        *(
            ("Authorization", f"Bearer {SECRET}"),
            ("Authorization", "Bearer fc_no"),
            ("Authorization", "Basic a"),
        ),
        *(("Expect", "100-continue"), ("Expect", "the worst"), ("Connection", "close")),
        *(
            ("Connection", "keep-alive"),
            ("Connection", "Close, x"),
            ("Connection", "Upgrade"),
            ("Upgrade", "h2c"),
        ),
        *(("Content-Encoding", "gzip"), ("Content-Encoding", "identity"), ("Keep-Alive", "timeout=5")),
        *(("Replay-At", "2026-03-01T09:30:00Z"), ("Replay-At", "soon"), ("Host", "127.0.0.1")),
        *(("Content-Type", "application/json"), ("Content-Length", "5"), ("TE", "trailers")),
    ]
)
lines = st.sampled_from(
    [
        *["POST /winback HTTP/1.1"] * 12,
        *("POST /winback HTTP/1.0", "POST /winback?dry=1 HTTP/1.1", "POST /win%62ack HTTP/1.1"),
        *("POST http://127.0.0.1/winback HTTP/1.1", "POST //winback HTTP/1.1", "POST /winback/ HTTP/1.1"),
        *("GET /winback HTTP/1.1", "GET /readyz HTTP/1.1", "PUT /winback HTTP/1.1", "post /winback HTTP/1.1"),
        *("POST /winback#a HTTP/1.1", "POST /try HTTP/1.1", "POST /winb\u00e4ck HTTP/1.1"),
    ]
)
cases = st.sampled_from([str, str, str, str.lower, str.upper, str.swapcase])
spaces = st.sampled_from([": ", ": ", ": ", ":", ":  \t", " : "])
lengths = st.sampled_from(["", "", "", "", "", "", "", "0", "+", "-1", "+1", "none", "chunked", "both"])


@st.composite
def requests(draw):
    """A request's bytes: mostly one that is good, or nearly."""
    line, body, length = draw(lines), draw(bodies), draw(lengths)
    headers = [("Host", draw(hosts)), ("Content-Type", draw(types))]
    headers += draw(st.lists(extras, max_size=2))
    if length in ("chunked", "both"):
        headers.append(("Transfer-Encoding", "chunked"))
        cut = len(body) // 2
        chunks = [chunk for chunk in (body[:cut], body[cut:]) if chunk]
    if length not in ("none", "chunked"):
        told = len(body) + (int(length) if length in ("-1", "+1") else 0)
        headers.append(("Content-Length", f"{length if length in '0+' else ''}{max(told, 0)}"))
    if length in ("chunked", "both"):
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    case, space = draw(cases), draw(spaces)
    told = [line, *(f"{case(name)}{space}{value}" for name, value in draw(st.permutations(headers)))]
    return "\r\n".join(told).encode("latin-1") + b"\r\n\r\n" + body


@st.composite
def rounds(draw):
    """Some requests on one connection, each sent as often as a head takes to be known, or upon each other."""
    found = []
    for request in draw(st.lists(requests(), min_size=1, max_size=3)):
        cuts = sorted(draw(st.sets(st.integers(1, max(1, len(request) - 1)), max_size=2)))
        parts = [request[a:b] for a, b in itertools.pairwise([0, *cuts, len(request)])]
        state = draw(st.sampled_from([*[""] * 8, "refusing", "deployed", "draining"]))
        found.append(Round(tuple(parts), state))
        found += [Round((request,), state)] * draw(st.integers(0, 3))
        if draw(st.integers(0, 3)) == 3:
            found.append(Round((request + draw(requests()) + request,), state))
    return found


WARM = b"POST /winback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def post(body, more=b""):
    return WARM + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


quick = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@quick
@given(st.sampled_from(list(KINDS)), rounds())
def test_whatever_is_sent_each_way_answers_logs_and_counts_alike(pairs, kind, rounds):
    require_alike(pairs[kind], rounds)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_requests_are_alike_in_every_state_and_go_the_shorter_way(pairs, kind):
    pair, request = pairs[kind], post(GOOD)
    before = pair.express.taken
    states = ["", "", "", "refusing", "refusing", "", "deployed", "refusing", "deployed", ""]

    require_alike(pair, [Round((request,), state, answered=True) for state in states])

    assert pair.express.taken - before == (0 if kind == "tokens" else len(states))


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_that_fails_or_leaves_is_alike(pairs, kind):
    rounds = [Round((post(encoded(recency=recency)),)) for recency in (1, 1, 1, 12, 11, 12, 1)]

    require_alike(pairs[kind], rounds)


def test_a_request_cut_at_any_byte_is_alike(pairs):
    request = post(GOOD)
    cut = [Round((request[:at], request[at:])) for at in range(1, len(request))]

    require_alike(pairs["arms"], [Round((request,))] * 3 + cut + [Round((request,))])


def test_a_request_that_comes_byte_by_byte_is_alike(pairs):
    request = post(GOOD)

    require_alike(pairs["arms"], [Round(tuple(request[n : n + 1] for n in range(len(request))))] * 2)


@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n", b"Connection: close\r\n"])
def test_a_body_that_does_not_come_is_alike(pairs, more):
    for half in (post(GOOD, more)[:-9], post(GOOD, more)[: -len(GOOD)]):
        warm = [Round((post(GOOD),))] * 3
        talks = [Talk(side) for side in pairs["arms"].sides]
        require_alike(pairs["arms"], warm)
        for talk in talks:
            talk.send(half)
        for talk in talks:
            while not talk.closed:
                talk.read()
            talk.connection.close()

        assert answers(talks[0].came) == answers(talks[1].came) != []


@pytest.mark.parametrize("many", [2, 30, 200])
def test_many_upon_each_other_are_alike(pairs, many):
    bodies = [encoded(client_id=n, recency=n % 14) for n in range(many)]

    for kind in ("arms", "helpless"):
        require_alike(pairs[kind], [Round((post(GOOD),))] * 3 + [Round((b"".join(map(post, bodies)),))] * 2)


class Careless(Express):
    """Admits whatever is a decision, by whoever, from wherever, of whatever type."""

    def admits(self, scope):
        length = dict(scope["headers"]).get(b"content-length", b"")
        return Admitted(int(length), None) if length.isdigit() and scope["path"] == "/winback" else None


class Forgetful(Express):
    """Counts nothing of what it answers."""

    def _answer(self, active, answer, answered):
        answered(answer)


@pytest.mark.parametrize("lane", [Careless, Forgetful])
def test_a_difference_that_is_planted_is_found(tmp_path, lane):
    with paired(tmp_path, lane, **served_shop.alone("sometimes", "today")) as pair:

        def differs(rounds):
            try:
                require_alike(pair, rounds)
            except AssertionError:
                for side in pair.sides:
                    side.seen()
                return True
            return False

        assert find(rounds(), differs, settings=settings(quick, max_examples=500, phases=["generate"]))
