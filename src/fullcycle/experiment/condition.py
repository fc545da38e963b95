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

from fullcycle.experiment.json_value import among, listed, matches, ordered, same, type_of, version
from fullcycle.kernel import Invalid, UnknownName

Condition = Mapping[str, Any]
Groups = Mapping[str, Sequence[Any]]
Test = Callable[[Any], bool]
Ask = Callable[[str], Any]

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


def asking(condition: Condition) -> Callable[[Ask], bool]:
    """A condition to be asked of what gives a field by its name; a field is asked when it is needed.

    >>> asking({"orders": {"$gte": 3}})({"orders": 4}.get)
    True
    """
    if any(key.startswith("$") or "." in key for key in condition):
        whole, names = compiled(condition), roots(condition)
        return lambda ask: whole({name: ask(name) for name in names})
    tests = [(name, _of_value(wanted, {})) for name, wanted in condition.items()]

    def holds(ask: Ask) -> bool:
        for name, test in tests:  # noqa: SIM110 - as above
            if not test(ask(name)):
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
        if operator in _PATTERNS and matches(value, "") is None:
            raise Invalid(f"{value!r} is no regular expression", _WHERE, "write one that Python's re reads")


_MANY = ("$and", "$or", "$nor")
_ORDERS = {"$lt": lt, "$lte": le, "$gt": gt, "$gte": ge}


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
    value, test = _value_at(key), _of_value(wanted, groups)
    return lambda fields: test(value(fields))


def _of_value(wanted: Any, groups: Groups) -> Test:
    """What stands beside a field, as a test of its value."""
    if not _is_operators(wanted):
        return _quick("$eq", wanted, groups)
    tests = [_quick(operator, given, groups) for operator, given in wanted.items()]
    if len(tests) == 1:
        return tests[0]

    def meets(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if not test(value):
                return False
        return True

    return meets


def _quick(operator: str, given: Any, groups: Groups) -> Test:
    """One operator as a test, without a detour where value and operand are both texts or both numbers."""
    general = _OPERATORS.get(operator, _never)

    def otherwise(value: Any) -> bool:
        return general(given, value, groups)

    if operator in _ORDERS and type(given) in (int, float):
        compare, bound = _ORDERS[operator], float(given)
        return lambda value: compare(float(value), bound) if type(value) in (float, int) else otherwise(value)
    if operator in ("$eq", "$ne") and type(given) is str:
        wanted = operator == "$eq"
        return lambda value: (value == given) is wanted if type(value) is str else otherwise(value)
    if operator in ("$in", "$nin") and listed(given):
        texts, inside = frozenset(one for one in given if type(one) is str), operator == "$in"
        return lambda value: (value in texts) is inside if type(value) is str else otherwise(value)
    return otherwise


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
    return same(wanted, value, folded=folded)


def _is_operators(wanted: Any) -> bool:
    return isinstance(wanted, dict) and bool(wanted) and all(str(key).startswith("$") for key in wanted)


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


def _members(given: Any, groups: Groups) -> Sequence[Any]:
    return groups.get(given, ()) if isinstance(given, str) else ()


_Operator = Callable[[Any, Any, Groups], bool]

_OPERATORS: dict[str, _Operator] = {
    "$eq": lambda given, value, _: same(given, value),
    "$ne": lambda given, value, _: not same(given, value),
    "$lt": lambda given, value, _: bool(lt(*ordered(given, value))),
    "$lte": lambda given, value, _: bool(le(*ordered(given, value))),
    "$gt": lambda given, value, _: bool(gt(*ordered(given, value))),
    "$gte": lambda given, value, _: bool(ge(*ordered(given, value))),
    "$exists": lambda given, value, _: (value is not None) is bool(given),
    "$in": lambda given, value, _: listed(given) and among(given, value),
    "$nin": lambda given, value, _: listed(given) and not among(given, value),
    "$ini": lambda given, value, _: listed(given) and among(given, value, folded=True),
    "$nini": lambda given, value, _: listed(given) and not among(given, value, folded=True),
    "$all": lambda given, value, groups: listed(given) and _every(given, value, groups),
    "$alli": lambda given, value, groups: listed(given) and _every(given, value, groups, folded=True),
    "$elemMatch": _elements,
    "$size": lambda given, value, groups: listed(value) and _meets(given, len(value), groups),
    "$type": lambda given, value, _: bool(given == type_of(value)),
    "$not": lambda given, value, groups: not _meets(given, value, groups),
    "$regex": lambda given, value, _: matches(given, value) is True,
    "$regexi": lambda given, value, _: matches(given, value, re.IGNORECASE) is True,
    "$notRegex": lambda given, value, _: matches(given, value) is False,
    "$notRegexi": lambda given, value, _: matches(given, value, re.IGNORECASE) is False,
    "$veq": lambda given, value, _: version(value) == version(given),
    "$vne": lambda given, value, _: version(value) != version(given),
    "$vgt": lambda given, value, _: version(value) > version(given),
    "$vgte": lambda given, value, _: version(value) >= version(given),
    "$vlt": lambda given, value, _: version(value) < version(given),
    "$vlte": lambda given, value, _: version(value) <= version(given),
    "$inGroup": lambda given, value, groups: among(_members(given, groups), value),
    "$notInGroup": lambda given, value, groups: not among(_members(given, groups), value),
}
_LISTS = ("$in", "$nin", "$ini", "$nini", "$all", "$alli")
_PATTERNS = ("$regex", "$regexi", "$notRegex", "$notRegexi")
