"""The pages hold together: links lead somewhere, and what they list is what there is."""

import re
from pathlib import Path

import pytest

from fullcycle.serve.limits import Limits
from fullcycle.wiring.config import EnvironmentConfig, ProjectConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_folder_map_names_every_folder_and_no_other() -> None:
    drawn = (ROOT / "CONTRIBUTING.md").read_text().split("src/fullcycle/\n")[1].split("\ntests/")[0]
    named = set(re.findall(r"^  (\w+)/", drawn, re.MULTILINE))

    package = ROOT / "src" / "fullcycle"
    assert named == {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}


def test_the_readme_has_the_two_commands_and_ci_runs_the_one_for_tests() -> None:
    readme = (ROOT / "README.md").read_text()
    test = 'python -m pip install -c constraints.txt -e ".[test]" && pytest'

    assert '$ python -m pip install -c constraints.txt -e ".[demo]" && fullcycle demo\n' in readme
    assert f"$ {test}\n" in readme
    assert test in (ROOT / ".ci" / "run").read_text()


def test_every_key_of_the_configuration_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text()

    for key in ProjectConfig.__struct_fields__:
        assert f"`project.{key}`" in page
    for key in EnvironmentConfig.__struct_fields__:
        assert re.search(rf"`environments\.NAME\.{key}\b", page), key
    for key in Limits.__struct_fields__:
        assert re.search(rf"`(environments\.NAME\.service\.limits\.)?{key}`", page), key


def test_each_decision_record_is_one_page_that_says_what_else_was_looked_at() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text()
        assert len(text.split()) < 700, record.name
        for heading in ("## The question", "## The decision", "## What follows", "## What else we looked at"):
            assert heading in text, record.name
