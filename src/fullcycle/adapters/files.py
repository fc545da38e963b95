"""Objects as files: written aside, synchronised, renamed; verified whenever they are read.

A file that is too big to be verified whenever it is read is sealed instead: the fraction
of a second of its time of change is a number made of its name. Whatever writes to it later
sets another time, and breaks the seal. A file that can be made again need not wait for the
disk: its seal holds until the machine is started anew, then it is verified once.
"""

import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from fullcycle.kernel import Damaged, Digest, Invalid, Misconfigured, Missing, digest_bytes, digest_parts, now
from fullcycle.record import Stored

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SECOND = 1_000_000_000  # nanoseconds
_HOUR = 3600 * _SECOND


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
                    _sync_file(target)
            for folder in {target.parent for target in targets}:
                sync_folder(folder)
        except OSError as error:
            raise unwritable(error, "the artifacts", self._folder) from error

    def make_folders(self) -> None:
        """Make the folders of all objects now: one wait for the disk in place of one for each.

        Raises:
            Misconfigured: where the folder cannot be written.
        """
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
        brief = None if lasting else _brief_seal_of(digest)
        seal, synced = (_seal_of(digest), True) if brief is None else (brief, False)
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
        if target.stat().st_mtime_ns % _SECOND == _brief_seal_of(digest):
            _sync_file(target)
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
            fraction = self._target(digest).stat().st_mtime_ns % _SECOND
        except FileNotFoundError:
            return False
        return fraction in (_seal_of(digest), _brief_seal_of(digest))

    def seal(self, digest: Digest) -> None:
        """Seal a file that was verified; one that is not ours to seal stays as it is."""
        target = self._target(digest)
        with suppress(FileNotFoundError, PermissionError):
            _set_time(target, target.stat().st_mtime_ns // _SECOND, _seal_of(digest))

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


def _seal_of(digest: Digest) -> int:
    """The fraction of a second that a file's time has as long as nothing writes to it, in ns."""
    return int(digest[:16], 16) % 10_000_000 * 100  # some file systems count in steps of 100 ns


def _brief_seal_of(digest: Digest) -> int | None:
    """The seal of a file that may not be on the disk yet; None where nothing names a start."""
    start = _machine_start()
    return _seal_of(digest_parts("brief-seal@1", [start, digest.encode()])) if start else None


@cache
def _machine_start() -> bytes:
    """What names the machine's last start; empty where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b""


def _set_time(path: Path, second: int, fraction: int) -> None:
    os.utime(path, ns=(path.stat().st_atime_ns, second * _SECOND + fraction))


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
                _set_time(path, present // _SECOND, written % _SECOND)
    except FileNotFoundError:
        return False
    return True


def write_atomically(target: Path, data: bytes, *, synced: bool = True) -> None:
    """Write a read-only file that is there as a whole or not at all; if ``synced``, also without power."""
    write_aside(target, lambda aside: _write_bytes(aside, data), synced=synced)


def _holding(data: bytes) -> Callable[[Path], bool]:
    return lambda target: target.stat().st_size == len(data) and target.read_bytes() == data


def _write_bytes(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


def write_aside(
    target: Path, write: Callable[[Path], None], seal: int | None = None, *, synced: bool = True
) -> None:
    """Have a read-only file written that is there as a whole or not at all."""
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        write(aside)
        aside.chmod(0o444)
        if seal is not None:
            _set_time(aside, now() // 1_000_000, seal)
        if synced:
            _sync_file(aside)
        aside.rename(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if synced:
        sync_folder(target.parent)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(error: OSError, role: str, folder: Path) -> Misconfigured:
    """The error of a folder that does not take what is written."""
    return Misconfigured(
        f"nothing can be written there: {error.strerror or error}",
        f"{role} in {folder}",
        "see that the disk has room and that the folder is yours to write",
    )
