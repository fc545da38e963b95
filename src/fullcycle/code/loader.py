"""The loader: the modules of an archive, compiled from its bytes and private to it.

Module ``shop.winback.rows`` of an archive is registered as ``shop[3f2a91c05d7e].winback.rows``:
in ``sys.modules``, so that dataclasses, type hints, pickling and ``inspect`` find it, and
under the archive's digest, so that two archives of one project live side by side. Each
module has ``__builtins__`` of its own whose ``__import__`` leads the project's names back
into the archive. Nothing is read from disk, no ``.pyc`` is read or written.
"""

import builtins
import importlib
import importlib.util
import linecache
import posixpath
import sys
import threading
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import ModuleSpec
from itertools import count, pairwise
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, cast

from fullcycle.code.archive import Archive
from fullcycle.code.beside import Files
from fullcycle.code.layout import Home, find, modules
from fullcycle.code.redirect import redirections
from fullcycle.code.resources import Reader, Resource
from fullcycle.kernel import Digest, Invalid, UnknownName, digest_bytes

if TYPE_CHECKING:
    from importlib.abc import Loader

_SHORT = 12  # characters of a digest in a module's name


class NoSuchModule(UnknownName, ModuleNotFoundError):
    """A module, or a name in one, that the archive has not; an ``ImportError`` to code that tries."""


class Loaded:
    """The modules of one archive, each executed when it is first asked for."""

    def __init__(self, archive: Archive, name: str, root: Path | None) -> None:
        self.archive = archive
        self.name = name  # of the package in sys.modules, such as shop[3f2a91c05d7e]
        self.root = root
        self.files = Files(archive, root)  # what its fc.File objects read; a run sets its own
        self._lock = threading.RLock()
        self._executed: dict[str, ModuleType] = {}
        self._redirected = redirections(self.import_module, self._private)
        self._builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> ModuleType:
        """The module of that name relative to the package, ``"winback.flow"``; ``""`` is the package.

        Raises:
            UnknownName: where the archive holds none, or it imports what is not there.
            Invalid: where a file is not Python.
        """
        try:
            return self._module(name, asked="the archive")
        except Exception as error:
            error.__traceback__ = _without_loader(error.__traceback__)
            raise

    def unload(self) -> None:
        """Forget the modules; what was taken from them works on, but cannot import any more of them."""
        with self._lock, _REGISTRY_LOCK:
            for module in list(sys.modules):
                if module == self.name or module.startswith(f"{self.name}."):
                    del sys.modules[module]
            for key, loaded in list(_REGISTRY.items()):
                if loaded is self:
                    del _REGISTRY[key]

    def _module(self, name: str, asked: str) -> ModuleType:
        done = self._executed.get(name)
        if done is not None:
            return done
        home = find(self.archive, name)
        if home is None:
            raise self._missing(name, asked)
        with self._lock:
            full = self._full(name)
            if full in sys.modules:  # executed meanwhile, or being executed by this very thread
                return sys.modules[full]
            parent = self._module(name.rpartition(".")[0], asked) if name else None
            if full in sys.modules:  # the parent imported it
                return sys.modules[full]
            module = self._execute(name, home)
            if parent is not None:
                setattr(parent, name.rpartition(".")[2], module)
            return module

    def _execute(self, name: str, home: Home) -> ModuleType:
        full = self._full(name)
        source = self.archive.files[home.path] if home.path else b""
        file = _named_file(self._file(home.path), source) if home.path else None
        loader = cast("Loader", _Source(self))
        spec = ModuleSpec(full, loader, origin=file, is_package=home.package)
        spec.has_location = file is not None
        module = ModuleType(full)
        vars(module).update(
            __spec__=spec, __loader__=spec.loader, __package__=spec.parent, __builtins__=self._builtins
        )
        if home.package:
            spec.submodule_search_locations = module.__path__ = [self._file(name.replace(".", "/"))]
        if file is not None:
            module.__file__ = file
        sys.modules[full] = module
        try:
            if file is not None:
                exec(_compiled(file, source, home.path), vars(module))
        except BaseException:
            sys.modules.pop(full, None)
            raise
        self._executed[name] = module
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What ``import`` statements of the archive's modules call."""
        asked = str((globals or {}).get("__file__", "the archive"))
        if level:
            name = self._public(
                importlib.util.resolve_name("." * level + name, (globals or {})["__package__"])
            )
        relative = self._relative(name)
        if relative is None:
            module = builtins.__import__(name, globals, locals, fromlist or (), 0)
            return self._redirected.get(module.__name__, module)
        module = self._module(relative, asked)
        for wanted in fromlist or ():
            self._require(module, relative, wanted, asked)
        return module if fromlist else self._module("", asked)

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """``importlib.import_module`` as the archive's modules see it."""
        absolute = importlib.util.resolve_name(name, package) if name.startswith(".") else name
        relative = self._relative(self._public(absolute))
        return (
            importlib.import_module(absolute) if relative is None else self._module(relative, "the archive")
        )

    def _private(self, name: str) -> str:
        """The name in ``sys.modules`` of a module that the archive's modules name; others as they are."""
        relative = self._relative(self._public(name))
        return name if relative is None else self._module(relative, "the archive").__name__

    def _require(self, module: ModuleType, relative: str, wanted: str, asked: str) -> None:
        """Import the submodule that ``from module import wanted`` may name; refuse what is not there."""
        if wanted == "*":
            names = [n for n in getattr(module, "__all__", ()) if not hasattr(module, n)]
        else:
            names = [] if hasattr(module, wanted) else [wanted]
        for name in names:
            submodule = f"{relative}.{name}" if relative else name
            if hasattr(module, "__path__") and find(self.archive, submodule) is not None:
                self._module(submodule, asked)
            else:
                raise self._missing_name(module, relative, name, asked)

    def _missing(self, name: str, asked: str) -> NoSuchModule:
        known = [f"{self.archive.package}.{module}" for module in modules(self.archive) if module]
        refused = NoSuchModule.among(f"{self.archive.package}.{name}", known, where=asked)
        return NoSuchModule(f"there is no module {self.archive.package}.{name}", refused.where, refused.mend)

    def _missing_name(self, module: ModuleType, relative: str, name: str, asked: str) -> NoSuchModule:
        public = f"{self.archive.package}.{relative}" if relative else self.archive.package
        if relative not in self._executed:
            return NoSuchModule(
                f"{public} has no {name!r} yet: it is still being imported, in a circle",
                asked,
                f"move what both need to a module of its own, or import {public} where {name} is used",
            )
        inside = [known for known in vars(module) if not known.startswith("__")]
        inside += [
            m.removeprefix(f"{relative}.") for m in modules(self.archive) if m.startswith(f"{relative}.")
        ]
        example = f"def {name}():\n    ...  # in {self._written_in(relative)}"
        refused = NoSuchModule.among(name, inside, where=asked, example=example)
        return NoSuchModule(f"there is no {name!r} in {public}", refused.where, refused.mend)

    def _written_in(self, relative: str) -> str:
        home = find(self.archive, relative)
        return home.path if home is not None and home.path else f"{relative.replace('.', '/')}/__init__.py"

    def _full(self, name: str) -> str:
        return f"{self.name}.{name}" if name else self.name

    def _public(self, full: str) -> str:
        """``shop.winback`` for ``shop[3f2a91c05d7e].winback``."""
        return self.archive.package + full.removeprefix(self.name) if full.startswith(self.name) else full

    def _relative(self, name: str) -> str | None:
        """The name within the package; ``None`` for a module that is not the project's."""
        if name == self.archive.package:
            return ""
        package = f"{self.archive.package}."
        return name.removeprefix(package) if name.startswith(package) else None

    def _file(self, path: str) -> str:
        return str(self.root / path) if self.root is not None else f"<{self.name}>/{path}"


