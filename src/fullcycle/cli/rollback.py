"""``fullcycle rollback``: back to the release that answered before."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.release import rollback
from fullcycle.wiring import open_project


@click.command(name="rollback")
@click.argument("ref")
@click.option("-m", "--message", default="", help="Why it goes back.")
def command(ref: str, message: str) -> None:
    """Go back to the release that answered before, by one fact.

    \b
    Example:
        fullcycle rollback winback@prod -m "conversion fell"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.environment is None:
        raise Invalid(
            f"{ref!r} names no environment", "what is to be rolled back", f"write {asked.capability}@prod"
        )
    project.environment(asked.environment)
    done = rollback(project.ledger, asked.capability, asked.environment, why=message, by=project.author)
    click.echo(
        f"{asked.capability}@{asked.environment} is {done.ref} again, instead of v{done.rolled_back_from}"
    )
