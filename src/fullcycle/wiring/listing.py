"""Runs in a list, from look-up tables: a thousand of them cost one look at each table."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.flow import RunLine, RunScore, run_record, settled
from fullcycle.kernel import Money
from fullcycle.wiring.project import Project
from fullcycle.wiring.projections import RUNS, SCORES, SETTINGS, followed

_Key = tuple[str, int]

_SCORE = ("score", "value", "low", "high", "baseline")


def run_lines(project: Project, capability: str | None = None) -> list[RunLine]:
    """Every run of a capability, or of all, oldest first."""
    asked = {} if capability is None else {"capability": capability}
    with followed(project, (RUNS, SCORES, SETTINGS)) as tables:
        listed, scored, set_ = (tables.rows(table, **asked) for table in (RUNS, SCORES, SETTINGS))
    scores: dict[_Key, dict[str, RunScore]] = defaultdict(dict)
    for row in scored:
        scores[_key(row)][row["step"]] = RunScore(*(row[name] for name in _SCORE))
    by_step: dict[_Key, dict[str, Any]] = defaultdict(dict)
    for row in set_:
        by_step[_key(row)][row["step"]] = msgspec.json.decode(row["parameters"])
    # a run's end may be known before its beginning, while another process writes it
    whole = [row for row in listed if row["at"] is not None]
    return [_line(row, scores[_key(row)], by_step[_key(row)], _status(project, row)) for row in whole]


def _status(project: Project, row: Mapping[str, Any]) -> str:
    """How a run ended; of one that told no end, what is to be seen of it now."""
    return row["status"] or run_record(project.ledger, *_key(row)).status


def _line(
    row: Mapping[str, Any], scores: dict[str, RunScore], by_step: dict[str, Any], status: str
) -> RunLine:
    told = msgspec.json.decode(row["parameters"])
    found = settled(by_step, told["told"], told["from_environment"])
    return RunLine(
        capability=row["capability"],
        number=row["number"],
        at=row["at"],
        by=row["author"],
        message=row["message"],
        status=status,
        scores=scores,
        parameters={name: setting.value for name, setting in found.items()},
        wall=row["wall_s"],
        cpu=row["cpu_s"],
        cost=Money(row["cost"], row["currency"]) if row["cost"] is not None else None,
        grid=row["grid"],
    )


def _key(row: Mapping[str, Any]) -> _Key:
    return row["capability"], row["number"]
