"""fullcycle.serve.helper: a process that decides for a worker, and may die, print or be refused."""

import asyncio
import json
import os
import signal
import sys

import msgspec
import pytest

import served_shop
from asgi_client import JSON, asking
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.helper import Ask, Gone, Helper
from fullcycle.serve.metrics import Meter
from fullcycle.serve.serving import Serving
from fullcycle.wiring.project import open_project

CLIENT = served_shop.REQUESTS[0]
NOISY = served_shop.SERVICE.replace(
    "    if client.recency == 12:\n        raise RuntimeError",
    '    print("as functions do", flush=True)\n    if client.recency == 12:\n        raise RuntimeError',
)


@pytest.fixture
def project(tmp_path):
    root = served_shop.write_shop(tmp_path, service=NOISY)
    (root / "fullcycle.toml").write_text('[project]\npackage = "shop"\n[environments.prod]\n')
    return open_project(root)


def command(project):
    return [sys.executable, "-m", "fullcycle.wiring", "help", str(project.root), "prod"]


class Served:
    """An app with a helper; to be made and asked inside one loop."""

    def __init__(self, project, service, fallback=None):
        objects = project.objects
        digest = served_shop.release(objects, project.root, **served_shop.alone(service, fallback))
        project.ledger.append_all([])  # the helper reads what is only attached so far
        self.told = []
        self.meter = Meter()
        self.log = project.root / "events"
        stager = Stager(
            objects,
            served_shop.serving_codecs(),
            SegmentWriter(self.log),
            "prod",
            self.told.append,
            root=project.root,
            meter=self.meter,
        )
        self.serving = Serving(stager(Deployed(3, digest)))
        self.helper = Helper(command(project), idle_s=30)
        self.app = App(
            self.serving,
            lambda: None,
            capability="winback",
            replay=False,
            tell=self.told.append,
            edge=Edge(meter=self.meter, helper=self.helper),
        )

    async def post(self, rows, *headers):
        return await asking(self.app, "POST", "/winback", json.dumps(rows).encode(), [JSON, *headers])


def rows(count, **changes):
    return [{**CLIENT, "client_id": n, **changes} for n in range(count)]


def test_what_fails_there_is_counted_and_told_here_and_the_fallback_answers(project):
    async def asked():
        served = Served(project, "sometimes", "today")
        answer = await served.post(rows(299) + rows(1, recency=12))
        metrics = (await asking(served.app, "GET", "/metrics")).body.decode()
        await served.helper.end()
        return served, answer, metrics

    served, answer, metrics = asyncio.run(asked())

    assert [one.get("fallback", False) for one in answer.json] == [False] * 299 + [True]
    failure = 'arm="",function="winback.service:sometimes",error="RuntimeError"} 1'
    assert failure in metrics
    assert 'fallbacks_total{service="winback@prod",release="winback@v3",arm=""} 1' in metrics
    assert any("winback.service:sometimes failed: RuntimeError" in line for line in served.told)
    decisions = list(read_decisions(served.log))
    assert [decision.id for decision in decisions] == [one["decision_id"] for one in answer.json]
    assert decisions[-1].fallback


def test_a_row_that_cannot_be_decided_there_leaves_nothing_decided(project):
    async def asked():
        served = Served(project, "helpless")
        answer = await served.post(rows(299) + rows(1, recency=12), (b"idempotency-key", b"k"))
        again = await served.post(rows(300))
        await served.helper.end()
        return served, answer, again

    served, answer, again = asyncio.run(asked())

    assert answer.status == 500
    assert answer.json["detail"] == "the service could not decide; the request's id is k"
    assert again.status == 200
    assert len(list(read_decisions(served.log))) == 300


def test_a_helper_that_is_killed_is_told_of_and_the_next_request_has_another(project):
    async def asked():
        served = Served(project, "today")
        first = await served.post(rows(300))
        killed = served.helper.pid
        os.kill(killed, signal.SIGSTOP)
        waiting = asyncio.create_task(served.post(rows(301)))
        await asyncio.sleep(0.2)
        os.kill(killed, signal.SIGKILL)
        lost = await waiting
        after = await served.post(rows(302))
        other = served.helper.pid
        await served.helper.end()
        return first, lost, after, killed != other

    first, lost, after, anew = asyncio.run(asked())

    assert (first.status, lost.status, after.status, anew) == (200, 503, 200, True)
    assert lost.headers[b"retry-after"] == b"1"


def test_others_are_answered_while_the_helper_decides(project):
    async def asked():
        served = Served(project, "today")
        await served.post(rows(300))
        os.kill(served.helper.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(served.post(rows(301)))
        await asyncio.sleep(0)
        small = [(await served.post(rows(1))).status, (await served.post(rows(200))).status]
        pending = not waiting.done()
        os.kill(served.helper.pid, signal.SIGCONT)
        large = (await waiting).status
        await served.helper.end()
        return small, pending, large

    assert asyncio.run(asked()) == ([200, 200], True, 200)


def test_a_helper_that_nobody_needs_ends(project):
    async def asked():
        served = Served(project, "today")
        helper = Helper(command(project), idle_s=0.05)
        active = served.serving.active
        await helper.decide(Ask(active.deployed, "r", 1, json_rows(2)))
        while helper.pid is not None:
            await asyncio.sleep(0.01)
        await helper.end()

    asyncio.run(asyncio.wait_for(asked(), 30))


def test_a_helper_that_cannot_be_started_is_gone():
    async def asked():
        helper = Helper(["/nowhere/python"])
        with pytest.raises(Gone):
            await helper.decide(Ask(Deployed(1, "00"), "r", 1, json_rows(1)))
        silent = Helper([sys.executable, "-c", "pass"])
        with pytest.raises(Gone):
            await silent.decide(Ask(Deployed(1, "00"), "r", 1, json_rows(1)))
        await silent.end()

    asyncio.run(asked())


def json_rows(count):
    return msgspec.Raw(json.dumps(rows(count)).encode())
