"""Files and environment variables that a project declares, so that what a step read is known."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fullcycle.code import Archive, Files, check_path, is_pattern
from fullcycle.kernel import Invalid, Misconfigured

_PROJECT = "fullcycle.toml"


class File:
    """A file of the project, by its path from the project's folder; ``*`` and ``**`` stand for many.

    A step that uses it stands on its content: ``RATES = fc.File("rates.csv")`` in a module,
    ``RATES.text()`` in the step. What is read is what was digested when the run began. A
    pattern is iterated over: ``for file in fc.File("prices/*.csv")``.

    Raises:
        Invalid: for a path that leads out of the project.
    """

    __slots__ = ("_home", "name")

    def __init__(self, path: str) -> None:
        self.name = check_path(path, "fc.File")
        self._home = _home_of(sys._getframe(1).f_globals)

    def bytes(self) -> bytes:
        """What it holds.

        Raises:
            Missing: where there is no such file.
            Invalid: for a pattern; where it changed since the run began.
        """
        return self._project().read(self._one())

    def text(self) -> str:
        """What it holds, as UTF-8."""
        return self.bytes().decode()

    @property
    def path(self) -> Path:
        """Where it lies, for a library that reads it itself: ``pl.read_csv(RATES.path)``."""
        return self._project().location(self._one())

    def __iter__(self) -> Iterator["File"]:
        """The files that it stands for, in order of their paths."""
        for path in self._project().matching(self.name):
            one = File(path)
            one._home = self._home
            yield one

    def _one(self) -> str:
        if is_pattern(self.name):
            raise Invalid(
                f"{self.name!r} stands for any number of files",
                "fc.File",
                f"go through them: for file in fc.File({self.name!r})",
            )
        return self.name

    def _project(self) -> Files:
        """The files of the run that is under way; of the folder, for code that runs on its own."""
        if isinstance(self._home, Path):
            root = next(
                (one for one in (self._home, *self._home.parents) if (one / _PROJECT).is_file()), self._home
            )
            return Files(Archive(root.name, {}), root)
        files: Files = self._home.project_files
        return files

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and self.name == other.name

    def __hash__(self) -> int:
        return hash((File, self.name))

    def __repr__(self) -> str:
        return f"fc.File({self.name!r})"

    def __reduce__(self) -> tuple[type["File"], tuple[str]]:
        return File, (self.name,)


class Variable:
    """An environment variable that a step stands on; only a digest of its value is ever recorded.

    Raises:
        Invalid: for what is no name of one.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise Invalid(
                f"{name!r} is no name of an environment variable",
                "fc.Variable",
                'write fc.Variable("REGION")',
            )
        self.name = name

    def value(self) -> str:
        """What it is set to.

        Raises:
            Misconfigured: where it is not set.
        """
        found = os.environ.get(self.name)
        if found is None:
            raise Misconfigured(
                f"the environment variable {self.name} is not set",
                f"fc.Variable({self.name!r})",
                f"set it before you start: export {self.name}=…",
            )
        return found

    def __repr__(self) -> str:
        return f"fc.Variable({self.name!r})"


def _home_of(namespace: Mapping[str, Any]) -> Any:
    """The loader of the module that asks, where it is one of a project's archive; else its folder."""
    loader, file = namespace.get("__loader__"), namespace.get("__file__")
    if hasattr(loader, "project_files"):
        return loader
    return Path(file).resolve().parent if isinstance(file, str) else Path.cwd()
