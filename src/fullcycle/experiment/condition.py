"""Who is targeted: conditions on a request's fields, in GrowthBook's published language.

A condition is JSON, such as ``{"country": {"$in": ["NL", "BE"]}, "orders": {"$gte": 3}}``: every
field must meet what stands beside it. A name with dots goes into nested fields. What is missing
is null. Pure Python: this runs in the serving process.

Source: GrowthBook, "SDK build-your-own" specification 0.7.1 (evalCondition). Values are compared
with their types, as JSON has them: ``1`` is not ``"1"`` and not ``true``. Comparisons of order are
those of JavaScript: null counts as 0, and a text beside a number as the number that it writes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from fullcycle.kernel import Invalid, UnknownName

Condition = Mapping[str, Any]
Groups = Mapping[str, Sequence[Any]]
Test = Callable[[Any], bool]

_WHERE = "the condition of an experiment"


def holds(condition: Condition, fields: Any, groups: Groups | None = None) -> bool:
    """Whether ``fields`` (plain data) meet a condition; ``groups`` are lists that it may name.

    An operator that there is none of is never met.

    >>> holds({"country": {"$in": ["NL", "BE"]}}, {"country": "NL"})
    True
    """
    return compiled(condition, groups)(fields)


def compiled(condition: Condition, groups: Groups | None = None) -> Test:
    """A condition, taken apart once, to be asked of many requests.

    >>> compiled({"orders": {"$gte": 3}})({"orders": 4})
    True
    """
    tests = [_test(key, wanted, groups or {}) for key, wanted in condition.items()]
    if len(tests) == 1:
        return tests[0]

    def holds(fields: Any) -> bool:
        for test in tests:  # noqa: SIM110 - all() takes longer, and this is asked per request
            if not test(fields):
                return False
        return True

    return holds


def roots(condition: Condition) -> tuple[str, ...]:
    """The fields that a condition asks, each once: of ``address.city`` the field ``address``."""
    found: dict[str, None] = {}
    for key, wanted in condition.items():
        if key in _MANY:
            for one in wanted:
                found |= dict.fromkeys(roots(one))
        elif key == "$not":
            found |= dict.fromkeys(roots(wanted))
        else:
            found[key.partition(".")[0]] = None
    return tuple(found)


def checked_condition(condition: Any) -> dict[str, Any]:
    """A condition that can be asked of every request.

    Raises:
        Invalid: where it is no JSON object of such a kind, names a saved group, or holds a
            pattern that is none.
        UnknownName: for an operator that there is none of.
    """
    if not isinstance(condition, dict) or not condition:
        raise Invalid(
            f"condition={condition!r}", _WHERE, 'write which fields are targeted: {"country": {"$eq": "NL"}}'
        )
    for key, wanted in condition.items():
        if not isinstance(key, str):
            raise Invalid(f"{key!r} is no name of a field", _WHERE, "name fields by text")
        if key in _MANY:
            if not isinstance(wanted, Sequence) or isinstance(wanted, str):
                raise Invalid(f"{key} stands before {wanted!r}", _WHERE, f"give {key} a list of conditions")
            for one in wanted:
                checked_condition(one)
        elif key == "$not":
            checked_condition(wanted)
        elif key.startswith("$"):
            raise UnknownName.among(key, (*_MANY, "$not"), where=f"{_WHERE}, where a field is named")
        else:
            _check_wanted(wanted)
    return dict(condition)


def _check_wanted(wanted: Any) -> None:
    if not _is_operators(wanted):
        return
    for operator, value in wanted.items():
        if operator in ("$inGroup", "$notInGroup"):
            raise Invalid(
                f"{operator} names a saved group, and a release holds none",
                _WHERE,
                "write its members: {'$in': [...]}",
            )
        if operator not in _OPERATORS:
            raise UnknownName.among(operator, _OPERATORS, where=_WHERE)
        if operator in ("$not", "$size"):
            _check_wanted(value)
        if operator == "$elemMatch":
            _check_wanted(value) if _is_operators(value) else checked_condition(value)
        if operator in _LISTS and not isinstance(value, (list, tuple)):
            raise Invalid(f"{operator} stands before {value!r}", _WHERE, f"give {operator} a list")
        if operator in _PATTERNS and _pattern(value, "") is None:
            raise Invalid(f"{value!r} is no regular expression", _WHERE, "write one that Python's re reads")


_MANY = ("$and", "$or", "$nor")


def _test(key: str, wanted: Any, groups: Groups) -> Test:
    """One part of a condition: of a field, or of other conditions."""
    if key in _MANY:
        parts = [compiled(one, groups) for one in wanted]
        if key == "$and":
            return lambda fields: all(part(fields) for part in parts)
        wanted_any = key == "$or"
        return lambda fields: not parts or any(part(fields) for part in parts) is wanted_any
    if key == "$not":
        part = compiled(wanted, groups)
        return lambda fields: not part(fields)
    value = _value_at(key)
    if not _is_operators(wanted):
        return lambda fields: _same(wanted, value(fields))
    asked = [(_OPERATORS.get(operator, _never), given) for operator, given in wanted.items()]

    def meets(fields: Any) -> bool:
        found = value(fields)
        for operator, given in asked:  # noqa: SIM110 - as above
            if not operator(given, found, groups):
                return False
        return True

    return meets


def _value_at(path: str) -> Callable[[Any], Any]:
    """What gives the value at a path with dots; None where there is none."""
    names = path.split(".")
    if len(names) == 1:
        return lambda fields: fields.get(path) if isinstance(fields, dict) else None

    def value(fields: Any) -> Any:
        for name in names:
            if not isinstance(fields, dict):
                return None
            fields = fields.get(name)
        return fields

    return value


def _never(given: Any, value: Any, groups: Groups) -> bool:
    return False


def _meets(wanted: Any, value: Any, groups: Groups, *, folded: bool = False) -> bool:
    if _is_operators(wanted):
        return all(_OPERATORS.get(name, _never)(given, value, groups) for name, given in wanted.items())
    return _same(wanted, value, folded=folded)


def _is_operators(wanted: Any) -> bool:
    return isinstance(wanted, dict) and bool(wanted) and all(str(key).startswith("$") for key in wanted)


def _same(a: Any, b: Any, *, folded: bool = False) -> bool:
    """Equal as JSON: a number is no boolean, and the order of a list counts."""
    if isinstance(a, str) and isinstance(b, str):
        return a.lower() == b.lower() if folded else a == b
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)


def _among(given: Any, value: Any, *, folded: bool = False) -> bool:
    """Whether a value, or one of the values of a list, is one of those given."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return any(_same(one, each, folded=folded) for each in values for one in given)


