"""Hostile input: whatever is sent, the answer is a decision or a problem, never a fault."""

import asyncio
import json
import random

import pytest

import served_shop
from asgi_client import HOST, JSON, asking
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.serving import Serving
from hosted import ask, hosting
from hostile import METHODS, PATHS, attack, body, headers, shop


class Nowhere:
    def append(self, payload: bytes) -> None:
        json.loads(payload)

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    digest = served_shop.release(objects, shop)
    stager = Stager(objects, served_shop.serving_codecs(), Nowhere(), "prod", print, replay=True, root=shop)
    return App(
        Serving(stager(Deployed(1, digest))), lambda: None, capability="winback", replay=True, tell=print
    )


def test_four_thousand_hostile_requests_meet_no_fault(app):
    rng = random.Random(20260301)

    async def attack() -> dict[int, int]:
        seen: dict[int, int] = {}
        for _ in range(4_000):
            parts = rng.choice([1, 1, 1, 5])
            answer = await asking(
                app, rng.choice(METHODS), rng.choice(PATHS), body(rng), headers(rng), parts=parts
            )
            seen[answer.status] = seen.get(answer.status, 0) + 1
            if answer.status != 200 and answer.body:
                told = json.loads(answer.body)
                assert told["status"] == answer.status
                assert answer.headers[b"content-type"] == b"application/problem+json"
        return seen

    seen = asyncio.run(attack())

    assert set(seen) <= {200, 400, 403, 404, 405, 413, 415, 422}
    assert all(seen.get(status, 0) > 20 for status in (200, 400, 403, 404, 405, 415, 422))


def attacked(folder, count):
    """What so many hostile requests over real sockets met; the service answers as before."""
    with hosting(shop(folder)) as service:
        good = ask(service.port)["answer"]
        found = attack(service, count)
        assert ask(service.port)["answer"] == good
        assert service.end() == 0
    assert found.faults == []
    assert found.hung == []
    assert set(found.statuses) <= {200, 400, 403, 404, 405, 408, 413, 415, 422, 431}
    return found


def test_hostile_bytes_on_real_sockets_meet_no_fault_and_keep_nobody_waiting(tmp_path):
    found = attacked(tmp_path, 2_000)

    assert {200, 400, 403, 404, 405, 413, 415, 422} <= set(found.statuses)


@pytest.mark.slow
def test_hostile_bytes_leave_nothing_in_memory(tmp_path):
    assert attacked(tmp_path, 20_000).growth < 1.1


def test_a_client_that_goes_away_gets_no_answer_and_leaves_no_decision(app):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST, JSON]}
    asyncio.run(app(scope, receive, send))

    assert sent == []
