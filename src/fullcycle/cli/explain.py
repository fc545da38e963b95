"""``fullcycle explain``: one decision, decided again step by step."""

import click
import msgspec

from fullcycle.cli.explained import show
from fullcycle.cli.progress import waiting
from fullcycle.kernel import Invalid
from fullcycle.wiring import open_project
from fullcycle.wiring.explaining import Explained, explain


@click.command(name="explain")
@click.argument("decision", nargs=-1, required=True, metavar="[SERVICE] DECISION")
@click.option("--reveal", is_flag=True, help="Show personal fields, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as one JSON object.")
def command(decision: tuple[str, ...], *, reveal: bool, as_json: bool) -> int:
    """Decide again what was decided, step by step, and compare with what was logged.

    From the row over lookups and features to scores with what each feature added, the arm, the
    draw and the answer, by the release and the lookups of then. Nothing is logged by it. Personal
    fields are masked. Ends with 1 where something comes out that was not logged.

    \b
    Example:
        fullcycle explain 01a1ff29-2216-70e9-88f8-f8159c800545
        fullcycle explain winback@prod order-17 --reveal
    """  # noqa: D301 - click reads a real backspace
    if len(decision) > 2:
        raise Invalid(f"{len(decision)} words were given", "fullcycle explain", "write winback@prod DECISION")
    service = decision[0] if len(decision) == 2 else None
    with waiting(f"explaining {decision[-1]}"):
        found = explain(open_project(), decision[-1], of=service, reveal=reveal)
    if as_json:
        click.echo(msgspec.json.encode(_as_plain(found)))
    else:
        show(found)
    return 0 if found.same else 1


def _as_plain(found: Explained) -> dict[str, object]:
    return {
        "service": found.ref,
        "at": found.decision.at,
        "same": found.same,
        "compared": {one.name: {"logged": one.logged, "again": one.again} for one in found.compared},
        "explanation": found.explanation,
    }
