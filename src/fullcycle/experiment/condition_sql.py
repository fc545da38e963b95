"""A condition as SQL, over a request that is a JSON text: what a warehouse can ask by itself.

It says of each request what ``fullcycle.experiment.condition`` says. Where a database would say it
otherwise, the operator is refused by its name: patterns are Python's, and each database has its own. So
are texts that are folded, or ordered, beyond the characters where all agree.
"""

import json
from collections.abc import Callable, Mapping
from math import inf, isfinite
from operator import ge, gt, le, lt
from typing import Any

from fullcycle.experiment.condition import Condition
from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.json_sql import JSON, JsonWords
from fullcycle.experiment.json_value import listed, number, version
from fullcycle.kernel import Refused

_WHERE = "a condition as SQL"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u212a", "abcdefghijklmnopqrstuvwxyzk"  # with the Kelvin sign
_COMPARES = {"$lt": ("<", lt), "$lte": ("<=", le), "$gt": (">", gt), "$gte": (">=", ge)}
_VERSIONS = {"$veq": "=", "$vne": "<>", "$vgt": ">", "$vgte": ">=", "$vlt": "<", "$vlte": "<="}
_BLANK = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
_DENSE, _LARGE = 1 << 53, 1 << 65  # between them, whole numbers that a request holds are not all doubles
_DECIMAL = (
    r"^[+-]?([0-9]{1,99}[.]?[0-9]{0,99}|[.][0-9]{1,99})([eE][+-]?[0-9]{1,2})?$"  # that any double can hold
)


def condition_sql(condition: Condition, request: str, dialect: Dialect) -> str:
    """Whether a request meets a condition: SQL that is true or false, and never null.

    Args:
        condition: in GrowthBook's language.
        request: SQL for the request as a JSON text.
        dialect: the warehouse's SQL.

    Raises:
        Refused: for an operator that the database would answer otherwise, by its name.
    """
    words = JSON[dialect.name]
    return _Writing(words).condition(condition, words.whole(request))


