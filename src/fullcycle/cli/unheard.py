"""A run that ended without a word: what is told of it, at the time and by the next one."""

import faulthandler
import sys
from contextlib import suppress

import click

from fullcycle.cli.printing import when
from fullcycle.wiring import Project
from fullcycle.wiring.unheard import last_unheard


def tell_unheard(project: Project, capability: str) -> None:
    """Say where the last run ended, if it could not say so itself, and what of it is kept."""
    found = last_unheard(project, capability)
    if found is None:
        return
    kept = f"; kept: {found.kept}" if found.kept else ""
    last = f"last sign {when(found.run.heard)}"
    look = f"fullcycle show {found.run.ref}"
    click.secho(f"note: {found.run.ref} {found.run.said} ({last}){kept}; see {look}", fg="yellow", err=True)


def tell_crashes() -> None:
    """Have Python say in which line of the flow it was where a library crashes this process."""
    if not faulthandler.is_enabled() and sys.__stderr__ is not None:
        with suppress(OSError, ValueError):  # it is closed, or no file
            faulthandler.enable(sys.__stderr__, all_threads=False)
