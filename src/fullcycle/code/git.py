"""What git says of a project's folder: the commit, and which files differ from it."""

import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fullcycle.code.archive import Archive

_PATIENCE = 10  # seconds


@dataclass(frozen=True, slots=True)
class GitState:
    """The commit that is checked out (``None`` outside a repository, or before its first commit).

    ``dirty`` tells that some file below the folder is not as in that commit.
    """

    commit: str | None
    dirty: bool


def git_state(root: Path) -> GitState:
    """Ask git about ``root``; where git cannot answer, there is no commit."""
    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--", "."]
    try:
        said = subprocess.run(command, cwd=root, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return GitState(None, dirty=False)
    if said.returncode != 0:
        return GitState(None, dirty=False)
    lines = said.stdout.decode(errors="replace").splitlines()
    found = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    commit = found[0] if found and found[0] != "(initial)" else None
    return GitState(commit, dirty=any(not line.startswith("#") for line in lines))


def commit_subject(root: Path) -> str:
    """The first line of the message of the commit that is checked out; empty where there is none."""
    command = ["git", "--no-optional-locks", "log", "-1", "--format=%s"]
    try:
        said = subprocess.run(command, cwd=root, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.decode(errors="replace").strip() if said.returncode == 0 else ""


def committed_files(root: Path, commit: str) -> dict[str, str] | None:
    """Path below ``root`` and git's own digest of each file of a commit; None where git has it not."""
    command = ["git", "--no-optional-locks", "ls-tree", "-r", "-z", commit, "--", "."]
    try:
        said = subprocess.run(command, cwd=root, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if said.returncode != 0:
        return None
    entries = (entry.partition("\t") for entry in said.stdout.decode(errors="replace").split("\0") if entry)
    return {path: about.split()[2] for about, _, path in entries}


def uncommitted(archive: Archive, committed: Mapping[str, str]) -> dict[str, str]:
    """The files of an archive that are not as in a commit: ``changed``, ``added`` or ``removed``.

    Of what only the commit has, Python files alone are told: others may be what no archive holds.
    """
    found = {
        path: "changed" if path in committed else "added"
        for path, data in archive.files.items()
        if committed.get(path) != _blob(data, like=committed.get(path, ""))
    }
    gone = {path for path in committed if path.endswith(".py") and path not in archive.files}
    return dict(sorted({**found, **dict.fromkeys(gone, "removed")}.items()))


def _blob(data: bytes, *, like: str) -> str:
    """Git's digest of a file: SHA-1, or SHA-256 in a repository that was made so."""
    made = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    made.update(b"blob %d\0" % len(data))
    made.update(data)
    return made.hexdigest()
