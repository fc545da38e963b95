"""Decisions in DuckDB: the compacted log as rows, with the fields of request and answer as columns."""

from collections.abc import Sequence
from pathlib import Path

from fullcycle.adapters.duckdb_events import asked, column, paths
from fullcycle.data import Query, Row, fields
from fullcycle.kernel import Invalid
from fullcycle.metric import quoted

ACTION = "action"
OWN = ("decision_id", "decided", "release", "arm", "arm_probability", "propensity", "fallback")
_LAST = ("features", "outcome")

_EMPTY = (
    "select null::varchar as decision_id, null::timestamptz as at, null::bigint as release, "
    "null::varchar as experiment, null::varchar as unit, null::varchar as arm, "
    "null::double as arm_probability, null::double as propensity, null::boolean as fallback, "
    "null::varchar as features, null::varchar as request, null::varchar as answer where false"
)
_LOGGED = "(\n{empty}\nunion all by name\nselect * from read_parquet($fc_decided, union_by_name => true)\n)"

_ROWS = """
select {columns}
from {decisions} as fc_decision
order by fc_decision."at", fc_decision.decision_id
"""


def decisions_query(files: Sequence[Path], folder: Path) -> Query:
    """What a source of decisions asks for: one row each, as ``Decided`` has its columns."""
    rest = ("experiment", "unit", *OWN[3:], "features", "request", "answer")
    return _query([*_own(OWN[:3]), *_own(rest)], files, folder)


def spread_query(
    files: Sequence[Path], folder: Path, request: type[Row] | None, answer: type[Row] | None
) -> Query:
    """The same with a column for each field of request and answer; ``action`` is the answer's first.

    Without their contracts there are none, and no action.

    Raises:
        Invalid: where a field has the name of a column that decisions have anyway.
    """
    asked_by = () if request is None else fields(request)
    answered = () if answer is None else fields(answer)
    action = [f"null::varchar as {quoted(ACTION)}"]
    if answered:
        action = [_named(column(answered[0], "fc_decision.answer"), ACTION)]
    names = [*OWN, ACTION, *_LAST]
    for field in (*asked_by, *answered[1:]):
        if field.name in names:
            raise Invalid(
                f"the decisions have a column {field.name!r} already",
                f"the field {field.name} of the service's request or answer",
                "rename it there",
            )
        names.append(field.name)
    columns = [
        *_own(OWN),
        *(_named(column(one, "fc_decision.request"), one.name) for one in asked_by),
        *action,
        *(_named(column(one, "fc_decision.answer"), one.name) for one in answered[1:]),
        *_own(["features"]),
    ]
    return _query(columns, files, folder)


def _query(columns: Sequence[str], files: Sequence[Path], folder: Path) -> Query:
    logged = _LOGGED.format(empty=_EMPTY) if files else f"({_EMPTY})"
    text = _ROWS.format(columns=",\n    ".join(columns), decisions=logged)
    return asked(text, {"fc_decided": paths(files)} if files else {}, folder)


def _own(names: Sequence[str]) -> list[str]:
    return [_named("fc_decision." + ('"at"' if name == "decided" else quoted(name)), name) for name in names]


def _named(value: str, name: str) -> str:
    return f"{value} as {quoted(name)}"
