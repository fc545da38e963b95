"""Checking a request: the fast way while it is good, every bad field once it is not.

Messages name fields and rules and never repeat a value: they end up in logs.

A whole number has 64 bits, whatever JSON can say: tables, lookups and models hold no longer ones.
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec

from fullcycle.data.contract import Field, fields, unwrapped
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid

R = TypeVar("R", bound=Row)

Problem = tuple[str, str]
"""A path such as ``$.recency`` and what is wrong there."""

_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_SHOWN = 100  # a hostile request has no right to a longer answer
_LONG = "expected a number of 64 bits"
_LEAST, _MOST = -(2**63), 2**63 - 1


class Malformed(Invalid):
    """Bytes that are no JSON at all."""


class Unfit(Invalid):
    """JSON that breaks its contract; ``problems`` lists every bad field."""

    def __init__(self, what: str, where: str, mend: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(what, where, mend)
        self.args = (what, where, mend, problems)
        self.problems = problems


def decode(contract: type[R], data: bytes) -> R:
    """Read one row from JSON. A ``datetime`` comes out in UTC; one without a zone is taken as UTC.

    Raises:
        Malformed: where ``data`` is no JSON.
        Unfit: where it breaks the contract, with every bad field's path.
    """
    read, times, numbers, lists = _reader(contract)
    try:
        row: R = read(data)
    except _UNREADABLE as error:
        raise _unfit(contract, data, str(error)) from error
    for name in numbers:
        value = getattr(row, name)
        if value is not None and not _LEAST <= value <= _MOST:
            raise _unfit(contract, data)
    for name in lists:
        if any(not _LEAST <= value <= _MOST for value in getattr(row, name) or ()):
            raise _unfit(contract, data)
    return row if not times else _in_utc(row, times)


def _unfit(contract: type[Row], data: bytes, told: str = "") -> Unfit:
    found = problems(contract, _parsed(data)) or [("$", _masked(told))]
    return Unfit(
        "; ".join(f"{path}: {message}" for path, message in found[:5]),
        f"a request for {contract.__name__}",
        "send what the contract asks for",
        tuple(found),
    )


def elements(data: bytes) -> list[bytes]:
    """The elements of a JSON array, each as JSON that nobody has looked into.

    Raises:
        Malformed: where ``data`` is no JSON, or none that is an array.
    """
    try:
        return [bytes(part) for part in _ELEMENTS.decode(data)]
    except _UNREADABLE as error:
        raise Malformed(
            f"not a JSON array: {_masked(str(error))}", "the body of a request", "send an array of objects"
        ) from error


def problems(contract: type[Row], data: Any) -> list[Problem]:
    """List everything wrong with one row, by path; empty where it is good.

    ``data`` is JSON in bytes, or what was read from it.
    """
    if isinstance(data, bytes):
        try:
            data = _parsed(data)
        except Malformed as error:
            return [("$", error.what)]
    if not isinstance(data, dict):
        return [("$", f"expected an object, got {_json_name(data)}")]
    known = {field.name: field for field in fields(contract)}
    hints = get_type_hints(contract, include_extras=True)
    found = [
        *(_unknown(name, known) for name in data if name not in known),
        *((f"$.{name}", "is missing") for name, f in known.items() if f.required and name not in data),
    ]
    for name, field in known.items():
        if name in data:
            found += _bad(field, hints[name], data[name])
    return found[:_SHOWN]


def _parsed(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except _UNREADABLE as error:
        raise Malformed(
            f"not JSON: {_masked(str(error))}", "the body of a request", "send one JSON object in UTF-8"
        ) from error


class _Reader(NamedTuple):
    """What reads rows of a contract, and the fields that are looked at once they are read."""

    read: Callable[[bytes], Any]
    times: tuple[str, ...]
    numbers: tuple[str, ...]  # whole ones whose bounds are not within 64 bits already
    lists: tuple[str, ...]  # of such


@functools.lru_cache(maxsize=256)
def _reader(contract: type[Row]) -> _Reader:
    known = fields(contract)  # a contract that no table could keep is refused here too
    return _Reader(
        msgspec.json.Decoder(contract).decode,
        tuple(field.name for field in known if field.type is datetime),
        tuple(field.name for field in known if field.type is int and not _is_bounded(field)),
        tuple(field.name for field in known if field.item is int and not _is_bounded(field)),
    )


def _in_utc(row: R, times: tuple[str, ...]) -> R:
    changes: dict[str, Any] = {}
    for name in times:
        at = getattr(row, name)
        if at is not None and at.tzinfo is not UTC:
            changes[name] = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return msgspec.structs.replace(row, **changes) if changes else row


def _unknown(name: str, known: dict[str, Field]) -> Problem:
    near = get_close_matches(name[:64], known, n=1, cutoff=0.6)
    message = f"is unknown; did you mean {near[0]!r}?" if near else "is unknown"
    return f"$.{name[:64]}", message


def _bad(field: Field, hint: Any, value: Any) -> list[Problem]:
    """What is wrong with a field; in a list, with each of its elements."""
    path = f"$.{field.name}"
    first = _refused(field, hint, value, path)
    if first is None or first[0] == path or not isinstance(value, list):
        return [first] if first is not None else []
    (item,) = get_args(unwrapped(hint)[0])
    refused = (_refused(field, item, one, f"{path}[{n}]") for n, one in enumerate(value))
    return list(islice((each for each in refused if each is not None), _SHOWN))


def _refused(field: Field, hint: Any, value: Any, path: str) -> Problem | None:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        text, _, inner = str(error).partition(" - at `$")
        if field.choices is not None:
            text = "expected one of " + ", ".join(repr(choice) for choice in field.choices)
        return f"{path}{inner.rstrip('`')}", _masked(text)
    if int in (field.type, field.item):
        if _is_long(value):
            return path, _LONG
        many = enumerate(value) if isinstance(value, list) else ()
        return next(((f"{path}[{n}]", _LONG) for n, one in many if _is_long(one)), None)
    return None


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not _LEAST <= value <= _MOST


def _is_bounded(field: Field) -> bool:
    """Whether the contract says itself that a number is within 64 bits."""
    low, high = field.low, field.high
    within = low is not None and high is not None and low >= _LEAST and high <= _MOST
    return within or field.choices is not None


def _masked(message: str) -> str:
    """A message of msgspec without the one value that it repeats, an enum's."""
    return "not one of the allowed values" if message.startswith("Invalid enum value") else _lowered(message)


def _lowered(message: str) -> str:
    return message[:200] if message[:2].isupper() else message[:1].lower() + message[1:200]


def _json_name(value: Any) -> str:
    names = {
        list: "array",
        str: "string",
        int: "number",
        float: "number",
        bool: "boolean",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)
