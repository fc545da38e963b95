"""Decisions in DuckDB: the compacted log as rows, with the fields of request and answer as columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from fullcycle.adapters.duckdb_events import asked, column, paths
from fullcycle.data import Field, Query, Row, fields
from fullcycle.kernel import Invalid
from fullcycle.metric import quoted

ACTION = "action"
POSITION = "position"
"""The place of an item in a list that was answered, from 1."""
OWN = ("decision_id", "decided", "release", "arm", "arm_probability", "propensity", "fallback")
_LAST = ("features", "outcome")

_EMPTY = (
    "select null::varchar as decision_id, null::timestamptz as at, null::bigint as release, "
    "null::varchar as experiment, null::varchar as unit, null::varchar as arm, "
    "null::double as arm_probability, null::double as propensity, null::boolean as fallback, "
    "null::varchar as features, null::varchar as request, null::varchar as answer, "
    "null::double[] as chances, null::varchar as weights where false"
)
_LOGGED = "(\n{empty}\nunion all by name\nselect * from read_parquet($fc_decided, union_by_name => true)\n)"

_ROWS = """
select {columns}
from {decisions} as fc_decision
order by fc_decision."at", fc_decision.decision_id
"""
_LISTS = """(
    select *,
        case when json_type(answer) = 'ARRAY' then json_extract(answer, '$[*]') else [answer::json] end
            as fc_items
    from {decisions}
)"""  # what was answered before it was a list is a list of one
_ITEMS = """(
    select *, unnest(fc_items) as fc_item, generate_subscripts(fc_items, 1) as position
    from {decisions}
)"""
_OF_PLACE = """case
        when len(fc_decision.chances) = len(fc_decision.fc_items)
            then fc_decision.chances[fc_decision.position]
        when fc_decision.chances is null and len(fc_decision.fc_items) = 1 then fc_decision.propensity
    end"""  # where there are as many picks as places, each is of its place
_OF_PICKS = """coalesce(
        fc_decision.chances,
        case when fc_decision.propensity is not null then [fc_decision.propensity] end
    )"""

Answers = Literal["one", "list", "items"]
"""How an answer becomes rows: a row, a list in one row, or a row for each item of a list."""


def decisions_query(files: Sequence[Path], folder: Path) -> Query:
    """What a source of decisions asks for: one row each, as ``Decided`` has its columns."""
    first, rest = OWN[:3], ("experiment", "unit", *OWN[3:])
    columns = [*_own((*first, *rest)), _named(_OF_PICKS, "chances")]
    return _query([*columns, *_own(("weights", "features", "request", "answer"))], files, folder)


def spread_query(
    files: Sequence[Path],
    folder: Path,
    request: type[Row] | None,
    answer: type[Row] | None,
    *,
    answers: Answers = "one",
) -> Query:
    """The same with a column for each field of request and answer; ``action`` is the answer's first.

    Without their contracts there are none, and no action. Of a list, ``answer`` is the contract of
    an item. With a row for each item, the ``position`` is told, too, and every field by its name;
    ``propensity`` is then that of the item, and the features are the first's. With the list in one
    row, ``action`` and the fields are lists.

    Raises:
        Invalid: where a field has the name of a column that decisions have anyway.
    """
    asked_by = () if request is None else fields(request)
    answered = () if answer is None else fields(answer)
    told = {"one": "fc_decision.answer", "list": "fc_one", "items": "fc_decision.fc_item"}[answers]

    def value(field: Field) -> str:
        found = column(field, told)
        return f"[{found} for fc_one in fc_decision.fc_items]" if answers == "list" else found

    action = [_named(value(answered[0]) if answered else "null::varchar", ACTION)]
    others = answered if answers == "items" else answered[1:]
    names = [*OWN, ACTION, *_LAST, *([POSITION] if answers == "items" else [])]
    for field in (*asked_by, *others):
        if field.name in names:
            raise Invalid(
                f"the decisions have a column {field.name!r} already",
                f"the field {field.name} of the service's request or answer",
                "rename it there",
            )
        names.append(field.name)
    own, features = _own(OWN), _own(["features"])
    if answers == "items":
        own = [*_own(OWN[:5]), _named(_OF_PLACE, "propensity"), *_own([*OWN[6:], POSITION])]
        first = f"case when fc_decision.{POSITION} = 1 then fc_decision.features end"
        features = [_named(first, "features")]
    columns = [
        *own,
        *(_named(column(one, "fc_decision.request"), one.name) for one in asked_by),
        *action,
        *(_named(value(one), one.name) for one in others),
        *features,
    ]
    return _query(columns, files, folder, answers)


def _query(columns: Sequence[str], files: Sequence[Path], folder: Path, answers: Answers = "one") -> Query:
    logged = _LOGGED.format(empty=_EMPTY) if files else f"({_EMPTY})"
    if answers != "one":
        logged = _LISTS.format(decisions=logged)
    if answers == "items":
        logged = _ITEMS.format(decisions=logged)
    text = _ROWS.format(columns=",\n    ".join(columns), decisions=logged)
    if answers == "items":
        text = f"{text.rstrip()}, fc_decision.{POSITION}\n"
    return asked(text, {"fc_decided": paths(files)} if files else {}, folder)


def _own(names: Sequence[str]) -> list[str]:
    return [_named("fc_decision." + ('"at"' if name == "decided" else quoted(name)), name) for name in names]


def _named(value: str, name: str) -> str:
    return f"{value} as {quoted(name)}"
