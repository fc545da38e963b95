"""Reading a project's folder: each first-party file once.

The rule: every ``.py`` file of whatever size, and every other text file of at most one
million bytes (text as git sees it: no NUL in the first 8,000 bytes). Left out is what git
ignores (the ``.gitignore`` of each folder, of the folders above up to the repository's top,
and ``.git/info/exclude``), and always ``.git``, ``.fullcycle``, ``.env``, virtual
environments, ``__pycache__`` and links that leave the folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from fullcycle.code.archive import NEVER, Archive
from fullcycle.kernel import Missing

LARGEST = 1_000_000  # bytes of a file that is not Python source
_LOOK = 8000  # bytes

_Rules = tuple[
    tuple[str, GitIgnoreSpec], ...
]  # folder (POSIX, absolute, ends in /) and its patterns, outermost first


def read_archive(root: Path, package: str) -> Archive:
    """Read a project: see the module for what belongs to it.

    Raises:
        Missing: where ``root`` is no folder.
    """
    if not root.is_dir():
        raise Missing(
            f"there is no folder {str(root)!r}", "the project", "go to the folder that holds fullcycle.toml"
        )
    top = Path(os.path.realpath(root))
    return Archive(package, dict(_walk(f"{top.as_posix()}/", "", _rules_above(top))))


def _walk(root: str, below: str, rules: _Rules) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of the files in the folder ``below`` (empty, or ending in a slash) of ``root``."""
    folder = root + below
    rules = _with_rules_of(folder, rules)
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = below + entry.name
        if entry.name in NEVER or entry.name.endswith((".pyc", ".pyo")):
            continue
        if entry.is_dir(follow_symlinks=False):
            virtual = os.path.exists(f"{entry.path}/pyvenv.cfg")
            if not virtual and not _ignored(f"{root}{path}/", rules):
                yield from _walk(root, f"{path}/", rules)
        elif entry.is_file() and not _ignored(root + path, rules) and _may_belong(entry, root):
            with open(entry.path, "rb") as file:
                data = file.read()
            if entry.name.endswith(".py") or b"\0" not in data[:_LOOK]:
                yield path, data


def _may_belong(entry: "os.DirEntry[str]", root: str) -> bool:
    if entry.is_symlink() and not os.path.realpath(entry.path).startswith(root):
        return False
    return entry.name.endswith(".py") or entry.stat().st_size <= LARGEST


def _ignored(path: str, rules: _Rules) -> bool:
    """Whether git ignores ``path`` (a folder's ends in /): the innermost pattern that matches decides."""
    for folder, patterns in reversed(rules):
        verdict = patterns.check_file(path[len(folder) :]).include
        if verdict is not None:
            return verdict
    return False


def _with_rules_of(folder: str, rules: _Rules, file: str = ".gitignore") -> _Rules:
    try:
        text = Path(folder + file).read_text(encoding="utf-8", errors="replace")
    except OSError:  # none there, or not readable: git itself goes on
        return rules
    return (*rules, (folder, GitIgnoreSpec.from_lines(text.splitlines())))


def _rules_above(root: Path) -> _Rules:
    """The patterns of the repository that ``root`` is in, down to the folder above ``root``."""
    chain = [root, *root.parents]
    top = next((n for n, folder in enumerate(chain) if (folder / ".git").exists()), None)
    if top is None:
        return ()
    rules = _with_rules_of(f"{chain[top].as_posix()}/", (), ".git/info/exclude")
    for folder in reversed(chain[1 : top + 1]):
        rules = _with_rules_of(f"{folder.as_posix()}/", rules)
    return rules
