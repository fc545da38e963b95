"""Small projects, written as text, for the tests of the archive, the loader and the reach."""

from pathlib import Path
from textwrap import dedent

from fullcycle.code import Archive


def archive(**files: str) -> Archive:
    """An archive of package ``shop``; ``library__money`` names the file ``library/money.py``."""
    return of({name.replace("__", "/") + ".py": text for name, text in files.items()})


def of(files: dict[str, str]) -> Archive:
    """An archive of package ``shop`` of the files as given; indentation is taken off."""
    return Archive("shop", {path: dedent(text).encode() for path, text in files.items()})


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below ``root`` and return it."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text))
    return root
