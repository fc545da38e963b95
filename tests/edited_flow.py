"""The edited shop as a flow on disk: written, edited within the same second, and really run."""

import os
import py_compile
from collections.abc import Mapping
from pathlib import Path

from edited_shop import edited, sources
from fullcycle.code import read_archive
from fullcycle.flow import RunRecord
from small_flows import Shop, ran

SECOND = 1_700_000_000
_CLIENTS = """

@fc.step
def clients() -> int:
    return 3
"""


def flow() -> dict[str, str]:
    """The edited shop's files, with the step that all others stand on."""
    files = sources()
    files["flow.py"] += _CLIENTS
    return files


def flow_after(path: str, old: str, new: str) -> dict[str, str]:
    """The files after an edit."""
    files = {name: data.decode() for name, data in edited(path, old, new).files.items()}
    files["flow.py"] += _CLIENTS
    return files


class OnDisk:
    """A project in a folder, all of whose files keep one time, whatever is written to them.

    With ``bytecode``, every file has a ``.pyc`` beside it when the project is first written,
    which Python itself would go on trusting after an edit that leaves the size alone.
    """

    def __init__(self, root: Path, *, bytecode: bool = False) -> None:
        self.root = root
        self.bytecode = bytecode
        self.shop = Shop()

    def write(self, files: Mapping[str, str]) -> None:
        """Put these files there, and no others."""
        first = not self.root.exists()
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            os.utime(target, (SECOND, SECOND))
            if first and self.bytecode and path.endswith(".py"):
                py_compile.compile(str(target), doraise=True)

    def run(self) -> RunRecord:
        """Run the flow as its files are now."""
        return self.shop.run(read_archive(self.root, "shop"), module="flow", root=self.root)


def contents(record: RunRecord) -> dict[str, str]:
    """What each step returned, by its digest."""
    return {name: step.artifact.content for name, step in record.steps.items()}


def must_run(edited: frozenset[str], before: RunRecord, after: RunRecord) -> set[str]:
    """The steps whose code was edited, and those that are given something else than before.

    Both runs started from nothing, so that what they say stands on no memo.
    """
    was, is_now = contents(before), contents(after)
    given = {
        name for name, step in after.steps.items() if any(was.get(one) != is_now[one] for one in step.inputs)
    }
    return set(edited) | given


__all__ = ["OnDisk", "contents", "flow", "flow_after", "must_run", "ran"]
