"""docs/reference: what is generated is what the code says now, and says something about everything."""

import runpy
from pathlib import Path

import pytest

import fullcycle

ROOT = Path(__file__).resolve().parents[2]
PAGES = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_says_what_the_code_says(page: str) -> None:
    assert (ROOT / "docs" / "reference" / page).read_text() == PAGES[page](), "python scripts/reference.py"


def test_every_public_name_has_a_line_that_says_what_it_is_for() -> None:
    lines = PAGES["names.md"]().splitlines()

    for name in fullcycle.__all__:
        (line,) = (line for line in lines if line.startswith(f"| `{name}` |"))
        assert len(line.split("|")[2].split()) > 2, name


def test_every_command_says_what_it_does_and_shows_an_example() -> None:
    for section in PAGES["commands.md"]().split("\n## ")[1:]:
        assert "Example:" in section or section.startswith("fullcycle demo"), section.splitlines()[0]
