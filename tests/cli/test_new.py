"""``fullcycle new``: a project that runs, under any name, and nothing overwritten."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shop_scripts import script


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_is_laid_out_file_by_file(folder, typed):
    said = typed("fullcycle new shop --example winback")

    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    listed = {line.split()[0] for line in said.out.splitlines() if line.startswith("  shop/")}
    assert said.code == 0
    assert listed == written
    assert {"shop/fullcycle.toml", "shop/winback/brief.md", "shop/winback/rows.py"} <= written
    assert not any("__pycache__" in path or "_cache" in path for path in written)
    assert "cd shop && python load.py && fullcycle run winback" in said.out


def test_the_second_example_adds_a_capability_to_the_first(folder, typed):
    typed("fullcycle new shop --example winback")
    said = typed("fullcycle new chain --example demand")

    first, second = (
        {path.relative_to(folder / name).as_posix() for path in (folder / name).rglob("*.*")}
        for name in ("shop", "chain")
    )
    files = {"__init__.py", "brief.md", "flow.py", "rows.py", "service.py", "test_demand.py"}
    assert second - first == {"made_up_sales.py", *(f"demand/{name}" for name in files)}
    assert first <= second
    assert "from chain.demand.rows import" in Path("chain/demand/flow.py").read_text()
    assert "cd chain && python load.py && fullcycle run demand" in said.out


def test_under_another_name_its_imports_follow_and_it_runs(folder, typed, monkeypatch):
    typed("fullcycle new boutique --example winback")
    root = folder / "boutique"
    monkeypatch.chdir(root)
    script("load").load(root / "warehouse.duckdb", datetime.now(UTC).date())

    said = typed("fullcycle run winback -m renamed -p rounds=10")

    assert said.code == 0, said.err
    assert not [path for path in root.rglob("*.py") if re.search(r"from shop\..* import", path.read_text())]
    assert 'package = "boutique"' in Path("fullcycle.toml").read_text()
    assert 'name = "boutique"' in Path("pyproject.toml").read_text()
    assert Path("README.md").read_text().startswith("# boutique\n")
    assert "select * from shop.visits" in Path("library/crm.py").read_text()  # tables keep their names


def test_an_empty_project_is_ready_for_its_first_capability(folder, typed, monkeypatch):
    said = typed("fullcycle new corner")
    monkeypatch.chdir(folder / "corner")

    assert said.code == 0
    assert said.out.endswith("next: cd corner && fullcycle new <capability>\n")
    assert typed("fullcycle value").out.startswith("nothing is measured yet")
    assert 'package = "corner"' in Path("fullcycle.toml").read_text()


def test_a_folder_that_holds_something_is_left_alone(folder, typed):
    (folder / "shop").mkdir()
    (folder / "shop" / "diary.txt").write_text("dear diary")

    refused = typed("fullcycle new shop --example winback")

    assert refused.code == 2
    assert "shop already holds files" in refused.err
    assert "choose another name" in refused.err
    assert [path.name for path in (folder / "shop").iterdir()] == ["diary.txt"]


def test_an_empty_folder_is_as_good_as_none(folder, typed):
    (folder / "shop").mkdir()

    assert typed("fullcycle new shop --example winback").code == 0


@pytest.mark.parametrize("name", ["2shop", "my-shop", "class", "a/b", "../shop", ""])
def test_a_name_that_cannot_be_imported_is_refused(folder, typed, name):
    refused = typed(f"fullcycle new '{name}'")

    assert refused.code == 2
    assert f"{name!r} cannot be imported" in refused.err
    assert "use letters, digits and _, say my_shop" in refused.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["json", "fullcycle"])
def test_a_name_that_would_hide_a_module_is_refused(folder, typed, name):
    refused = typed(f"fullcycle new {name}")

    assert refused.code == 2
    assert f"{name!r} would hide the module of that name" in refused.err


def test_an_example_that_does_not_exist_is_refused_with_those_that_do(folder, typed):
    refused = typed("fullcycle new shop --example winbak")

    assert refused.code == 2
    assert "'winbak' is not one of 'winback', 'demand'" in refused.err
