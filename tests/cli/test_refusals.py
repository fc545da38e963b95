"""Every verb with wrong input: what is said, how to mend it, and the exit code."""

import socket
from pathlib import Path

import pytest

from whole_shop import process, rewrite

REFUSED = {
    # what is typed: exit code, what is said, how it is mended
    "rnu winback": (2, "There is no command 'rnu'", "Did you mean 'run'?"),
    "frobnicate": (2, "There is no command 'frobnicate'", "See 'fullcycle --help'"),
    "record rebild": (2, "No such command 'rebild'", "Did you mean 'rebuild'?"),
    "releases": (2, "Missing argument 'CAPABILITY'", "fullcycle releases --help"),
    "runs winback --jsno": (2, "No such option '--jsno'", "Did you mean one of: '--json'"),
    # capabilities
    "run winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "runs winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "releases winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "deployments winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "release winbak@1": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "experiment design winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "value winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "report winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "check winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    "why visited --capability winbak": (2, "there is no 'winbak'", "did you mean 'winback'?"),
    # references
    "show winback@@1": (2, "'winback@@1' is not a reference", "write winback, winback@42 (a run)"),
    "show winback@9": (2, "there is no run winback@9", "the last run is winback@1"),
    "show winback@0": (2, "there is no run winback@0", "the last run is winback@1"),
    "show winback@v9": (2, "there is no release winback@v9", "the last one is winback@v1"),
    "show winback@prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "show winback@dev": (2, "nothing is deployed to winback@dev", "fullcycle deploy winback@v1 --to dev"),
    "show winback@1/visti": (2, "there is no 'visti'", "did you mean 'visit'?"),
    # releases and deployments
    "release winback@9": (2, "there is no run winback@9", "the last run is winback@1"),
    "release winback@v1": (2, "'winback@v1' is not a run", "fullcycle runs winback"),
    "release winback@1 --for prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "deploy winback@v1": (2, "Missing option '--to'", "fullcycle deploy --help"),
    "deploy winback@1 --to prod": (2, "'winback@1' is not a release", "such as winback@v1"),
    "deploy winback@v1 --to prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "deploy winback@v9 --to prod": (2, "there is no release winback@v9", "the last one is winback@v1"),
    "deployments winback --in prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "deployments winback --at noon": (2, "'noon' is no moment", "yesterday 14:05"),
    "rollback winback": (2, "'winback' names no environment", "write winback@prod"),
    "rollback winback@prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "rollback winback@prod": (1, "only winback@v1 ever answered", "fullcycle deploy winback@v"),
    "rollback winback@dev": (1, "nothing is deployed", "fullcycle deploy winback@v"),
    # serving
    "serve winback@v1": (2, "'winback@v1' names no environment", "write winback@prod"),
    "serve winback@prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    "serve winback@prod --host 0.0.0.0": (1, "demands a token on 0.0.0.0", "fullcycle token new"),
    "serve winback@prod --port 99999": (2, "ports are numbered 0 to 65535", "--port 0 takes any"),
    # parameters
    "run winback -p levaes=3": (2, "there is no 'levaes'", "did you mean 'leaves'?"),
    "run winback -p visit.leave=3": (2, "there is no 'visit.leave'", "did you mean 'visit.leaves'?"),
    "run winback -p leaves=many": (2, "'many' is not of type int", "write, say, -p visit.leaves=8"),
    "run winback -p leaves": (2, "'leaves' is not NAME=VALUE", "write it like -p leaves=31"),
    "run winback --in prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
    # after the launch
    "experiment close winback": (
        1,
        "the verdict is to keep going",
        "fullcycle experiment close winback --early -m '…'",
    ),
    "experiment read winback --name tral": (2, "there is no 'tral'", "did you mean 'trial'?"),
    "check winback@dev": (2, "nothing is deployed to winback@dev", "fullcycle deploy winback@v1 --to dev"),
    "why visited --in dev": (2, "nothing is deployed to winback@dev", "fullcycle deploy winback@v1 --to dev"),
    "why visted": (2, "there is no 'visted'", "did you mean 'visited'?"),
    "why visted --capability winback": (2, "there is no 'visted'", "did you mean 'visited'?"),
    "report winback --in prd": (2, "there is no 'prd'", "did you mean 'prod'?"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_wrong_input_is_refused_with_what_to_do(shop, typed, line):
    code, said, mend = REFUSED[line]

    refused = typed(f"fullcycle {line}")

    assert refused.code == code
    assert said in refused.err
    assert mend in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    "line",
    [
        "run winback",
        "runs winback",
        "show winback",
        "release winback",
        "deploy winback@v1 --to prod",
        "serve winback@prod",
        "experiment read winback",
        "value",
        "check winback",
        "why visited",
        "report winback",
        "record rebuild",
    ],
)
def test_outside_of_a_project_every_verb_says_where_to_go(tmp_path, monkeypatch, typed, line):
    monkeypatch.chdir(tmp_path)

    refused = typed(f"fullcycle {line}")

    assert refused.code == 2
    assert "there is no fullcycle.toml here or above" in refused.err
    assert str(tmp_path) in refused.err
    assert "fullcycle new shop --example winback" in refused.err


# before there is anything


@pytest.fixture
def fresh(tmp_path, monkeypatch, typed):
    """A project in which nothing has run."""
    monkeypatch.chdir(tmp_path)
    assert typed("fullcycle new shop --example winback").code == 0
    monkeypatch.chdir(tmp_path / "shop")


BEFORE = {
    "run winback": (1, "there is no such file", "load it first"),
    "show winback": (2, "winback has no run yet", "fullcycle run winback"),
    "show winback@1": (2, "there is no run winback@1", "fullcycle run winback"),
    "release winback": (2, "winback has no run that is done", "fullcycle run winback"),
    "deploy winback@v1 --to prod": (
        2,
        "there is no release winback@v1",
        "make one: fullcycle release winback",
    ),
    "rollback winback@prod": (1, "nothing is deployed", "fullcycle deploy winback@v"),
    "experiment design winback": (2, "winback has no finished run", "fullcycle run winback"),
    "experiment read winback": (2, "no experiment of winback has started", "fullcycle run winback"),
    "experiment close winback": (2, "no experiment of winback has started", "fullcycle run winback"),
    "check winback": (2, "nothing is deployed to winback@prod", "fullcycle deploy winback@v1 --to prod"),
    "why visited": (2, "nothing is deployed to winback@prod", "fullcycle deploy winback@v1 --to prod"),
    "report winback": (2, "winback has no finished run", "fullcycle run winback"),
}


@pytest.mark.parametrize("line", BEFORE)
def test_before_there_is_anything_each_verb_names_the_one_that_comes_first(fresh, typed, line):
    code, said, mend = BEFORE[line]

    refused = typed(f"fullcycle {line}")

    assert refused.code == code
    assert said in refused.err
    assert mend in refused.err


EMPTY = {
    "runs winback": "no runs yet; start one: fullcycle run winback",
    "releases winback": "no releases yet; make one: fullcycle release winback",
    "deployments winback": "nothing was deployed to winback@prod",
    "value": "nothing is measured yet; close an experiment: fullcycle experiment close",
}


@pytest.mark.parametrize("line", EMPTY)
def test_before_there_is_anything_a_list_is_empty_and_says_what_fills_it(fresh, typed, line):
    said = typed(f"fullcycle {line}")

    assert said.code == 0
    assert EMPTY[line] in said.out
    assert typed(f"fullcycle {line} --json").out == ""


def test_a_project_without_a_capability_says_how_one_begins(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    typed("fullcycle new empty")
    monkeypatch.chdir(tmp_path / "empty")

    refused = typed("fullcycle run winback")

    assert refused.code == 2
    assert "empty has no capability yet" in refused.err
    assert "fullcycle new winback" in refused.err


# processes of their own


def test_serving_where_nothing_is_deployed_says_so_before_it_answers_503(shop):
    server = process(shop, "serve", "winback@dev", "--port", "0")
    try:
        first, second = server.stdout.readline(), server.stdout.readline()
    finally:
        server.terminate()
        server.communicate()

    assert first.startswith("nothing is deployed to winback@dev yet")
    assert "fullcycle deploy winback@v1 --to dev" in first
    assert second.startswith("winback@dev listens at http://127.0.0.1:")
    assert second.endswith("/winback — nothing answers yet: nothing is deployed yet\n")


def test_serving_at_a_port_that_is_taken_says_which_and_what_else(shop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = process(shop, "serve", "winback@prod", "--port", str(port))
        out, err = server.communicate(timeout=30)

    assert server.returncode == 2
    assert f"port {port} cannot be used: address already in use" in err
    assert "--port 0 takes any that is free" in err
    assert "Traceback" not in out + err


# files that are wrong

CONFIGURATION = {
    # what stands in fullcycle.toml, what stands there instead: what is said, how it is mended
    ('currency = "USD"', 'curency = "USD"'): ("there is no 'curency'", "did you mean 'currency'?"),
    ("[environments.prod]", "[enviroments.prod]"): (
        "there is no 'enviroments'",
        "did you mean 'environments'?",
    ),
    ("replay = true", "replai = true"): ("there is no 'replai'", "did you mean 'replay'?"),
    ("replay = true", 'replay = "yes"'): ("Expected `bool`, got `str`", "configuration.md"),
    ("replay = true", "replay = [["): ("not readable as TOML", "mend that line"),
    ("prices = {", "prices = 3 # {"): ("Expected `object`, got `int` - at `$.project.prices`", ""),
    ("sqlite:///", "mysql://me:secret@host/"): ("there is no ledger at 'mysql://me:***@host", "sqlite:///"),
}


@pytest.mark.parametrize(("stands", "instead"), CONFIGURATION)
def test_a_broken_configuration_is_refused_by_its_file_and_key(shop, typed, stands, instead):
    rewrite("fullcycle.toml", stands, instead)
    said, mend = CONFIGURATION[stands, instead]

    refused = typed("fullcycle runs winback")

    assert refused.code == 2
    assert said in refused.err
    assert mend in refused.err
    assert "fullcycle.toml" in refused.err
    assert "secret" not in refused.err


def test_a_line_that_is_no_toml_is_named_by_its_number(shop, typed):
    Path("fullcycle.toml").write_text("[project]\npackage = shop\n")

    assert "at line 2" in typed("fullcycle runs winback").err


PROJECT = {
    # file, what stands there, what instead: exit code, what is said, where, how it is mended
    ("winback/brief.md", "tier: low", "teir: low"): (
        2,
        "there is no 'teir'",
        "winback/brief.md:4",
        "did you mean 'tier'?",
    ),
    ("winback/brief.md", "metric: visited", "metric: visitd"): (
        2,
        "there is no 'visitd'",
        "winback/brief.md:5",
        "did you mean 'visited'?",
    ),
    ("winback/brief.md", "0.017 to 0.040 visits", "some visits"): (2, "effect", "winback/brief.md:7", ""),
    ("winback/brief.md", "---\nproblem", "problem"): (
        2,
        "has no front matter",
        "winback/brief.md:1",
        "begin the file",
    ),
    ("winback/flow.py", "    training: fc.Split, *", "    trainin: fc.Split, *"): (
        2,
        "there is no 'trainin'",
        "winback/flow.py:41",
        "did you mean 'training'?",
    ),
    ("winback/flow.py", "import lightgbm as lgb", "import lightgbm as lgb ("): (
        2,
        "winback/flow.py is not Python",
        "winback/flow.py:4",
        "mend that line",
    ),
    ("winback/flow.py", "import Mailing, Traits", "import Mailng, Traits"): (
        2,
        "there is no 'Mailng' in shop.winback.rows",
        "winback/flow.py:9",
        "did you mean 'Mailing'?",
    ),
    ("library/crm.py", "select * from shop.visits", "delete from shop.visits"): (
        1,
        "a source may only read, and this is DELETE",
        "delete from shop.visits",
        "one select statement",
    ),
    ("library/crm.py", "select * from shop.visits", "select * from shop.vists"): (
        1,
        "there is no 'vists'",
        "select * from shop.vists",
        "did you mean 'visits'?",
    ),
    ("library/crm.py", "select * from shop.visits", "select * from 'data/hillstrom.csv.gz'"): (
        1,
        "a query may read the warehouse's own tables only",
        "data/hillstrom.csv.gz",
        "load the file into a table",
    ),
    ("library/crm.py", "select * from shop.visits", "select client_id, spend from shop.visits"): (
        1,
        "the rows of visits break their contract",
        "library/crm.py:15",
        "mend the table, or the contract",
    ),
    ("fullcycle.toml", "warehouses.warehouse", "warehouses.werehouse"): (
        2,
        "there is no 'warehouse'",
        "[environments.dev] warehouses of fullcycle.toml",
        "did you mean 'werehouse'?",
    ),
    ("fullcycle.toml", "duckdb:///warehouse.duckdb", "bigquery://warehouse"): (
        2,
        "no adapter opens the warehouse 'bigquery://warehouse'",
        "[environments.dev] warehouses.warehouse of fullcycle.toml",
        "duckdb:///path/from/the/project.duckdb",
    ),
    ("fullcycle.toml", "[environments.dev]", '[environments.dev]\nparameters = {"winbak.leaves" = 3}'): (
        2,
        "there is no 'winbak'",
        "[environments.dev] parameters of fullcycle.toml",
        "winback",
    ),
    ("fullcycle.toml", "[environments.dev]", "[environments.dev]\nparameters = {winback.leaves = 3}"): (
        2,
        "'winback' names no parameter",
        "[environments.dev] parameters of fullcycle.toml",
        "quote the whole name",
    ),
}


@pytest.mark.parametrize(("file", "stands", "instead"), PROJECT)
def test_a_run_of_a_broken_project_is_refused_by_file_and_line(shop, typed, file, stands, instead):
    rewrite(file, stands, instead)
    code, said, where, mend = PROJECT[file, stands, instead]

    refused = typed("fullcycle run winback -m broken")

    assert refused.code == code
    assert said in refused.err
    assert where in refused.err
    assert mend in refused.err
    assert "Traceback" not in refused.err


def test_a_capability_without_a_flow_says_which_file_to_write(shop, typed):
    Path("winback/flow.py").unlink()

    refused = typed("fullcycle run winback")

    assert refused.code == 2
    assert "winback has no flow.py" in refused.err
    assert "write winback/flow.py" in refused.err


@pytest.mark.parametrize(("file", "line"), [("flow", "run winback"), ("service", "release winback")])
def test_a_file_that_raises_is_told_by_its_own_traceback_alone(shop, typed, file, line):
    path = Path(f"winback/{file}.py")
    path.write_text(path.read_text() + "1 / 0\n")
    if file == "service":
        typed("fullcycle run winback")
    last = len(path.read_text().splitlines())

    refused = typed(f"fullcycle {line}")

    assert refused.code == 2
    assert f"{file}.py cannot be imported: ZeroDivisionError: division by zero" in refused.err
    assert f"winback/{file}.py:{last}" in refused.err
    assert refused.err.count("  File ") == 1
