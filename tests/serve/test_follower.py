"""fullcycle.serve.follower: what is decided in the ledger answers here, and nothing else does."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

import served_shop
from asgi_client import HOST, ask, asking
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryLedger, MemoryObjects
from fullcycle.release import keep_manifest
from fullcycle.serve import App, Follower, LedgerDeployments, Stager, service_app
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]
ALWAYS = """
import fullcycle as fc
from shop.winback.rows import Campaign, Client

class Offer(fc.Row):
    campaign: Campaign

@fc.service
def choose(client: Client) -> Offer:
    return Offer("{campaign}")
"""


class Ledger(MemoryLedger):
    """A ledger that can go out of reach."""

    away = False

    def heads(self, prefix=""):
        if self.away:
            raise Misconfigured("no answer within 30 s", "the ledger", "see that it runs")
        return super().heads(prefix)


class Host:
    """A worker that follows a ledger, with three releases to deploy: each always answers the same."""

    def __init__(self, folder):
        self.ledger, self.objects, self.told = Ledger(), MemoryObjects(), []
        self.folder = folder / "events"
        self.serving = Serving()
        self.manifests = [self._manifest(folder / str(n), name) for n, name in enumerate(self.campaigns)]
        for manifest in self.manifests:
            self.release(manifest)
        self.log = SegmentWriter(self.folder)
        stager = Stager(self.objects, served_shop.serving_codecs(), self.log, "prod", self.told.append)
        deployments = LedgerDeployments(self.ledger, "winback", "prod")
        self.follower = Follower(deployments, stager, self.serving, tell=self.told.append, every=0.0)
        self.app = App(self.serving, lambda: None, capability="winback", replay=False, tell=self.told.append)

    campaigns = ("Mens E-Mail", "Womens E-Mail", "No E-Mail")

    def _manifest(self, folder, campaign):
        shop = served_shop.write_shop(folder, service=ALWAYS.replace("{campaign}", campaign))
        return served_shop.manifest(self.objects, shop, **served_shop.alone("choose"))

    def release(self, manifest):
        return served_shop.made(self.ledger, keep_manifest(self.objects, manifest))

    def deploy(self, number, environment="prod"):
        served_shop.deployed(self.ledger, number, environment=environment)

    def look(self):
        asyncio.run(self.follower.look())

    def answer(self):
        return ask(self.app, "POST", "/winback", CLIENT).json

    def ready(self):
        return ask(self.app, "GET", "/readyz").json


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    made.log.close()


def test_what_is_deployed_answers(host):
    host.deploy(2)
    host.look()

    assert host.answer()["release"] == "winback@v2"
    assert host.answer()["answer"] == {"campaign": "Womens E-Mail"}
    assert host.told == ["winback@v2 answers; 3 golden rows reproduced"]


def test_every_deployment_is_followed_back_and_forth(host):
    answers = []
    for number in (1, 2, 3, 1, 1, 2):
        host.deploy(number)
        host.look()
        answers.append(host.answer()["answer"]["campaign"])

    assert answers == [host.campaigns[n - 1] for n in (1, 2, 3, 1, 1, 2)]
    assert [d.release for d in read_decisions(host.folder)] == [1, 2, 3, 1, 1, 2]


def test_going_back_needs_no_staging(host):
    host.deploy(1)
    host.look()
    first = host.serving.active
    host.deploy(2)
    host.look()
    second = host.serving.active
    host.deploy(1)
    host.look()

    assert host.serving.active is first
    assert host.serving.previous is second
    host.deploy(1)
    host.look()
    assert (host.serving.active, host.serving.previous) == (first, second)


def test_another_environment_is_none_of_its_business(host):
    host.deploy(1)
    host.deploy(2, environment="prod2")
    host.look()

    assert host.answer()["release"] == "winback@v1"


def test_before_the_first_deployment_nothing_answers(host):
    host.look()

    assert host.ready()["detail"] == "not ready: nothing is deployed yet"


def test_looking_again_stages_nothing_again(host):
    host.deploy(1)
    host.look()
    active = host.serving.active
    host.look()

    assert host.serving.active is active
    assert len(host.told) == 1


def broken(host):
    """A release whose golden rows were answered otherwise than it answers."""
    first, second = host.manifests[0], host.manifests[1]
    return host.release(msgspec.structs.replace(first, golden=second.golden))


def test_a_release_that_fails_its_golden_rows_is_not_activated_and_says_so(host):
    number = broken(host)
    host.deploy(2)
    host.look()
    host.deploy(number)
    host.look()

    assert host.answer()["release"] == "winback@v2"
    ready = host.ready()
    assert ready["status"] == "ready"
    assert "deployment 2 was not activated" in ready["refused"]
    assert "does not reproduce golden row golden-1" in ready["refused"]
    assert host.told[-1].endswith("winback@v2 goes on answering")


def test_a_first_release_that_fails_its_golden_rows_leaves_the_worker_not_ready(host):
    host.deploy(broken(host))
    host.look()

    assert "does not reproduce golden row golden-1" in host.ready()["detail"]
    assert host.answer()["status"] == 503


def test_the_next_good_deployment_ends_a_refusal(host):
    host.deploy(broken(host))
    host.look()
    host.deploy(3)
    host.look()

    assert host.answer()["release"] == "winback@v3"
    assert "refused" not in host.ready()


def test_a_release_that_cannot_be_imported_is_not_activated(host, tmp_path):
    host.deploy(1)
    host.look()
    shop = served_shop.write_shop(tmp_path / "bad", service="raise ImportError('no such library')")
    archive = served_shop.read_archive(shop, "shop").to_bytes()
    bad = msgspec.structs.replace(host.manifests[0], archive=host.objects.put(archive))
    host.deploy(host.release(bad))
    host.look()

    assert host.answer()["release"] == "winback@v1"
    assert "no such library" in host.ready()["refused"]


def test_what_could_not_be_staged_is_tried_again(host):
    golden = host.objects._objects.pop(host.manifests[0].golden)
    host.deploy(1)
    host.look()
    assert "there is no object" in host.ready()["detail"]

    host.objects.put(golden)
    asyncio.run(asyncio.sleep(0.01))
    host.look()

    assert host.answer()["release"] == "winback@v1"


def test_a_ledger_out_of_reach_changes_nothing_and_is_told_once(host):
    host.deploy(1)
    host.look()
    host.deploy(2)
    host.ledger.away = True
    host.look()
    host.look()

    assert host.answer()["release"] == "winback@v1"
    assert host.ready()["unreachable"] == "the ledger cannot be asked (no answer within 30 s)"
    host.ledger.away = False
    host.look()
    assert host.answer()["release"] == "winback@v2"
    assert "unreachable" not in host.ready()
    assert [line for line in host.told if "ledger" in line] == [
        "the ledger cannot be asked (no answer within 30 s); what answers stays",
        "the ledger can be asked again",
    ]


def test_a_repeated_key_is_answered_as_before_across_a_deployment(host):
    def keyed(body):
        return ask(host.app, "POST", "/winback", body, [(b"idempotency-key", b"order-17")])

    host.deploy(1)
    host.look()
    first = keyed(CLIENT)
    host.deploy(2)
    host.look()

    assert keyed(CLIENT) == first
    assert first.json["release"] == "winback@v1"
    assert keyed({**CLIENT, "recency": 9}).status == 422
    assert host.answer()["release"] == "winback@v2"
    assert [d.release for d in read_decisions(host.folder)] == [1, 2]


def test_a_request_ends_on_the_release_that_it_began_with(host):
    host.deploy(1)
    host.look()
    half = asyncio.Event()
    swapped = asyncio.Event()

    async def slow_request():
        messages = iter(
            [
                (b'{"client_id": 7, "recency": 3, "history": 12.5,', True),
                (b'"zip_code": "Urban", "newbie": true}', False),
            ]
        )

        async def receive():
            body, more = next(messages)
            if not more:
                half.set()
                await swapped.wait()
            return {"type": "http.request", "body": body, "more_body": more}

        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/winback", "headers": [HOST]}
        await host.app(scope, receive, send)
        return msgspec.json.decode(sent[1]["body"])["release"]

    async def swap_meanwhile():
        slow = asyncio.create_task(slow_request())
        await half.wait()
        host.deploy(2)
        await host.follower.look()
        quick = await asking(host.app, "POST", "/winback", msgspec.json.encode(CLIENT))
        swapped.set()
        return await slow, quick.json["release"]

    assert asyncio.run(swap_meanwhile()) == ("winback@v1", "winback@v2")


def test_two_releases_of_other_code_answer_side_by_side(host):
    host.deploy(1)
    host.look()
    host.deploy(3)
    host.look()

    now, before = host.serving.active, host.serving.previous
    assert before is not None
    assert (now.ref, before.ref) == ("winback@v3", "winback@v1")
    for active, campaign in ((now, "No E-Mail"), (before, "Mens E-Mail"), (now, "No E-Mail")):
        decided = active.decider.decide(active.decider.release.row(**CLIENT), "x", 0)
        assert msgspec.json.decode(decided)["answer"] == {"campaign": campaign}


def test_an_app_lives_through_its_servers_start_and_end(host, tmp_path):
    host.deploy(1)
    stager = Stager(
        host.objects,
        served_shop.serving_codecs(),
        SegmentWriter(tmp_path / "lived"),
        "prod",
        host.told.append,
    )
    app = service_app(stager, LedgerDeployments(host.ledger, "winback", "prod"), capability="winback")

    @asynccontextmanager
    async def living():
        inbox, outbox = asyncio.Queue(), asyncio.Queue()
        task = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
        await inbox.put({"type": "lifespan.startup"})
        assert await outbox.get() == {"type": "lifespan.startup.complete"}
        yield
        await inbox.put({"type": "lifespan.shutdown"})
        assert await outbox.get() == {"type": "lifespan.shutdown.complete"}
        await task

    async def live():
        async with living():
            first = await asking(app, "POST", "/winback", msgspec.json.encode(CLIENT))
            host.deploy(2)
            for _ in range(200):
                await asyncio.sleep(0.02)
                last = await asking(app, "POST", "/winback", msgspec.json.encode(CLIENT))
                if last.json["release"] == "winback@v2":
                    break
            return first.json["release"], last.json["release"]

    assert asyncio.run(live()) == ("winback@v1", "winback@v2")
