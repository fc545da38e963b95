"""fullcycle.wiring.hosting: what an operator is told when a service starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from fullcycle.adapters.sqlite import SqliteLedger
from served_shop import deployed, made

SERVE = """
import sys
from pathlib import Path
from fullcycle.wiring import open_project
from fullcycle.wiring.hosting import serve
serve(open_project(Path(sys.argv[1])), "winback", "prod", host="127.0.0.1", port=0,
      tell=lambda line: print(line, flush=True))
"""


@pytest.fixture
def project(tmp_path, monkeypatch, typed):
    """A project without a capability, whose ledger is about to say what is deployed."""
    monkeypatch.chdir(tmp_path)
    assert typed("fullcycle new shop").code == 0
    return tmp_path / "shop"


def told(project: Path, lines: int) -> list[str]:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        return [server.stdout.readline() for _ in range(lines)]
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_a_service_with_nothing_deployed_listens_but_does_not_say_that_it_answers(project):
    told_of, listens = told(project, 2)

    assert told_of.startswith("nothing is deployed to winback@prod yet")
    assert listens.startswith("winback@prod listens at http://127.0.0.1:")
    assert listens.endswith("/winback — nothing answers yet: nothing is deployed yet\n")


def test_a_service_whose_release_cannot_be_loaded_says_why_where_it_listens(project):
    folder = project / ".fullcycle"
    folder.mkdir(exist_ok=True)
    ledger = SqliteLedger(folder / "ledger.db")
    made(ledger, "00" * 32)
    deployed(ledger, 1)
    ledger.close()

    _, listens = told(project, 2)

    assert listens.startswith("winback@prod listens at http://127.0.0.1:")
    assert "/winback — nothing answers yet: deployment 1 was not activated: the object 0000" in listens
