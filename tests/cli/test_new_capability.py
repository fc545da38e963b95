"""``fullcycle new`` inside a project: a capability that runs as it is laid out."""

import subprocess
import sys
from pathlib import Path

import pytest

from whole_shop import rewrite

FILES = {"__init__.py", "brief.md", "flow.py", "made_up.py", "rows.py", "service.py"}


@pytest.fixture
def bank(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    assert typed("fullcycle new bank").code == 0
    monkeypatch.chdir(tmp_path / "bank")
    return tmp_path / "bank"


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["churn", "skeleton"])
def test_it_runs_is_released_and_deployed_without_a_change(bank, typed, name):
    said = typed(f"fullcycle new {name}")
    assert f"next: python {name}/made_up.py && fullcycle run {name} -m 'first model'" in said.out
    for _ in range(2):  # a second time changes nothing
        subprocess.run([sys.executable, f"{name}/made_up.py"], check=True)

    ran = typed(f"fullcycle run {name} -m 'first model'")
    released = typed(f"fullcycle release {name}@1 -m first")
    deployed = typed(f"fullcycle deploy {name}@v1 --to prod -m begin")

    assert ran.code == 0, ran.err
    assert "baseline 0.5000" in ran.out
    assert released.code == 0, released.err
    assert "✓ tests      3 passed" in released.out
    assert deployed.code == 0, deployed.err


def test_every_file_is_listed_and_named_after_the_capability(bank, typed):
    said = typed("fullcycle new churn")

    listed = {line.split()[0] for line in said.out.splitlines() if line.startswith("  churn/")}
    assert said.code == 0
    assert files(bank / "churn") == {*FILES, "test_churn.py"}
    assert listed == {f"churn/{name}" for name in files(bank / "churn")}
    for path in (bank / "churn").iterdir():
        assert "skeleton" not in path.read_text(), path.name
    assert "from bank.churn.rows import" in (bank / "churn/flow.py").read_text()


def test_no_second_project_is_nested(bank, typed):
    typed("fullcycle new churn")

    assert [path.parent.name for path in bank.rglob("fullcycle.toml")] == ["bank"]


def test_from_a_folder_below_it_is_laid_out_beside_the_others(bank, typed, monkeypatch):
    monkeypatch.chdir(bank / "library")

    said = typed("fullcycle new churn")

    assert (bank / "churn" / "brief.md").exists()
    assert f"next: cd {bank} && python churn/made_up.py" in said.out


def test_imports_and_worth_follow_the_projects_package_and_currency(bank, typed):
    rewrite("fullcycle.toml", 'package = "bank"', 'package = "house"')
    rewrite("fullcycle.toml", 'currency = "USD"', 'currency = "EUR"')

    typed("fullcycle new churn")

    assert "from house.churn.rows import" in Path("churn/service.py").read_text()
    assert "worth: 1.00 EUR per happening" in Path("churn/brief.md").read_text()


@pytest.mark.parametrize("name", ["2churn", "my-churn", "class", "a/b", "../churn", ""])
def test_a_name_that_cannot_be_imported_is_refused(bank, typed, name):
    before = files(bank.parent)

    refused = typed(f"fullcycle new '{name}'")

    assert refused.code == 2
    assert f"{name!r} cannot be imported" in refused.err
    assert "the name of the capability" in refused.err
    assert files(bank.parent) == before


def test_a_name_that_would_hide_a_module_is_refused(bank, typed):
    refused = typed("fullcycle new json")

    assert refused.code == 2
    assert "'json' would hide the module of that name" in refused.err


def test_a_folder_that_holds_something_is_left_alone(bank, typed):
    refused = typed("fullcycle new library")

    assert refused.code == 2
    assert "library already holds files" in refused.err
    assert files(bank / "library") == {"__init__.py"}


def test_an_example_is_not_laid_out_inside_a_project(bank, typed):
    refused = typed("fullcycle new shop --example winback")

    assert refused.code == 2
    assert "the example winback is a project of its own" in refused.err
    assert "lay out a capability: fullcycle new shop" in refused.err
    assert not (bank / "shop").exists()


@pytest.mark.parametrize("name", ["explain", "metrics", "events"])
def test_a_name_that_a_page_of_each_service_has_is_refused(bank, typed, name):
    refused = typed(f"fullcycle new {name}")

    assert refused.code == 2
    assert f"a service cannot be named {name!r}" in refused.err
    assert f"say my_{name}" in refused.err
    assert not Path(name).exists()


def test_a_capability_that_was_made_with_such_a_name_is_not_released(bank, typed):
    assert typed("fullcycle new churn").code == 0
    Path("churn").rename("explain")
    for path in Path("explain").glob("*.*"):
        path.write_text(path.read_text().replace("churn", "explain"))
    subprocess.run([sys.executable, "explain/made_up.py"], check=True)
    assert typed("fullcycle run explain -m first").code == 0

    refused = typed("fullcycle release explain@1 -m first")

    assert refused.code == 2
    assert "a service cannot be named 'explain': it answers something else at /explain" in refused.err
