"""fullcycle.code.git: which files of an archive a commit does not hold as they are."""

import subprocess

import pytest

from fullcycle.code import commit_subject, committed_files, git_state, read_archive, uncommitted
from small_projects import write


@pytest.fixture
def repository(tmp_path):
    shop = write(tmp_path / "shop", {"flow.py": "a = 1\n", "old.py": "b = 1\n", "brief.md": "hello\n"})
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        told = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.org", *words]
        subprocess.run(told, cwd=tmp_path, check=True)
    return shop


def test_an_archive_of_the_commit_itself_has_nothing_uncommitted(repository):
    committed = committed_files(repository, git_state(repository).commit)

    assert sorted(committed) == ["brief.md", "flow.py", "old.py"]
    assert uncommitted(read_archive(repository, "shop"), committed) == {}


def test_edits_additions_and_removals_since_the_commit_are_named(repository):
    commit = git_state(repository).commit
    write(repository, {"flow.py": "a = 2\n", "library/new.py": "c = 1\n"})
    (repository / "old.py").unlink()

    found = uncommitted(read_archive(repository, "shop"), committed_files(repository, commit))

    assert found == {"flow.py": "changed", "library/new.py": "added", "old.py": "removed"}


def test_the_subject_of_the_commit_is_told_and_nothing_where_there_is_none(repository, tmp_path_factory):
    assert commit_subject(repository) == "first"
    assert commit_subject(tmp_path_factory.mktemp("elsewhere")) == ""


def test_a_commit_that_git_has_not_is_none(repository):
    assert committed_files(repository, "0" * 40) is None
    assert committed_files(repository.parent.parent, "0" * 40) is None
