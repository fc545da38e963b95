"""``fullcycle token``: let somebody ask a service that others can reach, and take that back."""

import click

from fullcycle.kernel import Invalid, Reference
from fullcycle.serve.tokens import TOKEN_SCOPES, make_token, revoke_token
from fullcycle.wiring import open_project
from fullcycle.wiring.project import Project


@click.group(name="token")
def command() -> None:
    """Make or revoke a token, which a service that others can reach demands."""


@command.command(name="new")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(TOKEN_SCOPES),
    help="What it is for; may be repeated.",
)
@click.option("--for", "service", default="", help="The one service that takes it, such as winback@prod.")
def new_command(name: str, scopes: tuple[str, ...], service: str) -> None:
    """Make a token and print it, this once; the record keeps only its digest.

    A running service takes it within a second or two.

    \b
    Example:
        fullcycle token new crm --scope decide --for winback@prod
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    if service:
        _require_service(project, service)
    token = make_token(project.ledger, name, scopes, by=project.author, service=service)
    click.echo(token)
    click.secho(
        f"note: this is the only time {name!r} is shown; send it as Authorization: Bearer …", err=True
    )


@command.command(name="revoke")
@click.argument("name")
@click.option("-m", "--message", default="", help="Why it is taken back.")
def revoke_command(name: str, message: str) -> None:
    """Let a token open nothing any more, in every service of the project.

    A running service refuses it within a second or two.

    \b
    Example:
        fullcycle token revoke crm -m "left in a log"
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    revoke_token(project.ledger, name, why=message, by=project.author)
    click.echo(f"the token {name} is revoked")


def _require_service(project: Project, service: str) -> None:
    asked = Reference.parse(service)
    project.require_capability(asked.capability)
    if asked.environment is None:
        raise Invalid(f"{service!r} names no service", "--for", f"write {asked.capability}@prod")
    project.environment(asked.environment)
