"""``fullcycle value --write-up``: one page about a verdict, as Markdown and as HTML."""

import json

import click

from fullcycle.cli.pages import usual_page, write_page
from fullcycle.cli.progress import waiting
from fullcycle.report import write_up_html, write_up_markdown
from fullcycle.wiring.project import Project
from fullcycle.wiring.writing_up import write_up


def write_up_command(project: Project, capability: str, name: str | None, *, as_json: bool) -> None:
    """Write the page, and say where it is."""
    with waiting("reading the record"):
        told = write_up(project, capability, name)
    page = usual_page(project.root, f"{capability}-verdict" if name is None else f"{capability}-{name}")
    text = page.with_suffix(".md")
    write_page(page, write_up_html(told))
    write_page(text, write_up_markdown(told))
    if as_json:
        click.echo(json.dumps({"html": str(page), "markdown": str(text), "lead": told.lead}))
        return
    click.echo(f"{page}\n{text}")
