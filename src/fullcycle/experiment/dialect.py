"""Where the SQL of one warehouse differs from another's; all else is written once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fullcycle.metric import micros_of, postgres_micros_of, quoted

DAY = 86_400_000_000  # microseconds
_EXACT = 2**53  # below it, a double holds each whole number


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the one query needs to know of its warehouse."""

    name: str
    micros: Callable[[str], str]  # a date or timestamp as µs since 1970 UTC; a naive one is UTC
    fields: Callable[[str, Sequence[str]], str]  # fields of a JSON text, as an array of texts, 1 the first
    earliest: Callable[[str, str, str], str]  # a value, be it null, of the row with the least time, then id
    day: Callable[[str], str]  # µs since 1970 as whole days
    unit: Callable[
        [str], str
    ]  # a unit's id as a text: one that is a whole number is told as such, as in the log
    truth: Callable[[str], str]  # a Boolean as a number
    bucket: Callable[[str, int], str]  # which of so many buckets a text falls in, by the warehouse's own hash
    json: Callable[[Sequence[str]], str]  # columns by name, as a JSON text


def text(value: str) -> str:
    """A string as SQL takes it.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def _duckdb_fields(json: str, names: Sequence[str]) -> str:
    paths = ", ".join(text(f"$.{quoted(name)}") for name in names)
    return f"json_extract_string({json}, [{paths}])"


def _postgres_fields(json: str, names: Sequence[str]) -> str:
    each = ", ".join(f"({json})::json ->> {text(name)}" for name in names)
    return f"array[{each}]"


def _duckdb_unit(id: str) -> str:
    """DuckDB says 7.0 of a double and of a decimal; what type it is, is known before any row is read."""
    number, broken = (
        f"{id}::varchar::double",
        f"typeof({id}) in ('DOUBLE', 'FLOAT') or typeof({id}) like 'DECIMAL%'",
    )
    whole = f"abs({number}) < {_EXACT} and {number} = trunc({number})"
    return f"case when ({broken}) and {whole} then {number}::bigint::varchar else {id}::varchar end"


def _postgres_unit(id: str) -> str:
    """PostgreSQL says 7.00 of a numeric, and 1e+15 of a large float."""
    broken = f"pg_typeof({id})::text in ('numeric', 'double precision', 'real')"
    return f"case when {broken} then trim_scale({id}::text::numeric)::text else {id}::text end"


def _pairs(names: Sequence[str]) -> str:
    return ", ".join(f"{text(name)}, {quoted(name)}" for name in names)


DUCKDB = Dialect(
    name="DuckDB",
    micros=micros_of,
    fields=_duckdb_fields,
    earliest=lambda value, at, id: f"arg_min_null({value}, ({at}, {id}))",
    day=lambda micros: f"({micros} // {DAY})",
    unit=_duckdb_unit,
    truth=lambda value: f"({value})::float8",
    bucket=lambda value, count: f"(hash({value}) % {count})",
    json=lambda names: f"json_object({_pairs(names)})::varchar",
)

POSTGRES = Dialect(
    name="PostgreSQL",
    micros=postgres_micros_of,
    fields=_postgres_fields,
    earliest=lambda value, at, id: f"(array_agg({value} order by {at}, {id}))[1]",
    day=lambda micros: f"({micros} / {DAY})",
    unit=_postgres_unit,
    truth=lambda value: f"({value})::int::float8",
    bucket=lambda value, count: f"abs(hashtextextended({value}, 0) % {count})",
    json=lambda names: f"json_build_object({_pairs(names)})::text",
)
