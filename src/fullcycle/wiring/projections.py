"""Look-up tables that are made from facts: the list of runs, the memo, what runs cost."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from fullcycle.adapters.lookups import SqliteLookups
from fullcycle.flow import Evaluated, Memoized, RunFinished, RunStarted, StepFinished
from fullcycle.kernel import Damaged, Misconfigured
from fullcycle.record import Fact, Projection
from fullcycle.wiring.project import Project

Row = Mapping[str, Any]


def _run_rows(fact: Fact) -> list[Row]:
    match fact.body:
        case RunStarted() as run:
            key = {"capability": run.capability, "number": fact.position}
            told = _json({"told": run.parameters, "from_environment": run.from_environment})
            return [
                {
                    **key,
                    "at": fact.at,
                    "author": fact.by,
                    "message": run.message,
                    "parameters": told,
                    "grid": run.grid,
                }
            ]
        case RunFinished() as done:
            took = {"status": done.status, "wall_s": done.wall, "cpu_s": done.cpu}
            return [{**_numbered(fact), **took, "cost": done.cost.amount, "currency": done.cost.currency}]
    return []


def _setting_rows(fact: Fact) -> list[Row]:
    if not isinstance(fact.body, StepFinished) or not fact.body.parameters:
        return []
    done = fact.body
    return [{**_numbered(fact), "step": done.step, "parameters": _json(done.parameters)}]


def _score_rows(fact: Fact) -> list[Row]:
    if not isinstance(fact.body, Evaluated):
        return []
    judged = fact.body
    found = {"score": judged.score, "value": judged.value, "low": judged.low, "high": judged.high}
    return [{**_numbered(fact), "step": judged.step, **found, "baseline": judged.baseline}]


def _memo_rows(fact: Fact) -> list[Row]:
    if not isinstance(fact.body, Memoized):
        return []
    kept = fact.body
    key = fact.stream.removeprefix("memo/")
    return [
        {
            "key": key,
            "step": kept.step,
            "content": kept.artifact.content,
            "bytes": kept.artifact.size,
            "at": fact.at,
        }
    ]


def _cost_rows(fact: Fact) -> list[Row]:
    if not isinstance(fact.body, RunFinished):
        return []
    cost = fact.body.cost
    return [{**_numbered(fact), "amount": cost.amount, "currency": cost.currency}]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _numbered(fact: Fact) -> dict[str, Any]:
    """Capability and number of the run whose stream, ``run/<capability>/<number>``, a fact stands in."""
    _, capability, number = fact.stream.split("/")
    return {"capability": capability, "number": int(number)}


RUNS = Projection(
    name="runs",
    prefixes=("runs/", "run/"),
    columns={
        "capability": "text",
        "number": "integer",
        "at": "integer",
        "author": "text",
        "message": "text",
        "status": "text",
        "wall_s": "real",
        "cpu_s": "real",
        "parameters": "text",
        "cost": "real",
        "currency": "text",
        "grid": "integer",
    },
    key=("capability", "number"),
    rows=_run_rows,
    version=3,
)
SCORES = Projection(
    name="scores",
    prefixes=("run/",),
    columns={
        "capability": "text",
        "number": "integer",
        "step": "text",
        "score": "text",
        "value": "real",
        "low": "real",
        "high": "real",
        "baseline": "real",
    },
    key=("capability", "number", "step"),
    rows=_score_rows,
    version=2,
)
SETTINGS = Projection(
    name="settings",
    prefixes=("run/",),
    columns={"capability": "text", "number": "integer", "step": "text", "parameters": "text"},
    key=("capability", "number", "step"),
    rows=_setting_rows,
)
MEMO = Projection(
    name="memo",
    prefixes=("memo/",),
    columns={"key": "text", "step": "text", "content": "text", "bytes": "integer", "at": "integer"},
    key=("key",),
    rows=_memo_rows,
)
COSTS = Projection(
    name="costs",
    prefixes=("run/",),
    columns={"capability": "text", "number": "integer", "amount": "real", "currency": "text"},
    key=("capability", "number"),
    rows=_cost_rows,
)
PROJECTIONS = (RUNS, SCORES, SETTINGS, MEMO, COSTS)


def lookups(project: Project) -> SqliteLookups:
    """The project's look-up tables: never the truth, and made again whenever they are gone."""
    return SqliteLookups(project.root / ".fullcycle" / "lookups.db")


@contextmanager
def followed(project: Project, projections: Sequence[Projection]) -> Iterator[SqliteLookups]:
    """Look-up tables that hold what the record holds now.

    Where they cannot be kept, say in a folder that may only be read, they are made for the
    moment, somewhere else.
    """
    tables = lookups(project)
    try:
        with TemporaryDirectory(prefix="fullcycle-") as elsewhere:
            try:
                _caught_up(tables, project, projections)
            except Misconfigured:
                tables.close()
                tables = SqliteLookups(Path(elsewhere) / "lookups.db")
                tables.catch_up(project.ledger, projections)
            yield tables
            tables.close()
    finally:
        tables.close()


def rebuild(project: Project) -> dict[str, int]:
    """Make every look-up table again from the first fact; rows by table."""
    tables = lookups(project)
    try:
        return tables.rebuild(project.ledger, PROJECTIONS)
    except Damaged:
        _remove(tables, project)
        return tables.rebuild(project.ledger, PROJECTIONS)
    finally:
        tables.close()


def _caught_up(tables: SqliteLookups, project: Project, projections: Sequence[Projection]) -> None:
    try:
        tables.catch_up(project.ledger, projections)
    except Damaged:
        _remove(tables, project)
        tables.catch_up(project.ledger, projections)


def _remove(tables: SqliteLookups, project: Project) -> None:
    """They are never the truth: what cannot be read is made anew."""
    tables.close()
    for path in (project.root / ".fullcycle").glob("lookups.db*"):
        path.unlink()
