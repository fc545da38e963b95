"""fullcycle.code.resources: a package's files, to code that asks Python for them, and what counts of them."""

import importlib.resources
import os
from pathlib import Path

import pytest

from edited_shop import forget_everything
from fullcycle.code import Files, changed, load, reach, read_archive
from small_projects import of, write

RATES = "data,rate\na,3\n"
ASKS = {
    "files of __package__": "from importlib.resources import files\n"
    "def f(): return (files(__package__) / 'rates.csv').read_text()",
    "files of the module's name": "from importlib.resources import files\n"
    "def f(): return files('shop.winback').joinpath('rates.csv').read_text()",
    "files from the top": "import importlib.resources as r\n"
    "def f(): return (r.files('shop') / 'winback' / 'rates.csv').open().read()",
    "the module itself": "from importlib import resources\n"
    "def f(): return (resources.files('shop') / 'winback/rates.csv').read_bytes().decode()",
    "pkgutil": "import pkgutil\ndef f(): return pkgutil.get_data(__package__, 'rates.csv').decode()",
    "pkgutil by name": "import pkgutil\n"
    "def f(): return pkgutil.get_data('shop', 'winback/rates.csv').decode()",
    "as a file": "from importlib.resources import as_file, files\n"
    "def f():\n    with as_file(files(__package__) / 'rates.csv') as path: return path.read_text()",
    "its own __file__": "def f(): return __loader__.get_data(__file__[:-7] + 'rates.csv').decode()",
}


def shop(code: str, **more: str) -> dict[str, str]:
    return {
        "__init__.py": "",
        "winback/__init__.py": "",
        "winback/flow.py": code,
        "winback/rates.csv": RATES,
        **more,
    }


@pytest.mark.parametrize("code", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize("init", [True, False], ids=["packages", "bare folders"])
def test_a_package_is_asked_for_its_files(code, init, tmp_path):
    files = {path: text for path, text in shop(code).items() if init or "__init__" not in path}
    if not init and "pkgutil" in code:
        return  # Python's own gives None for a folder without __init__.py
    write(tmp_path, files)
    loaded = load(read_archive(tmp_path, "shop"), root=tmp_path)
    (tmp_path / "winback" / "rates.csv").write_text("edited meanwhile")

    assert loaded.module("winback.flow").f() == RATES


def test_an_archive_without_a_folder_has_its_files(tmp_path):
    loaded = load(of(shop(ASKS["files of __package__"])))

    assert loaded.module("winback.flow").f() == RATES


def test_a_folder_lists_what_is_in_it_and_refuses_what_is_not():
    module = load(of(shop("X = 1", **{"winback/deep/a.txt": "a"}))).module("winback")
    top = importlib.resources.files(module)

    assert [one.name for one in top.iterdir()] == ["__init__.py", "deep", "flow.py", "rates.csv"]
    assert (top / "deep").is_dir()
    assert not (top / "deep").is_file()
    assert top.name == "winback"
    with pytest.raises(NotADirectoryError, match="is a file: nothing lies below"):
        top / "rates.csv" / "../flow.py"
    with pytest.raises(FileNotFoundError, match="outside the project"):
        top / "../../x"
    with pytest.raises(FileNotFoundError, match=r"no file winback/no\.csv"):
        (top / "no.csv").read_bytes()
    with pytest.raises(ValueError, match="only read"):
        (top / "rates.csv").open("w")


def test_a_library_that_opens_a_file_itself_is_given_a_place(tmp_path):
    write(tmp_path, shop("X = 1"))
    loaded = load(read_archive(tmp_path, "shop"), root=tmp_path)
    loaded.files = Files(loaded.archive, tmp_path)

    place = os.fspath(importlib.resources.files(loaded.module("winback")) / "rates.csv")

    assert Path(place).read_text() == RATES


@pytest.mark.parametrize(
    "code",
    [code for code in ASKS.values() if "__file__" not in code],
    ids=[k for k in ASKS if "__file__" not in k],
)
def test_a_file_that_is_written_out_counts_alone(code):
    found = reach(of(shop(code)), "winback.flow", "f")

    assert found.files == ("winback/rates.csv",)
    assert not found.unfollowed


COMPUTED = {
    "name": "from importlib.resources import files\ndef f(n): return (files(__package__) / n).read_text()",
    "package": "from importlib.resources import files\ndef f(p): return (files(p) / 'rates.csv').read_text()",
    "folder": "from importlib.resources import files\ndef f(): return list(files(__package__).iterdir())",
    "part": "from importlib.resources import files\ndef f(n): return files(__package__) / 'deep' / n",
    "upwards": "from importlib.resources import files\ndef f(): return files(__package__) / '../x.csv'",
    "absent": "from importlib.resources import files\ndef f(): return files(__package__) / 'no.csv'",
    "function": "from importlib import resources\nASK = resources.files\n"
    "def f(): return ASK(__package__) / 'rates.csv'",
    "pkgutil": "import pkgutil\ndef f(n): return pkgutil.get_data(__package__, n)",
    "old": "from importlib import resources\ndef f(n): return resources.read_text(__package__, n)",
    "loader": "def f(n): return __loader__.get_data(n)",
    "spec": "def f(n): return __spec__.loader.get_data(n)",
}


@pytest.mark.parametrize("code", COMPUTED.values(), ids=COMPUTED.keys())
def test_a_file_that_is_computed_may_be_any(code):
    forget_everything()
    before = reach(of(shop(code)), "winback.flow", "f")
    after = reach(of({**shop(code), "winback/other.csv": "new"}), "winback.flow", "f")

    assert before.unfollowed
    assert "winback/rates.csv" in before.symbols
    assert before.digest != after.digest
    assert "winback/other.csv added" in changed(before.symbols, after.symbols)


def test_a_file_of_another_distribution_counts_by_its_version():
    code = "from importlib.resources import files\ndef f(): return files('polars') / 'py.typed'"

    found = reach(of(shop(code)), "winback.flow", "f")

    assert "polars" in found.distributions
    assert not found.unfollowed
