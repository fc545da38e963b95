"""``fullcycle pin``: keep what a run returned, whatever its age."""

import click

from fullcycle.flow import pin, run_record
from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import open_project
from fullcycle.wiring.project import Project


@click.command(name="pin")
@click.argument("ref")
@click.option("-m", "--message", default="", help="Why it is kept.")
def command(ref: str, message: str) -> None:
    """Keep what a run returned, whatever its age: fullcycle prune leaves it alone.

    \b
    Example:
        fullcycle pin winback@42 -m "the baseline of the paper"
    """  # noqa: D301 - click reads a real backspace
    from fullcycle.wiring.pruning import lost_steps  # brings Polars

    project = open_project()
    capability, number = run_asked(project, ref)
    run = run_record(project.ledger, capability, number)
    pin(project.ledger, capability, number, message, by=project.author)
    click.echo(f"{run.ref} is pinned")
    lost = lost_steps(project, run)
    if lost:
        click.secho(f"note: gone already is what these returned: {', '.join(lost)}", fg="yellow", err=True)


def run_asked(project: Project, ref: str) -> tuple[str, int]:
    """Capability and number of a run that was typed.

    Raises:
        Invalid: where it is no run.
    """
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.run is None or asked.step is not None:
        raise Invalid(f"{ref!r} names no run", "what is to be pinned", f"write {asked.capability}@42")
    return asked.capability, asked.run
