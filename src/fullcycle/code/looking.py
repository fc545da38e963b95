"""Code that looks at which files there are, and code that starts another process."""

import re
from collections.abc import Iterable

from fullcycle.code.archive import Archive
from fullcycle.code.usage import Chain

LOOKING = frozenset(  # methods of a path, whatever holds it
    {"exists", "glob", "is_dir", "is_file", "iterdir", "rglob"}
)
_FUNCTIONS = frozenset(
    {
        *(("glob", name) for name in ("glob", "iglob")),
        *(("os", name) for name in ("access", "listdir", "scandir", "stat", "walk")),
        *(("os", "path", name) for name in ("exists", "getmtime", "getsize", "isdir", "isfile", "lexists")),
        *(("pathlib", "Path", name) for name in (*LOOKING, "stat", "walk")),
    }
)
LOOKING_FUNCTIONS = frozenset(chain[-1] for chain in _FUNCTIONS)
_STARTING = re.compile(
    r"subprocess\.\w+|os\.(exec|popen|posix_spawn|spawn|system)\w*|asyncio\.create_subprocess_\w+"
)
_APART = re.compile(r"[\s\"';,=()]+")


def looks(chain: Chain, given: str | None) -> bool:
    """Whether a library's function tells which files there are, of a path that may be the project's."""
    return chain in _FUNCTIONS and not (given or "").startswith("/")


def starts(chain: Chain) -> bool:
    """Whether a library's function starts another process."""
    return _STARTING.fullmatch(".".join(chain)) is not None


def names_code(archive: Archive, texts: Iterable[str]) -> bool:
    """Whether one of the texts names a file of the project, or a module of it: what a process may run."""
    words = {word.lstrip("./") for text in texts for word in _APART.split(text)} - {""}
    if any(word == archive.package or word.startswith(f"{archive.package}.") for word in words):
        return True
    return any(path[start:] in words for path in archive.files for start in _starts_of_parts(path))


def _starts_of_parts(path: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("/", path))]
