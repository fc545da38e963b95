"""``fullcycle rollback``: back to the release that answered before."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.release import rollback
from fullcycle.wiring import open_project
from fullcycle.wiring.refreshing import move_live_back


@click.command(name="rollback")
@click.argument("ref")
@click.option("-m", "--message", default="", help="Why it goes back.")
@click.option("--with-live", is_flag=True, help="Go back to the lookups that it asked then, too.")
def command(ref: str, message: str, *, with_live: bool) -> None:
    """Go back to the release that answered before, by one fact.

    Lookups that were published since stay, as far as it can ask them, unless they are to go
    back, too.

    \b
    Example:
        fullcycle rollback winback@prod -m "conversion fell"
        fullcycle rollback winback@prod --with-live
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
    if with_live:
        back = move_live_back(project, done)
        click.echo(f"asked as then: {', '.join(back)}" if back else "it asks what it asked then")
