"""fullcycle.serve.app: what a client is told, for every kind of request."""

import asyncio
import json
from pathlib import Path

import pytest

import served_shop
from asgi_client import HOST, JSON, ask
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions, read_segment, segments
from fullcycle.kernel import Misconfigured, now
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]


class Served:
    """A release behind its app, with the log it writes."""

    def __init__(self, folder: Path, *, replay: bool = False, log: object = None, **changes: object) -> None:
        self.folder = folder / "events"
        self.told: list[str] = []
        objects = MemoryObjects()
        shop = served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop, **changes)
        stager = Stager(
            objects,
            served_shop.serving_codecs(),
            log or SegmentWriter(self.folder),
            "prod",
            self.told.append,
            replay=replay,
            root=shop,
        )
        self.serving = Serving(stager(Deployed(3, digest)))
        self.app = App(self.serving, lambda: None, capability="winback", replay=replay, tell=self.told.append)

    def post(self, body, headers=(), **more):
        return ask(self.app, "POST", "/winback", body, headers, **more)

    def get(self, path):
        return ask(self.app, "GET", path)

    def decisions(self):
        return list(read_decisions(self.folder))

    def logged(self):
        """Every payload, whatever its id."""
        return [payload for path in segments(self.folder) for payload, _ in read_segment(path)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return Served(tmp_path_factory.mktemp("served"))


@pytest.fixture
def serve(tmp_path):
    return lambda **changes: Served(tmp_path, **changes)


def test_a_decision_is_answered_with_its_id_and_its_release(served):
    answer = served.post(CLIENT)

    assert answer.status == 200
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.headers[b"content-length"] == b"%d" % len(answer.body)
    assert set(answer.json) == {"decision_id", "release", "answer"}
    assert answer.json["release"] == "winback@v3"
    assert answer.json["answer"]["campaign"] in ("Mens E-Mail", "Womens E-Mail", "No E-Mail")


def test_what_was_answered_is_in_the_log_with_all_that_decided_it(served):
    before = now()
    answer = served.post({**CLIENT, "note": "called twice"})

    logged = {decision.id: decision for decision in served.decisions()}[answer.json["decision_id"]]
    assert before <= logged.at <= now()
    assert (logged.capability, logged.environment, logged.release) == ("winback", "prod", 3)
    assert logged.request == {**CLIENT, "note": "called twice"}
    assert logged.answer == answer.json["answer"]
    assert (logged.experiment, logged.unit, logged.arm_probability) == ("trial", "7", 0.5)
    assert logged.arm in ("today", "chosen")
    assert (logged.fallback, logged.propensity) == (False, None)


def test_a_decision_is_in_the_log_before_the_first_byte_of_its_answer(serve):
    served = serve()
    seen: list[int] = []

    async def receive():
        return {"type": "http.request", "body": json.dumps(CLIENT).encode()}

    async def send(message):
        seen.append(len(served.decisions()))

    asyncio.run(
        served.app({"type": "http", "method": "POST", "path": "/winback", "headers": [HOST]}, receive, send)
    )

    assert seen == [1, 1]


def test_a_unit_always_gets_its_arm_and_both_arms_are_handed_out(serve):
    served = serve()
    for n in range(200):
        served.post({**CLIENT, "client_id": n % 100})

    arms: dict[str, set[str]] = {}
    for decision in served.decisions():
        arms.setdefault(decision.unit, set()).add(decision.arm)
    assert all(len(of_unit) == 1 for of_unit in arms.values())
    assert {arm for of_unit in arms.values() for arm in of_unit} == {"today", "chosen"}


def test_the_idempotency_key_is_the_decisions_id_and_counts_once(serve):
    served = serve()
    for _ in range(3):
        answer = served.post(CLIENT, [(b"idempotency-key", b"order-17:a/b")])
        assert answer.json["decision_id"] == "order-17:a/b"

    assert [decision.id for decision in served.decisions()] == ["order-17:a/b"]


def keyed(key):
    return [(b"idempotency-key", key)]


def test_a_repeated_request_gets_the_very_same_response_and_is_decided_once(serve):
    served = serve()
    first = served.post(CLIENT, keyed(b"order-17"))

    assert served.post(CLIENT, keyed(b"order-17"), parts=3) == first
    assert served.get("/readyz").json["decisions"] == 1
    assert len(served.logged()) == 1


def test_a_repeated_key_with_another_body_is_refused_and_not_decided(serve):
    served = serve()
    first = served.post(CLIENT, keyed(b"order-17"))

    for other in ({**CLIENT, "recency": 9}, {"no": "row"}):
        refused = served.post(other, keyed(b"order-17"))
        assert refused.status == 422
        assert refused.json["detail"] == "this Idempotency-Key was already used with another body"
    assert served.post(CLIENT, keyed(b"order-17")) == first
    assert len(served.logged()) == 1


def test_requests_without_a_key_are_each_decided(serve):
    served = serve()

    assert len({served.post(CLIENT).json["decision_id"] for _ in range(3)}) == 3
    assert len(served.logged()) == 3


def test_a_key_whose_request_failed_may_be_sent_again(serve):
    served = serve(**served_shop.alone("helpless"))

    assert served.post({**CLIENT, "recency": 12}, keyed(b"k")).status == 500
    assert served.post({"no": "row"}, keyed(b"k")).status == 422
    assert served.post(CLIENT, keyed(b"k")).status == 200
    assert len(served.logged()) == 1


def test_a_draw_is_logged_with_the_probability_of_what_was_picked(serve):
    served = serve(**served_shop.alone("drawn"))
    for n in range(50):
        served.post(CLIENT, [(b"idempotency-key", b"%d" % n)])

    chance = {"Mens E-Mail": 0.25, "Womens E-Mail": 0.75}
    decisions = served.decisions()
    assert {d.answer["campaign"] for d in decisions} == set(chance)
    assert all(d.propensity == chance[d.answer["campaign"]] for d in decisions)
    assert all(d.arm is None and d.experiment is None for d in decisions)


def test_a_list_of_rows_is_a_list_in_the_answer_and_in_the_log(serve):
    served = serve(**served_shop.alone("several"), parameters={"k": 3})

    answer = served.post(CLIENT)

    expected = [{"campaign": name} for name in ("No E-Mail", "Mens E-Mail", "Womens E-Mail")]
    assert answer.json["answer"] == expected
    assert served.decisions()[0].answer == expected


def test_a_family_of_models_is_asked_by_its_keys(serve):
    assert serve(**served_shop.alone("by_zip")).post(CLIENT).status == 200


def test_a_body_in_pieces_is_one_body(served):
    assert served.post(CLIENT, parts=7).status == 200


def test_a_service_that_raises_is_answered_for_by_its_fallback(serve):
    served = serve(**served_shop.alone("sometimes", "today"))

    answer = served.post({**CLIENT, "recency": 12})

    assert answer.json["answer"] == {"campaign": "Womens E-Mail"}
    assert served.decisions()[0].fallback is True
    assert served.get("/readyz").json["fallbacks"] == 1
    assert len(served.told) == 1
    assert "winback.service:sometimes failed: RuntimeError at " in served.told[0]
    assert "/winback/service.py:" in served.told[0]
    assert "12.5" not in served.told[0]


def test_a_failure_is_told_once_however_often_it_happens(serve):
    served = serve(**served_shop.alone("sometimes", "today"))
    for _ in range(5):
        served.post({**CLIENT, "recency": 12})

    assert len(served.told) == 1
    assert served.get("/readyz").json["fallbacks"] == 5


def test_a_service_that_fails_without_a_fallback_tells_nothing_of_its_insides(serve):
    served = serve(**served_shop.alone("helpless"))
    answer = served.post({**CLIENT, "recency": 12, "history": 987.5}, [(b"idempotency-key", b"k1")])

    assert answer.status == 500
    assert answer.json == {
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the service could not decide; the request's id is k1",
    }
    assert not served.folder.exists()


def test_an_answer_that_breaks_its_own_contract_is_a_failure(serve):
    served = serve(**served_shop.alone("helpless", "today"))

    answer = served.post({**CLIENT, "recency": 11})

    assert answer.json["answer"] == {"campaign": "Womens E-Mail"}
    assert served.decisions()[0].fallback is True


class FullDisk:
    def append(self, payload: bytes) -> None:
        raise Misconfigured("nothing can be written there", "the event log", "make room")

    def close(self) -> None: ...


def test_a_decision_that_cannot_be_logged_is_not_answered(serve):
    served = serve(log=FullDisk())

    answer = served.post(CLIENT)

    assert answer.status == 503
    assert answer.headers[b"retry-after"] == b"1"
    assert "could not be recorded" in answer.json["detail"]
    served.post(CLIENT)
    assert served.told == [
        "winback@v3, a decision could not be recorded: nothing can be written there (the event log); "
        "make room (told once; counted in /metrics)"
    ]


def test_a_log_that_fails_by_the_system_alone_is_told_in_its_words(serve):
    class Gone(FullDisk):
        def append(self, payload: bytes) -> None:
            raise OSError(5, "Input/output error")

    served = serve(log=Gone())

    assert served.post(CLIENT).status == 503
    assert "a decision could not be recorded: [Errno 5] Input/output error (told once" in served.told[0]


def test_a_request_whose_decision_was_not_recorded_may_be_sent_again_with_its_key(serve):
    class Full(FullDisk):
        full = True

        def append(self, payload: bytes) -> None:
            if self.full:
                super().append(payload)

    served = serve(log=(log := Full()))
    assert served.post(CLIENT, keyed(b"k")).status == 503

    log.full = False
    assert served.post(CLIENT, keyed(b"k")).status == 200


def test_every_bad_field_is_named_at_once_and_no_value_is_repeated(served):
    answer = served.post(
        {
            "client_id": "sekret-1",
            "recency": 77777,
            "history": -88888.5,
            "zip_code": "sekret-2",
            "nwbie": True,
        }
    )

    assert answer.status == 422
    assert answer.headers[b"content-type"] == b"application/problem+json"
    errors = {error["path"]: error["detail"] for error in answer.json["errors"]}
    assert set(errors) == {"$.client_id", "$.recency", "$.history", "$.zip_code", "$.nwbie", "$.newbie"}
    assert errors["$.nwbie"] == "is unknown; did you mean 'newbie'?"
    assert errors["$.newbie"] == "is missing"
    for value in (b"sekret", b"77777", b"88888"):
        assert value not in answer.body


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"client_id": NaN}', b"[" * 100_000, b'{"a":"\xff"}', b'{"a":"\\ud800"}'],
)
def test_what_is_no_json_is_malformed(served, body):
    answer = served.post(body, [JSON])

    assert answer.status == 400
    assert answer.json == {
        "title": "Bad Request",
        "status": 400,
        "detail": "the body is not well-formed JSON",
    }


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"text"', b"{}"])
def test_json_that_is_no_row_is_unprocessable(served, body):
    answer = served.post(body, [JSON])

    assert answer.status == 422
    assert answer.json["errors"]


