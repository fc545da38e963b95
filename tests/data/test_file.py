"""fullcycle.data.file: files and variables that a project declares."""

import pickle

import pytest

import fullcycle as fc
from fullcycle.code import Files, load
from fullcycle.kernel import Invalid, Misconfigured
from small_projects import of

FLOW = {
    "flow.py": """
        import fullcycle as fc

        RATES = fc.File("rates.csv")
        ALL = fc.File("*.csv")


        def texts():
            return RATES.text(), [file.name for file in ALL]
    """,
    "rates.csv": "1.1",
}


def test_a_module_of_an_archive_reads_the_archives_file():
    loaded = load(of(FLOW))

    assert loaded.module("flow").texts() == ("1.1", ["rates.csv"])


def test_a_run_says_what_its_files_are():
    loaded = load(of(FLOW))
    loaded.module("flow")
    loaded.files = Files(loaded.archive, None, pinned={"tax.csv": "0" * 64})

    assert loaded.module("flow").texts()[1] == ["rates.csv", "tax.csv"]


def test_code_that_runs_on_its_own_reads_the_file_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "fullcycle.toml").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "rates.csv").write_text("1.2")
    module = {"__file__": str(tmp_path / "inner" / "flow.py"), "fc": fc}
    exec("RATES = fc.File('rates.csv')", module)

    assert module["RATES"].text() == "1.2"
    assert module["RATES"].path == tmp_path / "rates.csv"


def test_files_are_equal_by_their_path_and_survive_pickling():
    assert pickle.loads(pickle.dumps(fc.File("a.csv"))) == fc.File("a.csv") != fc.File("b.csv")
    assert repr(fc.File("a.csv")) == "fc.File('a.csv')"
    assert len({fc.File("a.csv"), fc.File("a.csv")}) == 1


def test_a_variable_is_read_when_it_is_asked(monkeypatch):
    monkeypatch.setenv("REGION", "north")

    assert fc.Variable("REGION").value() == "north"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../rates.csv", "a/../b", "", "a//b", "./a", "a\\b", None, 3]
)
def test_a_path_that_leads_out_of_the_project_is_refused(path):
    with pytest.raises(Invalid, match="path"):
        fc.File(path)


def test_a_pattern_has_no_bytes_of_its_own():
    with pytest.raises(
        Invalid, match=r"stands for any number of files[\s\S]*for file in fc.File\('\*.csv'\)"
    ):
        fc.File("*.csv").bytes()


def test_a_variable_that_is_not_set_says_how_to_set_it(monkeypatch):
    monkeypatch.delenv("REGION", raising=False)

    with pytest.raises(Misconfigured, match=r"REGION is not set[\s\S]*export REGION="):
        fc.Variable("REGION").value()


def test_what_is_no_name_is_no_variable():
    with pytest.raises(Invalid, match="no name of an environment variable"):
        fc.Variable("a b")
