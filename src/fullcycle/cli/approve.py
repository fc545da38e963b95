"""``fullcycle approve``: a second person's word for a release."""

import click

from fullcycle.cli.asking import asked_release
from fullcycle.wiring import open_project
from fullcycle.wiring.approving import approve_release


@click.command(name="approve")
@click.argument("ref")
@click.option("-m", "--message", default="", help="What was looked at.")
def command(ref: str, message: str) -> None:
    """Approve a release of tier high, which somebody else has made.

    It counts where the ledger's server knows who types it: in Postgres, with a role for each
    person.

    \b
    Example:
        fullcycle approve winback@v8 -m "scores, slices and the answers of ten clients"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    capability, number = asked_release(project, ref, "what is to be approved")
    done = approve_release(project, capability, number, message=message)
    name = f"{capability}@v{number}"
    if done.verdict.passed:
        click.echo(f"{name}: {done.verdict.found}")
        return
    click.echo(f"{name}: the approval of {done.given.by} is recorded, and does not count")
    click.echo(f"  {done.verdict.found}")
    click.echo(f"  mend: {done.verdict.mend}")
