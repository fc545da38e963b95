"""``fullcycle prune``: room again, from what old runs returned."""

import json

import click
from rich.table import Table

from fullcycle.cli.printing import count, memory, one_line, show_table, when
from fullcycle.kernel import counted, duration
from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import CALM, Pruning, plan_pruning, prune

_LISTED = 20


@click.command(name="prune")
@click.option(
    "--keep", default="30d", show_default=True, help="Keep all that is younger, such as 30d or 12h."
)
@click.option("--yes", is_flag=True, help="Remove it, instead of telling what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(keep: str, *, yes: bool, as_json: bool) -> None:
    """Give up what old runs returned, and tell how much room that frees.

    Nothing goes without --yes. Runs stay in the record with their code, parameters, scores
    and installed versions. What their steps returned goes, and is computed again when it is
    needed; what their sources read goes, so they cannot be replayed any more. Kept are the
    last run of each capability that is done, pinned runs, trials of grids, and all that a
    release, an experiment or a deployment stands on. Of experiments that are closed, and that
    no deployed release holds any more, the arms that were kept go, too.

    \b
    Example:
        fullcycle prune --keep 30d --yes
    """  # noqa: D301 - click reads a real backspace
    project, age = open_project(), duration(keep, where="--keep")
    found = prune(project, age) if yes else plan_pruning(project, age)
    if as_json:
        click.echo(json.dumps(_as_plain(found, removed=yes)))
        return
    show_table(_table(found))
    click.echo(
        f"{'freed' if yes else 'would free'} {memory(found.size)} of {memory(found.total)}; "
        f"kept is what {counted(len(found.kept), 'run')} returned{_why(found)}"
    )
    for arms in found.arms:
        click.echo(
            f"{'forgot' if yes else 'would forget'} the kept arms of {counted(arms.units, 'unit')} of "
            f"{arms.capability}'s experiment {arms.experiment} in {arms.environment}, "
            f"closed {when(arms.closed)}"
        )
    for ref, told in found.living.items():
        capability = ref.partition("@")[0]
        click.echo(f"{ref} is running ({told}): all that runs of {capability} returned is kept for it")
    if age < CALM:
        click.secho(
            "what was stored within the last day stays: a run may be at work on it", dim=True, err=True
        )
    if (found.size or found.arms) and not yes:
        click.echo(f"nothing was removed; do it: fullcycle prune --keep {keep} --yes")


def _table(found: Pruning) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("results of", "when", "frees", "message"):
        table.add_column(column, justify="right" if column == "frees" else "left")
    for run in found.runs[:_LISTED]:
        table.add_row(run.ref, when(run.at), memory(run.size), one_line(run.message))
    rest = found.runs[_LISTED:]
    if rest:
        table.add_row(counted(len(rest), "more run"), "", memory(sum(run.size for run in rest)), "")
    for name, size in (
        ("no run", found.unnamed),
        ("writers that were killed", found.leftovers),
        ("caches", found.cached_size),
    ):
        if size:
            table.add_row(name, "", memory(size), "")
    return table


def _why(found: Pruning) -> str:
    own = ("young", *(f"{ref} is running" for ref in found.living))  # told by itself, or of all
    told = [f"{ref} ({why})" for ref, why in found.kept.items() if why not in own]
    shown = ", ".join(told[:5]) + (f" and {count(len(told) - 5)} more" if len(told) > 5 else "")
    return f": {shown}" if shown else ""


def _as_plain(found: Pruning, *, removed: bool) -> dict[str, object]:
    return {
        "removed": removed,
        "bytes": found.size,
        "of_bytes": found.total,
        "objects": len(found.objects),
        "runs": [{"run": run.ref, "at": run.at, "bytes": run.size} for run in found.runs],
        "unnamed_bytes": found.unnamed,
        "leftover_bytes": found.leftovers,
        "cached_bytes": found.cached_size,
        "kept_arms": [
            {
                "capability": arms.capability,
                "experiment": arms.experiment,
                "environment": arms.environment,
                "units": arms.units,
            }
            for arms in found.arms
        ],
        "kept": dict(found.kept),
        "running": dict(found.living),
    }
