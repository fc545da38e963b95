"""The assignment as SQL: what a warehouse computes by itself, to be held against the log.

For samples, not for serving: the hash goes a character at a time. Characters beyond ASCII are
UTF-16 code units, here, too. A condition asks columns of the request's names, and arms that are kept
are looked up where they were kept; what is left out, the query says in its first lines.
"""

import json
from dataclasses import dataclass
from typing import Literal

from fullcycle.experiment.admission import Admission
from fullcycle.experiment.assign import fnv1a32
from fullcycle.experiment.condition_sql import condition_sql
from fullcycle.experiment.dialect import DUCKDB, POSTGRES, text
from fullcycle.experiment.dialect import Dialect as Warehouse
from fullcycle.experiment.json_sql import JSON
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.sticky import Bucket
from fullcycle.metric import quoted

Dialect = Literal["duckdb", "postgres"]

_BASIS = fnv1a32("")


@dataclass(frozen=True, slots=True)
class _Words:
    """What two databases say differently: a text's UTF-16 code units, and FNV-1a going on from a state."""

    codes: str  # of {text}, as a list of integers
    hashed: str  # of {codes}, from {state}
    listed: str  # a list of integers, written out
    real: str  # {number} as a double
    warehouse: Warehouse


# A code point beyond 65,535 is two units: the high and the low surrogate.
_WORDS: dict[Dialect, _Words] = {
    "duckdb": _Words(
        codes=(
            "flatten(list_transform(list_transform(range(1, length({text}) + 1), "
            "lambda i: unicode(substring({text}, i, 1))), "
            "lambda c: case when c < 65536 then [c] "
            "else [55296 + ((c - 65536) >> 10), 56320 + ((c - 65536) & 1023)] end))"
        ),
        hashed=(
            "list_reduce(list_prepend({state}::bigint, ({codes})::bigint[]), "
            "lambda h, c: (xor(h, c) * 16777619) & 4294967295)"
        ),
        listed="[{values}]::bigint[]",
        real="({number})::double",
        warehouse=DUCKDB,
    ),
    "postgres": _Words(
        codes=(
            "array(select fc_unit from generate_series(1, length({text})) as fc_i, "
            "lateral (select ascii(substr({text}, fc_i, 1)) as c) as fc_point, "
            "lateral unnest(case when c < 65536 then array[c] "
            "else array[55296 + ((c - 65536) >> 10), 56320 + ((c - 65536) & 1023)] end) "
            "with ordinality as fc_units(fc_unit, fc_n) order by fc_i, fc_n)"
        ),
        hashed=(
            "(with recursive fc_step(i, h) as (select 0, {state}::bigint union all "
            "select i + 1, ((h # ({codes})[i + 1]) * 16777619) & 4294967295 from fc_step "
            "where i < cardinality({codes})) select h from fc_step order by i desc limit 1)"
        ),
        listed="array[{values}]::integer[]",
        real="({number})::double precision",
        warehouse=POSTGRES,
    ),
}

_QUERY = """{notes}
with fc_given as (
    select distinct cast({column} as varchar) as unit{request} from {relation}
),
fc_coded as materialized (
    select unit, {codes} as codes from (select distinct unit from fc_given) as fc_units where unit <> ''
),
fc_hashed as materialized (
    select unit{places}
    from fc_coded
),
fc_written as materialized (
    select *{written}
    from fc_hashed
),
fc_placed as materialized (
    select unit{placed}
    from fc_written
){kept}
select unit{named}, {standing} as standing, {arm} as arm
from fc_placed{joined}
order by unit"""

# Of several that a unit has, that of the arms and weights of today, else the first.
_KEPT = """,
fc_kept as (
    select distinct on (value) value as unit, arm as fc_arm, bucket = {key} as fc_own
    from {relation} as fc_sticky
    where environment = {environment} and attribute = {attribute} and arm in ({arms})
      and left(bucket, {size}) = {prefix} and position('_' in substr(bucket, {size} + 1)) = 0
    order by value, case when bucket = {key} then 0 else 1 end, {bucket}
)"""


def assignment_query(
    spec: ExperimentSpec,
    dialect: Dialect,
    *,
    relation: str = "units",
    column: str = "unit",
    environment: str | None = None,
    kept: str = "sticky",
) -> str:
    """The text of a query for the arm of each unit in a column: ``unit, place, standing, arm``.

    Where the experiment has a condition, it asks the relation's columns of the names of the request's
    fields, and each different request of a unit has a row, with ``request`` as JSON.

    Args:
        spec: the experiment.
        dialect: of DuckDB, or PostgreSQL (with a UTF-8 database).
        relation: a table, or a query in brackets with a name, as SQL.
        column: its column of units.
        environment: whose kept arms are looked up; None where none are.
        kept: the table of kept arms, as SQL: ``environment, attribute, value, bucket, arm``.

    Raises:
        Refused: for a condition that the database would answer otherwise than the service.
    """
    rule, words = Admission.of(spec), _WORDS[dialect]
    keeps = environment is not None and spec.sticky is not None and rule.keeps
    hashes = _hashes(rule, words)
    standing, arm = _outcome(spec, rule, words, keeps=keeps)
    asked = spec.condition is not None
    joins = "\njoin fc_given using (unit)" if asked else ""
    joins += "\nleft join fc_kept using (unit)" if keeps else ""
    return _QUERY.format(
        notes=_notes(spec, environment, kept),
        column=quoted(column),
        request=f", {words.warehouse.json(rule.fields)} as request" if asked else "",
        relation=relation,
        codes=words.codes.format(text="unit"),
        places=_columns({f"{name}_1": one.first for name, one in hashes.items()}),
        written=_columns({f"{name}_2": one.written for name, one in hashes.items()}),
        placed=_columns({name: one.place for name, one in hashes.items()}),
        kept=_kept(spec, environment or "", kept, words) if keeps else "",
        named="".join(f", {name}" for name in (*hashes, *(["request"] if asked else []))),
        standing=standing,
        arm=arm,
        joined=joins,
    )


