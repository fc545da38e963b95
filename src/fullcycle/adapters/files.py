"""Objects as files: written aside, synchronised, renamed; verified whenever they are read.

A file that is too big to be verified whenever it is read is sealed instead.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fullcycle.adapters.durable import (
    make_folder,
    sync_file,
    sync_folder,
    unwritable,
    write_aside,
    write_atomically,
)
from fullcycle.adapters.seals import SECOND, brief_seal_of, seal_of, set_time
from fullcycle.kernel import Damaged, Digest, Invalid, Missing, digest_bytes, now
from fullcycle.record import Stored

_DIGEST = re.compile(r"[0-9a-f]{64}")
_HOUR = 3600 * SECOND


class FileObjects:
    """An ``ObjectStore`` in a folder: ``ab/cdef…`` holds the object whose digest is ``abcdef…``.

    A name exists only once its bytes are on the disk, but for what may be made again and what is
    ``placed``, which nothing names before it is made lasting; what a killed writer leaves has
    another name and is never read.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def put(self, data: bytes) -> Digest:
        """Store bytes; durable when it returns.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        digest = digest_bytes(data)
        if not self._place(digest, lambda target: write_atomically(target, data), is_sound=_holding(data)):
            self.make_lasting([digest])  # whoever placed it may not have come to this yet
        return digest

    def place(self, data: bytes) -> Digest:
        """Store bytes that survive the end of any process, and a loss of power after ``make_lasting``.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        digest = digest_bytes(data)
        self._place(
            digest,
            lambda target: write_atomically(target, data, synced=False),
            is_sound=_holding(data),
        )
        return digest

    def make_lasting(self, digests: Sequence[Digest]) -> None:
        """Have what was placed on the disk when this returns, whoever placed it; what is gone stays so.

        Raises:
            Misconfigured: where the disk is full or fails.
        """
        try:
            targets = [self._target(digest) for digest in digests]
            for target in targets:
                with suppress(FileNotFoundError):
                    sync_file(target)
            for folder in {target.parent for target in targets}:
                sync_folder(folder)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error

    def make_folders(self) -> None:
        """Make the folders of all objects now: one wait for the disk in place of one for each.

        They are made in order: where the last is there, whoever made it has waited for them, or does now.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        if (self._folder / "ff").is_dir():
            return
        try:
            make_folder(self._folder)
            for number in range(256):
                self._folder.joinpath(f"{number:02x}").mkdir(exist_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error

    def write(self, digest: Digest, write: Callable[[Path], None], *, lasting: bool = True) -> int:
        """Have a file written that holds what ``digest`` stands for; its size in bytes.

        ``write`` gets the path of a file that is not there yet. It is not called where the
        object is there already and its seal holds. The file is sealed when this returns, and
        survives the end of any process; ``lasting``, a loss of power too.

        Raises:
            Misconfigured: where the folder cannot be written, or the disk is full.
        """
        brief = None if lasting else brief_seal_of(digest)
        seal, synced = (seal_of(digest), True) if brief is None else (brief, False)
        anew = self._place(
            digest,
            lambda target: write_aside(target, write, seal, synced=synced),
            is_sound=lambda _: self.is_sealed(digest),
        )
        if lasting and not anew:
            self._seal_lastingly(digest)
        return self._target(digest).stat().st_size

    def _seal_lastingly(self, digest: Digest) -> None:
        """Put a file on the disk that was there already, and need not have been."""
        target = self._target(digest)
        if target.stat().st_mtime_ns % SECOND == brief_seal_of(digest):
            sync_file(target)
            self.seal(digest)
        sync_folder(target.parent)  # whoever renamed it may not have come to this yet

    def _place(
        self, digest: Digest, place: Callable[[Path], None], *, is_sound: Callable[[Path], bool]
    ) -> bool:
        """Put an object in its place: what is damaged is mended by it; False where it is there and sound."""
        target = self._target(digest)
        try:
            if target.exists() and _holds(is_sound, target) and _freshened(target):
                return False
            make_folder(target.parent)
            place(target)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error
        return True

    def get(self, digest: Digest) -> bytes:
        """The bytes, verified.

        Raises:
            Missing: where they are not there.
            Damaged: where they are not what was stored.
        """
        target = self._target(digest)
        try:
            data = target.read_bytes()
        except FileNotFoundError as error:
            raise Missing(
                f"the object {digest[:12]}… is not there",
                str(target),
                "restore the folder of artifacts from a backup, or run again what made it",
            ) from error
        if digest_bytes(data) != digest:
            raise Damaged(
                f"the object {digest[:12]}… is not what was stored ({len(data):,} bytes are there)",
                str(target),
                f"restore that file from a backup; a step's result may go (rm -f {target}), it is made again",
            )
        return data

    def has(self, digest: Digest) -> bool:
        """Whether they are there."""
        return self._target(digest).exists()

    def path(self, digest: Digest) -> Path | None:
        """The file that holds them; it is never written again."""
        target = self._target(digest)
        return target if target.exists() else None

    def is_sealed(self, digest: Digest) -> bool:
        """Whether nothing has written to the file since it was written or sealed.

        False, too, for one that came from a backup which keeps whole seconds only, and for
        one that was not lasting and is older than the machine's start: such a file has to be
        verified, and may be sealed then.
        """
        try:
            fraction = self._target(digest).stat().st_mtime_ns % SECOND
        except FileNotFoundError:
            return False
        return fraction in (seal_of(digest), brief_seal_of(digest))

    def seal(self, digest: Digest) -> None:
        """Seal a file that was verified; one that is not ours to seal stays as it is."""
        target = self._target(digest)
        with suppress(FileNotFoundError, PermissionError):
            set_time(target, target.stat().st_mtime_ns // SECOND, seal_of(digest))

    def stored(self) -> Iterator[Stored]:
        """Every object, with the time at which it was last stored."""
        for path in self._files():
            digest = path.parent.name + path.name
            if _DIGEST.fullmatch(digest):
                with suppress(FileNotFoundError):  # another process has removed it
                    found = path.stat()
                    yield Stored(digest, found.st_size, found.st_mtime_ns // 1000)

    def remove(self, digest: Digest, *, before: int | None = None) -> None:
        """Give up an object; nothing happens where there is none, or it was stored since ``before``.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        target = self._target(digest)
        try:
            if before is None or target.stat().st_mtime_ns // 1000 < before:
                target.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error

    def remove_all(self, digests: Sequence[Digest], *, before: int | None = None) -> None:
        """Give up several, but those stored again since ``before``.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        for digest in digests:
            self.remove(digest, before=before)

    def leftovers(self, before: int) -> list[tuple[Path, int]]:
        """What killed writers left until ``before``, in µs since 1970 UTC: each file and its size."""
        found = []
        for path in self._files():
            if path.name.startswith(".") and path.suffix == ".tmp":
                with suppress(FileNotFoundError):  # its writer is at work, and has renamed it
                    told = path.stat()
                    if told.st_mtime_ns // 1000 < before:
                        found.append((path, told.st_size))
        return found

    def sweep(self, before: int) -> int:
        """Remove what killed writers left until ``before``; the bytes that this frees.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
        old = self.leftovers(before)
        try:
            for path, _ in old:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error
        return sum(size for _, size in old)

    def _files(self) -> Iterator[Path]:
        return self._folder.glob("[0-9a-f][0-9a-f]/*")

    def _target(self, digest: Digest) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise Invalid(
                f"{digest[:80]!r} is no digest", "the object store", "give 64 hexadecimal characters"
            )
        return self._folder / digest[:2] / digest[2:]


def _holds(is_sound: Callable[[Path], bool], path: Path) -> bool:
    try:
        return is_sound(path)
    except (FileNotFoundError, PermissionError):
        return False


def _freshened(path: Path) -> bool:
    """Whether an object is there, now as one stored again: what was stored lately is not cleared away."""
    try:
        written = path.stat().st_mtime_ns
        present = now() * 1000
        if present - written > _HOUR:
            with suppress(PermissionError):
                set_time(path, present // SECOND, written % SECOND)
    except FileNotFoundError:
        return False
    return True


def _holding(data: bytes) -> Callable[[Path], bool]:
    return lambda target: target.stat().st_size == len(data) and target.read_bytes() == data
