"""After an edit, exactly the steps that it concerns run again: real runs, and faults that are caught.

Each edit of the table is made on disk within the same second as the last one, so that no file
has another time; many leave the size alone. What must run is known from two runs from
nothing: the steps named in the table, and those that are given something else than before.
"""

import decimal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent

import numpy as np
import polars as pl
import pytest

from digester_faults import IN_CODE, IN_RUNS
from edited_flow import OnDisk, contents, flow, flow_after, must_run
from edited_shop import ALL, EDITS, forget_everything, steps_of
from fullcycle.code import reaching, read_archive
from fullcycle.flow import RunRecord
from small_flows import Shop, project, ran
from small_projects import of

BREAKING = {"an int that becomes a float", "a decorator is taken away", "a library is asked"}  # a step raises
RUNNING = [name for name in EDITS if name not in BREAKING]
SAME_SIZE = [name for name in RUNNING if len(EDITS[name][1]) == len(EDITS[name][2])]


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    """Edits that set something of a library set it for as long as a test."""
    numbers = np.geterr()
    with decimal.localcontext():
        yield
    np.seterr(**numbers)


@pytest.fixture
def fresh() -> Iterator[None]:
    forget_everything()
    yield
    forget_everything()


@cache
def from_nothing(name: str = "") -> RunRecord:
    """A run of the flow, after an edit or before, that finds nothing to reuse."""
    files = flow_after(*EDITS[name][:3]) if name else flow()
    return Shop().run(of(files), module="flow")


def run_after(name: str, root: Path, *, bytecode: bool = False) -> RunRecord:
    """The run after an edit, where the one before it is remembered."""
    disk = OnDisk(root / "shop", bytecode=bytecode)
    disk.write(flow())
    disk.run()
    disk.write(flow_after(*EDITS[name][:3]))
    return disk.run()


def concerned(name: str) -> set[str]:
    """The steps that must run after an edit."""
    edited = EDITS[name][3]
    named = ALL | {"clients"} if edited == ALL else steps_of(edited)
    return must_run(named, from_nothing(), from_nothing(name))


def is_right(name: str, record: RunRecord) -> bool:
    """Whether exactly those steps ran that had to, and each gave what it gives from nothing."""
    return set(ran(record)) == concerned(name) and contents(record) == contents(from_nothing(name))


def test_the_table_holds_what_it_should():
    assert len(RUNNING) >= 70
    assert len(SAME_SIZE) >= 15


