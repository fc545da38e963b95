"""``fullcycle report``: one page about a capability, or about two of its runs, from the record."""

from collections.abc import Callable
from pathlib import Path

import click

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.cli.pages import usual_page, write_page
from fullcycle.cli.progress import waiting
from fullcycle.kernel import Invalid, Misconfigured, Reference
from fullcycle.report import Draw, render, render_beside
from fullcycle.wiring import open_project
from fullcycle.wiring.beside import beside
from fullcycle.wiring.telling import story


@click.command(name="report")
@click.argument("capability")
@click.argument("other", required=False)
@click.option("--in", "environment", default="prod", show_default=True, help="Where it is deployed.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def command(capability: str, other: str | None, environment: str, output: Path | None) -> None:
    """Write one page about a capability: brief, flow, evaluation, service, experiment, value.

    It tells what is deployed, else the last release, else the last run; of a run, that one.
    Of two runs, releases or deployments it is a page of what differs, with the charts of
    their models side by side. A page holds all it needs: no network, no scripts. It is
    written to reports/ of the project, which git and runs leave out, or to the file of -o.

    \b
    Example:
        fullcycle report winback
        fullcycle report winback@42
        fullcycle report winback@41 winback@42
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    if other is not None:
        with waiting("comparing"):
            both = beside(project, capability, other)
        target = output or usual_page(project.root, f"{capability}-{other}")
        _write(target, lambda svg: render_beside(both, svg=svg))
        return
    asked = Reference.parse(capability)
    if asked != Reference(asked.capability, run=asked.run):
        raise Invalid(
            f"{capability!r}: a page is of a capability, or of a run of it",
            "what was typed",
            f"write {asked.capability}, or {asked.capability}@1",
        )
    project.require_capability(asked.capability)
    project.environment(environment)
    with waiting("reading the record"):
        told = story(project, asked.capability, environment, of=asked.run)
    target = output or usual_page(project.root, capability)
    _write(target, lambda svg: render(told, markdown=markdown_html, svg=svg))


def _write(target: Path, render_with: Callable[[Draw | None], str]) -> None:
    try:
        page = render_with(VegaCharts().svg)
    except Misconfigured as missing:
        click.secho(
            f"{missing.what}: the page shows tables instead of charts ({missing.mend})", fg="yellow", err=True
        )
        page = render_with(None)
    write_page(target, page)
    click.echo(f"{target} ({len(page) // 1000:,} kB)")
