"""The walk from a name to all that it stands on, statement by statement.

A name leads to the statements that bind it, those to the names they use, across modules,
re-exports and stars. Beside what is reached by name counts what importing does: statements
that act when a module is imported on the way.
"""

import builtins
import re
from collections.abc import Iterable

from fullcycle.code.binding import Imported
from fullcycle.code.effects import Effects
from fullcycle.code.layout import modules
from fullcycle.code.looking import LOOKING
from fullcycle.code.outside import DYNAMIC, Outside, is_constant_import
from fullcycle.code.project import Origin, Project
from fullcycle.code.statement import Statement
from fullcycle.code.usage import Chain, Use

_WORD = re.compile(r"[^\W\d]\w*")
_MODULES_OWN = {"__name__", "__file__", "__package__", "__path__", "__builtins__"}
_PYTHONS = frozenset(dir(builtins)) | _MODULES_OWN
_TELLING = frozenset({"__annotations__", "__code__", "__doc__", "__globals__", "__subclasses__"})


class Walk:
    """One walk from a name to all that it stands on."""

    def __init__(self, project: Project, effects: Effects) -> None:
        self.project = project
        self.effects = effects
        self.outside = Outside(project)
        self.names: dict[tuple[str, str], None] = {}  # reached: module and name
        self.asked: set[tuple[str, str]] = set()  # used other than by a call: annotations may count
        self.absent: set[tuple[str, str]] = set()  # looked for and not there
        self.included: set[tuple[str, Statement]] = set()  # module and statement: those that count
        self.acting: dict[tuple[str, Statement], None] = {}
        self.executed: dict[str, None] = {}  # modules, in the order in which their import begins
        self.whole: set[str] = set()  # modules used as a value
        self.words: set[str] = set()
        self.text_readers: set[str] = set()  # modules in which a text may name a global
        self._waiting: list[tuple[str, str]] = []
        self._used: set[tuple[str, Use]] = set()
        self._passed: set[tuple[str, Chain]] = set()
        self._hinted: set[tuple[str, Statement]] = set()

    def start(self, module: str, name: str) -> None:
        """Walk from a name until nothing new is found."""
        self.execute(module)
        self.use(module, Use((name,), 0))
        self._walk_on()
        while self._settle():
            self._walk_on()
        texts = (text for _, statement in self.included for text in statement.reading.words)
        self.outside.follow_processes(texts)

    def _walk_on(self) -> None:
        while self._waiting:
            module, name = self._waiting.pop()
            for statement in self.project.module(module).bound.get(name, ()):
                self.include(module, statement)

    def _settle(self) -> bool:
        """Count what importing does, whose annotations are asked for, what texts may name."""
        before = self._size()
        for module in list(self.executed):
            for statement in self.project.module(module).statements:
                if (module, statement) not in self.acting and self.effects.acts(module, statement):
                    self.acting[module, statement] = None
                    self.include(module, statement)
                    self._follow_hints(module, statement)
                    for name in statement.binds:
                        self.want(module, name)
        for module, name in sorted(self.asked):
            for statement in self.project.module(module).bound.get(name, ()):
                if statement.is_function or module in self.whole:
                    self._follow_hints(module, statement)
        for module in sorted(self.text_readers):
            for name in sorted(self.words & self.project.module(module).bound.keys()):
                self.use(module, Use((name,), 0))
        return before != self._size()

    def _size(self) -> tuple[int, ...]:
        return len(self.included), len(self.names), len(self._used), len(self._hinted), len(self.executed)

    def want(self, module: str, name: str) -> None:
        """Reach a name that its module binds."""
        if (module, name) not in self.names:
            self.names[module, name] = None
            self._waiting.append((module, name))

    def include(self, module: str, statement: Statement) -> None:
        """Count a statement, and follow what it uses."""
        if (module, statement) in self.included:
            return
        self.included.add((module, statement))
        reading = statement.reading
        if not statement.is_import:
            for imported in (*statement.imports, *reading.imports):
                self.execute_import(module, imported)
                self.note_absence(module, imported)
        for use in _in_order(reading.uses):
            self.use(module, use)
        if not statement.optional_hints:
            self._follow_hints(module, statement)
        for text in reading.words:
            self.words.update(_WORD.findall(text))
        if reading.reads_text:
            self.text_readers.add(module)
        for line, method in reading.looks:
            self.outside.look(module, line, method)

    def _follow_hints(self, module: str, statement: Statement) -> None:
        if (module, statement) not in self._hinted:
            self._hinted.add((module, statement))
            for use in _in_order(statement.reading.hints):
                self.use(module, use)

    def use(self, module: str, use: Use) -> None:
        """Follow one use of a name to where it leads."""
        if (module, use) in self._used:
            return
        self._used.add((module, use))
        if not _TELLING.isdisjoint(use.chain[1:]):
            self.outside.cannot_follow(module, use, ".".join(use.chain))
        if use.origin is not None:
            self.lead(module, use, list(self.project.imported(module, use.origin, use.chain[1:])))
            return
        name = use.chain[0]
        self.bind(module, use)
        origins = list(self.project.origins(module, use.chain))
        if origins:
            self.lead(module, use, origins)
        elif name in DYNAMIC and not is_constant_import(use):
            self.outside.cannot_follow(module, use, name)
        elif name not in _PYTHONS and use.asked != "text":
            self.absent.add((module, name))
        if not origins:
            self.stars(module)

    def bind(self, module: str, use: Use) -> None:
        """Reach the names that stand on the way: the name itself, and those that re-export it."""
        if (module, use.chain) in self._passed:
            return
        self._passed.add((module, use.chain))
        held = self.project.module(module)
        name, rest = use.chain[0], use.chain[1:]
        if name in held.bound:
            self.want(module, name)
            for statement in held.bound[name]:
                for one in statement.imports:
                    if one.name == name:
                        self.pass_through(module, one, rest)
        for statement, star in held.stars:
            own = self.project.own(module, star)
            if own is None:  # which names it binds, nobody can say
                self.include(module, statement)
                self.outside.libraries.add(star.module.partition(".")[0])
            elif self.project.hands_on(own, name):
                self.include(module, statement)
                self.execute(own)
                if self.project.is_computed_list(own):
                    self.want(own, "__all__")
                self.use(own, Use(use.chain, use.line, use.called))

    def pass_through(self, module: str, one: Imported, rest: Chain) -> None:
        """Reach what an import names in the module that it imports from."""
        own = self.project.own(module, one)
        self.execute_import(module, one)
        if own is None:
            return
        chain = rest if one.member is None else (one.member, *rest)
        while chain:
            inner = f"{own}.{chain[0]}" if own else chain[0]
            if self.project.provides(own, chain[0]):
                self.bind(own, Use(chain, 0))
            if not self.project.has(inner):
                return
            self.execute(inner)
            own, chain = inner, chain[1:]

    def lead(self, module: str, use: Use, origins: list[Origin]) -> None:
        """Reach where a use leads in the end."""
        for origin in origins:
            if origin.module is None:
                self.outside.use_library(module, use, origin.left)
            elif origin.statement is not None:
                self.want(origin.module, origin.name)
                if origin.left and origin.left[-1] in LOOKING:  # of a path that is bound there
                    self.outside.look(module, use.line, ".".join(use.chain))
                if not use.called or origin.left:
                    self.asked.add((origin.module, origin.name))
            elif origin.name:
                self.missing(origin.module, origin.name)
            else:
                self.everything(module, use, origin.module)

    def missing(self, module: str, name: str) -> None:
        """What a module does not bind, and may make when asked for it."""
        self.execute(module)
        held = self.project.module(module)
        if not self.project.has(module):
            self.absent.add((module, ""))
        elif "__getattr__" in held.bound:
            self.want(module, "__getattr__")
        elif name not in _PYTHONS:
            self.absent.add((module, name))
        self.stars(module)

    def stars(self, module: str) -> None:
        """A name that nobody binds may come from another library's star."""
        for statement, star in self.project.module(module).stars:
            own = self.project.own(module, star)
            if own is None:
                self.include(module, statement)
                self.outside.libraries.add(star.module.partition(".")[0])
            elif not self.project.has(own):
                self.outside.cannot_follow(
                    module, Use(("*",), statement.line), f"from {star.module} import *"
                )

    def everything(self, module: str, use: Use, used: str) -> None:
        """A module that is used as a value: all of its names may be."""
        if use.asked == "computed":
            self.outside.cannot_follow(module, use, f"a computed attribute of {'.'.join(use.chain)}")
        if not self.project.has(used):
            self.absent.add((used, ""))
        elif used not in self.whole:
            self.whole.add(used)
            self.execute(used)
            for name in self.project.module(used).bound:
                self.use(used, Use((name,), 0))
            for _, star in self.project.module(used).stars:
                own = self.project.own(used, star)
                if own is not None:
                    self.everything(used, use, own)
            for inner in modules(self.project.archive):
                if inner.startswith(f"{used}." if used else "") and inner in self.executed and inner != used:
                    self.everything(used, Use((inner,), 0), inner)

    def note_absence(self, module: str, imported: Imported) -> None:
        """What a statement tries to import, and would do otherwise if it were there."""
        own = self.project.own(module, imported, whole=True)
        if own is not None and not self.project.has(own):
            self.absent.add((own, ""))

    # importing

    def execute(self, module: str) -> None:
        """Import a module: the packages above it first, then what it imports, in order."""
        if module in self.executed or not self.project.has(module):
            return
        if module:
            self.execute(module.rpartition(".")[0])
        self.executed[module] = None
        for statement in self.project.module(module).statements:
            for imported in statement.imports:
                self.execute_import(module, imported)

    def execute_import(self, module: str, imported: Imported) -> None:
        """Import what an import statement names."""
        own = self.project.own(module, imported, whole=True)
        if own is not None:
            self.execute(own)
            listed = (self.project.module(own).listed or ()) if imported.member == "*" else ()
            for member in (*listed, imported.member):
                if member is not None:
                    self.execute(f"{own}.{member}" if own else member)
                    self.make(own, member)

    def make(self, module: str, name: str) -> None:
        """A module's ``__getattr__`` is called on import for what it does not bind."""
        inner = f"{module}.{name}" if module else name
        if "__getattr__" not in self.project.module(module).bound or name == "*":
            return
        if not self.project.provides(module, name) and not self.project.has(inner):
            self.want(module, "__getattr__")


def _in_order(uses: Iterable[Use]) -> list[Use]:
    """Uses in one order in every process: modules imported on the way are, so, too."""
    return sorted(uses, key=lambda use: (use.line, use.chain, use.called, use.asked, str(use.origin)))
