"""Which file of the project a call such as ``importlib.resources.files`` names."""

import posixpath

from fullcycle.code.beside import is_pattern
from fullcycle.code.project import Project
from fullcycle.code.usage import Chain

_LIBRARIES = (("importlib", "resources"), ("importlib_resources",), ("pkgutil", "get_data"))
_HARMLESS = frozenset({"Anchor", "Package", "Resource", "abc", "as_file"})  # read no file by a name


def is_about_resources(chain: Chain) -> bool:
    """Whether a library's function reads the files of a package."""
    return any(
        chain[: len(known)] == known and _HARMLESS.isdisjoint(chain[len(known) :]) for known in _LIBRARIES
    )


def resource_path(project: Project, module: str, named: str) -> str | None:
    """The path of the file that a module names as ``__package__/rates.csv``.

    Empty for a file of another distribution; ``None`` where it is no file of the archive, so
    that what it reads cannot be told.
    """
    package, _, path = named.partition("/")
    own = project.archive.package
    if package in ("__package__", "__name__"):
        folder = module if project.is_package(module) else module.rpartition(".")[0]
    elif package == own or package.startswith(f"{own}."):
        folder = package.removeprefix(own).removeprefix(".")
    else:
        return "" if package and "__main__" not in package else None
    full = posixpath.join(folder.replace(".", "/"), path)
    held = full in project.archive.files and not is_pattern(full)
    return full if held else None
