"""A contract again, from what :func:`fullcycle.data.schema` told of it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Optional

import msgspec

from fullcycle.data.row import Row, RowMeta, key, personal, time

_TYPES: dict[str, Any] = {kind.__name__: kind for kind in (bool, int, float, str, date, datetime)}
_MARKERS = {"key": key, "time": time, "personal": personal}


def restored(told: Mapping[str, Any]) -> type[Row]:
    """A class of rows that says what ``told`` says: ``schema(restored(told)) == told``."""
    fields = [_field(field) for field in told["fields"]]
    namespace = {
        "__module__": __name__,
        "__annotations__": {name: hint for name, hint, *_ in fields},
        **{name: default for name, _, *defaults in fields for default in defaults},
    }
    made: type[Row] = RowMeta(told["name"], (Row,), namespace)
    return made


def _field(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """Name and type of a field, and its default where it has one."""
    kind = _kind(told)
    extras: list[Any] = [marker for name, marker in _MARKERS.items() if told.get(name)]
    bounds = {"ge": told.get("low"), "le": told.get("high"), "pattern": told.get("pattern")}
    if (length := told.get("length")) is not None:
        bounds |= {"min_length": length, "max_length": length}
    said = {name: value for name, value in bounds.items() if value is not None}
    extras += [msgspec.Meta(**said)] if said else []
    hint = Annotated[(kind, *extras)] if extras else kind
    if told.get("optional"):
        hint = Optional[hint]  # noqa: UP045 - of a type known at run time only
    if "default" not in told:
        return told["name"], hint
    default = msgspec.convert(told["default"], Optional[kind], strict=False)  # noqa: UP045
    if isinstance(default, list):
        return told["name"], hint, msgspec.field(default_factory=lambda: list(default))
    return told["name"], hint, default


def _kind(told: Mapping[str, Any]) -> Any:
    if "choices" in told:
        return Literal[tuple(told["choices"])]
    outer, _, item = told["type"].partition("[")
    return list[_TYPES[item[:-1]]] if outer == "list" else _TYPES[outer]  # type: ignore[misc]  # by name
