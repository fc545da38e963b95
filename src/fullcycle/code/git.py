"""What git says of a project's folder: the commit, and whether files differ from it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

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
