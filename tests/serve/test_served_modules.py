"""What the process that answers has imported, after all that can be asked of it."""

import json

import served_shop
from fullcycle.wiring.project import open_project
from hosted import BODY, ask, hosting
from served_process import Connection

NEVER = {"pandas", "polars", "sklearn", "scipy", "pydantic", "numpy", "lightgbm", "duckdb", "pyarrow"}
TELLS = """

import json, pathlib, sys


@fc.service
def tells(client: Client, visit: fc.Model[Traits]) -> Offer:
    if sys.argv[1:2] == ["worker"]:
        there = sorted({name.partition(".")[0] for name in sys.modules})
        pathlib.Path(sys.argv[2], "modules.json").write_text(json.dumps(there))
    return choose(client, visit)
"""


def asked_everything(port):
    """One of each: a row, some, very many, the pages, an explanation, and what is refused."""
    assert ask(port)["release"] == "winback@v1"
    with Connection(port) as connection:
        for count in (3, 300):
            rows = json.dumps([{**served_shop.REQUESTS[0], "client_id": n} for n in range(count)]).encode()
            assert connection.ask("POST", "/winback", rows)[0] == 200
        for path in ("/openapi.json", "/metrics", "/livez", "/readyz", "/try"):
            assert connection.ask("GET", path)[0] == 200
        assert connection.ask("POST", "/explain", BODY)[0] == 200
        assert connection.ask("POST", "/winback", b'{"client_id": "x"}')[0] == 422
        assert connection.ask("POST", "/winback", b"{")[0] == 400
    return ask(port)


def test_a_worker_answers_with_a_model_and_imports_none_of_the_libraries_of_training(tmp_path):
    root = served_shop.write_shop(tmp_path, service=served_shop.SERVICE + TELLS)
    (root / "fullcycle.toml").write_text('[project]\npackage = "shop"\n[environments.prod]\n')
    (root / "winback" / "brief.md").touch()
    project = open_project(root)
    digest = served_shop.release(project.objects, root, **served_shop.alone("tells"))
    served_shop.deployed(project.ledger, served_shop.made(project.ledger, digest))

    with hosting(project) as service:
        asked_everything(service.port)

    there = set(json.loads((root / "modules.json").read_text()))
    assert {"fullcycle", "uvicorn", "msgspec"} <= there
    assert there & NEVER == set()
