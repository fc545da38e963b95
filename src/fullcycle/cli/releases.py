"""``fullcycle releases``: what was frozen, from which run, and where it answers."""

import json
from typing import Any

import click
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.release import Judgement, deployed, releases_stream
from fullcycle.wiring import open_project
from fullcycle.wiring.released import judgement_of


@click.command(name="releases")
@click.argument("capability")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per release.")
def command(capability: str, *, as_json: bool) -> None:
    """List a capability's releases, newest first.

    \b
    Example:
        fullcycle releases winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    facts = list(reversed(project.ledger.read(releases_stream(capability))))
    answering: dict[int, list[str]] = {}
    for name in project.config.environments:
        if (now := deployed(project.ledger, capability, name)) is not None:
            answering.setdefault(now.release, []).append(name)
    rows: list[dict[str, Any]] = [
        {
            "release": f"{capability}@v{fact.position}",
            "run": f"{capability}@{fact.body.run}",
            "at": fact.at,
            "by": fact.by,
            "message": fact.body.message,
            "manifest": fact.body.manifest,
            "answers_in": answering.get(fact.position, []),
            "override": _override(judgement_of(project, fact.body)),
        }
        for fact in facts
    ]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    if not rows:
        click.echo(f"no releases yet; make one: fullcycle release {capability}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("release", "from", "when", "by", "answers in", "manifest", "message"):
        table.add_column(column)
    for row, fact in zip(rows, facts, strict=True):
        override = row["override"]
        past = f" (past {', '.join(override['gates'])}: {override['reason']})" if override else ""
        environments = ", ".join(answering.get(fact.position, []))
        table.add_row(
            str(row["release"]),
            str(row["run"]),
            when(fact.at),
            fact.by,
            environments,
            fact.body.manifest[:12],
            fact.body.message + past,
        )
    show_table(table)


def _override(judgement: Judgement | None) -> dict[str, Any] | None:
    """The gates that somebody went past, and why."""
    override = judgement.override if judgement is not None else None
    return {"gates": list(override.gates), "reason": override.reason} if override is not None else None
