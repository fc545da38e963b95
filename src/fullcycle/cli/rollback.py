"""``fullcycle rollback``: back to the release that answered before."""

import re
from dataclasses import replace

import click

from fullcycle.cli.asking import asked_service
from fullcycle.cli.deploy import tell
from fullcycle.kernel import Invalid
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import go_back
from fullcycle.wiring.meeting import Patience
from fullcycle.wiring.refreshing import move_live_back


@click.command(name="rollback")
@click.argument("ref")
@click.option("-m", "--message", default="", help="Why it goes back.")
@click.option("--to", help="The release to go back to, such as @v6, instead of the one before.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait for a host.")
@click.option("--anyway", is_flag=True, help="Although a host is not ready for it.")
@click.option("--with-live", is_flag=True, help="Go back to the lookups that it asked then, too.")
def command(ref: str, message: str, to: str | None, wait: float, *, anyway: bool, with_live: bool) -> None:
    """Go back to the release that answered before, by one fact.

    Lookups that were published since stay, as far as it can ask them, unless they are to go
    back, too.

    \b
    Example:
        fullcycle rollback winback@prod -m "conversion fell"
        fullcycle rollback winback@prod --to @v6
        fullcycle rollback winback@prod --with-live
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    capability, environment = asked_service(project, ref, "what is to be rolled back")
    patience = Patience(wait, anyway)
    goal = _release(capability, to) if to is not None else None
    found = go_back(project, capability, environment, why=message, to=goal, patience=patience)
    if with_live:
        back, heard = move_live_back(project, found.done, patience)
        told = f"asked as then: {', '.join(back)}" if back else "it asks what it asked then"
        found = replace(found, said=[*found.said, told], late={**heard.late, **found.late})
    tell(found)


def _release(capability: str, to: str) -> int:
    """The number in ``@v6``, ``v6`` or ``winback@v6``.

    Raises:
        Invalid: for anything else.
    """
    found = re.fullmatch(rf"(?:(?:{re.escape(capability)})?@)?v(\d+)", to)
    if found is None:
        raise Invalid(f"{to!r} is no release of {capability}", "--to", "write it like --to @v6")
    return int(found[1])
