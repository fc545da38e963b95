"""What code uses beside the modules of its project: other libraries, files, and what nobody can follow."""

from collections.abc import Iterable

from fullcycle.code.looking import looks, names_code, starts
from fullcycle.code.packaged import is_about_resources, resource_path
from fullcycle.code.project import Project
from fullcycle.code.usage import Chain, Use

DYNAMIC = frozenset(
    {
        "__annotations__",
        "__doc__",
        "__import__",
        "__loader__",
        "__spec__",
        "compile",
        "eval",
        "exec",
        "globals",
    }
)
"""Names of Python's own by which anything may be reached."""

_FOLLOWED_BY_NOBODY = frozenset(
    {
        ("importlib", "import_module"),
        ("importlib", "__import__"),
        ("importlib", "machinery", "SourceFileLoader"),
        ("importlib", "reload"),
        ("importlib", "util", "find_spec"),
        ("importlib", "util", "spec_from_file_location"),
        ("inspect", "currentframe"),
        ("inspect", "getcomments"),
        ("inspect", "getdoc"),
        ("inspect", "getmembers"),
        ("inspect", "getmodule"),
        ("inspect", "getsource"),
        ("inspect", "getsourcelines"),
        ("inspect", "stack"),
        ("pkgutil", "iter_modules"),
        ("pkgutil", "resolve_name"),
        ("pkgutil", "walk_packages"),
        ("runpy", "run_module"),
        ("runpy", "run_path"),
        ("sys", "_getframe"),
        ("sys", "modules"),
    }
)
_FILE = ("fullcycle", "File")
_COMPUTED_FILE = "fc.File of a computed path"
_FROM_TEXT = frozenset(
    {"__loader__", "__spec__", "compile", "eval", "exec", "run_path"}
)  # what they run may stand in any file


class Outside:
    """What one walk finds that is no name of the project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.libraries: set[str] = set()  # top-level modules of other distributions
        self.unfollowed: set[str] = set()
        self.from_text = False  # whether what is not followed may stand in a file that is no module
        self.files: set[str] = set()  # paths and patterns that fc.File is called with
        self.looks: set[str] = set()  # where code looks at which files there are
        self._starting: set[tuple[str, Use, str]] = set()  # calls that start another process

    def use_library(self, module: str, use: Use, chain: Chain) -> None:
        """Note that a name leads to another library."""
        self.libraries.add(chain[0])
        dynamic = any(chain[: len(known)] == known for known in _FOLLOWED_BY_NOBODY)
        if dynamic and not is_constant_import(use):
            self.cannot_follow(module, use, ".".join(chain))
        if chain[:2] == _FILE or chain[:4] == ("fullcycle", "data", "file", "File"):
            self._file(module, use)
        if is_about_resources(chain):
            self._resource(module, use, chain)
        if looks(chain, use.given):
            self.look(module, use.line, ".".join(chain))
        if starts(chain):
            self._starting.add((module, use, ".".join(chain)))

    def look(self, module: str, line: int, what: str) -> None:
        """Note where code looks at which files there are."""
        self.looks.add(f"{self._project.path(module)}:{line} {what}")

    def cannot_follow(self, module: str, use: Use, what: str, *, any_file: bool = False) -> None:
        """Note what cannot be followed."""
        self.from_text |= any_file or what == _COMPUTED_FILE or what.rpartition(".")[2] in _FROM_TEXT
        self.unfollowed.add(f"{self._project.path(module)}:{use.line} {what}")

    def follow_processes(self, texts: Iterable[str]) -> None:
        """Count all of the archive where another process is started, and a text names a file of it."""
        if self._starting and names_code(self._project.archive, texts):
            for module, use, what in self._starting:
                self.cannot_follow(module, use, what, any_file=True)

    def _resource(self, module: str, use: Use, chain: Chain) -> None:
        """A file of a package: the one that is named, or whatever it may be."""
        path = resource_path(self._project, module, use.given or "")
        if path is None:
            self.cannot_follow(module, use, ".".join(chain), any_file=True)
        elif path:
            self.files.add(path)
        else:
            self.libraries.add((use.given or "").partition("/")[0].partition(".")[0])

    def _file(self, module: str, use: Use) -> None:
        """A file that is declared where it is used; its path has to stand there."""
        if use.given is None:
            self.cannot_follow(module, use, _COMPUTED_FILE)
        elif use.given:
            self.files.add(use.given)


def is_constant_import(use: Use) -> bool:
    """Whether it is a call, such as ``import_module("shop.rates")``, that says what it imports."""
    return use.called and not use.asked and use.chain[-1] in ("import_module", "__import__", "find_spec")