def _every(given: Any, value: Any, groups: Groups, *, folded: bool = False) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    return all(any(_meets(one, each, groups, folded=folded) for each in value) for one in given)


def _elements(given: Any, value: Any, groups: Groups) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    if _is_operators(given):
        return any(_meets(given, each, groups) for each in value)
    return any(holds(given, each, groups) for each in value)


def _number(value: Any) -> float:
    """What JavaScript makes of a value that stands beside a number."""
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _order(given: Any, value: Any) -> tuple[Any, Any]:
    """Both sides in a form that compares as JavaScript compares them."""
    if isinstance(given, str) and isinstance(value, str):
        return _units(value), _units(given)
    return _number(value), _number(given)


def _units(text: str) -> bytes:
    """A text so that bytes order as its UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def _pattern(given: Any, value: Any, flags: int = 0) -> bool | None:
    """Whether a pattern is found in a value; None where it is no pattern."""
    try:
        return re.search(given, "" if value is None else str(value), flags) is not None
    except (re.error, TypeError, OverflowError):
        return None


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, (list, tuple)) else "object"


def _version(value: Any) -> str:
    """A version as a text that sorts as versions do: numbers padded, a release after its candidates."""
    text = re.sub(r"^v|\+.*$", "", "0" if value in (None, "") else str(value))
    parts = re.split(r"[-.]", text)
    if len(parts) == 3:
        parts.append("~")
    return "-".join(part.rjust(5) if re.fullmatch("[0-9]+", part) else part for part in parts)


def _members(given: Any, groups: Groups) -> Sequence[Any]:
    return groups.get(given, ()) if isinstance(given, str) else ()


def _listed(given: Any) -> bool:
    return isinstance(given, (list, tuple))


_Operator = Callable[[Any, Any, Groups], bool]

_OPERATORS: dict[str, _Operator] = {
    "$eq": lambda given, value, _: _same(given, value),
    "$ne": lambda given, value, _: not _same(given, value),
    "$lt": lambda given, value, _: bool(lt(*_order(given, value))),
    "$lte": lambda given, value, _: bool(le(*_order(given, value))),
    "$gt": lambda given, value, _: bool(gt(*_order(given, value))),
    "$gte": lambda given, value, _: bool(ge(*_order(given, value))),
    "$exists": lambda given, value, _: (value is not None) is bool(given),
    "$in": lambda given, value, _: _listed(given) and _among(given, value),
    "$nin": lambda given, value, _: _listed(given) and not _among(given, value),
    "$ini": lambda given, value, _: _listed(given) and _among(given, value, folded=True),
    "$nini": lambda given, value, _: _listed(given) and not _among(given, value, folded=True),
    "$all": lambda given, value, groups: _listed(given) and _every(given, value, groups),
    "$alli": lambda given, value, groups: _listed(given) and _every(given, value, groups, folded=True),
    "$elemMatch": _elements,
    "$size": lambda given, value, groups: _listed(value) and _meets(given, len(value), groups),
    "$type": lambda given, value, _: bool(given == _type_of(value)),
    "$not": lambda given, value, groups: not _meets(given, value, groups),
    "$regex": lambda given, value, _: _pattern(given, value) is True,
    "$regexi": lambda given, value, _: _pattern(given, value, re.IGNORECASE) is True,
    "$notRegex": lambda given, value, _: _pattern(given, value) is False,
    "$notRegexi": lambda given, value, _: _pattern(given, value, re.IGNORECASE) is False,
    "$veq": lambda given, value, _: _version(value) == _version(given),
    "$vne": lambda given, value, _: _version(value) != _version(given),
    "$vgt": lambda given, value, _: _version(value) > _version(given),
    "$vgte": lambda given, value, _: _version(value) >= _version(given),
    "$vlt": lambda given, value, _: _version(value) < _version(given),
    "$vlte": lambda given, value, _: _version(value) <= _version(given),
    "$inGroup": lambda given, value, groups: _among(_members(given, groups), value),
    "$notInGroup": lambda given, value, groups: not _among(_members(given, groups), value),
}
_LISTS = ("$in", "$nin", "$ini", "$nini", "$all", "$alli")
_PATTERNS = ("$regex", "$regexi", "$notRegex", "$notRegexi")
