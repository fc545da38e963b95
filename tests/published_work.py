"""What a process does that is killed while it publishes lookups."""

from pathlib import Path

from fullcycle.release import publications
from fullcycle.wiring import open_project
from fullcycle.wiring.refreshing import live_now, refresh
from killing import Tell


def publish_in_turn(folder: Path, tell: Tell) -> None:
    """Publish what the second and the third run made, in turn; the index of the next is written anew."""
    project = open_project(folder)
    while True:
        run = next(iter(live_now(project, "recommend", "prod", 1).values())).run
        for told in publications(project.ledger, "recommend", "prod"):
            if told.body.run != run:
                project.objects.remove(told.body.lookup.index)
        tell("begun")
        refresh(project, "recommend", "prod", number=5 - run if run in (2, 3) else 2)
