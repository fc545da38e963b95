"""``fullcycle record``: look after the record."""

import json

import click

from fullcycle.kernel import counted
from fullcycle.wiring import open_project
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
