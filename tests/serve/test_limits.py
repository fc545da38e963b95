"""Limits of a service: what is too long, too late or too much, and what the counts say of it."""

import asyncio
import json
import re

import lightgbm as lgb
import numpy as np
import pytest

import served_shop
from asgi_client import HOST, JSON, ask, asking
from fullcycle.record import Artifacts, MemoryObjects
from fullcycle.release import PinnedModel
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.crowd import Crowd
from fullcycle.serve.limits import Limits
from fullcycle.serve.metrics import Meter
from fullcycle.serve.problem import response
from fullcycle.serve.routes import Route
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]
BODY = json.dumps(CLIENT).encode()


class Nowhere:
    def append(self, payload):
        pass

    def append_all(self, payloads):
        pass

    def close(self): ...


@pytest.fixture
def serve(tmp_path):
    def made(limits=None, pages=(), objects=None, **changes):
        objects = objects or MemoryObjects()
        shop = served_shop.write_shop(tmp_path)
        digest = served_shop.release(objects, shop, **changes)
        meter = Meter(slow_us=1)
        stager = Stager(
            objects, served_shop.serving_codecs(), Nowhere(), "prod", print, root=shop, meter=meter
        )
        return App(
            Serving(stager(Deployed(3, digest))),
            lambda: None,
            capability="winback",
            replay=False,
            tell=print,
            edge=Edge(limits=limits or Limits(), meter=meter, pages=pages),
        )

    return made


def told(app):
    """What /metrics says, by the line's name and labels as they stand there."""
    text = ask(app, "GET", "/metrics").body.decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name.replace('service="winback@prod"', "").replace("{,", "{"): float(n) for name, _, n in lines}


async def trickling(app, *, pieces, wait_s, headers=()):
    """The status of a request whose body comes in pieces, each after a while; None for no answer."""
    coming = [BODY[n : n + 20] for n in range(0, len(BODY), 20)][:pieces]
    sent = []

    async def receive():
        await asyncio.sleep(wait_s)
        if not coming:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": coming.pop(0), "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON, *headers]}
    await app(scope, receive, send)
    return sent[0] if sent else None


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_body_that_is_not_sent_in_time_is_given_up(serve, pieces):
    app = serve(Limits(body_s=0.05))

    start = asyncio.run(trickling(app, pieces=pieces, wait_s=0.001))

    assert start["status"] == 408
    assert dict(start["headers"])[b"connection"] == b"close"


def test_the_time_is_for_the_whole_body_not_for_each_of_its_pieces(serve):
    app = serve(Limits(body_s=0.1))

    assert asyncio.run(trickling(app, pieces=99, wait_s=0.03))["status"] == 408


def test_a_body_that_comes_late_but_in_time_is_decided(serve):
    app = serve()

    async def late():
        waiting = asyncio.Event()
        sent = []

        async def receive():
            await waiting.wait()
            return {"type": "http.request", "body": BODY}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON]}
        asked = asyncio.create_task(app(scope, receive, send))
        await asyncio.sleep(0.01)
        waiting.set()
        await asked
        return sent[0]["status"]

    assert asyncio.run(late()) == 200


def test_a_server_that_ends_takes_waiting_requests_with_it(serve):
    app = serve()
    sent = []

    async def cancelled():
        async def receive():
            try:
                await asyncio.sleep(60)
            finally:
                sent.append("cleaned up")

        scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON]}
        asked = asyncio.create_task(app(scope, receive, sent.append))
        await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(cancelled())

    assert sent == ["cleaned up"]


def test_a_crowd_is_turned_away_for_a_second_and_counted(serve):
    app = serve(Limits(in_flight=2))
    answers = []

    async def held():
        async def receive():
            await asyncio.sleep(60)

        scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON]}
        waiting = [asyncio.create_task(app(scope, receive, answers.append)) for _ in range(2)]
        await asyncio.sleep(0)
        turned_away = await asking(app, "POST", "/winback", BODY, [JSON])
        alive = [await asking(app, "GET", path) for path in ("/livez", "/readyz", "/metrics")]
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return turned_away, [answer.status for answer in alive]

    answer, alive = asyncio.run(held())

    assert (answer.status, answer.headers[b"retry-after"]) == (429, b"1")
    assert alive == [200, 200, 200]
    assert ask(app, "POST", "/winback", CLIENT).status == 200
    assert told(app)["fullcycle_shed_total{}"] == 1


def test_of_those_that_arrive_at_once_only_what_is_too_much_is_turned_away():
    async def arriving(count):
        crowd, seen = Crowd(3), []
        state = {"tasks": set()}

        async def request():
            crowd.enter()
            seen.append(crowd.too_many({"state": state}))
            crowd.leave()

        for _ in range(count):
            state["tasks"].add(asyncio.create_task(request()))
        for task in list(state["tasks"]):
            task.add_done_callback(state["tasks"].discard)
        await asyncio.sleep(0.01)
        assert (crowd.inside, state["tasks"]) == (0, set())
        return seen

    assert asyncio.run(arriving(3)) == [False] * 3
    assert asyncio.run(arriving(5)) == [True, True, False, False, False]


