"""``fullcycle tokens``: who may ask the services of a project, and for what."""

import json

import click
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.serve.tokens import valid_tokens
from fullcycle.wiring import open_project


@click.command(name="tokens")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per token.")
def command(*, as_json: bool) -> None:
    """List the tokens that are valid; none of them is shown, nobody has them but who was given them.

    \b
    Example:
        fullcycle tokens
    """  # noqa: D301 - click reads a real backspace
    tokens = valid_tokens(open_project().ledger).all
    if as_json:
        for token in tokens:
            told = {"name": token.name, "scopes": sorted(token.scopes), "service": token.service}
            click.echo(json.dumps({**told, "at": token.at, "by": token.by}))
        return
    if not tokens:
        click.echo("no tokens yet; make one: fullcycle token new crm --scope decide")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "scopes", "for", "when", "by"):
        table.add_column(column)
    for token in tokens:
        scopes = ", ".join(sorted(token.scopes))
        table.add_row(token.name, scopes, token.service or "every service", when(token.at), token.by)
    show_table(table)
