"""fullcycle.serve.posting: what is posted is checked like a request, logged once, and never a path."""

import json
from pathlib import Path

import pytest

import served_shop
from asgi_client import ask
from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.event_columns import RECEIVED
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_segment, segments
from fullcycle.data import contract_digest
from fullcycle.kernel import Invalid, Misconfigured
from fullcycle.record import MemoryLedger, MemoryObjects
from fullcycle.release import PinnedEvents
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.metrics import Meter
from fullcycle.serve.openapi import at_edge
from fullcycle.serve.posting import EventsPage
from fullcycle.serve.reading import HeaderReader
from fullcycle.serve.serving import Serving
from posted_rows import CLICK, Click

ROW = {"decision_id": "d1", "item_id": 7, "at": "2026-03-01T09:30:00Z"}
PINNED = PinnedEvents(reference="winback.rows:Click", contract=contract_digest(Click))


class Posted:
    """A service that takes clicks, and the logs that it writes."""

    def __init__(self, folder: Path, *, pinned: PinnedEvents = PINNED, open_log=None) -> None:
        self.folder = folder / "received"
        self.told: list[str] = []
        objects, shop = MemoryObjects(), served_shop.write_shop(folder)
        rows = shop / "winback" / "rows.py"
        rows.write_text(rows.read_text() + CLICK)
        self.stager = Stager(
            objects,
            served_shop.serving_codecs(),
            SegmentWriter(folder / "events"),
            "prod",
            self.told.append,
            root=shop,
        )
        digest = served_shop.release(objects, shop, events={"clicks": pinned})
        self.serving = Serving(self.stager(Deployed(3, digest)))
        self.worker(open_log)

    def worker(self, open_log=None) -> None:
        """Another process that answers, as it were."""
        meter = Meter()
        self.page = EventsPage(
            self.serving,
            open_log or (lambda name: SegmentWriter(self.folder / name)),
            meter=meter,
            headers=HeaderReader(replay=False, limit=1 << 20),
            tell=self.told.append,
        )
        edge = Edge(meter=meter, pages=[self.page.route])
        self.app = App(
            self.serving,
            lambda: None,
            capability="winback",
            replay=False,
            tell=self.told.append,
            edge=edge,
        )

    def post(self, body, key=None, name="clicks"):
        headers = [(b"idempotency-key", key)] if key else []
        return ask(self.app, "POST", f"/events/{name}", body, headers)

    def logged(self, name="clicks"):
        paths = segments(self.folder / name)
        return [json.loads(payload) for path in paths for payload, _ in read_segment(path)]


@pytest.fixture
def posted(tmp_path):
    found = Posted(tmp_path)
    yield found
    found.page.close()


def test_a_row_is_in_the_log_when_its_id_is_answered(posted):
    answer = posted.post(ROW)
    (logged,) = posted.logged()

    assert answer.status == 200
    assert answer.json == {"event_ids": [logged["id"]]}
    assert logged["row"] == {**ROW, "note": None}
    assert (logged["release"], logged["id"][14]) == (3, "7")


def test_rows_of_an_array_get_ids_in_their_order(posted):
    answer = posted.post([{**ROW, "item_id": n} for n in range(256)])
    logged = posted.logged()

    assert answer.json["event_ids"] == [one["id"] for one in logged]
    assert [one["row"]["item_id"] for one in logged] == list(range(256))


def test_a_key_is_the_id_of_one_row_and_with_an_index_that_of_each_of_many(posted):
    assert posted.post(ROW, b"order-17").json == {"event_ids": ["order-17"]}
    assert posted.post([ROW, ROW], b"order-18").json == {"event_ids": ["order-18/0", "order-18/1"]}


def test_a_request_that_is_sent_again_counts_once_here_and_on_another_worker(posted, tmp_path):
    first = posted.post([ROW, ROW], b"order-17")
    assert posted.post([ROW, ROW], b"order-17") == first
    assert len(posted.logged()) == 2
    posted.page.close()
    posted.worker()
    assert posted.post([ROW, ROW], b"order-17") == first
    log = EventLog(MemoryLedger(), posted.folder / "clicks", "events/winback/prod/clicks", RECEIVED)
    compact(log)
    posted.post([ROW, ROW], b"order-17")
    posted.post(ROW, b"order-18")
    compact(log)

    assert log.frame()["event_id"].to_list() == ["order-17/0", "order-17/1", "order-18"]


