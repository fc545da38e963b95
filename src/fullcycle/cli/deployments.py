"""``fullcycle deployments``: what answered where, and when."""

import json
from datetime import datetime

import click
from rich.table import Table

from fullcycle.cli.moment import Moment
from fullcycle.cli.printing import show_table, when
from fullcycle.kernel import micros
from fullcycle.release import Deployment, history
from fullcycle.wiring import open_project


@click.command(name="deployments")
@click.argument("capability")
@click.option("--in", "environment", default="prod", show_default=True, help="The environment.")
@click.option("--at", "at", type=Moment(), help="What answered then, such as 'tuesday 14:05' (local time).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per deployment.")
def command(capability: str, environment: str, at: datetime | None, *, as_json: bool) -> None:
    """List what was deployed, newest first.

    \b
    Example:
        fullcycle deployments winback --at "2026-03-01 14:05"
        fullcycle deployments winback --at "tuesday 14:05"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    project.environment(environment)
    every = history(project.ledger, capability, environment)
    then = micros(at) if at is not None else None
    found = every[::-1] if then is None else [one for one in every if one.at <= then][-1:]
    if as_json:
        for one in found:
            row = {"release": one.ref, "environment": environment, "at": one.at, "by": one.by, "why": one.why}
            click.echo(json.dumps({**row, "rolled_back_from": one.rolled_back_from}))
        return
    if not found:
        by_then = f" by {when(then)}" if then is not None else ""
        click.echo(f"nothing was deployed to {capability}@{environment}{by_then}")
        return
    if then is not None:
        click.echo(_then(found[0], every, then))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("since", "release", "by", "why"):
        table.add_column(column)
    for one in found:
        back = f"rolled back from v{one.rolled_back_from}" if one.rolled_back_from is not None else ""
        table.add_row(when(one.at), one.ref, one.by, ": ".join(filter(None, [back, one.why])))
    show_table(table)


def _then(one: Deployment, every: list[Deployment], then: int) -> str:
    """What answered at a moment, since when, and until when."""
    after = every[one.number] if one.number < len(every) else None
    until = f"until {when(after.at)}, when {after.ref} came" if after is not None else "and still does"
    why = f": {one.why}" if one.why else ""
    return (
        f"{when(then)}: {one.ref} answered in {one.environment}\n"
        f"since {when(one.at)}, deployed by {one.by}{why}\n{until}"
    )