@pytest.mark.parametrize(
    "value",
    [b"text/plain", b"application/x-www-form-urlencoded", b"application/json; charset=latin-1", b"", b"\xff"],
)
def test_another_type_of_body_is_refused(served, value):
    answer = served.post(json.dumps(CLIENT).encode(), [(b"content-type", value)])

    assert answer.status == 415
    assert answer.json["detail"] == "send the row as JSON: Content-Type: application/json"


@pytest.mark.parametrize(
    "value", [b"application/json", b"Application/JSON; charset=UTF-8", b"application/json;charset=utf-8"]
)
def test_json_may_be_named_in_its_usual_ways(served, value):
    assert served.post(json.dumps(CLIENT).encode(), [(b"content-type", value)]).status == 200


def test_a_coded_body_is_refused(served):
    answer = served.post(json.dumps(CLIENT).encode(), [JSON, (b"content-encoding", b"gzip")])

    assert answer.status == 415
    assert answer.headers[b"accept-encoding"] == b"identity"


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(served):
    large = json.dumps({**CLIENT, "note": "x" * 300_000}).encode()

    for headers in ([JSON, (b"content-length", b"%d" % len(large))], [JSON]):
        for parts in (1, 50):
            answer = served.post(large, headers, parts=parts)
            assert answer.status == 413
            assert answer.headers[b"connection"] == b"close"


