"""``fullcycle unpin``: a run that was kept may go."""

import click

from fullcycle.cli.pin import run_asked
from fullcycle.flow import unpin
from fullcycle.wiring import open_project


@click.command(name="unpin")
@click.argument("ref")
def command(ref: str) -> None:
    """Let what a run returned go with its age again, as that of any other.

    \b
    Example:
        fullcycle unpin winback@42
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    capability, number = run_asked(project, ref)
    unpin(project.ledger, capability, number, by=project.author)
    click.echo(f"{capability}@{number} is not pinned any more")
