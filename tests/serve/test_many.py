"""Requests of many rows: each its own decision, all of them answered or none."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import served_shop
from asgi_client import HOST, JSON, ask, asking
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.kernel import Misconfigured
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.limits import Limits
from fullcycle.serve.many import ROW_BY_ROW
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]
ROWS = served_shop.REQUESTS


class Log:
    """Keeps what it is given, and in how many writes."""

    def __init__(self):
        self.writes = []
        self.full = False

    def append(self, payload):
        self.append_all([payload])

    def append_all(self, payloads):
        if self.full:
            raise Misconfigured("nothing can be written there", "the event log", "make room")
        self.writes.append([json.loads(payload) for payload in payloads])

    def close(self): ...


class Served:
    def __init__(self, folder, log=None, limits=None, **changes):
        objects = MemoryObjects()
        shop = served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop, **changes)
        self.log = log or Log()
        stager = Stager(objects, served_shop.serving_codecs(), self.log, "prod", print, root=shop)
        self.app = App(
            Serving(stager(Deployed(3, digest))),
            lambda: None,
            capability="winback",
            replay=False,
            tell=print,
            edge=Edge(limits=limits or Limits(), meter=stager.meter),
        )

    def post(self, rows, *headers, **more):
        return ask(self.app, "POST", "/winback", rows, headers, **more)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return Served(tmp_path_factory.mktemp("served"))


@pytest.fixture
def serve(tmp_path):
    return lambda **changes: Served(tmp_path, **changes)


def test_each_row_is_answered_in_its_place_and_logged_with_the_others_in_one_write(serve):
    served = serve()

    answer = served.post(ROWS)

    assert answer.status == 200
    assert len(answer.json) == 3
    (write,) = served.log.writes
    assert [decision["request"] for decision in write] == [{**row, "note": None} for row in ROWS]
    assert [decision["id"] for decision in write] == [told["decision_id"] for told in answer.json]
    assert [decision["answer"] for decision in write] == [told["answer"] for told in answer.json]
    assert len({decision["id"] for decision in write}) == 3


def test_the_rows_of_a_keyed_request_are_known_by_the_key_and_their_index(serve):
    served = serve()
    key = (b"idempotency-key", b"order-17")

    first = served.post(ROWS, key)

    assert [told["decision_id"] for told in first.json] == ["order-17/0", "order-17/1", "order-17/2"]
    assert served.post(ROWS, key) == first
    assert served.post(ROWS[:2], key).status == 422
    assert len(served.log.writes) == 1


def test_a_row_is_decided_as_it_would_be_alone(served):
    key = (b"idempotency-key", b"k")
    together = served.post(ROWS, key).json

    for n, row in enumerate(ROWS):
        alone = ask(served.app, "POST", "/winback", row, [(b"idempotency-key", b"k/%d" % n)])
        assert alone.json == together[n]


def test_one_row_in_an_array_is_answered_by_an_array(served):
    assert [told["release"] for told in served.post([CLIENT]).json] == ["winback@v3"]


def test_one_bad_row_is_named_by_its_path_and_nothing_is_decided(serve):
    served = serve()
    rows = [CLIENT, CLIENT, {"nwbie": 1}, {**CLIENT, "recency": 77777, "history": "sekret"}]

    answer = served.post(rows)

    assert answer.status == 422
    assert answer.json["detail"] == "the body is not an array of Client"
    errors = {error["path"]: error["detail"] for error in answer.json["errors"]}
    assert {"$[3].recency", "$[3].history", "$[2].nwbie", "$[2].newbie"} <= set(errors)
    assert not any(path.startswith(("$[0]", "$[1]")) for path in errors)
    assert b"sekret" not in answer.body
    assert b"77777" not in answer.body
    assert served.log.writes == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 422),
        (b" [ ] ", 422),
        (b"[1]", 422),
        (b"[null, {}]", 422),
        (b"[[]]", 422),
        (b"[{}", 400),
        (b"[{},]", 400),
        (b'[{"a":"\\ud800"}]', 400),
        (b"[" * 100_000, 400),
        (b"[NaN]", 400),
    ],
)
def test_what_is_no_array_of_rows_is_refused(served, body, status):
    assert served.post(body, JSON).status == status


def test_more_rows_than_are_decided_one_by_one_are_sent_to_the_command_that_scores_tables(served):
    assert served.post([CLIENT] * ROW_BY_ROW).status == 200

    answer = served.post([CLIENT] * (ROW_BY_ROW + 1))

    assert answer.status == 413
    assert (
        answer.json["detail"]
        == "the body holds more than 256 rows: score a table instead, with fullcycle score"
    )


def test_the_configuration_may_allow_fewer_rows_and_other_lengths(serve):
    served = serve(limits=Limits(rows=2, body_bytes=200, rows_bytes=400))

    assert served.post(ROWS[:2]).status == 200
    assert "more than 2 rows" in served.post(ROWS).json["detail"]
    for parts in (1, 7):
        one = ask(served.app, "POST", "/winback", {**CLIENT, "note": "x" * 200}, parts=parts)
        many = ask(served.app, "POST", "/winback", [{**CLIENT, "note": "x" * 400}], parts=parts)
        assert (one.status, one.json["detail"]) == (413, "the body is larger than 200 bytes")
        assert (many.status, many.json["detail"]) == (413, "the body is larger than 400 bytes")


def test_a_row_that_cannot_be_decided_takes_the_whole_request_with_it(serve):
    served = serve(**served_shop.alone("helpless"))
    key = (b"idempotency-key", b"k")

    answer = served.post([CLIENT, {**CLIENT, "recency": 12}], key)

    assert answer.status == 500
    assert answer.json["detail"] == "the service could not decide; the request's id is k"
    assert served.log.writes == []
    assert served.post([CLIENT], key).status == 200


def test_a_row_that_the_fallback_answers_says_so_and_the_others_do_not(serve):
    served = serve(**served_shop.alone("sometimes", "today"))

    answer = served.post([CLIENT, {**CLIENT, "recency": 12}])

    assert ["fallback" in told for told in answer.json] == [False, True]
    assert [decision.get("fallback", False) for decision in served.log.writes[0]] == [False, True]


def test_what_cannot_be_logged_is_not_answered(serve):
    served = serve()
    served.log.full = True

    assert served.post(ROWS).status == 503


def test_others_are_answered_while_many_rows_are_decided(served):
    order = []

    async def asked(rows):
        answer = await asking(served.app, "POST", "/winback", json.dumps(rows).encode(), [JSON])
        order.append(len(answer.json))

    async def both():
        await asyncio.gather(asked([CLIENT] * 200), asked([CLIENT]))

    asyncio.run(both())

    assert order == [1, 200]


def test_a_key_that_is_being_answered_is_refused_until_it_was(served):
    statuses = []

    async def asked():
        headers = [JSON, HOST, (b"idempotency-key", b"twice")]
        answer = await asking(served.app, "POST", "/winback", json.dumps([CLIENT] * 100).encode(), headers)
        statuses.append(answer.status)

    async def both():
        await asyncio.gather(asked(), asked())
        await asked()

    asyncio.run(both())

    assert statuses == [409, 200, 200]


def test_a_real_log_holds_each_row_of_a_request(tmp_path):
    writer = SegmentWriter(tmp_path / "events")
    served = Served(tmp_path, log=writer)

    ids = [told["decision_id"] for told in served.post([CLIENT] * 50).json]
    writer.close()

    assert [decision.id for decision in read_decisions(tmp_path / "events")] == ids


rows = st.fixed_dictionaries(
    {
        "client_id": st.integers(-(2**63), 2**63 - 1),
        "recency": st.integers(-2, 15),
        "history": st.floats(-1, 1e6) | st.none(),
        "zip_code": st.sampled_from(["Urban", "Rural", "Moon"]),
        "newbie": st.booleans(),
    },
    optional={"note": st.text(max_size=5), "extra": st.none()},
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.integers(1, 4))
def test_many_rows_are_refused_for_what_each_would_be_refused_for_alone(served, sent, parts):
    alone = [ask(served.app, "POST", "/winback", row) for row in sent]
    together = served.post(sent, parts=parts)

    bad = [
        (f"$[{n}]{error['path'][1:]}", error["detail"])
        for n, answer in enumerate(alone)
        if answer.status == 422
        for error in answer.json["errors"]
    ]
    assert together.status == (422 if bad else 200)
    if bad:
        assert [(error["path"], error["detail"]) for error in together.json["errors"]] == bad
    else:
        assert len(together.json) == len(sent)