@pytest.mark.parametrize("bytecode", [False, True], ids=["", "with bytecode"])
@pytest.mark.parametrize("name", RUNNING)
def test_an_edit_runs_exactly_what_it_concerns(name, bytecode, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", not bytecode)

    record = run_after(name, tmp_path, bytecode=bytecode)

    assert set(ran(record)) == concerned(name)
    assert contents(record) == contents(from_nothing(name))


@pytest.mark.parametrize("name", SAME_SIZE)
def test_an_edit_taken_back_runs_nothing(name, tmp_path):
    disk = OnDisk(tmp_path / "shop")
    disk.write(flow())
    first = disk.run()
    disk.write(flow_after(*EDITS[name][:3]))
    disk.run()
    disk.write(flow())

    assert set(ran(disk.run())) <= ({"past"} if "volatile" in EDITS[name][2] else set())
    assert contents(first) == contents(from_nothing())


# files, variables, parameters and rows

SHOP = {
    "winback/flow.py": """
        import os

        import fullcycle as fc
        import polars as pl

        from shop.library.rates import rate


        class Client(fc.Row):
            id: int


        @fc.source(Client)
        def clients(warehouse: fc.Warehouse) -> fc.Query:
            return warehouse.sql("select * from clients")


        @fc.step
        def known(clients: pl.DataFrame) -> int:
            return clients.height


        @fc.step
        def priced(known: int) -> float:
            return known * rate()


        @fc.step
        def listed() -> int:
            return sum(len(file.bytes()) for file in fc.File("lists/*.txt"))


        @fc.step
        def weighed() -> int:
            return len(fc.File("weights.bin").bytes())


        @fc.step(depends_on=[fc.Variable("REGION")])
        def regional(*, leaves: int = 31) -> int:
            return len(os.environ.get("REGION", "")) * leaves


        def version() -> str:
            return os.environ["CATALOGUE"]


        @fc.step(depends_on=[version])
        def versioned() -> str:
            return "v"
    """,
    "library/rates.py": """
        import fullcycle as fc

        RATES = fc.File("rates.csv")


        def rate() -> float:
            return float(RATES.text())
    """,
    "rates.csv": "1.10",
    "lists/a.txt": "a",
    "weights.bin": "\0ab",
    ".gitignore": "*.bin\n",
}


class Winback(OnDisk):
    """A small flow on disk, with a table."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.shop.tables["clients"] = pl.DataFrame({"id": [1, 2]})
        self.write({path: dedent(text) for path, text in SHOP.items()})

    def run(self, **parameters) -> RunRecord:
        """Run the flow as its files are now."""
        archive = read_archive(self.root, "shop")
        return self.shop.run(archive, root=self.root, **parameters)


@pytest.fixture
def winback(tmp_path, monkeypatch):
    monkeypatch.setenv("REGION", "north")
    monkeypatch.setenv("CATALOGUE", "spring")
    shop = Winback(tmp_path / "shop")
    shop.run()
    return shop


def test_where_nothing_changed_nothing_runs(winback):
    assert ran(winback.run()) == {}


def test_a_declared_file_that_changes_runs_what_uses_it(winback):
    winback.write({"rates.csv": "1.20"})

    assert ran(winback.run()) == {"priced": "file rates.csv changed"}
    assert winback.shop.value("priced") == 2.4


def test_a_declared_file_that_git_ignores_counts_all_the_same(winback):
    winback.write({"weights.bin": "\0ba"})

    assert ran(winback.run()) == {"weighed": "file weights.bin changed"}


def test_a_file_that_a_pattern_stands_for_may_come_and_change_and_go(winback):
    winback.write({"lists/b.txt": "bb"})
    assert ran(winback.run()) == {"listed": "file lists/b.txt added"}
    winback.write({"lists/b.txt": "cc"})
    assert ran(winback.run()) == {"listed": "file lists/b.txt changed"}
    (winback.root / "lists/a.txt").unlink()
    assert ran(winback.run()) == {"listed": "file lists/a.txt no longer used"}


def test_a_file_that_nothing_declares_is_nobodys_affair(winback):
    winback.write({"notes.txt": "x", "other.bin": "\0"})

    assert ran(winback.run()) == {}


def test_an_environment_variable_that_changes_runs_what_depends_on_it(winback, monkeypatch):
    monkeypatch.setenv("REGION", "south")

    record = winback.run()

    assert ran(record) == {"regional": "environment variable REGION changed"}
    assert "south" not in repr(record)


def test_what_a_function_tells_runs_what_depends_on_it(winback, monkeypatch):
    monkeypatch.setenv("CATALOGUE", "autumn")

    assert ran(winback.run()) == {"versioned": "what version() tells changed"}


def test_a_parameter_that_changes_is_told_with_both_values(winback):
    assert ran(winback.run(regional__leaves=63)) == {"regional": "parameter leaves 31 → 63"}
    assert ran(winback.run()) == {}


def test_new_rows_are_counted(winback):
    winback.shop.tables["clients"] = pl.DataFrame({"id": range(1206)})

    record = winback.run()

    assert ran(record) == {
        "known": "clients has new content (+1,204 rows)",
        "priced": "known has new content",
    }


def test_a_helper_that_changes_is_told_by_its_line(winback):
    text = (winback.root / "library/rates.py").read_text()
    winback.write({"library/rates.py": text.replace("return float", "return 2 * float")})

    assert ran(winback.run()) == {"priced": "library/rates.py:7 rate() changed"}


def test_a_step_that_never_ran_says_so(winback):
    text = (winback.root / "winback/flow.py").read_text()
    winback.write({"winback/flow.py": text + "\n\n@fc.step\ndef new(known: int) -> int:\n    return known\n"})

    assert ran(winback.run()) == {"new": "never ran"}


def test_an_edit_during_a_run_changes_nothing_that_is_recorded(tmp_path):
    flow = """
        from pathlib import Path
        from shop.library.rates import rate

        @fc.step
        def edits() -> int:
            Path(FILE).write_text("def late(): return 2")
            Path(RATES).write_text("2.0")
            return 1

        @fc.step
        def priced(edits: int) -> float:
            from shop.library.late import late
            return rate() + late()
    """
    root = tmp_path / "shop"
    disk = OnDisk(root)
    archive = project(
        flow.replace("FILE", repr(str(root / "library/late.py"))).replace(
            "RATES", repr(str(root / "rates.csv"))
        ),
        rates="import fullcycle as fc\ndef rate(): return float(fc.File('rates.csv').text())",
        late="def late(): return 1",
    )
    disk.write({**{path: data.decode() for path, data in archive.files.items()}, "rates.csv": "1.0"})
    first = disk.shop.run(read_archive(root, "shop"), root=root)
    assert disk.shop.value("priced") == 2.0
    again = disk.shop.run(read_archive(root, "shop"), root=root)

    assert ran(first).keys() == {"edits", "priced"}
    assert "file rates.csv changed" in ran(again)["priced"]
    assert disk.shop.value("priced") == 4.0


# deliberate faults: each is caught by an edit of the table, or by one of those above


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*IN_CODE, *IN_RUNS])
def test_a_fault_is_caught(fault, fresh, monkeypatch, tmp_path):
    expected = [from_nothing(name) for name in ["", *RUNNING]]
    assert len(expected) > 70  # found before anything is broken
    {**IN_CODE, **IN_RUNS}[fault](monkeypatch)
    forget_everything()

    others = (_is_caught_by(edit, tmp_path / edit.__name__) for edit in _OTHER_EDITS)
    edits = (_is_caught(name, tmp_path / str(number)) for number, name in enumerate(RUNNING))
    assert any(others) or any(edits) if fault in IN_RUNS else any(edits)


def _is_caught(name: str, root: Path) -> bool:
    try:
        return not is_right(name, run_after(name, root, bytecode=True))
    except Exception:  # noqa: BLE001 - a digester that breaks is caught, too
        return True


def _library(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    real = reaching.version_of

    def version_of(name: str):
        return (
            tuple(type(one)(one.name, "99", "99") for one in real(name)) if name == "polars" else real(name)
        )

    patch.setattr(reaching, "version_of", version_of)
    forget_everything()
    return {"known"}


def _rates(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    shop.write({"rates.csv": "1.20"})
    return {"priced"}


def _list(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    shop.write({"lists/a.txt": "b"})
    return {"listed"}


def _region(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    patch.setenv("REGION", "south")
    return {"regional"}


def _told(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    patch.setenv("CATALOGUE", "autumn")
    return {"versioned"}


def _parameter(shop: Winback, patch: pytest.MonkeyPatch) -> set[str]:
    real = shop.run
    shop.run = lambda: real(regional__leaves=63)
    return {"regional"}


_OTHER_EDITS = (_rates, _list, _region, _told, _parameter, _library)


def _is_caught_by(edit, root: Path) -> bool:
    with pytest.MonkeyPatch.context() as inner:
        inner.setenv("REGION", "north")
        inner.setenv("CATALOGUE", "spring")
        shop = Winback(root / "shop")
        shop.run()
        expected = edit(shop, inner)
        return set(ran(shop.run())) != expected


@pytest.mark.parametrize("edit", _OTHER_EDITS, ids=lambda edit: edit.__name__.strip("_"))
def test_without_a_fault_nothing_is_caught(edit, tmp_path, fresh):
    assert not _is_caught_by(edit, tmp_path)