def test_a_key_that_comes_with_another_body_is_refused(posted):
    posted.post(ROW, b"order-17")

    assert posted.post({**ROW, "item_id": 8}, b"order-17").status == 422
    assert len(posted.logged()) == 1


def test_every_bad_field_of_every_row_is_named_and_then_none_is_logged(posted):
    answer = posted.post([ROW, {"item_id": "x", "more": 1}])

    assert answer.status == 422
    assert {error["path"] for error in answer.json["errors"]} == {
        "$[1].more",
        "$[1].decision_id",
        "$[1].at",
        "$[1].item_id",
    }
    assert posted.logged() == []


def test_what_no_table_can_hold_is_refused_though_it_is_json(posted):
    answers = [
        posted.post([ROW, {**ROW, "item_id": 2**63}]),
        posted.post([ROW, {**ROW, "item_id": -(2**63), "note": "a\0b"}]),
    ]

    assert [answer.status for answer in answers] == [422, 422]
    assert [answer.json["errors"] for answer in answers] == [
        [{"path": "$[1].item_id", "detail": "expected a number of 64 bits"}],
        [{"path": "$[1].note", "detail": "expected text without the character U+0000"}],
    ]
    assert posted.post({**ROW, "item_id": -(2**63)}).status == 200


@pytest.mark.parametrize("name", ["views", "..", "clicks%00", "Clicks", ".clicks", "clicks.segment"])
def test_a_name_that_the_release_does_not_have_is_not_there(posted, name):
    answer = posted.post(ROW, name=name)

    assert answer.status == 404
    assert answer.json["detail"] == "there are no events of that name; this service takes /events/clicks"
    assert not posted.folder.exists()


def test_a_service_without_events_says_that_it_takes_none(tmp_path):
    posted = Posted(tmp_path)
    posted.serving.active = posted.stager(
        Deployed(4, served_shop.release(posted.stager.objects, tmp_path / "shop"))
    )

    assert posted.post(ROW).json["detail"] == "there are no events of that name; this service takes none"


def test_nothing_is_taken_before_a_release_answers(posted):
    posted.serving.active = None

    assert posted.post(ROW).status == 503


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b"[1]", 422), (b"", 400), (b"[" + b"{}," * 256 + b"{}]", 413)],
)
def test_what_is_no_row_is_refused(posted, body, status):
    assert ask(posted.app, "POST", "/events/clicks", body).status == status
    assert posted.logged() == []


def test_what_the_log_does_not_take_is_not_taken_and_told_once(tmp_path):
    class Full:
        def append_all(self, payloads):
            raise Misconfigured("nothing can be written there", "the event log", "make room")

        def close(self): ...

    posted = Posted(tmp_path, open_log=lambda name: Full())
    for _ in range(2):
        answer = posted.post(ROW, b"order-17")
        assert (answer.status, answer.headers[b"retry-after"]) == (503, b"1")

    assert len(posted.told) == 1
    assert "events clicks could not be logged: nothing can be written there" in posted.told[0]


def test_what_was_received_is_counted(posted):
    posted.post([ROW, ROW])
    page = ask(posted.app, "GET", "/metrics").body.decode()

    assert 'fullcycle_events_total{service="winback@prod",event="clicks"} 2' in page
    assert 'route="/events/{name}"' in page


def test_a_contract_that_is_not_the_released_one_is_not_loaded(tmp_path):
    with pytest.raises(Invalid, match="is not the contract that was released"):
        Posted(tmp_path, pinned=PinnedEvents(reference="winback.rows:Client", contract=PINNED.contract))


def test_the_document_tells_what_is_taken_and_for_whom(posted):
    document = ask(posted.app, "GET", "/openapi.json").json
    taken = document["paths"]["/events/clicks"]["post"]
    one, many = taken["requestBody"]["content"]["application/json"]["schema"]["oneOf"]

    assert (one, many["items"], many["maxItems"]) == ({"$ref": "#/components/schemas/Click"}, one, 256)
    assert set(document["components"]["schemas"]["Click"]["required"]) == {"decision_id", "item_id", "at"}
    told = json.loads(at_edge(posted.serving.active.openapi, rows=5, tokens=True))
    assert told["paths"]["/events/clicks"]["post"]["security"] == [{"token": ["events"]}]
