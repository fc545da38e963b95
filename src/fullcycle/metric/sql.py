"""Putting queries of users into one: each keeps its own values, none can swallow its neighbour."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fullcycle.data import Query
from fullcycle.kernel import Invalid
from fullcycle.metric.spec import Kind

# What a query holds that is no code: strings (E'' with backslashes), quoted names, comments,
# dollar-quoted strings; then what we look for: a value's name, or the end of a statement.
_TOKEN = re.compile(
    r"""
      (?P<escaped> [eE]'(?:[^'\\]|\\.|'')*' )
    | (?P<string>  '(?:[^']|'')*' )
    | (?P<name>    "(?:[^"]|"")*" )
    | (?P<line>    --[^\n]* )
    | (?P<block>   /\*.*?\*/ )
    | (?P<dollar>  \$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?P=tag)\$ | \$\$.*?\$\$ )
    | \$(?P<value> [A-Za-z_]\w* )
    | (?P<end>     ; )
    | \w+
    """,
    re.VERBOSE | re.DOTALL,
)


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it holds.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def inlined(query: Query, prefix: str) -> tuple[str, dict[str, Any]]:
    """A query as a subquery ``(…)``, and its values under names that begin with ``prefix``.

    Raises:
        Invalid: for more than one statement.
    """
    pieces: list[str] = []
    last, ended = 0, False
    for found in _TOKEN.finditer(query.text):
        kind = found.lastgroup
        if kind == "end":
            pieces.append(query.text[last : found.start()])
            last, ended = found.end(), True
        elif kind == "value":
            pieces += [query.text[last : found.start()], f"${prefix}{found['value']}"]
            last = found.end()
        elif ended and kind not in ("line", "block"):
            raise Invalid(
                f"a source's query goes on after its end: {query.text[found.start() :][:40]!r}",
                " ".join(query.text.split())[:80],
                "let it be one select statement",
            )
    pieces.append(query.text[last:])
    return f"(\n{''.join(pieces)}\n)", _prefixed(query.values, prefix)


def condition(where: str | None) -> str:
    """A user's condition, fenced so that a comment or an ``or`` in it ends with it."""
    return "true" if where is None else f"(\n{where}\n)"


def event_value(kind: Kind, column: str | None, where: str | None, *, truth: bool = False) -> str:
    """What one row of a metric's source adds to its unit; null where the condition leaves it out.

    ``truth`` says that the column is a Boolean, which not every warehouse takes for a number.
    """
    counted = "1.0::float8"
    if kind != "proportion" and column is not None:
        counted = f"{quoted(column)}{'::int' if truth else ''}::float8"
    return counted if where is None else f"case when {condition(where)} then {counted} end"


def unit_value(kind: Kind, value: str, cap: float | None, joining: "Joining | None" = None) -> str:
    """A unit's value, aggregated from its rows' :func:`event_value`; 0 where nothing happened."""
    if kind == "proportion":
        return f"coalesce(max({value}), 0.0::float8)"
    total = f"coalesce({(joining or IN_DUCKDB).total(value)}, 0.0::float8)"
    return total if cap is None else capped(total, f"({float(cap)!r})::float8")


def capped(value: str, limit: str) -> str:
    """A value up to a limit. NaN is above every number and no number: it is left, and refused later."""
    return f"case when {value} > {limit} and {value} <> 'nan'::float8 then {limit} else {value} end"


def micros_of(column: str) -> str:
    """A date, timestamp or timestamp with time zone as microseconds since 1970 UTC; a naive one is UTC."""
    return f"epoch_us({column})"


def postgres_micros_of(column: str) -> str:
    """The same in PostgreSQL, in a session whose time zone is UTC."""
    return f"(extract(epoch from {column}) * 1000000)::bigint"


@dataclass(frozen=True, slots=True)
class Joining:
    """Where the SQL that joins outcomes differs from one warehouse to another's."""

    micros: Callable[[str], str]  # a date or timestamp as µs since 1970 UTC
    total: Callable[[str], str]  # a sum that is the same in whatever order the rows come
    kept: str  # the columns of ``fc_known`` but its own two; whoever fetches them drops these, too


IN_DUCKDB = Joining(micros_of, lambda value: f"fsum({value})", "fc_known.* exclude (fc_row, fc_start)")
IN_POSTGRES = Joining(postgres_micros_of, lambda value: f"sum({value} order by {value})", "fc_known.*")


def _prefixed(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in values.items()}


def bound(text: str) -> tuple[str, frozenset[str]]:
    """A query with ``%(name)s`` for each ``$name``, as drivers of PostgreSQL take it, and the names.

    >>> bound("select '$a', 5 % 2 where x = $a")
    ("select '$a', 5 %% 2 where x = %(a)s", frozenset({'a'}))
    """
    pieces: list[str] = []
    names: set[str] = set()
    last = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "value":
            pieces += [text[last : found.start()].replace("%", "%%"), f"%({found['value']})s"]
            names.add(found["value"])
            last = found.end()
    pieces.append(text[last:].replace("%", "%%"))
    return "".join(pieces), frozenset(names)
