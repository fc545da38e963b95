"""The assignment as SQL: what a warehouse computes by itself, to be held against the log.

For samples, not for serving: the hash goes a character at a time. Characters beyond ASCII are
UTF-16 code units here, too. What SQL does not ask is a condition, and arms that are kept: the
query says so in its first lines.
"""

from dataclasses import dataclass
from typing import Literal

from fullcycle.experiment.admission import Admission
from fullcycle.experiment.assign import fnv1a32
from fullcycle.experiment.spec import ExperimentSpec
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
    ),
}

_QUERY = """{notes}
with fc_given as (
    select distinct cast({column} as varchar) as unit from {relation}
),
fc_coded as materialized (
    select unit, {codes} as codes from fc_given where unit <> ''
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
)
select unit{named}, {standing} as standing, {arm} as arm
from fc_placed
order by unit"""


def assignment_query(
    spec: ExperimentSpec, dialect: Dialect, *, relation: str = "units", column: str = "unit"
) -> str:
    """The text of a query for the arm of each unit in a column: ``unit, place, standing, arm``.

    Args:
        spec: the experiment.
        dialect: of DuckDB, or PostgreSQL (with a UTF-8 database).
        relation: a table, or a query in brackets with a name, as SQL.
        column: its column of units.
    """
    rule, words = Admission.of(spec), _WORDS[dialect]
    hashes = _hashes(rule, words)
    standing, arm = _outcome(rule, hashes, words)
    return _QUERY.format(
        notes=_notes(spec),
        column=quoted(column),
        relation=relation,
        codes=words.codes.format(text="unit"),
        places=_columns({f"{name}_1": one.first for name, one in hashes.items()}),
        written=_columns({f"{name}_2": one.written for name, one in hashes.items()}),
        placed=_columns({name: one.place for name, one in hashes.items()}),
        named="".join(f", {name}" for name in hashes),
        standing=standing,
        arm=arm,
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


def _outcome(rule: Admission, hashes: dict[str, _Hash], words: _Words) -> tuple[str, str]:
    """The standing and the arm, in the order in which a service asks."""

    def real(number: float) -> str:
        return words.real.format(number=repr(number))

    cases: list[tuple[str, str, str]] = []
    for unit, arm in rule.forced.items():
        cases.append((f"unit = {_text(unit)}", "forced", arm))
    if rule.holdout is not None:
        cases.append((f"holdout_place < {real(rule.holdout.share)}", "holdout", rule.control))
    if rule.layer is not None:
        low, high = real(rule.layer.low), real(rule.layer.high)
        cases.append((f"not (layer_place >= {low} and layer_place < {high})", "layer", ""))
    for arm, (start, end) in zip(rule.assignment.arms, rule.assignment.ranges, strict=True):
        cases.append((f"place >= {real(start)} and place < {real(end)}", "assigned", arm))
    standings = "".join(f"\n    when {asked} then {_text(standing)}" for asked, standing, _ in cases)
    arms = "".join(f"\n    when {asked} then {_text(arm) if arm else 'null'}" for asked, _, arm in cases)
    return f"case{standings}\n    else 'coverage' end", f"case{arms}\n    end"


def _notes(spec: ExperimentSpec) -> str:
    lines = [f"The arms of {spec.capability}'s experiment {spec.name}, as a service assigns them."]
    if spec.condition is not None:
        lines.append(f"Not asked: its condition. Give only units whose requests meet {spec.condition}")
    if spec.sticky is not None:
        lines.append("Not asked: arms that are kept from before.")
    return "\n".join(f"-- {' '.join(line.split())}" for line in lines)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
