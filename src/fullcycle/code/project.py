"""An archive's modules by name, and where a name of one of them leads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fullcycle.code.archive import Archive
from fullcycle.code.binding import Imported
from fullcycle.code.layout import find
from fullcycle.code.module import Module, read_module
from fullcycle.code.statement import Statement
from fullcycle.code.usage import Chain
from fullcycle.kernel import Invalid

_EMPTY = Module((), {}, ())


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a dotted name leads in the end.

    A statement of ``module`` that binds ``name``, with the attributes that are ``left``; or a
    module (no ``statement``, ``name`` empty); or, where ``module`` is ``None``, something of
    another library: ``left`` is its full dotted name.
    """

    module: str | None
    name: str = ""
    statement: Statement | None = None
    left: Chain = ()


class Project:
    """An archive taken apart, file by file as they are asked for."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._modules: dict[str, Module] = {}
        self._defined: dict[str, bool] = {}

    def module(self, name: str) -> Module:
        """A module of the archive; an empty one for a bare folder, and for what is not there.

        Raises:
            Invalid: where its file is not Python.
        """
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def has(self, name: str) -> bool:
        """Whether the archive holds a module of that name."""
        return find(self.archive, name) is not None

    def is_package(self, name: str) -> bool:
        """Whether the module is a folder."""
        home = find(self.archive, name)
        return home is not None and home.package

    def defines(self, name: str) -> bool:
        """Whether the project defines a function or method of that name anywhere."""
        if name not in self._defined:
            pattern = re.compile(rf"\bdef\s+{re.escape(name)}\b".encode())
            sources = (data for path, data in self.archive.files.items() if path.endswith(".py"))
            self._defined[name] = any(pattern.search(data) for data in sources)
        return self._defined[name]

    def sets(self, name: str) -> bool:
        """Whether setting an attribute of that name may run code of the project, as a property does."""
        pattern = re.compile(rf"@{re.escape(name)}\.setter\b".encode())
        return any(pattern.search(data) for path, data in self.archive.files.items() if path.endswith(".py"))

    def path(self, name: str) -> str:
        """The file of a module, or the one that it would be."""
        home = find(self.archive, name)
        return home.path if home is not None and home.path else f"{name.replace('.', '/')}.py"

    def own(self, module: str, imported: Imported, *, whole: bool = False) -> str | None:
        """The name within the package of what is imported; ``None`` where it is another library's."""
        written = imported.whole if whole and imported.whole else imported.module
        if imported.level == 0:
            if written == self.archive.package:
                return ""
            inside = written.removeprefix(f"{self.archive.package}.")
            return inside if inside != written else None
        parts = module.split(".") if module else []
        up = imported.level - (1 if self.is_package(module) else 0)
        kept = parts[: len(parts) - up] if up <= len(parts) else []
        return ".".join([*kept, *([written] if written else [])])

    def origins(
        self, module: str, chain: Chain, seen: frozenset[tuple[str, Chain]] = frozenset()
    ) -> Iterator[Origin]:
        """Where a dotted name of a module leads, through imports and re-exports; nowhere for Python's own."""
        if (module, chain) in seen:
            return
        seen |= {(module, chain)}
        name, rest = chain[0], chain[1:]
        held = self.module(module)
        for statement in held.bound.get(name, ()):
            imports = [one for one in statement.imports if one.name == name]
            for one in imports:
                yield from self.imported(module, one, rest, seen)
            if not imports or not statement.is_import:
                yield Origin(module, name, statement, rest)
        for _, star in held.stars:  # even where the name is bound beside it: perhaps under a condition
            own = self.own(module, star)
            if own is not None and self.hands_on(own, name):
                yield from self.member(own, name, rest, seen)
        if name not in held.bound and self.is_package(module) and self.has(_inside(module, name)):
            yield from self.within(_inside(module, name), rest, seen)

    def imported(
        self, module: str, one: Imported, rest: Chain, seen: frozenset[tuple[str, Chain]] = frozenset()
    ) -> Iterator[Origin]:
        """Where an import leads, and attributes of it."""
        own = self.own(module, one)
        if own is None:
            member = () if one.member is None else (one.member,)
            yield Origin(None, left=(*one.module.split("."), *member, *rest))
        elif one.member is None:
            yield from self.within(own, rest, seen)
        else:
            yield from self.member(own, one.member, rest, seen)

    def within(
        self, own: str, rest: Chain, seen: frozenset[tuple[str, Chain]] = frozenset()
    ) -> Iterator[Origin]:
        """A module of the project, or a name in it."""
        if not rest:
            yield Origin(own)
        else:
            yield from self.member(own, rest[0], rest[1:], seen)

    def member(
        self, own: str, name: str, rest: Chain, seen: frozenset[tuple[str, Chain]]
    ) -> Iterator[Origin]:
        """What ``name`` is in the module ``own``: a name that it binds, a module inside it, or neither."""
        provided = self.provides(own, name)
        if provided:
            yield from self.origins(own, (name, *rest), seen)
        inner = _inside(own, name)
        if self.has(inner):
            yield from self.within(inner, rest, seen)
        elif not provided:
            yield Origin(own, name, None, rest)

    def provides(self, own: str, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the module binds the name itself, or gets it by a star."""
        held = self.module(own)
        if name in held.bound:
            return True
        stars = {self.own(own, star) for _, star in held.stars} - {None, *seen}
        return any(self.hands_on(str(one), name, seen | {own}) for one in stars)

    def hands_on(self, own: str, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a star import of the module binds the name, as far as its ``__all__`` can be read."""
        if self.is_computed_list(own):
            return self.provides(own, name, seen)
        listed = self.module(own).listed
        if listed is None:
            return not name.startswith("_") and self.provides(own, name, seen)
        return name in listed and (self.has(_inside(own, name)) or self.provides(own, name, seen))

    def is_computed_list(self, own: str) -> bool:
        """Whether the module has an ``__all__`` that has to be run to be known."""
        held = self.module(own)
        return "__all__" in held.bound and held.listed is None

    def _read(self, name: str) -> Module:
        home = find(self.archive, name)
        if home is None or not home.path:
            return _EMPTY
        try:
            return read_module(self.archive.files[home.path])
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            said = getattr(error, "msg", None) or str(error)
            raise Invalid(
                f"{home.path} is not Python: {said}", f"{home.path}:{line}", "mend that line"
            ) from error


def _inside(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name
