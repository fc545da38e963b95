"""``fullcycle approve``: a second person's word for a release."""

import click

from fullcycle.kernel import Invalid, Reference
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
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.release is None:
        raise Invalid(
            f"{ref!r} is not a release",
            "what is to be approved",
            f"name a release, such as {asked.capability}@v1: fullcycle releases {asked.capability}",
        )
    done = approve_release(project, asked.capability, asked.release, message=message)
    name = f"{asked.capability}@v{asked.release}"
    if done.verdict.passed:
        click.echo(f"{name}: {done.verdict.found}")
        return
    click.echo(f"{name}: the approval of {done.given.by} is recorded, and does not count")
    click.echo(f"  {done.verdict.found}")
    click.echo(f"  mend: {done.verdict.mend}")
