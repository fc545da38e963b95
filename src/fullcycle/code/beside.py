"""The files of a project as a run sees them: its archive's, and those beside it that it declares.

What is read is what was digested. A file of the archive is read from the archive; one beside
it (too large, not a text, or ignored by git) from the folder where it is still the same, else
from the record, which keeps what a run declared.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from fullcycle.code.archive import NEVER, Archive
from fullcycle.code.stamps import Stamps
from fullcycle.kernel import Digest, Invalid, Missing, UnknownName, digest_bytes

_WILD = re.compile(r"[*?]")


class Files:
    """One archive's files and those beside it.

    ``pinned`` are the ones beside it that a run has declared, with their digests; without it
    they are looked for in ``root``, each once. ``kept`` gives the bytes of a digest from the
    record, ``cache`` is a folder for what may be forgotten.
    """

    def __init__(
        self,
        archive: Archive,
        root: Path | None,
        *,
        pinned: Mapping[str, Digest] | None = None,
        kept: Callable[[Digest], bytes] | None = None,
        cache: Path | None = None,
    ) -> None:
        self._archive = archive
        self._root = root
        self._pinned = pinned
        self._kept = kept
        self._cache = cache
        self._stamps = Stamps(cache / "files" if cache is not None else None)
        self._beside: dict[str, Digest] = dict(pinned or {})
        self._matched: dict[str, tuple[str, ...]] = {}

    @property
    def beside(self) -> dict[str, Digest]:
        """The files beside the archive that have been asked for, with their digests."""
        return dict(self._beside)

    @property
    def known(self) -> set[str]:
        """The files of the archive, and those beside it that have been asked for."""
        return {*self._archive.files, *self._beside}

    def matching(self, pattern: str) -> dict[str, Digest]:
        """The files that a path or a pattern stands for, with their digests; always the same ones."""
        if pattern not in self._matched:
            self._matched[pattern] = tuple(sorted(self._find(pattern)))
        return {path: self.digest(path) for path in self._matched[pattern]}

    def digest(self, path: str) -> Digest:
        """The digest of a file's bytes.

        Raises:
            Missing: where there is no such file.
        """
        if path in self._archive.files:
            return digest_bytes(self._archive.files[path])
        if path not in self._beside:
            self._beside[path] = self._look(path)
        return self._beside[path]

    def read(self, path: str) -> bytes:
        """The bytes of a file, as they were digested.

        Raises:
            Missing: where there is no such file.
            Invalid: where it has changed since, and the record does not keep what it was.
        """
        if path in self._archive.files:
            return self._archive.files[path]
        digest = self.digest(path)
        data = self._on_disk(path)
        if data is not None and digest_bytes(data) == digest:
            return data
        return self._from_record(path, digest)

    def found(self, path: str) -> bytes | None:
        """The bytes of a file that code finds by itself; one that nobody declared is read where it lies."""
        return self.read(path) if path in self.known else self._on_disk(path)

    def place(self, path: str) -> Path:
        """Where a path of the project is, or would be."""
        return (self._root or Path(f"<{self._archive.package}>")) / path

    def location(self, path: str) -> Path:
        """Where the file lies, for a library that reads it itself: it holds what was digested.

        Raises:
            Missing: where there is no such file.
            Invalid: where it has changed since, and cannot be restored.
        """
        digest = self.digest(path)
        try:
            if self._root is not None and self._stamps.digest(self._root / path) == digest:
                return self._root / path
        except OSError:
            pass  # it is gone: restored below
        data = self._archive.files.get(path)
        return self._copy(path, digest, data if data is not None else self._from_record(path, digest))

    def missing(self, path: str, where: str) -> Missing:
        """The refusal of a file that is not there: with the line that declares it, and the nearest that is.

        ``where`` is told where no line of the project spells its path.
        """
        known = set(self._archive.files) | set(self._beside)
        if self._root is not None and self._pinned is None:
            folder = PurePosixPath(path).parent
            known |= set(_beside_it(self._root, folder))
        names = {PurePosixPath(one).name: one for one in known}
        near = UnknownName.near(path, known) or names.get(PurePosixPath(path).name, "")
        near = near or names.get(UnknownName.near(PurePosixPath(path).name, names), "")
        cure = f"did you mean {near!r}? else write it" if near else "write it, or mend its path"
        return Missing(f"there is no file {path}", self._declared(path) or where, cure)

    def _declared(self, path: str) -> str:
        """The line that declares a file."""
        spelled = re.compile(rf"""File\(\s*["']{re.escape(path)}["']""")
        for file, text in sorted(self._archive.files.items()):
            words = text.decode(errors="replace") if file.endswith(".py") else ""
            if found := spelled.search(words):
                line = words.count("\n", 0, found.end()) + 1
                return f"{self._root / file if self._root is not None else file}:{line}"
        return ""

    def _find(self, pattern: str) -> Iterator[str]:
        if not _WILD.search(pattern):
            if pattern in self._archive.files or pattern in self._beside or self._is_file(pattern):
                yield pattern
            return
        fits = _compiled(pattern)
        yield from (path for path in self._archive.files if fits.fullmatch(path))
        if self._pinned is not None or self._root is None:
            candidates: Iterator[str] = iter(self._beside)
        else:
            candidates = _below(self._root, _fixed(pattern))
        yield from (path for path in candidates if path not in self._archive.files and fits.fullmatch(path))

    def _is_file(self, path: str) -> bool:
        return self._pinned is None and self._root is not None and (self._root / path).is_file()

    def _look(self, path: str) -> Digest:
        try:
            if self._root is not None:
                return self._stamps.digest(self._root / path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            pass
        raise self.missing(path, str(self._root or self._archive.package))

    def _on_disk(self, path: str) -> bytes | None:
        try:
            return (self._root / path).read_bytes() if self._root is not None else None
        except OSError:
            return None

    def _from_record(self, path: str, digest: Digest) -> bytes:
        if self._kept is not None:
            try:
                return self._kept(digest)
            except Missing:
                pass
        raise Invalid(
            f"{path} changed while it was in use: what was digested is there no longer",
            str(self._root / path if self._root is not None else path),
            "run again, and leave it alone meanwhile",
        )

    def _copy(self, path: str, digest: Digest, data: bytes) -> Path:
        """A file of that name with the bytes that count, beside other such copies."""
        if self._cache is None:
            raise Invalid(
                f"{path} changed while it was in use",
                str(self._root / path if self._root is not None else path),
                "run again, and leave it alone meanwhile",
            )
        target = self._cache / "copies" / digest / PurePosixPath(path).name
        if not target.is_file() or digest_bytes(target.read_bytes()) != digest:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.{os.getpid()}")
            draft.write_bytes(data)
            os.replace(draft, target)
        return target


def is_pattern(path: str) -> bool:
    """Whether it stands for any number of files."""
    return _WILD.search(path) is not None


def check_path(path: object, where: str) -> str:
    """A path or pattern inside a project, as it was given.

    Raises:
        Invalid: for anything else.
    """
    if not isinstance(path, str) or not path or "\\" in path or "\0" in path:
        raise Invalid(
            f"{path!r} is no path", where, 'write a path from the project\'s folder: "data/rates.csv"'
        )
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise Invalid(
            f"{path!r} is no path from the project's folder",
            where,
            "write it relative to that folder, without . or ..; what lies outside is a source",
        )
    return path


def _compiled(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` goes through any number of them."""
    out = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        out += {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}.get(piece, re.escape(piece))
    return re.compile(out, re.DOTALL)


def _fixed(pattern: str) -> str:
    """The folder above the first part with a wild card."""
    parts = pattern.split("/")
    first = next(n for n, part in enumerate(parts) if _WILD.search(part))
    return "/".join(parts[:first])


def _beside_it(root: Path, folder: PurePosixPath) -> Iterator[str]:
    """The files of one folder."""
    for one in (root / folder).glob("*"):
        if one.is_file() and one.name not in NEVER:
            yield one.relative_to(root).as_posix()


def _below(root: Path, folder: str) -> Iterator[str]:
    """Every file below a folder of the project, but for those that are never a project's."""
    for at, folders, names in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if name not in NEVER)
        for name in sorted(names):
            if name not in NEVER:
                yield (Path(at) / name).relative_to(root).as_posix()
