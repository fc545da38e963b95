"""``fullcycle score``: decide on every row of a table by the function that serves."""

import sys
import time
from pathlib import Path

import click

from fullcycle.cli.printing import count, seconds
from fullcycle.cli.progress import ElementsLine
from fullcycle.cli.running import audited, noted, step_line
from fullcycle.flow import StepFinished
from fullcycle.kernel import Invalid, counted
from fullcycle.release import Manifest
from fullcycle.wiring import Project, open_project
from fullcycle.wiring.batching import score_over
from fullcycle.wiring.parts import Asked, Done
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import Watcher
from fullcycle.wiring.scoring import Wanted, asked_for, score_table


@click.command(name="score")
@click.argument("ref")
@click.argument("table", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Where the answers go: .parquet, .csv, .arrow."
)
@click.option("--limit", type=click.IntRange(min=1), help="Score only so many rows, the first.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--log", is_flag=True, help="Log each answer as a decision; it is a trial otherwise.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="How many processes score; as many as pay unless told."
)
def command(
    ref: str,
    table: Path | None,
    out: Path | None,
    limit: int | None,
    force: bool,
    log: bool,
    workers: int | None,
) -> int:
    """Decide on every row of a table by the function that serves.

    The answers are those that the service would give row by row. Parquet, CSV and Arrow files of
    any size are read and written part by part. A row that neither service nor fallback can answer
    stands in the output with its error, and the command ends with 1.

    What is scored and not served needs no table: its rows are made anew, and its answers go to
    the warehouse in place of those of the same days.

    \b
    Example:
        fullcycle score winback@v7 clients.parquet -o out.parquet
        fullcycle score winback@prod clients.csv -o out.csv --limit 1000
        fullcycle score demand@prod
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    asked = asked_for(project, ref)
    _, manifest = released(project, asked.capability, asked.number)
    if table is None and manifest.over:
        if out is not None or limit is not None or force or log:
            raise Invalid(
                f"{asked.capability} is written to {manifest.into}, whole and logged",
                "what was typed",
                f"fullcycle score {ref}; or with a table: fullcycle score {ref} rows.parquet -o out.parquet",
            )
        return _over(project, ref, asked, manifest)
    if table is None or out is None:
        raise Invalid(
            f"{ref} needs a table to score, and a file for its answers"
            if table is None
            else "--out is not given",
            "what was typed",
            f"fullcycle score {ref} {table or 'clients.parquet'} -o out.parquet",
        )
    wanted = Wanted(limit=limit, force=force, log=log, workers=workers or 0)
    live, began = ElementsLine(), time.monotonic()
    try:
        done = score_table(project, asked, table, out, wanted, lambda rows, all: live(ref, rows, 0, all))
    finally:
        live.end()
    took = time.monotonic() - began
    click.echo(
        f"{asked.capability}@v{asked.number} scored {counted(done.rows, 'row')} in {seconds(took)} "
        f"({count(round(done.rows / took))} a second) to {out}"
    )
    return told(done)


def _over(project: Project, ref: str, asked: Asked, manifest: Manifest) -> int:
    """Score the rows of a step into the warehouse, and tell."""
    live = ElementsLine()

    def tell(step: StepFinished) -> None:
        live.end()
        step_line(step)

    try:
        watch = Watcher(tell, live, audited, noted)
        written = score_over(
            project, asked, manifest, watch=watch, progress=lambda rows, all: live(ref, rows, 0, all)
        )
    finally:
        live.end()
    days = f"{written.days[0]} to {written.days[-1]}" if len(written.days) > 1 else "".join(written.days)
    instead = f", in place of {count(written.replaced)}" if written.replaced else ""
    if not written.days:
        click.echo(
            f"{manifest.over} of {written.run} has no rows that were answered: {written.into} is as before"
        )
    else:
        click.echo(
            f"{asked.capability}@v{asked.number} decided on {counted(written.rows, 'row')} of {days} "
            f"for {written.into}{instead}"
        )
    return told(written.done)


def told(done: Done) -> int:
    """Say what failed; 1 where rows are without an answer."""
    if done.fallbacks:
        click.echo(f"  {counted(done.fallbacks, 'row')} answered by the fallback")
    for what, times in sorted((done.failures or {}).items()):
        click.echo(f"  {what} ({counted(times, 'time')})", err=True)
    if not done.undecided_rows:
        return 0
    click.secho(
        f"{counted(done.undecided_rows, 'row')} without an answer, of neither service nor fallback:",
        fg="red",
        err=True,
    )
    for row, what in done.undecided:
        click.echo(f"  row {row}: {what}", err=True)
    if done.undecided_rows > len(done.undecided):
        click.echo(f"  and {count(done.undecided_rows - len(done.undecided))} more", err=True)
    sys.stderr.flush()
    return 1
