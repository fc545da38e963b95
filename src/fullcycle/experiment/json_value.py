"""Values as JSON has them, side by side: which are equal, which comes first, of what type they are.

Order is JavaScript's, by which GrowthBook's SDKs compare: null counts as 0, and a text beside a number
as the decimal number that it writes. Texts are ordered by their UTF-16 code units.
"""

import re
from math import nan
from typing import Any

_BLANK = " \t\n\r\f\v"
_DECIMAL = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|Infinity)")


def same(a: Any, b: Any, *, folded: bool = False) -> bool:
    """Equal as JSON: a number is no boolean, and the order of a list counts."""
    if isinstance(a, str) and isinstance(b, str):
        return a.lower() == b.lower() if folded else a == b
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)


def among(given: Any, value: Any, *, folded: bool = False) -> bool:
    """Whether a value, or one of the values of a list, is one of those given."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return any(same(one, each, folded=folded) for each in values for one in given)


def number(value: Any) -> float:
    """What JavaScript makes of a value that stands beside a number; written otherwise than decimal, none."""
    if value is None:
        return 0.0
    if isinstance(value, str):
        written = value.strip(_BLANK)
        return float(written or 0.0) if not written or _DECIMAL.fullmatch(written) else nan
    return float(value) if isinstance(value, (int, float)) else nan


def ordered(given: Any, value: Any) -> tuple[Any, Any]:
    """Both sides in a form that compares as JavaScript compares them."""
    if isinstance(given, str) and isinstance(value, str):
        return _units(value), _units(given)
    return number(value), number(given)


def _units(text: str) -> bytes:
    """A text so that bytes order as its UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def matches(given: Any, value: Any, flags: int = 0) -> bool | None:
    """Whether a pattern is found in a value; None where it is no pattern."""
    try:
        return re.search(given, "" if value is None else str(value), flags) is not None
    except (re.error, TypeError, OverflowError):
        return None


def type_of(value: Any) -> str:
    """The type of a value, as GrowthBook names it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, (list, tuple)) else "object"


def version(value: Any) -> str:
    """A version as a text that sorts as versions do: numbers padded, a release after its candidates."""
    parts = re.split(r"[-.]", re.sub(r"^v|\+[^\n]*\Z", "", _as_version(value)))
    if len(parts) == 3:
        parts.append("~")
    return "-".join(part.rjust(5) if re.fullmatch("[0-9]+", part) else part for part in parts)


def _as_version(value: Any) -> str:
    """What a version is written as; what is neither text nor number counts as version 0."""
    if isinstance(value, str):
        return value or "0"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "0"
    return str(value).removesuffix(".0")


def listed(given: Any) -> bool:
    """Whether it is a list."""
    return isinstance(given, (list, tuple))
