"""The files of an archive as ``importlib.resources`` and ``pkgutil`` ask for them.

They are the archive's bytes, as the code is. A file beside the archive is read as a run
declared it; one that nobody declared, from the folder, where a run sees that it is read.
"""

import io
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from fullcycle.code.beside import Files


@dataclass(frozen=True, slots=True)
class Resource:
    """A file or folder of an archive, as ``importlib.resources.files`` hands it out.

    It has no ``parent``, and nothing lies below a file: code that names a file reads that one.
    """

    path: str  # from the project's folder; empty for that folder
    _top: str  # what the project's folder is called
    _files: Callable[[], Files] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return posixpath.basename(self.path) or self._top

    def is_file(self) -> bool:
        """Whether there is such a file."""
        return self._files().found(self.path) is not None

    def is_dir(self) -> bool:
        """Whether there are files below it."""
        return any(True for _ in self._inside())

    def iterdir(self) -> Iterator["Resource"]:
        """What is in a folder, in the order of names.

        Raises:
            NotADirectoryError: where there is no such folder.
        """
        names = sorted({inner.partition("/")[0] for inner in self._inside()})
        if not names:
            raise NotADirectoryError(f"there is no folder {self.path} in the project")
        return (self._at(posixpath.join(self.path, name)) for name in names)

    def joinpath(self, *parts: str) -> "Resource":
        """What lies below it.

        Raises:
            NotADirectoryError: below a file.
            FileNotFoundError: outside the project.
        """
        if parts and self.path in self._files().known:
            raise NotADirectoryError(f"{self.path} is a file: nothing lies below it")
        path = posixpath.normpath(posixpath.join(self.path, *parts))
        if path.startswith(("..", "/")):
            raise FileNotFoundError(f"{posixpath.join(*parts)} is outside the project")
        return self._at("" if path == "." else path)

    __truediv__ = joinpath

    def read_bytes(self) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: where there is none.
        """
        data = self._files().found(self.path)
        if data is None:
            raise FileNotFoundError(f"there is no file {self.path} in the project")
        return data

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """The text of a file."""
        with self.open(encoding=encoding, errors=errors) as text:
            return str(text.read())

    def open(self, mode: str = "r", *args: Any, **named: Any) -> IO[Any]:
        """A file opened for reading, ``"r"`` or ``"rb"``.

        Raises:
            ValueError: for any other mode.
        """
        if mode not in ("r", "rt", "rb"):
            raise ValueError(f"mode {mode!r}: a project's files are only read")
        data = io.BytesIO(self.read_bytes())
        return data if mode == "rb" else io.TextIOWrapper(data, *args, **named)

    def __fspath__(self) -> str:
        """Where it lies, for a library that opens it itself: a file holds what was digested."""
        files = self._files()
        return str(files.location(self.path) if self.path in files.known else files.place(self.path))

    __str__ = __fspath__

    def _inside(self) -> Iterator[str]:
        below = f"{self.path}/" if self.path else ""
        return (path.removeprefix(below) for path in self._files().known if path.startswith(below))

    def _at(self, path: str) -> "Resource":
        return Resource(path, self._top, self._files)


@dataclass(frozen=True, slots=True)
class Reader:
    """The resource reader of a package, as ``importlib.resources`` asks its loader for one."""

    folder: Resource

    def files(self) -> Resource:
        """The package's folder."""
        return self.folder

    def open_resource(self, resource: str) -> IO[bytes]:
        """A file in it, opened for reading bytes."""
        return self.folder.joinpath(resource).open("rb")

    def resource_path(self, resource: str) -> str:
        """Refuse to name a place: the bytes that count are the archive's."""
        raise FileNotFoundError(resource)

    def is_resource(self, name: str) -> bool:
        """Whether there is such a file in it."""
        return self.folder.joinpath(name).is_file()

    def contents(self) -> Iterator[str]:
        """The names in it."""
        return (one.name for one in self.folder.iterdir())
