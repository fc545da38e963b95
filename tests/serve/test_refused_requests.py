"""fullcycle.serve.app: a request that cannot be decided is refused, and told why."""

import json

import pytest

from asgi_client import JSON, ask
from served_app import CLIENT


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
