"""fullcycle.serve.routes: what is found, what is refused, and who may ask."""

import pytest

from asgi_client import ask
from fullcycle.kernel import Invalid
from fullcycle.serve import App, Edge
from fullcycle.serve.problem import response
from fullcycle.serve.reading import Rejected
from fullcycle.serve.routes import PAGES, SCOPES, Route, Routes, require_free
from fullcycle.serve.serving import Serving


async def answer(request):
    return response(200, b'{"name":"%b"}' % request.name.encode())


ROUTES = Routes(
    [
        Route("POST", "/winback", "decide", answer),
        Route("GET", "/try", "read", answer),
        Route("GET", "/events/recent", "operate", answer),
        Route("POST", "/events/{name}", "events", answer),
    ]
)


def app(*pages):
    return App(
        Serving(), lambda: None, capability="winback", replay=False, tell=print, edge=Edge(pages=pages)
    )


def test_a_route_is_found_by_its_method_and_its_path():
    assert ROUTES.find("POST", "/winback")[0].scope == "decide"
    assert ROUTES.find("HEAD", "/try")[0] is ROUTES.find("GET", "/try")[0] is not None


def test_a_named_route_takes_one_part_of_a_path_and_no_more():
    route, name = ROUTES.find("POST", "/events/clicks")
    assert (route.scope, name) == ("events", "clicks")

    for path in ("/events", "/events/", "/events/a/b", "/events//a", "//events/a"):
        assert ROUTES.find("POST", path) == (None, "")


def test_a_path_of_its_own_goes_before_a_named_one():
    assert ROUTES.find("GET", "/events/recent")[0].scope == "operate"
    assert ROUTES.find("POST", "/events/recent")[0].scope == "events"


def test_another_method_names_all_those_that_the_path_has():
    with pytest.raises(Rejected) as caught:
        ROUTES.refuse("/events/recent", "nothing")

    assert caught.value.response.status == 405
    assert dict(caught.value.response.headers)[b"allow"] == b"GET, HEAD, POST"


def test_a_page_that_is_added_is_answered_and_given_its_name():
    served = app(Route("POST", "/events/{name}", "events", answer))

    assert ask(served, "POST", "/events/clicks").json == {"name": "clicks"}
    assert ask(served, "GET", "/events/clicks").status == 405


def test_every_route_of_a_service_declares_its_scope():
    scopes = {route.path: route.scope for route in app().routes.all}

    assert set(scopes.values()) <= set(SCOPES)
    assert {path for path, scope in scopes.items() if scope == "open"} == {"/livez", "/readyz", "/try"}
    assert scopes["/winback"] == "decide"


def test_every_page_of_a_service_has_a_name_that_no_capability_may_have():
    posted = Route("POST", "/events/{name}", "events", answer)
    firsts = {route.path.split("/")[1] for route in app(posted).routes.all} - {"winback"}

    assert firsts == PAGES
    require_free("winback")
    for name in firsts:
        with pytest.raises(Invalid, match="cannot be named") as caught:
            require_free(name)
        assert "choose another one" in caught.value.mend


def test_a_route_without_a_scope_is_refused_with_its_name():
    for scope in ("", "admin", None):
        with pytest.raises(Invalid, match="POST /model") as caught:
            Route("POST", "/model", scope, answer)
        assert caught.value.mend == "declare who may ask"


def test_two_routes_of_one_method_and_path_are_refused():
    with pytest.raises(Invalid, match="drop one"):
        Routes([Route("GET", "/try", "read", answer), Route("GET", "/try", "open", answer)])
