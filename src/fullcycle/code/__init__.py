"""Code: what a project's files say, as one archive that is run, digested, shipped and replayed."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.code.archive import NEVER as NEVER
    from fullcycle.code.archive import Archive as Archive
    from fullcycle.code.archive import unpack as unpack
    from fullcycle.code.beside import Files as Files
    from fullcycle.code.beside import check_path as check_path
    from fullcycle.code.beside import is_pattern as is_pattern
    from fullcycle.code.difference import changed as changed
    from fullcycle.code.git import GitState as GitState
    from fullcycle.code.git import commit_subject as commit_subject
    from fullcycle.code.git import committed_files as committed_files
    from fullcycle.code.git import git_state as git_state
    from fullcycle.code.git import uncommitted as uncommitted
    from fullcycle.code.installed import lock as lock
    from fullcycle.code.loader import Loaded as Loaded
    from fullcycle.code.loader import load as load
    from fullcycle.code.reaching import Reach as Reach
    from fullcycle.code.reaching import own_code as own_code
    from fullcycle.code.reaching import reach as reach
    from fullcycle.code.reading import read_archive as read_archive
    from fullcycle.code.symbol import Symbol as Symbol
    from fullcycle.code.unified import FileChange as FileChange
    from fullcycle.code.unified import file_changes as file_changes

_HOMES = {
    "Archive": ".archive",
    "FileChange": ".unified",
    "Files": ".beside",
    "GitState": ".git",
    "Loaded": ".loader",
    "NEVER": ".archive",
    "Reach": ".reaching",
    "Symbol": ".symbol",
    "changed": ".difference",
    "check_path": ".beside",
    "commit_subject": ".git",
    "committed_files": ".git",
    "file_changes": ".unified",
    "git_state": ".git",
    "is_pattern": ".beside",
    "load": ".loader",
    "lock": ".installed",
    "own_code": ".reaching",
    "reach": ".reaching",
    "read_archive": ".reading",
    "uncommitted": ".git",
    "unpack": ".archive",
}

__getattr__, __all__ = lazily(__name__, _HOMES)
