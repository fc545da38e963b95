"""What is killed in the test of deployments: who deploys, back and forth, at any moment.

Before each round it is seen that the service answers with what the record says, and that this
is what was deployed before the kill, or what was about to be. ``HOSTED`` names the project's
folder and the service's port.
"""

import os
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

from fullcycle.release import Activation, deployed, history
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work
from hosted import ask, until
from killing import Tell


def deploy_back_and_forth(folder: Path, tell: Tell) -> None:
    """Deploy the release that does not answer, for ever; tell each step of it."""
    project = open_project(folder)
    for step in ("propose", "await_staged", "await_answered"):
        _telling(step, tell)
    while True:
        now = deployed(project.ledger, "winback", "prod")
        number = 2 if now is None or now.release == 1 else 1
        put_to_work(project, "winback", number, "prod", why="a test")
        tell(f"v{number}")


def prepare() -> None:
    """See that what is decided, wholly, is what answers."""
    folder, port = os.environ["HOSTED"].rsplit("=", 1)
    project = open_project(Path(folder))
    past = history(project.ledger, "winback", "prod")
    assert all(one.release != two.release for one, two in pairwise(past))
    until(lambda: ask(int(port))["release"] == past[-1].ref)
    assert not Activation(project.ledger, "winback", "prod").hosts().keys() ^ {"here"}
    project.ledger.close()  # type: ignore[attr-defined]  # a child opens its own


def _telling(step: str, tell: Tell) -> None:
    plain = getattr(Activation, step)

    @wraps(plain)
    def told(*given: Any, **named: Any) -> Any:
        tell(f"begins {step}")
        found = plain(*given, **named)
        tell(f"ends {step}")
        return found

    setattr(Activation, step, told)
