"""The express lane answers as the ordinary way does: the same is sent to a server with it and to one without.

Two servers of the same release, on sockets. What is generated is sent to both, and each answer with its
headers, each decision that was logged, each count and each line that an operator is told must be the same,
but for dates, times and the ids that nobody chose.
"""

import hashlib
import itertools
from contextlib import ExitStack

import msgspec
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import served_shop
from fullcycle.serve.express import Admitted, Express
from fullcycle.serve.tokens import Token, Tokens
from served_twice import Round, Talk, answers, paired, require_alike

SECRET = "fc_secret"
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
