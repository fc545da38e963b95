"""fullcycle.code.recollection: what was found of an archive is found again without a walk."""

import pytest

from edited_shop import STEPS, forget_everything, sources
from fullcycle.code import reach, reaching, recollection
from small_projects import of


@pytest.fixture(autouse=True)
def fresh():
    forget_everything()
    yield
    forget_everything()


@pytest.fixture
def walks(monkeypatch):
    """The names from which it was really walked."""
    names = []
    real = reaching._walked
    monkeypatch.setattr(reaching, "_walked", lambda *of: names.append(of[2]) or real(*of))
    return names


def every(folder, archive=None):
    """The reaches as a new process finds them."""
    forget_everything()
    return {step: reach(archive or of(sources()), "flow", step, cache=folder) for step in STEPS}


def test_the_next_process_finds_the_same_without_walking(tmp_path, walks):
    first = every(tmp_path)
    assert walks == STEPS

    assert every(tmp_path) == first
    assert walks == STEPS


def test_another_archive_is_walked(tmp_path, walks):
    every(tmp_path)
    other = sources()
    other["README.md"] = "Another shop."
    every(tmp_path, of(other))

    assert walks == STEPS + STEPS


def test_other_code_that_walks_finds_anew(tmp_path, walks, monkeypatch):
    every(tmp_path)
    monkeypatch.setattr(recollection, "_walker", lambda: "another")
    every(tmp_path)

    assert walks == STEPS + STEPS


def test_another_version_of_a_library_counts_whatever_is_kept(tmp_path, monkeypatch):
    first = every(tmp_path)["past"]
    installed = reaching.version_of("fullcycle")
    other = [type(one)(one.name, "99", "99") for one in installed]
    monkeypatch.setattr(reaching, "version_of", lambda name: other if name == "fullcycle" else [])

    assert every(tmp_path)["past"].digest != first.digest


@pytest.mark.parametrize("broken", [b"", b"\n", b"abc\n{}", b"{}", b"a" * 64 + b"{}"])
def test_a_broken_entry_is_none(tmp_path, walks, broken):
    first = every(tmp_path)
    for entry in tmp_path.rglob("*.jsonl"):
        entry.write_bytes(broken)

    assert every(tmp_path) == first
    assert walks == STEPS + STEPS


def test_an_entry_that_is_cut_short_is_none(tmp_path, walks):
    first = every(tmp_path)
    for entry in tmp_path.rglob("*.jsonl"):
        entry.write_bytes(entry.read_bytes()[:-9])

    assert every(tmp_path) == first
    assert walks == [*STEPS, STEPS[-1]]  # the others are whole
    assert every(tmp_path) == first
    assert walks == [*STEPS, STEPS[-1]]  # what came after the broken line is read


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path, walks):
    (tmp_path / "reach").write_text("in the way")

    assert every(tmp_path) == every(tmp_path)
    assert walks == STEPS + STEPS


def test_what_was_found_of_old_archives_is_forgotten(tmp_path):
    for number in range(12):
        forget_everything()
        reach(of({"a.py": f"x = {number}"}), "a", "x", cache=tmp_path)

    assert len(list((tmp_path / "reach").iterdir())) == 8
