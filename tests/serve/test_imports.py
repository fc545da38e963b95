"""fullcycle.serve.imports: an unwanted library is named by the lines that brought it."""

import sys

import pytest

from fullcycle.code import load, read_archive
from fullcycle.release import Imported
from fullcycle.serve.imports import Listener

HEAVY = "a_heavy_library"
LIGHT = "a_light_library"


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """Two libraries that can be imported: a light one that asks for a heavy one."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / f"{HEAVY}.py").write_text("x = 1\n")
    (tmp_path / "lib" / f"{LIGHT}.py").write_text(f"import {HEAVY}\n")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    yield
    for name in (HEAVY, LIGHT):
        sys.modules.pop(name, None)


def shop(tmp_path, **files):
    folder = tmp_path / "shop"
    (folder / "winback").mkdir(parents=True)
    for name in ("__init__.py", "winback/__init__.py"):
        (folder / name).write_text("")
    for name, text in files.items():
        (folder / "winback" / f"{name}.py").write_text(text)
    return load(read_archive(folder, "shop"), root=folder)


def heard(loaded, then=lambda module: None):
    with Listener([HEAVY]) as listener:
        then(loaded.module("winback.service"))
    return listener.unwanted()


def test_the_chain_leads_from_the_service_to_the_line_that_imports(tmp_path, libraries):
    loaded = shop(
        tmp_path, service="import math\nfrom shop.winback import rows\n", rows=f"\n\nimport {HEAVY}\n"
    )

    assert heard(loaded) == (Imported(module=HEAVY, chain=("winback/service.py:2", "winback/rows.py:3")),)


def test_a_library_on_the_way_is_named(tmp_path, libraries):
    loaded = shop(tmp_path, service=f"import {LIGHT}\n")

    assert heard(loaded)[0].chain == ("winback/service.py:1", LIGHT)


def test_an_import_inside_a_function_is_heard_when_it_is_called(tmp_path, libraries):
    loaded = shop(tmp_path, service=f"def choose():\n    import {HEAVY}\n")

    assert heard(loaded) == ()
    assert heard(loaded, lambda module: module.choose())[0].chain == ("winback/service.py:2",)


def test_one_that_was_there_before_is_told_without_a_chain(tmp_path, libraries):
    __import__(HEAVY)

    assert heard(shop(tmp_path, service="")) == (Imported(module=HEAVY),)


def test_listening_leaves_nothing_behind(tmp_path, libraries):
    before = list(sys.meta_path)
    with Listener([HEAVY]):
        pass
    assert sys.meta_path == before
