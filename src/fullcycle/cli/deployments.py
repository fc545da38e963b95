"""``fullcycle deployments``: what answered where, and when."""

import json
from datetime import datetime

import click
from rich.table import Table

from fullcycle.cli.moment import Moment
from fullcycle.cli.printing import show_table, to_the_second
from fullcycle.kernel import micros
from fullcycle.release import Deployment, history
from fullcycle.wiring import open_project


@click.command(name="deployments")
@click.argument("capability")
@click.option("--in", "environment", default="prod", show_default=True, help="The environment.")
@click.option(
    "--at", "at", type=Moment(), help="What answered then, such as 14:05 or 'tuesday 14:05' (local time)."
)
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
            click.echo(
                json.dumps({**row, "rolled_back_from": one.rolled_back_from, "override": one.override})
            )
        return
    if not found:
        by_then = f" by {to_the_second(then)}" if then is not None else ""
        click.echo(f"nothing was deployed to {capability}@{environment}{by_then}")
        return
    if then is not None:
        click.echo(_then(found[0], every, then))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("since", "release", "by", "why"):
        table.add_column(column)
    for one in found:
        table.add_row(to_the_second(one.at), one.ref, one.by, _why(one))
    show_table(table)


def _why(one: Deployment) -> str:
    """Why it was deployed; and why without the approval that its tier asks for, where it was."""
    back = f"rolled back from v{one.rolled_back_from}" if one.rolled_back_from is not None else ""
    past = f"(without approval: {one.override})" if one.override else ""
    return " ".join(filter(None, [": ".join(filter(None, [back, one.why])), past]))


def _then(one: Deployment, every: list[Deployment], then: int) -> str:
    """What answered at a moment, since when, and until when."""
    after = every[one.number] if one.number < len(every) else None
    until = (
        f"until {to_the_second(after.at)}, when {after.ref} came" if after is not None else "and still does"
    )
    why = f": {told}" if (told := _why(one)) else ""
    return (
        f"{to_the_second(then)}: {one.ref} answered in {one.environment}\n"
        f"since {to_the_second(one.at)}, deployed by {one.by}{why}\n{until}"
    )
