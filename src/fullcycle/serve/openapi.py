"""``/openapi.json``: what a release takes and gives, from the same contracts that check it."""

from typing import Any

import msgspec

from fullcycle.release import GoldenRow, LoadedRelease
from fullcycle.serve.documented import Documented, named
from fullcycle.serve.posting import MOST

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_SCHEMA = "#/components/schemas/{name}"
_REFUSALS = {
    "400": "The body is not well-formed JSON, or a header is not what it should be.",
    "401": "A token is demanded, and none that is valid was sent.",
    "403": "The token is not for this, or the service is not asked by that name, or from that page.",
    "408": "The body was not sent in time.",
    "409": "The key of many rows is being answered at this moment.",
    "413": "The body is too large, or holds too many rows.",
    "415": "The body is not sent as JSON.",
    "422": "The body is no such row: each bad field is named. Or its key came with another body.",
    "429": "Too many requests are in flight.",
    "500": "The service could not decide.",
    "503": "Nothing answers yet, or the decision could not be recorded.",
}
_LATER = ("429", "503")  # with the seconds to wait
_EVENTS = "post_"  # how the operations of events begin
_TOKEN = "token"  # the name of the security scheme
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of the scope that the operation names, made by fullcycle token new.",
}
_SCOPES = {"decide": "decide", "explain": "read", "openapi": "read", "metrics": "operate"}  # as in the routes


def openapi(release: LoadedRelease, ref: str, *, replay: bool, golden: GoldenRow | None = None) -> bytes:
    """The OpenAPI 3.1 document of a release, whoever may ask; ``golden`` is a row that it answered.

    Source: OpenAPI Specification 3.1.1; problems as RFC 9457 has them.
    """
    contracts = Documented(release, golden)
    schemas = contracts.schemas
    envelope = named("Decision", schemas, _envelope(contracts.answer, ref))
    explanation = contracts.explanation
    many = {"type": "array", "items": contracts.row, "minItems": 1}
    capability = release.manifest.capability
    document = {
        "openapi": "3.1.1",
        "info": _info(release, ref),
        "paths": {
            f"/{capability}": {
                "post": {
                    "operationId": "decide",
                    "summary": "Decide for one row, or for each of many.",
                    "parameters": _headers(replay=replay),
                    "requestBody": _body({"oneOf": [contracts.row, many]}, contracts.example),
                    "responses": {"200": _decided(envelope, contracts.answered, ref), **_refused(*_REFUSALS)},
                }
            },
            "/explain": {
                "post": {
                    "operationId": "explain",
                    "summary": "Decide for one row and tell how: nothing is logged, nobody is exposed.",
                    "parameters": _headers(replay=False),
                    "requestBody": _body(contracts.row, contracts.example),
                    "responses": {
                        "200": _given("The decision as it would be made, step by step.", explanation),
                        **_refused(*(status for status in _REFUSALS if status not in ("409", "500"))),
                    },
                }
            },
            **{f"/events/{name}": {"post": _taken(name, row)} for name, row in contracts.posted.items()},
            "/openapi.json": {"get": _page("openapi", "This document.", ready=True)},
            "/metrics": {"get": _page("metrics", "What was counted, in the text format of Prometheus.")},
            "/livez": {"get": _page("livez", "Whether the process lives.")},
            "/readyz": {"get": _page("readyz", "Whether it answers, and with which release.", ready=True)},
        },
        "components": {
            "schemas": schemas,
            "responses": {status: _problem(status, contracts.problem) for status in _REFUSALS},
        },
    }
    return msgspec.json.encode(document)


def at_edge(document: bytes, *, rows: int, tokens: bool) -> bytes:
    """A document as one service has it: the most rows of a request, and whether a token is demanded."""
    told = msgspec.json.decode(document)
    for operation in (each for path in told["paths"].values() for each in path.values()):
        if operation["operationId"] == "decide":
            _, many = operation["requestBody"]["content"][_JSON]["schema"]["oneOf"]
            many["maxItems"] = rows
        name = operation["operationId"]
        if tokens and (scope := "events" if name.startswith(_EVENTS) else _SCOPES.get(name)):
            operation["security"] = [{_TOKEN: [scope]}]
    if tokens:
        told["components"]["securitySchemes"] = {_TOKEN: _BEARER}
    return msgspec.json.encode(told)


def _info(release: LoadedRelease, ref: str) -> dict[str, Any]:
    said = release.service.says
    info = {"title": release.manifest.capability, "version": ref}
    return {**info, "description": said} if said else info


def _body(schema: Any, example: Any) -> dict[str, Any]:
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"required": True, "content": {_JSON: media}}


def _taken(name: str, row: Any) -> dict[str, Any]:
    many = {"type": "array", "items": row, "minItems": 1, "maxItems": MOST}
    ids = {"type": "array", "items": {"type": "string"}, "description": "In the order of the rows."}
    accepted = {"type": "object", "required": ["event_ids"], "properties": {"event_ids": ids}}
    return {
        "operationId": f"{_EVENTS}{name}",
        "summary": "Tell what happened after a decision: one row, or some.",
        "parameters": _headers(replay=False),
        "requestBody": _body({"oneOf": [row, many]}, None),
        "responses": {
            "200": _given("What was logged.", accepted),
            **_refused(*(status for status in _REFUSALS if status not in ("409", "500"))),
        },
    }


def _decided(envelope: Any, answered: Any, ref: str) -> dict[str, Any]:
    many = {"type": "array", "items": envelope, "description": "In the order of the rows."}
    media: dict[str, Any] = {"schema": {"oneOf": [envelope, many]}}
    if answered is not None:
        media["example"] = {"decision_id": "order-17", "release": ref, "answer": answered}
    return {"description": "The decision, recorded.", "content": {_JSON: media}}


def _given(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": schema}}}


def _refused(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _problem(status: str, schema: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _REFUSALS[status], "content": {_PROBLEM: {"schema": schema}}}
    if status in _LATER:
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
        said["headers"] = {"Retry-After": seconds}
    if status == "401":
        said["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return said


def _envelope(answer: Any, ref: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A decision that was made and recorded.",
        "required": ["decision_id", "release", "answer"],
        "properties": {
            "decision_id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 140,
                "description": "Joins what happens later to this decision.",
            },
            "release": {
                "type": "string",
                "description": "What decided: capability and release.",
                "examples": [ref],
            },
            "answer": answer,
            "fallback": {
                "type": "boolean",
                "description": "There, and true, only where the service failed and its fallback answered.",
            },
            "logged": {
                "type": "boolean",
                "description": "There, and false, only where the log did not take the decision.",
            },
        },
    }


def _headers(*, replay: bool) -> list[dict[str, Any]]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The caller's own id of this request: it becomes the decision's id, and counts once. "
        "Sent again with the same bytes it is answered the same, with others it is refused.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:~@/+=-]{1,128}$"},
    }
    at = {
        "name": "Replay-At",
        "in": "header",
        "required": False,
        "description": "When the request was really made: the past is replayed here.",
        "schema": {"type": "string", "format": "date-time"},
    }
    return [key, at] if replay else [key]


def _page(operation: str, text: str, *, ready: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"200": {"description": "Yes."}}
    return {
        "operationId": operation,
        "summary": text,
        "responses": {**found, **_refused("503")} if ready else found,
    }