def load(archive: Archive, *, root: Path | None = None) -> Loaded:
    """The modules of an archive; asked again for the same archive and root, the same ones.

    ``root`` is where the project's files are, or would be: it makes the paths in tracebacks.
    """
    key = (archive.digest, root)
    with _REGISTRY_LOCK:
        if key not in _REGISTRY:
            mark, taken = archive.digest[:_SHORT], {loaded.name for loaded in _REGISTRY.values()}
            names = (f"{archive.package}[{mark}{f'-{n}' if n else ''}]" for n in count())
            _REGISTRY[key] = Loaded(archive, next(name for name in names if name not in taken), root)
        return _REGISTRY[key]


_REGISTRY: dict[tuple[Digest, Path | None], Loaded] = {}
_REGISTRY_LOCK = threading.Lock()


class _Source:
    """A module's ``__loader__``: hands out its source, and the files of the archive."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    @property
    def project_files(self) -> Files:
        """What an ``fc.File`` of the module reads."""
        return self._loaded.files

    def get_source(self, full: str) -> str | None:
        """The source of a module by its name in ``sys.modules``."""
        home = self._home(full)
        return _text(self._loaded.archive.files[home.path]) if home is not None and home.path else None

    def get_data(self, path: str) -> bytes:
        """The bytes of a file by its path in ``__file__`` and ``__path__``, for ``pkgutil``.

        Raises:
            FileNotFoundError: where there is none.
        """
        top = self._resource("")
        return top.joinpath(posixpath.relpath(path, self._loaded._file(""))).read_bytes()

    def get_resource_reader(self, full: str) -> Reader:
        """What ``importlib.resources`` asks for the files beside a module."""
        home = self._home(full)
        module = full.removeprefix(self._loaded.name).removeprefix(".").replace(".", "/")
        return Reader(self._resource(module if home is None or home.package else posixpath.dirname(module)))

    def _home(self, full: str) -> Home | None:
        return find(self._loaded.archive, full.removeprefix(self._loaded.name).removeprefix("."))

    def _resource(self, path: str) -> Resource:
        return Resource(path, self._loaded.archive.package, lambda: self.project_files)


@lru_cache(maxsize=4096)
def _compiled(file: str, source: bytes, path: str) -> CodeType:
    """Compile a file's bytes, once however many archives hold them."""
    try:
        return compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        said = getattr(error, "msg", None) or str(error)
        shown = (getattr(error, "text", None) or "").strip()
        raise Invalid(
            f"{path} is not Python: {said}" + (f": {shown}" if shown else ""),
            f"{file}:{line}",
            "mend that line",
        ) from error


_FILES: dict[str, Digest] = {}  # which content a file name stands for, in tracebacks and to inspect


def _named_file(file: str, source: bytes) -> str:
    """The file name that stands for these bytes.

    Python looks source lines up by file name. Where another archive's bytes already go by
    this one, write it differently (``shop/./flow.py``): it opens the same file.
    """
    content = digest_bytes(source)
    folder, _, name = file.rpartition("/")
    while _FILES.setdefault(file, content) != content:
        folder += "/."
        file = f"{folder}/{name}"
    text = _text(source)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return file


def _text(source: bytes) -> str:
    try:
        return importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError):  # compiling it tells
        return source.decode(errors="replace")


def _without_loader(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the loader's own frames: it starts at the user's own line."""
    kept: list[TracebackType] = []
    while trace is not None:
        if trace.tb_frame.f_globals is not globals():
            kept.append(trace)
        trace = trace.tb_next
    for before, after in pairwise(kept):
        before.tb_next = after
    if kept:
        kept[-1].tb_next = None
    return kept[0] if kept else None
