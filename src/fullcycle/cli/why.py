"""``fullcycle why``: walk a metric's lineage upstream to what is broken."""

import json

import click
import msgspec

from fullcycle.cli.progress import waiting
from fullcycle.monitor import Explanation
from fullcycle.wiring import open_project
from fullcycle.wiring.watching import capability_with, explain, findings, watched


@click.command(name="why")
@click.argument("metric")
@click.option("--capability", help="Whose metric, where several capabilities have one of that name.")
@click.option("--in", "environment", default="prod", show_default=True, help="Where it is deployed.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as one JSON object.")
def command(metric: str, capability: str | None, environment: str, *, as_json: bool) -> int:
    """Find out what moved a metric, or is about to: the first broken ancestor in its lineage.

    Exit 0 where one is found, 1 where nothing that is observed explains it.

    \b
    Example:
        fullcycle why visited
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    whose = project.require_capability(capability) if capability else capability_with(project, metric)
    what = watched(project, whose, environment)
    with waiting("checking what the metric hangs on"):
        found = explain(what, metric, findings(what))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
    else:
        _show(found)
    return 0 if found.broken is not None else 1


def _show(found: Explanation) -> None:
    click.secho(found.says, bold=True)
    if found.path:
        click.echo("  lineage, upstream:")
        for depth, node in enumerate(found.path):
            click.echo(f"    {'  ' * depth}{'└ ' if depth else ''}{node}")
    for one in found.evidence:
        if one.broken and one.says not in found.says:
            click.echo(f"  evidence: {one.says}")
    for other in found.others:
        click.echo(f"  broken, too: {other}")
    sound = sum(looked.status == "sound" for looked in found.looked)
    blind = [looked.node for looked in found.looked if looked.status == "not checked"]
    click.secho(f"  {sound} ancestors are sound; {len(blind)} have no check of their own", dim=True)
