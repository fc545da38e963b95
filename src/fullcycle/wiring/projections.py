"""Look-up tables that are made from facts: the list of runs, the memo, what runs cost."""

from collections.abc import Mapping
from typing import Any

from fullcycle.adapters.lookups import SqliteLookups
from fullcycle.flow import Evaluated, Memoized, RunFinished, RunStarted
from fullcycle.kernel import Damaged
from fullcycle.record import Fact, Projection
from fullcycle.wiring.project import Project

Row = Mapping[str, Any]


def _run_rows(fact: Fact) -> list[Row]:
    match fact.body:
        case RunStarted() as run:
            key = {"capability": run.capability, "number": fact.position}
            return [{**key, "at": fact.at, "author": fact.by, "message": run.message}]
        case RunFinished() as done:
            return [{**_numbered(fact), "status": done.status, "wall_s": done.wall, "cpu_s": done.cpu}]
    return []


def _score_rows(fact: Fact) -> list[Row]:
    if not isinstance(fact.body, Evaluated):
        return []
    judged = fact.body
    return [{**_numbered(fact), "step": judged.step, "score": judged.score, "value": judged.value}]


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
    },
    key=("capability", "number"),
    rows=_run_rows,
)
SCORES = Projection(
    name="scores",
    prefixes=("run/",),
    columns={"capability": "text", "number": "integer", "step": "text", "score": "text", "value": "real"},
    key=("capability", "number", "step"),
    rows=_score_rows,
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
PROJECTIONS = (RUNS, SCORES, MEMO, COSTS)


def lookups(project: Project) -> SqliteLookups:
    """The project's look-up tables: never the truth, and made again whenever they are gone."""
    return SqliteLookups(project.root / ".fullcycle" / "lookups.db")


def rebuild(project: Project) -> dict[str, int]:
    """Make every look-up table again from the first fact; rows by table."""
    try:
        return _rebuilt(project)
    except Damaged:  # they are never the truth: what cannot be read is made anew
        for path in (project.root / ".fullcycle").glob("lookups.db*"):
            path.unlink()
        return _rebuilt(project)


def _rebuilt(project: Project) -> dict[str, int]:
    tables = lookups(project)
    try:
        return tables.rebuild(project.ledger, PROJECTIONS)
    finally:
        tables.close()
