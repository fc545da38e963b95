"""fullcycle.serve.express: what is decided in the turn that read it, and what goes the ordinary way."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

import served_shop
from asgi_client import HOST, JSON
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.express import Express
from fullcycle.serve.guard import Guard
from fullcycle.serve.limits import Limits
from fullcycle.serve.metrics import Meter
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import Tokens

BODY = msgspec.json.encode(served_shop.REQUESTS[0])
LENGTH = (b"content-length", b"%d" % len(BODY))
HEADERS = [HOST, JSON, LENGTH]


class Lane:
    """An express lane over a release, and what was heard."""

    def __init__(self, folder: Path, log: object = None, limits: Limits | None = None, **changes: object):
        self.events = folder / "events"
        self.told: list[str] = []
        self.inside: list[int] = [0]
        self.asked = 0
        self.meter = Meter()
        objects, shop = MemoryObjects(), served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop, **changes)
        log = SegmentWriter(self.events) if log is None else log
        codecs = served_shop.serving_codecs()
        self.stager = Stager(objects, codecs, log, "prod", self.told.append, root=shop, meter=self.meter)
        self.digest = digest
        self.serving = Serving(self.stager(Deployed(3, digest)))
        self.edge = Edge(Guard(), limits or Limits(), self.meter)
        self.app = App(
            self.serving,
            lambda: None,
            capability="winback",
            replay=False,
            tell=self.told.append,
            edge=self.edge,
        )
        self.express = Express(self.app.desk, begin=self.begin, end=self.end)

    def begin(self):
        self.asked += 1
        self.inside.append(self.inside[-1] + 1)

    def end(self):
        self.inside.append(self.inside[-1] - 1)

    def ask(self, *bodies):
        """What each is answered, all of them put at once."""
        answers = {}

        async def asking():
            for n, body in enumerate(bodies):
                assert self.express.put(body, lambda answer, n=n: answers.update({n: answer}))
            while len(answers) < len(bodies):
                await asyncio.sleep(0)

        asyncio.run(asking())
        return [answers[n] for n in range(len(bodies))]

    def counted(self):
        async def asking():
            sent = []

            async def send(message):
                sent.append(message)

            scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": [HOST]}
            await self.app(scope, None, send)
            return sent[1]["body"].decode()

        return asyncio.run(asking())


@pytest.fixture
def lane(tmp_path):
    made = []

    def make(*options, **changes):
        made.append(Lane(tmp_path, *options, **changes))
        return made[-1]

    yield make
    for one in made:
        one.stager.close()


def scope(headers=HEADERS, method="POST", path="/winback"):
    return {"type": "http", "method": method, "path": path, "headers": list(headers)}


def test_what_comes_in_one_turn_is_answered_in_its_order_and_logged_once_each(lane):
    one = lane()
    bodies = [msgspec.json.encode({**served_shop.REQUESTS[0], "client_id": n}) for n in range(100)]

    answers = one.ask(*bodies)

    assert [answer.status for answer in answers] == [200] * 100
    logged = {each.id: each.request["client_id"] for each in read_decisions(one.events)}
    assert [logged[json.loads(answer.body)["decision_id"]] for answer in answers] == list(range(100))
    assert len(logged) == 100


def test_a_decision_is_in_the_log_before_its_answer_is_heard(lane):
    one, logged = lane(), []

    async def asking():
        heard = asyncio.get_running_loop().create_future()

        def answered(answer):
            logged.extend(each.id for each in read_decisions(one.events))
            heard.set_result(answer)

        one.express.put(BODY, answered)
        return await heard

    answer = asyncio.run(asking())

    assert logged == [json.loads(answer.body)["decision_id"]]


def test_the_answer_is_the_one_of_the_ordinary_way(lane):
    one = lane()

    express = one.ask(BODY)[0]
    ordinary = one.serving.active.answer(BODY, one.app.desk.headers.read(HEADERS))

    told, other = json.loads(express.body), json.loads(ordinary.body)
    assert told.pop("decision_id") != other.pop("decision_id")
    assert (told, express.headers) == (other, ordinary.headers)


def test_a_row_that_is_none_is_told_so_and_the_others_are_decided(lane):
    one = lane()

    answers = one.ask(BODY, b'{"client_id": "who"}', b"{", BODY)

    assert [answer.status for answer in answers] == [200, 422, 400, 200]
    assert len(list(read_decisions(one.events))) == 2
    assert one.inside[-1] == 0


class FullDisk:
    def append_all(self, payloads):
        raise Misconfigured("no space", "the event log", "make room")

    def close(self): ...


def test_none_of_what_cannot_be_logged_is_answered(lane):
    one = lane(FullDisk())

    answers = one.ask(BODY, BODY)

    assert [answer.status for answer in answers] == [503, 503]
    assert one.told == [
        "winback@v3, a decision could not be recorded: no space (the event log); make room"
        " (told once; counted in /metrics)"
    ]
    assert 'unrecorded_total{service="winback@prod",release="winback@v3"} 2' in one.counted()


class Broken:
    def append_all(self, payloads):
        raise RuntimeError("the server's own fault")

    def close(self): ...


def test_a_fault_of_our_own_is_told_to_the_operator_only(lane):
    one = lane(Broken())

    answers = one.ask(BODY, BODY)

    assert [answer.status for answer in answers] == [500, 500]
    assert b"own fault" not in answers[0].body
    assert "own fault" in one.told[0]
    assert one.inside[-1] == 0


def test_a_crowd_is_turned_away_those_first_who_came_first(lane):
    one = lane(limits=Limits(in_flight=2))

    answers = one.ask(*[BODY] * 5)

    assert [answer.status for answer in answers] == [429, 429, 429, 200, 200]
    assert (b"retry-after", b"1") in answers[0].headers
    assert 'fullcycle_shed_total{service="winback@prod"} 3' in one.counted()


def test_the_tasks_of_the_server_are_of_the_same_crowd(lane):
    one = lane(limits=Limits(in_flight=2))
    one.express.attend([object(), object()])

    assert one.ask(BODY)[0].status == 429


@pytest.mark.parametrize(("micros", "together"), [(10**9, 32), (-1, 1)])
def test_a_turn_that_takes_long_lets_the_first_hear_before_the_others_are_decided(
    lane, monkeypatch, micros, together
):
    monkeypatch.setattr("fullcycle.serve.express._TOGETHER_US", micros)
    one = lane()
    heard = []

    async def asking():
        for n in range(70):
            one.express.put(BODY, lambda answer, n=n: heard.append((n, one.asked)))
        while len(heard) < 70:
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert heard[0] == (0, together)
    assert heard[-1] == (69, 70)


def test_each_request_is_answered_by_the_release_that_answered_when_it_began(lane):
    one = lane()
    next_one = one.stager(Deployed(4, one.digest))

    def begin():
        one.begin()
        if one.asked == 2:
            one.serving.activate(next_one)

    one.express = Express(one.app.desk, begin=begin, end=one.end)

    answers = [json.loads(answer.body)["release"] for answer in one.ask(BODY, BODY, BODY)]

    assert answers == ["winback@v3", "winback@v4", "winback@v4"]


def test_what_is_put_is_counted_as_any_other(lane):
    one = lane()

    one.ask(BODY, BODY, b"{}")

    told = one.counted()
    line = 'requests_total{service="winback@prod",route="/winback",release="winback@v3",status='
    assert line + '"2xx"} 2' in told
    assert line + '"4xx"} 1' in told


@pytest.mark.parametrize("body", [b"[]", b"", b" {}", b"null", b"[{}]"])
def test_what_may_be_many_rows_is_not_taken(lane, body):
    assert not lane().express.put(body, print)


def test_nothing_is_taken_before_anything_answers(lane):
    one = lane()
    one.serving.active = None

    assert not one.express.put(BODY, print)


def test_a_plain_head_is_admitted_with_the_length_of_its_body(lane):
    assert lane().express.admits(scope()) == (len(BODY), None)
    assert lane().express.admits(scope([*HEADERS, (b"accept", b"*/*")])) == (len(BODY), None)
    assert lane().express.admits(scope([*HEADERS, (b"idempotency-key", b"k")])) == (len(BODY), "k")


@pytest.mark.parametrize(
    "headers",
    [
        [JSON, LENGTH],
        [(b"host", b"shop.example"), JSON, LENGTH],
        [HOST, HOST, JSON, LENGTH],
        [HOST, JSON],
        [HOST, JSON, (b"content-length", b"0")],
        [HOST, JSON, (b"content-length", b"x")],
        [HOST, JSON, (b"content-length", b"%d" % (Limits().body_bytes + 1))],
        [HOST, (b"content-type", b"text/csv"), LENGTH],
        *(
            [*HEADERS, header]
            for header in [
                (b"origin", b"https://shop.example"),
                (b"authorization", b"Bearer fc_x"),
                (b"idempotency-key", b"order 17"),
                (b"replay-at", b"2026-03-01T09:30:00Z"),
                (b"content-encoding", b"gzip"),
                (b"transfer-encoding", b"chunked"),
                (b"expect", b"100-continue"),
                (b"upgrade", b"h2c"),
            ]
        ),
    ],
)
def test_a_head_that_is_refused_or_says_more_is_not_admitted(lane, headers):
    assert lane().express.admits(scope(headers)) is None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/winback"), ("POST", "/explain"), ("POST", "/winback/")]
)
def test_another_route_is_not_admitted(lane, method, path):
    assert lane().express.admits(scope(method=method, path=path)) is None


def test_where_a_token_is_demanded_each_head_is_read_for_itself(lane):
    one = lane()
    one.edge.guard.tokens = Tokens()

    assert one.express.admits(scope()) is None


@pytest.mark.parametrize("name", [b"cookie", b"proxy-authorization"])
def test_a_head_with_what_may_be_a_secret_is_not_admitted(lane, name):
    assert lane().express.admits(scope([*HEADERS, (name, b"a")])) is None


def test_what_one_connection_makes_of_its_answer_is_not_for_the_others(lane):
    one, heard = lane(), []

    def spoilt(answer):
        raise RuntimeError("this connection is broken")

    async def asking():
        for n in range(40):
            one.express.put(BODY, spoilt if n % 3 == 0 else heard.append)
        while one.inside[-1] or one.asked < 40:
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert [answer.status for answer in heard] == [200] * 26
    assert "this connection is broken" in one.told[0]
    assert 'fullcycle_faults_total{service="winback@prod"} 14' in one.counted()


def test_a_lane_goes_on_after_a_turn_that_broke_off(lane):
    one, heard = lane(), []

    def begin():
        one.begin()
        if one.asked == 1:
            raise RuntimeError("a fault of ours")

    one.express = Express(one.app.desk, begin=begin, end=one.end)

    async def asking():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        for _ in range(3):
            one.express.put(BODY, heard.append)
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert [answer.status for answer in heard] == [200, 200]


def test_a_key_is_decided_once_though_it_is_sent_twice_in_a_turn(lane):
    one, heard = lane(), []

    async def asking():
        for key, body in (("a", BODY), ("b", BODY), ("a", BODY), ("a", b"{}"), ("b", BODY), (None, BODY)):
            one.express.put(body, heard.append, key)
        while len(heard) < 6:
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert [answer.status for answer in heard] == [200, 200, 200, 422, 200, 200]
    assert heard[0].body == heard[2].body
    assert heard[1].body == heard[4].body
    assert [each.id for each in read_decisions(one.events)][:2] == ["a", "b"]
    assert len(list(read_decisions(one.events))) == 3


def test_a_key_whose_request_failed_may_be_tried_again(lane):
    one, heard = lane(), []

    async def asking():
        for body in (b"{}", BODY):
            one.express.put(body, heard.append, "a")
        while len(heard) < 2:
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert [answer.status for answer in heard] == [422, 200]


def test_a_key_whose_decision_was_not_logged_may_be_tried_again(lane):
    one, heard = lane(FullDisk()), []

    async def asking():
        for _ in range(2):
            one.express.put(BODY, heard.append, "a")
        while len(heard) < 2:
            await asyncio.sleep(0)

    asyncio.run(asking())

    assert [answer.status for answer in heard] == [503, 503]
