"""Plain data as JSON that loses nothing: what comes back is equal, down to a float's bits.

JSON holds None, booleans, text, numbers, lists, and dicts keyed by text. All else is written
as an object with the key ``$``, which says what it is; a dict that has such a key itself, or
keys that are no text, is written as pairs. Structs and dataclasses are written by their
fields, never pickled; they come back as dicts unless the reader says which type it wants.
"""

import base64
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from fullcycle.record.framing import unreadable

_MARK = "$"
_STRUCT = b'{"$":"struct"'  # quotes inside text are escaped: these bytes mean nothing else


def is_plain(value: object) -> bool:
    """Whether a value is plain data all through."""
    kind = type(value)
    if kind in _LEAVES:
        return True
    if kind is list or kind is tuple:
        return all(map(is_plain, _parts(value)))
    if kind is dict:
        return all(map(is_plain, _parts(value))) and all(map(is_plain, _keys(value)))
    if _is_struct(value):
        return all(is_plain(part) for _, part in _fields(value))
    return _is_numpy_scalar(value)


def foreign_field(value: object, path: str) -> tuple[str, object]:
    """The innermost part that makes a struct no plain data, with its place, such as ``it.plan.table``."""
    if _is_struct(value):
        for name, part in _fields(value):
            if not is_plain(part):
                return foreign_field(part, f"{path}.{name}")
    return path, value


def write_plain(value: object) -> bytes:
    """Plain data as JSON, in the order it has."""
    return json.dumps(_written(value), allow_nan=False, separators=(",", ":")).encode()


def read_plain(data: bytes, kind: Any = Any) -> Any:
    """The value again; ``kind`` is the type of the structs or dataclasses in it.

    Raises:
        Damaged: where the bytes are not what ``write_plain`` writes.
        msgspec.ValidationError: where they are not of that type.
    """
    try:
        value = json.loads(data, object_hook=_revived)
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:  # json's own is a ValueError
        raise unreadable("plain data", error) from error
    return msgspec.convert(value, kind) if kind is not Any and _STRUCT in data else value


def _parts(value: Any) -> Iterable[object]:
    parts: Iterable[object] = value.values() if type(value) is dict else value
    return parts


def _keys(value: Any) -> Iterable[object]:
    keys: Iterable[object] = value
    return keys


def _written(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if isfinite(value) else _marked("float", repr(value))
    if kind is list:
        return [_written(part) for part in value]
    if kind is dict:
        return _written_dict(value)
    if kind is tuple:
        return _marked("tuple", [_written(part) for part in value])
    if kind in _WRITE:
        tag, write = _WRITE[kind]
        return _marked(tag, write(value))
    if _is_numpy_scalar(value):
        return _written(value.item())
    fields = {name: _written(part) for name, part in _fields(value)}
    # No module: it may be private to one archive, and an edit elsewhere must not change a digest.
    return {_MARK: "struct", "name": kind.__qualname__, "v": fields}


def _written_dict(value: dict[Any, Any]) -> Any:
    if _MARK not in value and all(type(key) is str for key in value):
        return {key: _written(part) for key, part in value.items()}
    return _marked("dict", [[_written(key), _written(part)] for key, part in value.items()])


def _marked(tag: str, value: Any) -> dict[str, Any]:
    return {_MARK: tag, "v": value}


def _revived(value: dict[str, Any]) -> Any:
    return _READ[value[_MARK]](value["v"]) if _MARK in value else value


def _is_struct(value: object) -> bool:
    return isinstance(value, msgspec.Struct) or (
        dataclasses.is_dataclass(value) and not isinstance(value, type)
    )


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Fields by the name they are encoded under, so that ``msgspec.convert`` finds them."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        if config.tag is not None and config.tag_field is not None:
            yield config.tag_field, config.tag
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        yield from ((encoded, getattr(value, name)) for encoded, name in names)
    else:
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


def _is_numpy_scalar(value: Any) -> bool:
    """Whether it is a number of NumPy, which ``item`` turns into Python's, exactly."""
    return (
        type(value).__module__ == "numpy"
        and getattr(value, "ndim", None) == 0
        and type(value.item()) in _PYTHON
    )


def _write_datetime(at: datetime) -> list[str | None]:
    return [at.isoformat(), at.tzinfo.key if isinstance(at.tzinfo, ZoneInfo) else None]


def _read_datetime(told: list[str]) -> datetime:
    at = datetime.fromisoformat(told[0])
    if not told[1]:
        return at
    zone = ZoneInfo(told[1])
    for fold in (0, 1):  # the same time of day, even one that the clocks skip
        there = at.replace(tzinfo=zone, fold=fold)
        if there.utcoffset() == at.utcoffset():
            return there
    return at.astimezone(zone)  # the zone has other rules by now


_PYTHON = (bool, int, float, str)
_WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
    date: ("date", date.isoformat),
    datetime: ("datetime", _write_datetime),
    time: ("time", time.isoformat),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "bytes": base64.b64decode,
    "date": date.fromisoformat,
    "datetime": _read_datetime,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "decimal": Decimal,
    "float": float,
    "tuple": tuple,
    "dict": lambda pairs: dict(pairs),
    "struct": lambda fields: fields,
}
_LEAVES = frozenset((type(None), *_PYTHON, *_WRITE))