@pytest.mark.parametrize("length", [b"9" * 40, b"-1", b"abc", b"", "\u0661".encode()])
def test_a_length_that_is_none_is_answered(served, length):
    assert served.post(b"{}", [JSON, (b"content-length", length)]).status in (400, 413)


@pytest.mark.parametrize(
    "key", [b"", b"x" * 129, b"a b", b"a\nb", b'"quoted"', "ä".encode(), b"a,b", b"\x00"]
)
def test_an_idempotency_key_of_other_characters_or_length_is_refused(served, key):
    answer = served.post(CLIENT, [(b"idempotency-key", key)])

    assert answer.status == 400
    assert "1 to 128 letters" in answer.json["detail"]


def test_two_idempotency_keys_are_refused(served):
    answer = served.post(CLIENT, [(b"idempotency-key", b"a"), (b"idempotency-key", b"b")])

    assert answer.status == 400
    assert answer.json["detail"] == "the header Idempotency-Key was sent twice"


def test_a_replayed_request_is_dated_where_the_environment_allows_it(serve):
    served = serve(replay=True)
    for n, text in enumerate([b"2026-03-01T09:30:00Z", b"2026-03-01T10:30:00.000000+01:00"]):
        answer = served.post(CLIENT, [(b"replay-at", text), (b"idempotency-key", b"%d" % n)])
        assert answer.status == 200

    assert [decision.at for decision in served.decisions()] == [1772357400000000] * 2


