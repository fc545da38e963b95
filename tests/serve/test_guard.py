"""fullcycle.serve.guard: who is let in, by name, by page and by token; deny is the default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_client import JSON, ask
from fullcycle.record import MemoryLedger
from fullcycle.serve import App, Edge
from fullcycle.serve.guard import Guard
from fullcycle.serve.problem import response
from fullcycle.serve.reading import Rejected
from fullcycle.serve.routes import SCOPES, Route
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import Tokens, make_token, valid_tokens


def refused(guard, *headers, scope="read"):
    """The status a request is refused with; None where it is admitted."""
    try:
        guard.admit(scope, list(headers))
    except Rejected as rejected:
        return rejected.response.status
    return None


def host(value):
    return (b"host", value)


def origin(value):
    return (b"origin", value)


def bearer(token):
    return (b"authorization", b"Bearer " + token.encode())


@pytest.mark.parametrize(
    "name",
    [b"localhost", b"LocalHost:8765", b"127.0.0.1", b"127.0.0.1:1", b"127.1.2.3:80", b"[::1]", b"[::1]:9"],
)
def test_on_loopback_a_loopback_name_needs_no_token(name):
    assert refused(Guard(), host(name)) is None


@pytest.mark.parametrize(
    "name",
    [
        b"evil.example",
        b"127.0.0.1.evil.example",
        b"localhost.evil.example:8765",
        b"10.0.0.5",
        b"0.0.0.0",
        b"[::2]",
        b"",
        b":80",
        b"localhost:80:80",
        b"user@localhost",
        b"\xff",
        b"127.1",
        b"2130706433",
    ],
)
def test_on_loopback_any_other_name_is_refused_though_it_leads_here(name):
    assert refused(Guard(), host(name)) == 403
    assert refused(Guard(), host(name), scope="open") == 403
    assert refused(Guard(), host(name), scope=None) == 403


def test_a_request_without_a_host_or_with_two_is_refused():
    assert refused(Guard()) == 400
    assert refused(Guard(), host(b"localhost"), host(b"evil.example")) == 400


def test_further_names_come_from_the_configuration():
    guard = Guard(hosts=["Winback.shop.example"])

    assert refused(guard, host(b"winback.SHOP.example:443")) is None
    assert refused(guard, host(b"winback.shop.example.")) is None
    assert refused(guard, host(b"shop.example")) == 403


def test_pages_of_the_service_itself_may_ask_and_no_others():
    guard = Guard(origins=["https://crm.example"])
    here = host(b"127.0.0.1:8765")

    assert refused(guard, here, origin(b"http://127.0.0.1:8765")) is None
    assert refused(guard, here, origin(b"https://CRM.example")) is None
    for other in (
        b"null",
        b"",
        b"http://127.0.0.1:8766",
        b"http://localhost:8765",
        b"https://evil.example",
        b"https://crm.example.evil.example",
        b"file://127.0.0.1:8765",
        b"127.0.0.1:8765",
    ):
        assert refused(guard, here, origin(other)) == 403
    assert refused(guard, here, origin(b"http://127.0.0.1:8765"), origin(b"null")) == 400


@pytest.fixture
def ledger():
    return MemoryLedger()


def test_beyond_loopback_everything_but_what_is_open_demands_a_token(ledger):
    token = make_token(ledger, "crm", ["decide"], by="ann")
    guard = Guard(loopback=False, tokens=valid_tokens(ledger))
    here = host(b"10.0.0.5:8765")

    assert refused(guard, here, scope="open") is None
    assert refused(guard, here, bearer(token), scope="decide") is None
    assert refused(guard, here, (b"authorization", b"bearer  " + token.encode()), scope="decide") is None
    for scope in (*(each for each in SCOPES if each != "open"), None):
        assert refused(guard, here, scope=scope) == 401
        assert refused(guard, here, bearer("fc_guess"), scope=scope) == 401
    assert refused(guard, here, bearer(token), scope="operate") == 403
    assert refused(guard, here, bearer(token), scope=None) is None  # it may learn that nothing is there
    assert refused(guard, here, bearer(token), bearer(token), scope="decide") == 400
    for other in (b"", b"Basic abc", token.encode(), b"Bearer", b"Bearer\t" + token.encode()):
        assert refused(guard, here, (b"authorization", other), scope="decide") == 401


def test_beyond_loopback_nothing_is_let_in_where_no_token_was_ever_made():
    assert refused(Guard(loopback=False), host(b"10.0.0.5"), scope="decide") == 401
    assert refused(Guard(loopback=False), host(b"evil.example"), scope="open") == 403


def test_a_refusal_says_what_to_send_and_which_scope_is_lacking(ledger):
    token = make_token(ledger, "crm", ["decide"], by="ann")
    guard = Guard(loopback=False, tokens=valid_tokens(ledger))
    challenges = []
    for headers in ([], [bearer("fc_x")], [bearer(token)]):
        with pytest.raises(Rejected) as caught:
            guard.admit("operate", [host(b"10.0.0.5"), *headers])
        challenges.append(dict(caught.value.response.headers)[b"www-authenticate"])

    assert challenges == [
        b"Bearer",
        b'Bearer error="invalid_token"',
        b'Bearer error="insufficient_scope", scope="operate"',
    ]


def test_tokens_may_be_demanded_on_loopback_too_and_change_while_it_serves(ledger):
    guard = Guard(tokens=Tokens())
    token = make_token(ledger, "crm", ["decide"], by="ann")
    assert refused(guard, host(b"localhost"), bearer(token), scope="decide") == 401

    guard.tokens = valid_tokens(ledger)

    assert refused(guard, host(b"localhost"), bearer(token), scope="decide") is None


@given(
    st.lists(
        st.tuples(st.sampled_from([b"host", b"origin", b"authorization", b"x"]), st.binary()), max_size=4
    )
)
def test_whatever_is_sent_is_admitted_or_refused_with_a_status(headers):
    for guard in (Guard(), Guard(loopback=False)):
        assert refused(guard, *headers) in (None, 400, 401, 403)


async def page(request):
    return response(200, b"{}")


def test_each_route_is_behind_the_guard():
    pages = [Route("GET", "/page", "read", page), Route("POST", "/pages/{name}", "events", page)]
    app = App(
        Serving(),
        lambda: None,
        capability="winback",
        replay=False,
        tell=print,
        edge=Edge(pages=pages, guard=Guard(loopback=False)),
    )
    here = host(b"10.0.0.5")

    for route in app.routes.all:
        path = route.path.replace("{name}", "clicks")
        status = ask(app, route.method, path, b"{}", [JSON, here]).status
        assert (status == 401) is (route.scope != "open"), path
        assert ask(app, route.method, path, b"{}", [JSON, host(b"evil.example")]).status == 403
    for method, path in (("GET", "/nothing"), ("OPTIONS", "/winback"), ("BREW", "/page")):
        assert ask(app, method, path, b"", [here]).status == 401