def test_what_was_answered_is_told_by_release_and_class(serve):
    app = serve()
    for n in range(5):
        ask(app, "POST", "/winback", {**CLIENT, "client_id": n})
    ask(app, "POST", "/winback", {"no": "row"})
    ask(app, "GET", "/nothing")

    counts = told(app)

    asked = 'fullcycle_requests_total{route="/winback",release="winback@v3",status='
    assert counts[asked + '"2xx"}'] == 5
    assert counts[asked + '"4xx"}'] == 1
    assert counts['fullcycle_requests_total{route="",release="winback@v3",status="4xx"}'] == 1
    decided = {name: n for name, n in counts.items() if name.startswith("fullcycle_decision_seconds_count")}
    assert sum(decided.values()) == 5
    assert all('release="winback@v3",arm="' in name for name in decided)
    slow = [n for name, n in counts.items() if name.startswith("fullcycle_slow_decisions_total")]
    assert sum(slow) == 5  # all take longer than the microsecond that is allowed here
    assert counts["fullcycle_workers{}"] == 1


def test_a_failing_service_is_counted_by_its_error_and_answered_for_by_the_fallback(serve):
    app = serve(**served_shop.alone("sometimes", "today"))

    answer = ask(app, "POST", "/winback", {**CLIENT, "recency": 12})

    assert (answer.status, answer.json["fallback"]) == (200, True)
    counts = told(app)
    function = 'function="winback.service:sometimes",error="RuntimeError"'
    assert counts[f'fullcycle_failures_total{{release="winback@v3",arm="",{function}}}'] == 1
    assert counts['fullcycle_fallbacks_total{release="winback@v3",arm=""}'] == 1


def numberless(number):
    """A model that gives ``number`` from a recency of 12 on, and a half below it."""
    x = np.full((200, 5), 9.0)
    x[100:, 0] = 12
    settings = {
        "objective": "regression",
        "num_leaves": 2,
        "num_threads": 1,
        "verbose": -1,
        "learning_rate": 1,
    }
    text = lgb.train(settings, lgb.Dataset(x, x[:, 0]), 1).model_to_string()
    return lgb.Booster(model_str=re.sub("leaf_value=.*", f"leaf_value=0.5 {number}", text))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_model_that_gives_no_number_has_failed_whatever_the_service_makes_of_it(serve, number):
    objects = MemoryObjects()
    artifact = Artifacts(objects, served_shop.training_codecs()).keep(numberless(number))
    visit = PinnedModel(artifact=artifact, features="winback.rows:traits", step="visit")
    app = serve(objects=objects, models={"visit": visit}, **served_shop.alone("choose", "today"))

    assert "fallback" not in ask(app, "POST", "/winback", {**CLIENT, "recency": 1}).json
    answer = ask(app, "POST", "/winback", {**CLIENT, "recency": 12})

    assert answer.json["answer"] == {"campaign": "Womens E-Mail"}
    assert answer.json["fallback"] is True
    failed = 'release="winback@v3",arm="",function="model visit",error="NoNumber"'
    assert told(app)[f"fullcycle_failures_total{{{failed}}}"] == 1


def test_an_answer_of_the_service_itself_says_nothing_of_a_fallback(serve):
    assert "fallback" not in ask(serve(), "POST", "/winback", CLIENT).json


def test_a_fault_of_a_page_is_counted_and_says_nothing(serve, capsys):
    async def broken(request):
        raise ZeroDivisionError("sekret")

    app = serve(pages=[Route("GET", "/broken", "read", broken)])

    answer = ask(app, "GET", "/broken")

    assert (answer.status, b"sekret" in answer.body) == (500, False)
    assert told(app)["fullcycle_faults_total{}"] == 1
    assert "ZeroDivisionError: sekret" in capsys.readouterr().out


def test_a_page_reads_its_body_within_the_same_limits(serve):
    async def echo(request):
        return response(200, b'{"bytes":%d,"query":"%b"}' % (len(await request.body()), request.query))

    app = serve(Limits(body_bytes=10), pages=[Route("POST", "/echo", "events", echo)])

    assert ask(app, "POST", "/echo", b"x" * 10, parts=3).json == {"bytes": 10, "query": ""}
    assert ask(app, "POST", "/echo", b"x" * 11, parts=3).status == 413


def test_only_so_many_long_bodies_are_held_at_once_and_each_makes_room_for_the_next(serve):
    app = serve(Limits(body_bytes=200, long_bodies=2))
    long = json.dumps([CLIENT] * 40).encode()  # enough to let others in meanwhile

    async def together(count):
        answers = await asyncio.gather(
            *(asking(app, "POST", "/winback", long, [JSON], parts=parts) for parts in (1, 3, 5, 7)[:count])
        )
        return sorted(answer.status for answer in answers)

    async def asked():
        return [await together(2), await together(4), await together(2)]

    assert asyncio.run(asked()) == [[200, 200], [200, 200, 429, 429], [200, 200]]
    assert told(app)["fullcycle_shed_total{}"] == 2


def test_a_long_body_that_is_refused_makes_room_too(serve):
    app = serve(Limits(body_bytes=200, rows_bytes=400, long_bodies=1))

    for body, status in ((b"[" + b" " * 300 + b"]", 422), (b"[" + b" " * 500, 413), (b"[" * 300, 400)) * 2:
        assert ask(app, "POST", "/winback", body, [JSON], parts=3).status == status
