"""The key of a lookup: the values that a row is asked for by, and what is a mistake instead.

A key is what a dict would take for the same: ``True`` asks for the row of 1, ``2.0`` for
that of 2 where the key is a float, and an instant is the same in every time zone. A value
of another type is refused: no row could ever be found by it.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from fullcycle.data.contract import Field, fields
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid

EXACT = (bool, int, str, date)
"""Types of which a value that is no subclass is a key as it is."""


class LookupKey:
    """The fields that identify a row of ``contract``, in their order.

    Raises:
        Invalid: for a contract without a key.
    """

    def __init__(self, contract: type[Row]) -> None:
        self._name = contract.__name__
        self.fields = tuple(field for field in fields(contract) if field.key)
        self.names = tuple(field.name for field in self.fields)
        if not self.fields:
            raise Invalid(
                f"{self._name} has no key to look it up by",
                "fc.Lookup",
                "mark its key: Annotated[int, fc.key]",
            )

    @property
    def exact(self) -> type | None:
        """The type of a key of one field whose values need no look: each is the key as it is."""
        return self.fields[0].type if len(self.fields) == 1 and self.fields[0].type in EXACT else None

    def of(self, values: tuple[object, ...]) -> Any:
        """The key that these values are: the value of a key of one field, else a tuple.

        Raises:
            Invalid: for fewer or more values than the key has fields, or of other types.
        """
        if len(values) != len(self.fields):
            raise Invalid(
                f"{len(values)} value(s) given, the key is ({', '.join(self.names)})",
                f"a lookup of {self._name}",
                "give each field of the key, in this order",
            )
        fitted = tuple(map(self._fitted, self.fields, values))
        return fitted if len(fitted) > 1 else fitted[0]

    def _fitted(self, field: Field, value: object) -> object:
        if value is None and field.optional:
            return None
        try:
            return _FITTED[field.type](value)
        except TypeError:
            naive = isinstance(value, datetime) and field.type is datetime
            found = "a datetime without a time zone" if naive else type(value).__name__
            raise Invalid(
                f"{field.name} is asked for by {found}, and is {field.type_name}",
                f"a lookup of {self._name}",
                f"give a {field.type_name}{' that has one, such as a UTC time' if naive else ''}",
            ) from None


def _float(value: Any) -> float:
    if not isinstance(value, float | int):
        raise TypeError
    return float(value) + 0.0  # of the two zeroes, which are equal, the one


def _text(value: Any) -> str:
    return str.__str__(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return value


def _datetime(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise TypeError
    return value


_FITTED: Mapping[type, Callable[[Any], object]] = {
    bool: _bool,
    int: operator.index,
    float: _float,
    str: _text,
    date: _date,
    datetime: _datetime,
}
