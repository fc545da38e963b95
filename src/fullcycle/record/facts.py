"""Facts: what happened, once, in words that never change.

A fact stands at a position of a stream. Its kind names a body type; a kind is never
changed, only added, or given a higher version with an upcast from the one before.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import msgspec

from fullcycle.kernel import Invalid, UnknownName

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
_Body = TypeVar("_Body", bound=type[msgspec.Struct])

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_NEWER = "upgrade fullcycle to at least the version that wrote it"


class Fact(msgspec.Struct, frozen=True):
    """One fact: ``position`` counts from 1 in its stream, ``at`` is µs since 1970 UTC."""

    stream: str
    position: int
    kind: str
    at: int
    by: str
    body: Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: its body's type, and how bodies of older versions become it."""

    name: str
    version: int
    type: type[msgspec.Struct]
    upcasts: Mapping[int, Upcast] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"@fact on {self.type.__qualname__}"
        if not _KIND.fullmatch(self.name):
            raise Invalid(f"{self.name!r} names no kind of fact", where, 'write it like "run.started"')
        config = self.type.__struct_config__
        if "v" in self.type.__struct_encode_fields__ or config.forbid_unknown_fields or config.array_like:
            raise Invalid(
                "a fact's body is written beside its version, as `v`",
                where,
                "rename the field v, and leave out forbid_unknown_fields and array_like",
            )
        if sorted(self.upcasts) != list(range(1, self.version)):
            wanted = ", ".join(str(n) for n in range(1, self.version)) or "no version"
            raise Invalid(
                f"version {self.version} of {self.name} upcasts from {sorted(self.upcasts)}",
                where,
                f"give upcasts from {wanted}: each turns a body into that of the next version",
            )


class _Versioned(msgspec.Struct):
    v: int


_KINDS: dict[str, Kind] = {}
_BY_TYPE: dict[type, Kind] = {}


def fact(
    kind: str, *, version: int = 1, upcasts: Mapping[int, Upcast] | None = None
) -> Callable[[_Body], _Body]:
    """Register a struct as the body of a kind of fact.

    ``upcasts[n]`` turns a body of version ``n``, as a dict, into one of version ``n + 1``.

    Raises:
        Invalid: where the kind is taken, or an upcast is lacking.
    """

    def register(body: _Body) -> _Body:
        made = Kind(kind, version, body, dict(upcasts or {}))
        taken = _KINDS.get(kind)
        if taken is not None and _path(taken.type) != _path(body):
            raise Invalid(
                f"the kind {kind!r} is {_path(taken.type)}",
                f"@fact on {_path(body)}",
                "give the new fact another kind",
            )
        _KINDS[kind] = _BY_TYPE[body] = made
        return body

    return register


def kinds() -> dict[str, Kind]:
    """Every kind that is registered now, by its name."""
    return dict(_KINDS)


class Written(NamedTuple):
    """A body as it is kept: its kind, its JSON, and what will be read from it."""

    kind: str
    text: str
    body: Any


def write_body(body: object) -> Written:
    """Turn a body into the JSON it is kept as: ``{"v": version, …}``.

    What is written can be read: a body that would not come back (a NaN in a float field)
    is refused here, not when somebody needs it.

    Raises:
        Invalid: for a value of no registered kind, or one that JSON cannot hold.
    """
    kind = _BY_TYPE.get(type(body))
    if kind is None:
        raise Invalid(
            f"{type(body).__qualname__} is no kind of fact",
            "appending to the ledger",
            "put @fact on its class",
        )
    where = f"a fact {kind.name}"
    try:
        plain = msgspec.json.encode(body)
        text = f'{{"v":{kind.version}{"," if plain != b"{}" else ""}{plain[1:].decode()}'
        back = msgspec.json.decode(text, type=kind.type)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        mend = "give numbers that are finite and text that is Unicode; keep a NaN out of the record"
        raise Invalid(f"it could not be read back: {error}", where, mend) from error
    return Written(kind.name, text, back)


def read_body(kind: str, text: str | bytes) -> Any:
    """Read a body again, lifted to the version of today.

    Raises:
        UnknownName: for a kind that nothing here registers.
        Invalid: for a version newer than this fullcycle knows, or a body that is none.
    """
    known = _KINDS.get(kind)
    if known is None:
        unknown = UnknownName.among(kind, _KINDS, where="the kinds of facts that are loaded")
        raise UnknownName(unknown.what, unknown.where, f"{unknown.mend} Or {_NEWER}")
    where = f"a fact {kind}"
    try:
        version = msgspec.json.decode(text, type=_Versioned).v
        if version > known.version:
            raise Invalid(f"its version is {version}, known here is {known.version}", where, _NEWER)
        if version < known.version:
            text = msgspec.json.encode(_lifted(known, version, msgspec.json.decode(text)))
        return msgspec.json.decode(text, type=known.type)
    except msgspec.MsgspecError as error:
        raise Invalid(f"its body does not fit: {error}", where, _NEWER) from error


def read_fact(stream: str, position: int, kind: str, at: int, by: str, body: str | bytes) -> Fact:
    """The fact that a row of a ledger's table holds."""
    return Fact(stream, position, kind, at, by, read_body(kind, body))


def _lifted(kind: Kind, version: int, body: dict[str, Any]) -> dict[str, Any]:
    body.pop("v")
    for step in range(version, kind.version):
        body = kind.upcasts[step](body)
    return body


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
