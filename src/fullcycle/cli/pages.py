"""Where pages are written: ``reports/`` of the project, which neither git nor a run's archive takes in."""

from pathlib import Path

_FOLDER = "reports"


def usual_page(root: Path, name: str) -> Path:
    """Where a page of that name is written unless somebody says otherwise."""
    return root / _FOLDER / f"{name.replace('@', '-').replace('/', '-')}.html"


def write_page(target: Path, page: str) -> None:
    """Write a page; a folder that is made for it is hidden from git, one that was there is left as it is."""
    if not target.parent.exists():
        target.parent.mkdir(parents=True)
        if target.parent.name == _FOLDER:
            (target.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    target.write_text(page, encoding="utf-8")
