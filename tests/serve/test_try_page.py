"""fullcycle.serve.try_page: what it holds, what it asks, and what it leaves alone."""

import json
import re
from base64 import b64encode
from hashlib import sha256

import pytest

import served_shop
from asgi_client import ask
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.record import MemoryLedger, MemoryObjects
from fullcycle.report.style import CSS
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.guard import Guard
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import make_token, valid_tokens
from fullcycle.serve.try_page import AT_ONCE, Explainer

CLIENT = served_shop.REQUESTS[0]


class Service:
    """A release behind its app, with the log that it would write."""

    def __init__(self, folder, **changes):
        self.folder = folder / "events"
        objects = MemoryObjects()
        shop = served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop, **changes)
        log = SegmentWriter(self.folder)
        stager = Stager(objects, served_shop.serving_codecs(), log, "prod", print, root=shop)
        self.serving = Serving(stager(Deployed(3, digest)))
        self.app = self.guarded(Guard())

    def guarded(self, guard):
        edge = Edge(guard=guard)
        return App(self.serving, lambda: None, capability="winback", replay=False, tell=print, edge=edge)

    def explain(self, body, headers=()):
        return ask(self.app, "POST", "/explain", body, headers)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return Service(tmp_path_factory.mktemp("tried"))


def page(service):
    return ask(service.app, "GET", "/try")


def test_the_page_names_nothing_that_lies_elsewhere(service):
    text = page(service).body.decode()

    assert re.findall(r"https?://[^\s\"'<]+", text) == []
    assert re.findall(r"""(?:src|href|action)\s*=\s*["']([^"'#]*)""", text) == ["data:,", "openapi.json"]
    assert "@import" not in text
    assert "url(" not in text


def test_a_browser_may_run_the_pages_own_script_and_ask_its_own_service_and_no_more(service):
    answer = page(service)
    policy = answer.headers[b"content-security-policy"].decode()
    text = answer.body.decode()
    for name in ("script", "style"):
        (inside,) = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        told = b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{told}'" in policy

    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", text
    )
    assert not re.search(r"""\son\w+\s*=\s*["']|\sstyle\s*=\s*["']""", text)
    assert answer.headers[b"x-content-type-options"] == b"nosniff"


def test_the_page_holds_nothing_of_the_service_that_it_asks(service, tmp_path):
    other = Service(tmp_path, **served_shop.alone("drawn"))

    assert page(service).body == page(other).body
    assert b"winback" not in page(service).body


def test_the_page_has_the_colours_of_every_other_page(service):
    text = page(service).body.decode()

    for name in ("ink", "muted", "line", "soft", "blue", "orange"):
        (colour,) = re.findall(rf"--{name}: (#\w+)", CSS)
        assert re.search(rf"--{name}: (#\w+)", text).group(1) == colour, name


def test_an_explanation_is_what_would_be_answered(service):
    told = service.explain(CLIENT, [(b"idempotency-key", b"order-17")]).json
    answered = ask(service.app, "POST", "/winback", CLIENT).json

    assert told["decision_id"] == "order-17"
    assert told["release"] == answered["release"] == "winback@v3"
    assert told["answer"] == answered["answer"]
    assert told["assigned"]["arm"] in ("today", "chosen")


def test_trying_is_not_logged_and_not_counted(tmp_path):
    service = Service(tmp_path)
    service.explain(CLIENT)
    service.explain({**CLIENT, "client_id": 8}, [(b"idempotency-key", b"order-17")])

    assert list(read_decisions(service.folder)) == []
    assert ask(service.app, "GET", "/readyz").json["decisions"] == 0
    assert b"fullcycle_decisions_total{" not in ask(service.app, "GET", "/metrics").body
    ask(service.app, "POST", "/winback", {**CLIENT, "client_id": 9}, [(b"idempotency-key", b"order-17")])
    assert [one.unit for one in read_decisions(service.folder)] == ["9"]  # its key was not used up


def test_the_same_id_explains_the_same_draw(tmp_path):
    service = Service(tmp_path, **served_shop.alone("drawn"))
    key = [(b"idempotency-key", b"order-17")]
    logged = ask(service.app, "POST", "/winback", CLIENT, key).json
    told = service.explain(CLIENT, key).json
    (pick,) = told["called"][0]["steps"]

    assert told["answer"] == logged["answer"]
    assert pick["step"] == "draw"
    assert pick["options"][pick["chosen"]]["action"] == logged["answer"]["campaign"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({**CLIENT, "recency": 13, "histori": 1}, 422, "the body is not a Client"),
        ([CLIENT], 422, "send one row"),
        (b"{", 400, "not well-formed"),
    ],
)
def test_what_is_no_row_is_refused_as_a_decision_is(service, body, status, said):
    headers = [(b"content-type", b"application/json")] if isinstance(body, bytes) else []
    answer = service.explain(body, headers)

    assert answer.status == status
    assert answer.headers[b"content-type"] == b"application/problem+json"
    assert said in answer.json["detail"]


def test_every_bad_field_is_named(service):
    told = service.explain({**CLIENT, "recency": 13, "histori": 1}).json["errors"]

    assert [error["path"] for error in told] == ["$.histori", "$.recency"]


def test_where_a_token_is_demanded_the_page_is_given_and_what_it_asks_is_not(service):
    ledger = MemoryLedger()
    secrets = {scope: make_token(ledger, scope, [scope], by="ann") for scope in ("read", "decide")}
    app = service.guarded(Guard(loopback=False, tokens=valid_tokens(ledger)))

    def status(method, path, body=b"", scope=None):
        headers = [] if scope is None else [(b"authorization", b"Bearer " + secrets[scope].encode())]
        return ask(app, method, path, body, headers).status

    assert status("GET", "/try") == 200
    assert status("GET", "/openapi.json") == status("POST", "/explain", CLIENT) == 401
    assert status("GET", "/openapi.json", scope="read") == status("POST", "/explain", CLIENT, "read") == 200
    assert status("POST", "/explain", CLIENT, "decide") == status("POST", "/winback", CLIENT, "read") == 403


def test_while_many_are_explained_another_is_asked_to_come_later(service, monkeypatch):
    monkeypatch.setattr(Explainer, "__init__", lambda self: setattr(self, "_busy", AT_ONCE))
    answer = ask(service.guarded(Guard()), "POST", "/explain", CLIENT)

    assert answer.status == 429
    assert answer.headers[b"retry-after"] == b"1"


def test_before_anything_is_deployed_it_says_that_it_is_not_ready():
    app = App(Serving(), lambda: None, capability="winback", replay=False, tell=print)

    assert ask(app, "POST", "/explain", CLIENT).status == 503
    assert ask(app, "GET", "/try").status == 200


def test_nothing_of_where_the_project_lies_leaves_with_an_explanation(tmp_path):
    service = Service(tmp_path, **served_shop.alone("sometimes", "today"))
    answer = service.explain({**CLIENT, "recency": 12})

    assert answer.json["called"][0]["failure"]["line"].startswith("winback/service.py:")
    assert str(tmp_path) not in answer.body.decode()
    assert "12.5" not in json.dumps(answer.json["called"])
