"""What a contract says, field by field, as plain data."""

import builtins
import functools
import types
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import msgspec

from fullcycle.data.row import Row, key, personal, time
from fullcycle.kernel import Invalid

_PLAIN = (bool, int, float, str, date, datetime)
_HOLDS = "a field holds bool, int, float, str, date, datetime, a Literal of them or a list of them, or None"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a contract. ``type`` is ``list`` for a list, whose ``item`` says of what."""

    name: str
    type: type
    item: builtins.type | None = None
    optional: bool = False
    choices: tuple[Any, ...] | None = None
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    length: int | None = None
    key: bool = False
    time: bool = False
    personal: bool = False
    required: bool = True
    default: Any = None

    @property
    def type_name(self) -> str:
        """The type as a user writes it."""
        return self.type.__name__ if self.item is None else f"list[{self.item.__name__}]"


def fields(contract: type[Row]) -> tuple[Field, ...]:
    """Read the fields of a contract, in their order.

    Raises:
        Invalid: for a type that a row cannot hold, or a bound that its type cannot have.
    """
    return _fields(contract)


@functools.lru_cache(maxsize=1024)
def _fields(contract: Any) -> tuple[Field, ...]:
    if not (isinstance(contract, type) and issubclass(contract, msgspec.Struct)):
        raise Invalid(
            f"{contract!r} is not a contract",
            "where a class of rows is asked for",
            "write it as class Name(fc.Row): …",
        )
    where = f"{contract.__module__}.{contract.__qualname__}"
    try:
        hints = get_type_hints(contract, include_extras=True)
    except NameError as error:
        raise Invalid(f"an annotation cannot be read: {error}", where, "import the name it uses") from error
    return tuple(
        _field(info, hints[info.name], f"{where}.{info.name}") for info in msgspec.structs.fields(contract)
    )


def schema(contract: type[Row]) -> dict[str, Any]:
    """Describe a contract in plain JSON values: what manifests keep and digests are taken of."""
    return {"name": contract.__name__, "fields": [_in_json(field) for field in fields(contract)]}


def _in_json(field: Field) -> dict[str, Any]:
    said: dict[str, Any] = {"name": field.name, "type": field.type_name}
    for name in ("choices", "low", "high", "pattern", "length"):
        if (value := getattr(field, name)) is not None:
            said[name] = list(value) if name == "choices" else value
    for name in ("optional", "key", "time", "personal"):
        if getattr(field, name):
            said[name] = True
    if not field.required:
        said["default"] = msgspec.to_builtins(field.default)
    return said


def described(name: str, hint: Any, where: str) -> Field:
    """Read one field from its annotation, or a parameter from its own.

    Raises:
        Invalid: for a type that a row cannot hold, or a bound that its type cannot have.
    """
    base, extras, optional = unwrapped(hint)
    choices: tuple[Any, ...] | None = None
    item: type | None = None
    if get_origin(base) is Literal:
        choices = _literals(base)
        optional = optional or None in choices
        choices = tuple(choice for choice in choices if choice is not None)
        kinds = {type(choice) for choice in choices}
        base = kinds.pop() if len(kinds) == 1 else None
    elif get_origin(base) is list:
        (item,) = get_args(base)
        item, _, nullable = unwrapped(item)
        base = list if item in _PLAIN and not nullable else None
    if base is not list and base not in _PLAIN:
        raise Invalid(f"a row cannot hold {_shown(hint)}", where, _HOLDS)
    if time in extras and base not in (date, datetime):
        raise Invalid(f"{base.__name__} is no time", where, "mark a date or a datetime with fc.time")
    return Field(
        name,
        base,
        item,
        optional,
        choices,
        **_bounds(extras, base, where),
        key=key in extras,
        time=time in extras,
        personal=personal in extras,
    )


def _field(info: msgspec.structs.FieldInfo, hint: Any, where: str) -> Field:
    field = described(info.name, hint, where)
    if info.default_factory is not msgspec.NODEFAULT:
        return replace(field, required=False, default=info.default_factory())
    if info.default is not msgspec.NODEFAULT:
        return replace(field, required=False, default=info.default)
    return field


def unwrapped(hint: Any) -> tuple[Any, list[Any], bool]:
    """Take ``Annotated`` and ``| None`` off a type: ``(type, what Annotated added, may be None)``."""
    extras: list[Any] = []
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *added = get_args(hint)
            extras += added
        elif get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
            rest = [arg for arg in get_args(hint) if arg is not type(None)]
            hint, optional = Union[tuple(rest)], True  # noqa: UP007 - built from a list
        elif isinstance(hint, NewType):
            hint = hint.__supertype__
        else:
            return hint, extras, optional


def _literals(hint: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    for arg in get_args(hint):
        found += _literals(arg) if get_origin(arg) is Literal else [arg]
    return tuple(found)


def _bounds(extras: Iterable[Any], base: type, where: str) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for meta in extras:
        if not isinstance(meta, msgspec.Meta):
            continue
        found = {"low": meta.ge, "high": meta.le, "pattern": meta.pattern, "length": meta.max_length}
        said = {name: value for name, value in found.items() if value is not None}
        unheard = (meta.gt, meta.lt, meta.multiple_of, meta.tz)
        if any(value is not None for value in unheard) or meta.min_length != meta.max_length:
            raise Invalid(
                f"{meta!r} says more than a contract can check",
                where,
                "use fc.between, fc.at_least, fc.matching or fc.length",
            )
        _check_bounds(said, base, where)
        bounds |= said
    return bounds


def _check_bounds(said: dict[str, Any], base: type, where: str) -> None:
    allowed = {"low": (int, float), "high": (int, float), "pattern": (str,), "length": (str, list)}
    for name, value in said.items():
        if base not in allowed[name]:
            kinds = " or ".join(kind.__name__ for kind in allowed[name])
            raise Invalid(f"a {base.__name__} has no {name}", where, f"bound a field of {kinds} by it")
        if base is int and not isinstance(value, int):
            raise Invalid(f"{value!r} cannot bound an int", where, "write a whole number")


def _shown(hint: Any) -> str:
    return str(getattr(hint, "__name__", hint) if isinstance(hint, type) else hint)[:80]
