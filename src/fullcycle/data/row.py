"""Row: one contract for a table's rows and for a request, and what its annotations can say.

A field's type is its Python annotation. ``Annotated`` adds what a type cannot say: that
the field identifies the row, when the row became true, whom it is about, and bounds.
"""

from typing import Any, Final, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class RowMeta(msgspec.StructMeta):
    """Makes every row frozen and deaf to unknown fields, without the user saying so."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **options: Any) -> Any:
        """Create a row class; ``options`` are msgspec's own."""
        settled = {"frozen": True, "forbid_unknown_fields": True, **options}
        return super().__new__(cls, name, bases, namespace, **settled)


class Row(msgspec.Struct, metaclass=RowMeta):
    """What one row holds: the base of every contract, request, answer and feature row.

    Constructing a row in Python checks nothing, as with any dataclass; rows that come
    from outside are checked by ``decode`` (requests) and ``check`` (tables).

    >>> from typing import Annotated
    >>> class Client(Row):
    ...     client_id: Annotated[int, key]
    ...     history: Annotated[float, at_least(0)]
    >>> Client(client_id=7, history=12.5)
    Client(client_id=7, history=12.5)
    """


class Marker:
    """Something a field is, beyond its type."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"fc.{self._name}"


key: Final = Marker("key")
"""The field, with the other keys, identifies a row: the unit of assignment, what a lookup asks for."""

time: Final = Marker("time")
"""When the row became true: freshness, windows and time splits go by it."""

personal: Final = Marker("personal")
"""The field is about a person: masked wherever rows are shown."""


def between(low: float, high: float) -> msgspec.Meta:
    """Allow values from ``low`` to ``high``, both included."""
    return msgspec.Meta(ge=low, le=high)


def at_least(low: float) -> msgspec.Meta:
    """Allow ``low`` and everything above it."""
    return msgspec.Meta(ge=low)


def matching(pattern: str) -> msgspec.Meta:
    """Allow text in which the regular expression is found; anchor it with ``^`` and ``$`` for the whole."""
    return msgspec.Meta(pattern=pattern)


def length(n: int) -> msgspec.Meta:
    """Allow text of ``n`` characters, or a list of ``n`` values."""
    return msgspec.Meta(min_length=n, max_length=n)
