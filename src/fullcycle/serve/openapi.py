"""``/openapi.json``: what a release takes and gives, from the same contracts that check it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.data import fields
from fullcycle.release import LoadedRelease
from fullcycle.serve.problem import Problem

_REF = "#/components/schemas/{name}"
_REJECTIONS = {
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


def openapi(
    release: LoadedRelease, ref: str, *, replay: bool, example: Mapping[str, Any] | None = None
) -> bytes:
    """The OpenAPI 3.1 document of a release; ``example`` is a request that it answers.

    Source: OpenAPI Specification 3.1.0; problems as RFC 9457 has them.
    """
    manifest = release.manifest
    answer = release.service.answer_type
    (row, answered, told), schemas = msgspec.json.schema_components(
        [release.row, answer, Problem], ref_template=_REF
    )
    many = {"type": "array", "items": row, "minItems": 1}
    request: dict[str, Any] = {"schema": {"oneOf": [row, many]}}
    if example is not None and not any(field.personal for field in fields(release.row)):
        request["example"] = example
    document = {
        "openapi": "3.1.0",
        "info": {"title": manifest.capability, "version": ref},
        "paths": {
            f"/{manifest.capability}": {
                "post": _decision(request, _envelope(answered, ref), told, replay=replay)
            },
            "/metrics": {"get": _page("What was counted, in the text format of Prometheus.")},
            "/livez": {"get": _page("Whether the process lives.")},
            "/readyz": {"get": _page("Whether it answers, and with which release.")},
        },
        "components": {"schemas": schemas},
    }
    return msgspec.json.encode(document)


def _decision(request: Mapping[str, Any], envelope: Any, told: Any, *, replay: bool) -> dict[str, Any]:
    many = {"type": "array", "items": envelope, "description": "In the order of the rows."}
    problems = {
        status: {"description": text, "content": {"application/problem+json": {"schema": told}}}
        for status, text in _REJECTIONS.items()
    }
    return {
        "operationId": "decide",
        "summary": "Decide for one row, or for each of many.",
        "parameters": _headers(replay=replay),
        "requestBody": {"required": True, "content": {"application/json": request}},
        "responses": {
            "200": {
                "description": "The decision, recorded.",
                "content": {"application/json": {"schema": {"oneOf": [envelope, many]}}},
            },
            **problems,
        },
    }


def _envelope(answered: Any, ref: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["decision_id", "release", "answer"],
        "properties": {
            "decision_id": {"type": "string", "description": "Joins what happens later to this decision."},
            "release": {"type": "string", "examples": [ref]},
            "answer": answered,
            "fallback": {
                "type": "boolean",
                "description": "There, and true, only where the service failed and its fallback answered.",
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


def _page(text: str) -> dict[str, Any]:
    return {
        "summary": text,
        "responses": {"200": {"description": "Yes."}, "503": {"description": "Not yet."}},
    }
