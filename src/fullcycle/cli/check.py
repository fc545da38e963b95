"""``fullcycle check``: contracts, freshness and drift, against what was released."""

import json
from collections.abc import Sequence

import click
import msgspec

from fullcycle.cli.progress import waiting
from fullcycle.kernel import Invalid, Misconfigured, Reference, counted
from fullcycle.monitor import Finding, ring
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.watching import findings, watched


@click.command(name="check")
@click.argument("ref")
@click.option("--all", "everything", is_flag=True, help="Also list what is sound.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per finding.")
def command(ref: str, *, everything: bool, as_json: bool) -> int:
    """Check data, freshness and drift against what was released; exit 1 where something is broken.

    REF is a deployment such as winback@prod; winback alone is winback@prod.

    \b
    Example:
        fullcycle check winback@prod
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.run is not None or asked.release is not None:
        raise Invalid(f"{ref!r} is no deployment", "what is to be checked", f"write {asked.capability}@prod")
    what = watched(project, asked.capability, asked.environment or "prod")
    with waiting("checking sources and decisions"):
        found = findings(what)
    broken = [one for one in found if one.broken]
    for one in found if everything or as_json else broken:
        click.echo(json.dumps(msgspec.to_builtins(one))) if as_json else _show(one)
    alerts = _rung(project, asked.capability, found)  # last: it may be that nothing can be written
    if as_json:
        return 1 if broken else 0
    nodes = len({one.node for one in found})
    click.echo(
        f"{what.capability}@{what.environment} (v{what.release}): "
        f"{counted(len(found), 'check')} at {counted(nodes, 'node')}, {len(broken)} broken; {alerts}"
    )
    if broken:
        click.echo(f"next: fullcycle why {what.metric}")
    return 1 if broken else 0


def _rung(project: Project, capability: str, found: Sequence[Finding]) -> str:
    """Record what broke and what is sound again; say so, or why it could not be."""
    try:
        changes = ring(project.ledger, capability, found, by=project.author)
    except Misconfigured as error:  # such as a full disk, which may be what was found
        told = f"no alert could be recorded: {error.what}"
        click.echo(f"{told}; {error.mend}", err=True)
        return told
    return f"{counted(len(changes.raised), 'alert')} raised, {len(changes.cleared)} cleared"


def _show(one: Finding) -> None:
    mark, colour = ("✗", "red") if one.broken else ("✓", "green")
    click.secho(f"  {mark} ", fg=colour, nl=False)
    click.echo(f"{one.check:<9} {one.node}: {one.says}")
