"""fullcycle report: where its pages are written, and that they are part of nothing that runs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fullcycle.wiring import open_project


@pytest.fixture
def own(bank, tmp_path, monkeypatch):
    """A copy of the bank with no rule for git that names its pages; it is the current folder."""
    root = Path(shutil.copytree(bank, tmp_path / "bank"))
    monkeypatch.chdir(root)
    (root / ".gitignore").write_text(".fullcycle/\n")
    return root


@pytest.mark.parametrize(
    ("typed_references", "page"),
    [("churn", "churn"), ("churn@1", "churn-1"), ("churn@1 churn@2", "churn-1-churn-2")],
)
def test_a_page_is_written_to_the_reports_of_the_project(own, typed, typed_references, page):
    said = typed(f"fullcycle report {typed_references}")

    assert said.code == 0, said.err
    assert said.out.startswith(f"{own / 'reports' / page}.html (")
    assert "<html" in (own / f"reports/{page}.html").read_text()


def test_pages_are_no_part_of_what_runs_and_of_what_git_keeps(own, typed):
    subprocess.run(["git", "init", "-q"], check=True)
    before = open_project().archive()

    assert typed("fullcycle report churn").code == 0
    assert typed("fullcycle report churn@1 churn@2").code == 0

    assert open_project().archive() == before
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    )
    assert "reports" not in status.stdout


def test_a_folder_of_that_name_stays_as_it_was(own, typed):
    (own / "reports").mkdir()
    (own / "reports/weekly.py").write_text("WEEK = 7\n")

    assert typed("fullcycle report churn").code == 0

    assert sorted(path.name for path in (own / "reports").iterdir()) == ["churn.html", "weekly.py"]
    assert "reports/weekly.py" in open_project().archive().files


def test_a_page_is_written_to_the_file_that_is_named(own, typed, tmp_path):
    said = typed(f"fullcycle report churn -o {tmp_path / 'sent' / 'page.html'}")

    assert said.code == 0
    assert (tmp_path / "sent/page.html").exists()
    assert not (own / "reports").exists()