@pytest.mark.parametrize(
    "at",
    [
        b"",
        b"yesterday",
        b"2026-03-01",
        b"2026-03-01T09:30:00",
        b"1969-01-01T00:00:00Z",
        b"9999-01-01T00:00:00Z",
        b"2026-13-01T00:00:00Z",
        b"0001-01-01T00:00:00+23:59",
        b"\xff",
    ],
)
def test_a_replayed_request_without_a_past_time_is_refused(serve, at):
    answer = serve(replay=True).post(CLIENT, [(b"replay-at", at)])

    assert answer.status == 400
    assert "Replay-At" in answer.json["detail"]


def test_a_dated_request_is_refused_where_the_environment_does_not_allow_it(served):
    answer = served.post(CLIENT, [(b"replay-at", b"2026-03-01T09:30:00Z")])

    assert answer.status == 400
    assert "replay = true in fullcycle.toml" in answer.json["detail"]


@pytest.mark.parametrize(
    "path", ["/", "/winback/", "/Winback", "/winback/../livez", "/openapi", "/\ufffd", "//livez"]
)
def test_other_paths_are_not_found_and_not_repeated(served, path):
    answer = served.get(path)

    assert answer.status == 404
    assert answer.json["detail"] == "there is nothing here; decisions are made at POST /winback"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
def test_another_method_is_answered_with_those_allowed(served, method):
    answer = ask(served.app, method, "/winback")

    assert answer.status == 405
    assert answer.headers[b"allow"] == b"POST"


def test_pages_are_read_only_and_head_gives_their_headers(served):
    assert ask(served.app, "POST", "/livez").headers[b"allow"] == b"GET, HEAD"
    for path in ("/livez", "/readyz", "/openapi.json"):
        whole, head = served.get(path), ask(served.app, "HEAD", path)
        assert (whole.status, head.status) == (200, 200)
        assert head.body == b""
        assert head.headers[b"content-length"] == b"%d" % len(whole.body)


def test_a_live_process_says_so(served):
    assert served.get("/livez").json == {"status": "alive"}


def test_readiness_names_the_release_and_its_golden_rows(served):
    ready = served.get("/readyz").json

    assert (ready["status"], ready["release"], ready["golden_rows"]) == ("ready", "winback@v3", 3)


def test_nothing_deployed_is_not_ready_and_decides_nothing(served):
    app = App(Serving(), lambda: None, capability="winback", replay=False, tell=print)

    for method, path in (("GET", "/readyz"), ("POST", "/winback"), ("GET", "/openapi.json")):
        answer = ask(app, method, path)
        assert answer.status == 503
        assert answer.json["detail"] == "not ready: nothing is deployed yet"
    assert ask(app, "GET", "/livez").status == 200


def test_a_fault_of_our_own_is_told_to_the_operator_only(served):
    told: list[str] = []
    broken = App(Serving(object()), lambda: None, capability="winback", replay=False, tell=told.append)

    answer = ask(broken, "POST", "/winback", CLIENT)

    assert answer.status == 500
    assert answer.json["detail"] == "a fault in the server; its log says more"
    assert "AttributeError" in told[0]
