"""Reading a request: headers and body into what a decision needs, or into what is wrong with it."""

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Generator, Iterable, MutableMapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from fullcycle.data import Malformed, Row, Unfit, decode, elements
from fullcycle.kernel import micros, now
from fullcycle.serve.limits import Limits
from fullcycle.serve.problem import FieldProblem, Response, problem

R = TypeVar("R", bound=Row)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_SHOWN = 100  # problems: a hostile request has no right to a longer answer
_CLOSE = (b"connection", b"close")
_KEY = re.compile(rb"[A-Za-z0-9._:~@/+=-]{1,128}")
_JSON = re.compile(rb'\s*application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)
_RFC3339 = re.compile(rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_SKEW = 60_000_000  # microseconds by which two clocks may differ


class Rejected(Exception):
    """The request cannot be decided; ``response`` says why."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Gone(Exception):
    """The client went away before it had asked."""


class Asked(msgspec.Struct, frozen=True):
    """What the headers say: the caller's own id of this request, and when it was really made."""

    key: str | None
    at: int | None


class HeaderReader:
    """Reads and checks the headers of a decision; ``replay`` says whether Replay-At is allowed."""

    def __init__(self, *, replay: bool, limit: int) -> None:
        self._replay = replay
        self._limit = limit  # bytes

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> Asked:
        """Read the headers of a request, their names in lower case.

        Raises:
            Rejected: with 400, 413 or 415.
        """
        key: bytes | None = None
        at: bytes | None = None
        for name, value in headers:
            if name == b"content-type":
                if value != b"application/json" and _JSON.fullmatch(value) is None:
                    raise _unsupported("send the row as JSON: Content-Type: application/json")
            elif name == b"content-length":
                self._require_small(value)
            elif name == b"idempotency-key":
                key = _once(key, value, "Idempotency-Key")
            elif name == b"replay-at":
                at = _once(at, value, "Replay-At")
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise _unsupported(
                    "send the body without a content encoding", (b"accept-encoding", b"identity")
                )
        return Asked(_key(key), None if at is None else self._moment(at))

    def _require_small(self, value: bytes) -> None:
        if not value.isdigit():
            raise Rejected(problem(400, "the header Content-Length is not a number"))
        if len(value) > 18 or int(value) > self._limit:
            raise _too_large(self._limit)

    def _moment(self, value: bytes) -> int:
        if not self._replay:
            raise Rejected(
                problem(
                    400,
                    "the header Replay-At is not allowed here: requests are dated when they arrive. "
                    "An environment with replay = true in fullcycle.toml allows it",
                )
            )
        at = _rfc3339(value)
        if at is None or at < 0:
            raise Rejected(
                problem(400, "the header Replay-At is not a time since 1970, such as 2026-03-01T09:30:00Z")
            )
        if at > now() + _SKEW:
            raise Rejected(problem(400, "the header Replay-At lies in the future"))
        return at


async def read_body(receive: Receive, limits: Limits, lengthens: Callable[[], None]) -> bytes:
    """The whole body; one that begins with ``[`` may be as long as many rows.

    ``lengthens`` is called once where it is longer than one row's may be; it may refuse.

    Raises:
        Rejected: with 413 where it is too long, with 408 where it does not come in time.
        Gone: where the client went away before it was sent.
    """
    steps = receive().__await__()
    try:
        waits_for = next(steps)
    except StopIteration as done:  # mostly it is there, and no clock has to be started for it
        message: Message = done.value
    else:
        message = await _late(steps, waits_for, limits.body_s)
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        try:
            async with asyncio.timeout(limits.body_s):
                return await _rest(receive, body, limits, lengthens)
        except TimeoutError:
            raise _too_late(limits.body_s) from None
    if len(body) > limits.body_bytes:
        _require_short(body, limits)
        lengthens()
    return body


async def _rest(receive: Receive, body: bytes, limits: Limits, lengthens: Callable[[], None]) -> bytes:
    parts, size, limit, more = [body], len(body), limits.body_bytes, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            limit = _require_short(b"".join(parts), limits)
            lengthens()
        more = message.get("more_body", False)
    return b"".join(parts)


async def _late(steps: Generator[Any, Any, Message], waits_for: Any, seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await _Resumed(steps, waits_for)
    except TimeoutError:
        raise _too_late(seconds) from None


class _Resumed:
    """Goes on awaiting what was begun, and waits already."""

    def __init__(self, steps: Generator[Any, Any, Message], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Message]:
        waits_for = self._waits_for
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation belongs to what is awaited
                step = functools.partial(self._steps.throw, error)
            else:
                step = functools.partial(self._steps.send, sent)
            try:
                waits_for = step()
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]


def read_row(contract: type[R], body: bytes) -> R:
    """Decode a row.

    Raises:
        Rejected: with 400 for what is no JSON, with 422 and every bad field for what is no row.
    """
    try:
        return decode(contract, body)
    except Unfit as unfit:
        errors = [FieldProblem(path, detail) for path, detail in unfit.problems]
        raise Rejected(problem(422, f"the body is not a {contract.__name__}", errors)) from None
    except Malformed:
        raise _malformed() from None


def elements_of(body: bytes) -> list[bytes]:
    """The rows of an array, none of them looked into.

    Raises:
        Rejected: with 400 for what is no JSON.
    """
    try:
        return elements(body)
    except Malformed:
        raise _malformed() from None


def read_rows(contract: type[R], parts: Sequence[bytes]) -> list[R]:
    """Decode the rows of an array.

    Raises:
        Rejected: with 422 and every bad field of every row, such as ``$[3].recency``.
    """
    rows: list[R] = []
    errors = [] if parts else [FieldProblem("$", "expected at least one row")]
    for n, part in enumerate(parts):
        try:
            rows.append(decode(contract, part))
        except Unfit as unfit:
            errors += [FieldProblem(f"$[{n}]{path[1:]}", detail) for path, detail in unfit.problems]
        except Malformed:  # such as half a surrogate in a string
            raise _malformed() from None
        if len(errors) >= _SHOWN:
            break
    if errors:
        raise Rejected(problem(422, f"the body is not an array of {contract.__name__}", errors[:_SHOWN]))
    return rows


def _require_short(body: bytes, limits: Limits) -> int:
    """The limit of a body that is longer than one row may be: that of many, if it holds many.

    Raises:
        Rejected: with 413; the connection closes, since the rest is not read.
    """
    limit = limits.rows_bytes if is_array(body) else limits.body_bytes
    if len(body) > limit:
        raise _too_large(limit)
    return limit


def is_array(body: bytes) -> bool:
    """Whether that is an array, if it is JSON."""
    return body[:64].lstrip()[:1] == b"["


def _malformed() -> Rejected:
    return Rejected(problem(400, "the body is not well-formed JSON"))


def _too_large(limit: int) -> Rejected:
    return Rejected(problem(413, f"the body is larger than {limit:,} bytes", headers=[_CLOSE]))


def _too_late(seconds: float) -> Rejected:
    """The connection closes: what may still come of the body is no request."""
    return Rejected(problem(408, f"the body was not sent within {seconds:g} s", headers=[_CLOSE]))


def _unsupported(detail: str, *headers: tuple[bytes, bytes]) -> Rejected:
    return Rejected(problem(415, detail, headers=headers))


def _once(seen: bytes | None, value: bytes, name: str) -> bytes:
    if seen is not None:
        raise Rejected(problem(400, f"the header {name} was sent twice"))
    return value


def _key(value: bytes | None) -> str | None:
    if value is None:
        return None
    if _KEY.fullmatch(value) is None:
        raise Rejected(
            problem(
                400,
                "the header Idempotency-Key must be 1 to 128 letters, digits or any of . _ : ~ @ / + = -",
            )
        )
    return value.decode()


def _rfc3339(value: bytes) -> int | None:
    if _RFC3339.fullmatch(value) is None:
        return None
    try:
        return micros(msgspec.convert(value.decode(), datetime))
    except (msgspec.ValidationError, OverflowError):
        return None
