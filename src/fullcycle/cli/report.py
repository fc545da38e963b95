"""``fullcycle report``: one page about a capability, from the record."""

from pathlib import Path

import click

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.cli.progress import waiting
from fullcycle.kernel import Misconfigured
from fullcycle.report import render
from fullcycle.wiring import open_project
from fullcycle.wiring.telling import story


@click.command(name="report")
@click.argument("capability")
@click.option("--in", "environment", default="prod", show_default=True, help="Where it is deployed.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def command(capability: str, environment: str, output: Path | None) -> None:
    """Write one page about a capability: brief, flow, evaluation, service, experiment, value.

    The page holds all it needs: no network, no scripts.

    \b
    Example:
        fullcycle report winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    project.environment(environment)
    with waiting("reading the record"):
        told = story(project, capability, environment)
    target = output if output is not None else project.root / f"{capability}.html"
    try:
        page = render(told, markdown=markdown_html, svg=VegaCharts().svg)
    except Misconfigured as missing:
        click.secho(
            f"{missing.what}: the page shows tables instead of charts ({missing.mend})", fg="yellow", err=True
        )
        page = render(told, markdown=markdown_html, svg=None)
    target.write_text(page, encoding="utf-8")
    click.echo(f"{target} ({len(page) // 1000:,} kB)")
