"""The scopes of a statement: which of its names are its module's, and whether running it uses them.

Python's own rules: parameters, assignments and imports of a function hide the globals of
that name in it and in the functions inside it; a class hides nothing from its methods; a
comprehension keeps its variables to itself.
"""

from collections.abc import Iterable

from fullcycle.code.binding import Imported
from fullcycle.code.usage import Chain, Reading, Use

_FILE = "File"  # fc.File: in an annotation it is a type, and names no file


class Scope:
    """One scope on the way through a statement."""

    __slots__ = ("bound", "declared", "imported", "kind", "outer", "running", "uses")

    def __init__(self, kind: str, outer: "Scope | None", *, running: bool) -> None:
        self.kind = kind  # "module", "class", "function" or "comprehension"
        self.outer = outer
        self.running = running  # whether what stands in it is run with the statement
        self.bound: set[str] = set()
        self.declared: set[str] = set()  # global or nonlocal
        self.imported: dict[str, list[Imported]] = {}
        self.uses: list[tuple[Use, bool]] = []  # and whether it is used when the statement runs

    @property
    def hides(self) -> set[str]:
        """The names that it keeps from the scopes outside it."""
        return self.bound - self.declared if self.kind in ("function", "comprehension") else set()

    def is_local(self, name: str) -> bool:
        """Whether a name that is used here belongs to this scope, or to one between it and the module."""
        scope: Scope | None = self
        while scope is not None:
            inner = scope.kind in ("function", "comprehension")
            if inner and name in scope.bound and name not in scope.declared:
                return True
            scope = scope.outer
        return False

    def hand_on(self, outer: "Scope") -> None:
        """Hand on to the scope outside what this one does not bind itself."""
        hides = self.hides
        for use, running in self.uses:
            name = use.chain[0]
            for origin in self.imported.get(name, ()) if use.origin is None else ():
                led = Use(use.chain, use.line, use.called, origin, use.asked, use.given)
                outer.uses.append((led, running))
            if use.origin is not None or name not in hides:
                outer.uses.append((use, running))


class Notes:
    """What is noted of a statement on the way through it, each use of a name in its scope."""

    def __init__(self, parameters: Iterable[str] = ()) -> None:
        self.reading = Reading()
        self.running = True  # whether what is visited is run with the statement
        self.parameters = frozenset(parameters)  # of the function whose call is read
        self._scope = Scope("module", None, running=True)
        self._optional = False  # whether what is visited is an optional annotation
        self._typing = False  # whether it is an annotation

    def finish(self) -> Reading:
        """What was noted, once the whole statement was visited."""
        for use, running in self._scope.uses:
            self.reading.uses.add(use)
            if running:
                self.reading.now.add(use.chain[0])
        return self.reading

    @property
    def kind(self) -> str:
        """The kind of the scope that is visited."""
        return self._scope.kind

    def is_local(self, name: str) -> bool:
        """Whether a name belongs to a scope inside the statement."""
        return self._scope.is_local(name)

    def is_variable(self, name: str) -> bool:
        """Whether it is a variable of the function whose call is read, and no parameter of it."""
        scope = self._scope
        return scope.kind == "function" and name in scope.bound and name not in self.parameters

    def use(
        self, chain: Chain, line: int, *, called: bool = False, asked: str = "", given: str | None = None
    ) -> None:
        """Note that a name is used."""
        if self._typing and chain[-1] == _FILE:
            given = ""
        use = Use(chain, line, called, None, asked, given)
        if self._optional:
            self.reading.hints.add(use)
            return
        self._scope.uses.append((use, self.running))
        if self.running and not called and not self._scope.is_local(chain[0]):
            self.reading.bare.add(chain)

    def use_docstring(self, line: int) -> None:
        """Note that some docstring is read: whose, nobody can say."""
        self._note(Use(("__doc__",), line))

    def use_imported(self, name: str, line: int, origin: Imported) -> None:
        """Note that what an import binds is used, by whatever name."""
        self._note(Use((name,), line, origin=origin))

    def _note(self, use: Use) -> None:
        self._scope.uses.append((use, self.running))

    def bind(self, name: str) -> None:
        """Note that a name is bound; that of a global inside a function changes the module."""
        scope = self._scope
        if name in scope.declared and scope.kind == "function":
            self._note(Use((name,), 0))
            self.reading.acts |= self.running
        scope.bound.add(name)

    def bind_outside(self, name: str) -> None:
        """Note a name that ``:=`` binds: in the scope around the comprehensions."""
        scope = self._scope
        while scope.kind == "comprehension" and scope.outer is not None:
            scope = scope.outer
        scope.bound.add(name)

    def bind_import(self, one: Imported, line: int) -> None:
        """Note what an import binds."""
        self.bind(one.name)
        if self.kind != "module":
            self.reading.imports.append(one)
            self._scope.imported.setdefault(one.name, []).append(one)
        if self.kind == "class":  # an attribute of the class, used by whoever uses that
            self.use_imported(one.name, line, one)

    def declare(self, names: Iterable[str]) -> None:
        """Note names that are declared ``global`` or ``nonlocal``."""
        self._scope.declared.update(names)

    def enter(self, kind: str, *, running: bool | None = None) -> Scope:
        """Go into a scope inside the one that is visited; ``running`` as that is, unless told."""
        if running is not None:
            self.running = running
        self._scope = Scope(kind, self._scope, running=self.running)
        return self._scope

    def leave(self) -> None:
        """Come back to the scope around it."""
        inner, outer = self._scope, self._scope.outer
        if outer is not None:
            inner.hand_on(outer)
            self._scope, self.running = outer, outer.running

    def begin_annotation(self, *, optional: bool) -> tuple[bool, bool]:
        """An annotation begins; an optional one counts only where something asks for it."""
        before = self._optional, self._typing
        self._optional, self._typing = self._optional or optional, True
        return before

    def end_annotation(self, before: tuple[bool, bool]) -> None:
        """It ends: go on as ``before``."""
        self._optional, self._typing = before
