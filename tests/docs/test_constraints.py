"""constraints.txt: every direct dependency pinned, and nothing about where it came from."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = (ROOT / "constraints.txt").read_text().splitlines()


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Name and version of every pin."""
    found = (line.partition("==") for line in LINES if not line.startswith("#"))
    return {normal(name): version for name, _, version in found}


def direct() -> set[str]:
    """The names that pyproject.toml asks for, with every extra."""
    asked = [*PROJECT["dependencies"], *(r for rs in PROJECT["optional-dependencies"].values() for r in rs)]
    names = {normal(re.split(r"[^A-Za-z0-9._-]", requirement)[0]) for requirement in asked}
    return names - {"fullcycle"}


def test_every_direct_dependency_is_pinned() -> None:
    assert direct() <= set(pins())


def test_each_line_is_one_exact_version() -> None:
    for line in LINES:
        assert line.startswith("# ") or re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+_-]*", line), line


def test_no_line_tells_an_address_or_an_option() -> None:
    for line in LINES:
        assert "://" not in line
        assert "@" not in line
        assert not line.startswith("-")


def test_the_first_lines_tell_when_and_for_which_python_they_were_made() -> None:
    head = "\n".join(LINES[:2])

    assert re.search(r"\d{4}-\d\d-\d\d", head)
    assert re.search(r"Python 3\.\d+", head)