def _kept(spec: ExperimentSpec, environment: str, relation: str, words: _Words) -> str:
    bucket = Bucket.of(spec)
    prefix = f"{bucket.experiment}__"
    return _KEPT.format(
        key=text(bucket.key),
        relation=relation,
        environment=text(environment),
        attribute=text(spec.unit),
        arms=", ".join(map(text, spec.order)),
        size=len(prefix),
        prefix=text(prefix),
        bucket=JSON[words.warehouse.name].ordered("bucket"),
    )


def _columns(columns: dict[str, str]) -> str:
    return "".join(f",\n        {text} as {name}" for name, text in columns.items())


@dataclass(frozen=True, slots=True)
class _Hash:
    """A hash in two steps: the first over the unit's codes, the second over what is written then."""

    first: str
    written: str
    place: str


def _hashes(rule: Admission, words: _Words) -> dict[str, _Hash]:
    assignment = rule.assignment
    if assignment.hash_version == 2:
        found = {"place": _second(words, "place", assignment.seed)}
    else:
        found = {"place": _first(words, "place", assignment.seed)}
    if rule.holdout is not None:
        found["holdout_place"] = _second(words, "holdout_place", rule.holdout.name)
    if rule.layer is not None:
        found["layer_place"] = _first(words, "layer_place", f"__{rule.layer.namespace}")
    return found


def _second(words: _Words, name: str, seed: str) -> _Hash:
    """Version 2: the seed and the unit, then the number that it gives, as it is written."""
    again = words.hashed.format(state=_BASIS, codes=f"{name}_2")
    return _Hash(
        words.hashed.format(state=fnv1a32(seed), codes="codes"),
        words.codes.format(text=f"cast({name}_1 as varchar)"),
        f"{words.real.format(number=f'{again} % 10000')} / 10000",
    )


def _first(words: _Words, name: str, seed: str) -> _Hash:
    """Version 1: the unit, then the seed."""
    data = seed.encode("utf-16-le", "surrogatepass")
    values = [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]
    listed = words.listed.format(values=", ".join(map(str, values)))
    again = words.hashed.format(state=f"({name}_1)", codes=f"{name}_2")
    return _Hash(
        words.hashed.format(state=_BASIS, codes="codes"),
        listed,
        f"{words.real.format(number=f'{again} % 1000')} / 1000",
    )


def _outcome(spec: ExperimentSpec, rule: Admission, words: _Words, *, keeps: bool) -> tuple[str, str]:
    """The standing and the arm, in the order in which a service asks."""

    def real(number: float) -> str:
        return words.real.format(number=repr(number))

    cases: list[tuple[str, str, str]] = []
    for unit, arm in rule.forced.items():
        cases.append((f"unit = {text(unit)}", "forced", text(arm)))
    if rule.holdout is not None:
        cases.append((f"holdout_place < {real(rule.holdout.share)}", "holdout", text(rule.held)))
    if keeps:
        cases.append(("fc_own", "kept", "fc_arm"))
        cases.append(("fc_arm is not null", "earlier", "fc_arm"))
    if rule.layer is not None:
        low, high = real(rule.layer.low), real(rule.layer.high)
        cases.append((f"not (layer_place >= {low} and layer_place < {high})", "layer", "null"))
    if spec.condition is not None:
        meets = condition_sql(json.loads(spec.condition), "request", words.warehouse)
        cases.append((f"not {meets}", "condition", "null"))
    for arm, (start, end) in zip(rule.assignment.arms, rule.assignment.ranges, strict=True):
        cases.append((f"place >= {real(start)} and place < {real(end)}", "assigned", text(arm)))
    standings = "".join(f"\n    when {asked} then {text(standing)}" for asked, standing, _ in cases)
    arms = "".join(f"\n    when {asked} then {arm}" for asked, _, arm in cases)
    return f"case{standings}\n    else 'coverage' end", f"case{arms}\n    end"


def _notes(spec: ExperimentSpec, environment: str | None, kept: str) -> str:
    lines = [f"The arms of {spec.capability}'s experiment {spec.name}, as a service assigns them."]
    if spec.condition is not None:
        lines.append(
            "Its condition asks columns of the names of the request's fields, of the same types; a time as "
            f"the text that the request holds: {spec.condition}"
        )
    if spec.sticky is not None and environment is None:
        lines.append(
            f"Left out: arms that are kept from before, since each environment keeps its own: {_ASK}"
            f"{spec.capability}@prod --sql"
        )
    elif spec.sticky is not None:
        lines.append(f"Arms that {environment} has kept are read from the table {kept}.")
    return "\n".join(f"-- {' '.join(line.split())}" for line in lines)


_ASK = "fullcycle experiment assign "
