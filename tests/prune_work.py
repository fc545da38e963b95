"""What a process does that is killed while it prunes."""

from datetime import timedelta
from pathlib import Path

from fullcycle.wiring import open_project
from fullcycle.wiring.pruning import prune
from killing import Tell


def prune_all(folder: Path, tell: Tell) -> None:
    """Prune, again and again."""
    while True:
        tell("begun")
        prune(open_project(folder), timedelta(days=30))
