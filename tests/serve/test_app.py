"""fullcycle.serve.app: what a client is told, for every kind of request."""

import asyncio
import json

import served_shop
from asgi_client import HOST, ask
from fullcycle.kernel import Misconfigured, now
from fullcycle.serve import App
from fullcycle.serve.serving import Serving
from served_app import CLIENT


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


def test_a_replayed_request_is_dated_where_the_environment_allows_it(serve):
    served = serve(replay=True)
    for n, text in enumerate([b"2026-03-01T09:30:00Z", b"2026-03-01T10:30:00.000000+01:00"]):
        answer = served.post(CLIENT, [(b"replay-at", text), (b"idempotency-key", b"%d" % n)])
        assert answer.status == 200

    assert [decision.at for decision in served.decisions()] == [1772357400000000] * 2


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
