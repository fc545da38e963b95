"""An archive: the bytes of every first-party file of a project, under one digest.

What is digested, run, shipped, diffed and replayed are these bytes. The serialised form is
a line that names the format, a line of JSON (package, then path and size of each file in
order of paths), and the files' bytes one after the other: equal files give equal bytes
everywhere, so the digest of an archive is the digest of the object it is stored as.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

from fullcycle.kernel import Damaged, Digest, Invalid, digest_bytes

NEVER = frozenset({".git", ".fullcycle", ".env", "__pycache__", "node_modules"})  # part of no project

_FORMAT = b"fullcycle-archive@1\n"


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the bytes: ``files`` holds path and size."""

    package: str
    files: list[tuple[str, int]]


@dataclass(frozen=True, eq=False)
class Archive:
    """The files of a project; two archives are equal if their digests are.

    ``package`` is the name the project's folder is imported by, ``files`` maps a POSIX path
    relative to that folder to the file's bytes.
    """

    package: str
    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for path in self.files:
            _require_inside(path)

    @cached_property
    def digest(self) -> Digest:
        """The digest of ``to_bytes()``."""
        return digest_bytes(self.to_bytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Archive) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_bytes(self) -> bytes:
        """The archive as one object."""
        ordered = sorted(self.files.items())
        header = msgspec.json.encode(_Header(self.package, [(path, len(data)) for path, data in ordered]))
        return b"".join([_FORMAT, header, b"\n", *(data for _, data in ordered)])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Archive":
        """Read what ``to_bytes`` wrote.

        Raises:
            Damaged: for anything else.
        """
        try:
            return cls._read(data)
        except (msgspec.DecodeError, ValueError, Invalid) as error:
            raise Damaged(
                f"these {len(data):,} bytes are not an archive: {error}",
                "an archive of a project's code",
                "restore the object from a copy of the artifact store, or run again from the project's files",
            ) from error

    @classmethod
    def _read(cls, data: bytes) -> "Archive":
        if not data.startswith(_FORMAT):
            raise ValueError(f"they do not begin with {_FORMAT.decode().strip()}")
        end = data.index(b"\n", len(_FORMAT))
        header = msgspec.json.decode(data[len(_FORMAT) : end], type=_Header)
        files: dict[str, bytes] = {}
        at = end + 1
        for path, size in header.files:
            files[path] = data[at : at + size]
            at += size
        if at != len(data):
            raise ValueError(f"the files should end at byte {at:,}")
        return cls(header.package, files)


def unpack(archive: Archive, folder: Path) -> Path:
    """Write the files to ``folder/<package>`` and return that; with ``folder`` on the path, they import."""
    home = folder / archive.package
    for path, data in archive.files.items():
        target = home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return home


def _require_inside(path: str) -> None:
    """An archive's paths stay below the folder it is unpacked to."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path:
        raise Invalid(
            f"{path!r} is no path inside a project",
            "an archive",
            "give paths relative to the project's folder",
        )
