"""``fullcycle deployments``: what answered where, and when."""

import json
from datetime import datetime

import click
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.kernel import micros
from fullcycle.release import deployed_at, history
from fullcycle.wiring import open_project


@click.command(name="deployments")
@click.argument("capability")
@click.option("--in", "environment", default="prod", show_default=True, help="The environment.")
@click.option("--at", "at", type=click.DateTime(), help="What answered then (local time).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per deployment.")
def command(capability: str, environment: str, at: datetime | None, *, as_json: bool) -> None:
    """List what was deployed, newest first.

    \b
    Example:
        fullcycle deployments winback --at "2026-03-01 14:05:00"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    project.environment(environment)
    if at is not None:
        then = deployed_at(project.ledger, capability, environment, micros(at.astimezone()))
        found = [then] if then is not None else []
    else:
        found = list(reversed(history(project.ledger, capability, environment)))
    if as_json:
        for one in found:
            row = {"release": one.ref, "environment": environment, "at": one.at, "by": one.by, "why": one.why}
            click.echo(json.dumps({**row, "rolled_back_from": one.rolled_back_from}))
        return
    if not found:
        click.echo(f"nothing was deployed to {capability}@{environment}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("since", "release", "by", "why"):
        table.add_column(column)
    for one in found:
        back = f"rolled back from v{one.rolled_back_from}" if one.rolled_back_from is not None else ""
        table.add_row(when(one.at), one.ref, one.by, ": ".join(filter(None, [back, one.why])))
    show_table(table)
