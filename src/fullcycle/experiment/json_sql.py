"""How two warehouses speak of JSON: what a condition on a request needs of each."""

from collections.abc import Callable
from dataclasses import dataclass

from fullcycle.experiment.dialect import DUCKDB, POSTGRES, text
from fullcycle.kernel import Refused


@dataclass(frozen=True, slots=True)
class JsonWords:
    """What two databases say differently of JSON; ``v`` is SQL for a value, null where it is missing."""

    whole: Callable[[str], str]  # a JSON text as a value
    member: Callable[[str, str], str]  # of an object, by its name
    element: Callable[[str, int], str]  # of a list, by its number
    type: Callable[[str], str]  # as GrowthBook names it; SQL's null where it is missing
    text: Callable[[str], str]  # a scalar as a text
    length: Callable[[str], str]  # of a list
    names: Callable[[str], str]  # how many members an object has
    any: Callable[[str, str, str], str]  # whether an element {name} of a list meets {test}
    real: Callable[[str], str]  # a text that writes a number, as a double
    exact: Callable[[str], str]  # the same, exactly
    written: Callable[[str], str]  # a number as a value
    matches: Callable[[str, str], str]  # whether a text is of a pattern that both read alike
    ordered: Callable[[str], str]  # a text that is compared by its code points
    release: Callable[[str], str]  # a version as a text that sorts as versions do


def _path(name: str) -> str:
    if '"' in name or "\\" in name:
        raise Refused(
            f"the field {name!r} has a quotation mark", "a condition as SQL", "call it by plain letters"
        )
    return f'$."{name}"'


def _duckdb_type(v: str) -> str:
    kinds = {
        "VARCHAR": "string",
        "BOOLEAN": "boolean",
        "NULL": "null",
        "ARRAY": "array",
        "OBJECT": "object",
    }
    cases = " ".join(f"when {text(kind)} then {text(name)}" for kind, name in kinds.items())
    return f"case json_type({v}) {cases} else case when {v} is not null then 'number' end end"


# What is built of a version goes with it; numbers are padded.
_REST = text(r"^v|\+[^\n]*$")
_PADDED = "case when {p} ~ '^[0-9]+$' then lpad({p}, greatest(5, length({p}))::integer, ' ') else {p} end"


def _duckdb_release(t: str) -> str:
    parts = f"string_split_regex(regexp_replace({t}, {_REST}, '', 'g'), '[-.]')"
    padded = _PADDED.replace("{p} ~ '^[0-9]+$'", "regexp_matches({p}, '^[0-9]+$')").format(p="fc_p")
    joined = f"array_to_string(list_transform({parts}, lambda fc_p: {padded}), '-')"
    return f"({joined} || case when len({parts}) = 3 then '-~' else '' end)"


def _postgres_release(t: str) -> str:
    return (
        f"(select (string_agg({_PADDED.format(p='fc_p')}, '-' order by fc_n) "
        "|| case when count(*) = 3 then '-~' else '' end) collate \"C\" "
        f"from regexp_split_to_table(regexp_replace({t}, {_REST}, '', 'g'), '[-.]') "
        "with ordinality as fc_parts(fc_p, fc_n))"
    )


DUCKDB_JSON = JsonWords(
    whole=lambda v: f"({v})::json",
    member=lambda v, name: f"json_extract({v}, {text(_path(name))})",
    element=lambda v, n: f"json_extract({v}, '$[{n}]')",
    type=_duckdb_type,
    text=lambda v: f"json_extract_string({v}, '$')",
    length=lambda v: f"json_array_length({v})",
    names=lambda v: f"len(json_keys({v}))",
    any=lambda v, name, test: (
        f"len(list_filter(json_extract({v}, '$[*]'), lambda {name}: coalesce({test}, false))) > 0"
    ),
    real=lambda t: f"try_cast({t} as double)",
    exact=lambda t: f"try_cast({t} as hugeint)",
    written=lambda n: f"to_json({n})",
    matches=lambda t, pattern: f"regexp_matches({t}, {text(pattern)})",
    ordered=lambda t: t,
    release=_duckdb_release,
)

POSTGRES_JSON = JsonWords(
    whole=lambda v: f"({v})::jsonb",
    member=lambda v, name: f"({v} -> {text(name)}::text)",
    element=lambda v, n: f"({v} -> {n})",
    type=lambda v: f"jsonb_typeof({v})",
    text=lambda v: f"({v} #>> '{{}}')",
    length=lambda v: f"jsonb_array_length({v})",
    names=lambda v: f"(select count(*) from jsonb_object_keys({v}))",
    any=lambda v, name, test: (
        f"exists (select 1 from jsonb_array_elements(case when jsonb_typeof({v}) = 'array' then {v} "
        f"else '[]'::jsonb end) as fc_of({name}) where {test})"
    ),
    real=lambda t: f"({t})::float8",
    exact=lambda t: f"({t})::numeric",
    written=lambda n: f"to_jsonb({n})",
    matches=lambda t, pattern: f"({t} ~ {text(pattern)})",
    ordered=lambda t: f'({t} collate "C")',
    release=_postgres_release,
)


JSON = {DUCKDB.name: DUCKDB_JSON, POSTGRES.name: POSTGRES_JSON}
"""How each warehouse speaks of JSON, by its name."""
