"""Answers that are no decision: what is wrong with a request, as RFC 9457 has it said.

A problem names the place and the rule, never the value that was sent.
"""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

Headers = list[tuple[bytes, bytes]]


class Response(msgspec.Struct, frozen=True):
    """A whole HTTP response."""

    status: int
    headers: Headers
    body: bytes


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field, by its path: ``$.recency`` or ``$.items[3]``."""

    path: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem detail (RFC 9457); without a type, its title is the status phrase."""

    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldProblem, ...] = ()


def problem(
    status: int, detail: str, errors: Iterable[FieldProblem] = (), headers: Iterable[tuple[bytes, bytes]] = ()
) -> Response:
    """A problem as a response of type ``application/problem+json``."""
    told = Problem(HTTPStatus(status).phrase, status, detail, tuple(errors))
    return response(status, msgspec.json.encode(told), b"application/problem+json", headers)


def response(
    status: int,
    body: bytes,
    content_type: bytes = b"application/json",
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> Response:
    """A response with its length and type."""
    named = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers]
    return Response(status, named, body)
