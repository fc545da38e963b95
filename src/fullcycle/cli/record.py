"""``fullcycle record``: look after the record."""

import json

import click
import msgspec

from fullcycle.kernel import Reference, counted
from fullcycle.wiring import open_project
from fullcycle.wiring.logs import compact_log, logs_of
from fullcycle.wiring.projections import rebuild


@click.group(name="record")
def command() -> None:
    """Look after the record."""


@command.command(name="rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print the rows of each table as one JSON object.")
def rebuild_command(*, as_json: bool) -> None:
    """Make every look-up table again from the facts.

    They are never the truth: whatever was in them is dropped.

    \b
    Example:
        fullcycle record rebuild
    """  # noqa: D301 - click reads a real backspace
    rows = rebuild(open_project())
    if as_json:
        click.echo(json.dumps(rows))
        return
    for table, many in rows.items():
        click.echo(f"  {table:<8} {counted(many, 'row')}")


@command.command(name="compact")
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per log.")
def compact_command(ref: str, *, as_json: bool) -> None:
    """Move what a service logged into files by day, and remove what they replaced an hour ago.

    REF is a deployment such as winback@prod. Readouts, checks and runs do it too, whenever they
    read the log; this is for a service that nobody reads for long.

    \b
    Example:
        fullcycle record compact winback@prod
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    environment = asked.environment or "prod"
    project.environment(environment)
    for name, log in logs_of(project, asked.capability, environment):
        told = compact_log(log, by=project.author)
        if as_json:
            click.echo(json.dumps({"log": name, **msgspec.to_builtins(told)}))
        else:
            removed = f", {counted(told.removed, 'segment')} removed" if told.removed else ""
            click.echo(
                f"  {name:<20} {counted(told.new, 'event')} more in {counted(told.files, 'file')}{removed}"
            )