class _Writing:
    def __init__(self, words: JsonWords) -> None:
        self.words = words
        self.depth = 0

    def condition(self, condition: Condition, v: str) -> str:
        parts = [self._part(key, wanted, v) for key, wanted in condition.items()]
        return _all(parts)

    def _part(self, key: str, wanted: Any, v: str) -> str:
        if key == "$not":
            return _not(self.condition(wanted, v))
        if key in ("$and", "$or", "$nor"):
            parts = [self.condition(one, v) for one in wanted]
            if key == "$and":
                return _all(parts)
            told = _any(parts) if parts else "true"
            return told if key == "$or" or not parts else _not(told)
        for name in key.split("."):
            v = self.words.member(v, name)
        return self._meets(wanted, v)

    def _meets(self, wanted: Any, v: str, *, folded: bool = False) -> str:
        if isinstance(wanted, dict) and wanted and all(str(key).startswith("$") for key in wanted):
            return _all([self._operator(name, given, v) for name, given in wanted.items()])
        return self._same(wanted, v, folded=folded)

    def _operator(self, name: str, given: Any, v: str) -> str:
        if name in _COMPARES:
            return self._order(name, given, v)
        if name in _VERSIONS:
            return self._version(name, given, v)
        match name:
            case "$eq":
                return self._same(given, v)
            case "$ne":
                return _not(self._same(given, v))
            case "$exists":
                return self._exists(v) if given else _not(self._exists(v))
            case "$in" | "$ini":
                return self._among(given, v, folded=name == "$ini") if listed(given) else "false"
            case "$nin" | "$nini":
                return _not(self._among(given, v, folded=name == "$nini")) if listed(given) else "false"
            case "$all" | "$alli":
                folded = name == "$alli"
                if not listed(given):
                    return "false"
                return _all([self._is("array", v), *(self._holds(one, v, folded=folded) for one in given)])
            case "$elemMatch":
                return self._any(v, lambda e: self._element_meets(given, e))
            case "$size":
                length = self.words.written(
                    self.words.length(f"case when {self._is('array', v)} then {v} end")
                )
                return _all([self._is("array", v), self._meets(given, length)])
            case "$type":
                return f"(coalesce({self.words.type(v)}, 'null') = {text(str(given))})"
            case "$not":
                return _not(self._meets(given, v))
            case _:
                return _refuse(name)

    def _holds(self, one: Any, v: str, *, folded: bool) -> str:
        """Whether a list holds an element that is, or meets, one."""
        return self._any(v, lambda e: self._meets(one, e, folded=folded))

    def _version(self, name: str, given: Any, v: str) -> str:
        bound = version(given)
        _require_storable(bound)
        found = self.words.text(v)
        written = (
            f"case coalesce({self.words.type(v)}, 'null') "
            f"when 'number' then regexp_replace({found}, '[.]0$', '') "
            f"when 'string' then coalesce(nullif({found}, ''), '0') else '0' end"
        )
        return f"coalesce({self.words.release(written)} {_VERSIONS[name]} {text(bound)}, false)"

    def _element_meets(self, given: Any, e: str) -> str:
        operators = isinstance(given, dict) and given and all(str(key).startswith("$") for key in given)
        return self._meets(given, e) if operators else self.condition(given, e)

    def _exists(self, v: str) -> str:
        return f"(coalesce({self.words.type(v)}, 'null') <> 'null')"

    def _is(self, kind: str, v: str) -> str:
        return f"(coalesce({self.words.type(v)}, 'null') = {text(kind)})"

    def _any(self, v: str, test: Callable[[str], str]) -> str:
        """Whether an element of a list passes; false for what is no list."""
        name = f"fc_e{self.depth}"
        self.depth += 1
        told = self.words.any(f"case when {self._is('array', v)} then {v} end", name, test(name))
        self.depth -= 1
        return f"coalesce({told}, false)"

    def _among(self, given: Any, v: str, *, folded: bool) -> str:
        def one_of(e: str) -> str:
            return _any([self._same(one, e, folded=folded) for one in given])

        return f"(case when {self._is('array', v)} then {self._any(v, one_of)} else {one_of(v)} end)"

    def _same(self, wanted: Any, v: str, *, folded: bool = False) -> str:
        if wanted is None:
            return self._is("null", v)
        if isinstance(wanted, bool):
            return self._scalar("boolean", v, f"{self.words.text(v)} = {text(json.dumps(wanted))}")
        if isinstance(wanted, (int, float)):
            return self._same_number(wanted, v)
        if isinstance(wanted, str):
            return self._same_text(wanted, v, folded=folded)
        if isinstance(wanted, Mapping):
            return self._same_object(wanted, v)
        there = (
            f"(case when {self._is('array', v)} then {self.words.length(v)} = {len(wanted)} else false end)"
        )
        return _all([there, *(self._same(one, self.words.element(v, n)) for n, one in enumerate(wanted))])

    def _same_object(self, wanted: Mapping[str, Any], v: str) -> str:
        there = (
            f"(case when {self._is('object', v)} then {self.words.names(v)} = {len(wanted)} else false end)"
        )
        members = [(self.words.member(v, name), one) for name, one in wanted.items()]
        return _all(
            [there, *(f"({m} is not null)" for m, _ in members), *(self._same(o, m) for m, o in members)]
        )

    def _same_number(self, wanted: float, v: str) -> str:
        if not isfinite(wanted):
            return "false"
        written = self.words.text(v)
        told = f"{self.words.real(written)} = {_real(float(wanted))}"
        if float(wanted).is_integer() and _DENSE <= abs(wanted) < _LARGE:
            told = f"coalesce({self.words.exact(written)} = {int(wanted)}, {told})"
        return self._scalar("number", v, told)

    def _same_text(self, wanted: str, v: str, *, folded: bool) -> str:
        _require_storable(wanted)
        found = self.words.text(v)
        if not folded:
            return self._scalar("string", v, f"{found} = {text(wanted)}")
        if not wanted.isascii():
            raise Refused(
                f"{wanted!r} is to be found in capitals or not, and databases fold it otherwise",
                _WHERE,
                "write both, by $in",
            )
        small = f"translate({found}, {text(_UPPER)}, {text(_LOWER)})"
        return self._scalar("string", v, f"{small} = {text(wanted.lower())}")

    def _scalar(self, kind: str, v: str, test: str) -> str:
        """A test of values of one type; in a case, since nothing else may be cast."""
        return f"(case when {self._is(kind, v)} then coalesce({test}, false) else false end)"

    def _order(self, name: str, given: Any, v: str) -> str:
        """By JavaScript's rules: texts by their characters, all else as numbers."""
        (sign, compare), bound = _COMPARES[name], number(given)
        found = self.words.text(v)

        def always(value: float) -> str:
            return "true" if compare(value, bound) else "false"

        def held(told: str) -> str:
            return f"{told} {sign} {_real(bound)}" if isfinite(bound) else always(0.0)

        if isinstance(given, str):
            _require_storable(given)
            if any(char >= "\ud800" for char in given):  # from there on, the two orders differ
                raise Refused(
                    f"{name} {given!r} orders texts by UTF-16, and databases by their code points",
                    _WHERE,
                    "compare with a text of other characters",
                )
            as_text = f"{self.words.ordered(found)} {sign} {text(given)}"
        else:
            trimmed = f"trim({found}, {_BLANK})"
            as_text = (
                f"case when {trimmed} = '' then {always(0.0)} "
                f"when {trimmed} in ('Infinity', '+Infinity') then {always(inf)} "
                f"when {trimmed} = '-Infinity' then {always(-inf)} "
                f"when {self.words.matches(trimmed, _DECIMAL)} then {held(self.words.real(trimmed))} "
                "else false end"
            )
        cases = (
            f"when 'number' then {held(self.words.real(found))} "
            f"when 'boolean' then case when {found} = 'true' then {always(1.0)} else {always(0.0)} end "
            f"when 'null' then {always(0.0)} when 'string' then {as_text} else false"
        )
        return f"coalesce(case coalesce({self.words.type(v)}, 'null') {cases} end, false)"


def _all(parts: list[str]) -> str:
    return f"({' and '.join(parts)})" if parts else "true"


def _any(parts: list[str]) -> str:
    return f"({' or '.join(parts)})" if parts else "false"


def _not(told: str) -> str:
    return f"(not {told})"


def _real(value: float) -> str:
    return f"({text(repr(value))}::float8)"


def _refuse(name: str) -> str:
    raise Refused(
        f"{name} is not asked by a database as the service asks it",
        _WHERE,
        "say it by other operators, such as $in; or let the service's own log tell who met it",
    )


def _require_storable(value: str) -> None:
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused(f"{value!r} is no text in a database", _WHERE, "leave it out")
