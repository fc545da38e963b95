"""Where modules are in an archive: which file a dotted name is compiled from."""

from dataclasses import dataclass
from functools import lru_cache

from fullcycle.code.archive import Archive
from fullcycle.kernel import Digest


@dataclass(frozen=True, slots=True)
class Home:
    """Where a module lives: its file, empty for a package without ``__init__.py``."""

    path: str
    package: bool


def find(archive: Archive, name: str) -> Home | None:
    """The home of a module by its name relative to the package; ``""`` is the package itself."""
    return modules(archive).get(name)


def modules(archive: Archive) -> dict[str, Home]:
    """Every module of an archive by its name relative to the package."""
    return _modules(archive.digest, archive)


@lru_cache(maxsize=64)
def _modules(digest: Digest, archive: Archive) -> dict[str, Home]:
    """As Python decides it: a folder with ``__init__.py`` before a file before a bare folder."""
    bare: dict[str, Home] = {"": Home("", package=True)}
    files: dict[str, Home] = {}
    packages: dict[str, Home] = {}
    for path in archive.files:
        if not path.endswith(".py"):
            continue
        parts = path.removesuffix(".py").split("/")
        if not all(part.isidentifier() for part in parts):
            continue
        for depth in range(1, len(parts)):
            bare.setdefault(".".join(parts[:depth]), Home("", package=True))
        if parts[-1] == "__init__":
            packages[".".join(parts[:-1])] = Home(path, package=True)
        else:
            files[".".join(parts)] = Home(path, package=False)
    return {**bare, **files, **packages}
