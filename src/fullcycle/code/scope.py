"""Reading a statement: which global names it uses, and what it does when it is run.

Python's own rules of scope: parameters, assignments and imports of a function hide the
globals of that name in it and in the functions inside it; a class hides nothing from its
methods; a comprehension keeps its variables to itself.
"""

import ast
import re
from collections.abc import Iterable

from fullcycle.code.binding import Imported, imports_of, names_of
from fullcycle.code.expression import chains_of, dotted, every_argument, only_text, resource_of, texts_of
from fullcycle.code.looking import LOOKING, LOOKING_FUNCTIONS
from fullcycle.code.usage import Call, Chain, Reading, Use

_WORD = re.compile(r"[^\W\d]\w*")
_FILE = "File"  # fc.File: what the literal it is called with names is digested, too
_TEXT_READERS = frozenset({"sql", "query", "eval", "execute", "from_query", "query_df"})


class _Scope:
    """One scope on the way through a statement."""

    __slots__ = ("bound", "declared", "imported", "kind", "outer", "uses")

    def __init__(self, kind: str, outer: "_Scope | None") -> None:
        self.kind = kind  # "module", "class", "function" or "comprehension"
        self.outer = outer
        self.bound: set[str] = set()
        self.declared: set[str] = set()  # global or nonlocal
        self.imported: dict[str, list[Imported]] = {}
        self.uses: list[tuple[Use, bool]] = []  # and whether it is used when the statement runs


def read_now(node: ast.stmt, *, called: bool = False) -> Reading:
    """Read a statement as its module runs it; of a function, ``called``, as a call of it does."""
    reader = _Reader()
    if called and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        reader.parameters = [arg.arg for arg in every_argument(node.args)]
        reader.function(node, running=True)
    else:
        reader.outermost = node
        reader.visit(node)
    return reader.finish()


class _Reader:
    """Goes through the nodes of a statement once."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.scope = _Scope("module", None)
        self.running = True  # whether what is visited is run with the statement
        self.hint = False  # whether what is visited is an optional annotation
        self.typing = False  # whether it is an annotation
        self.outermost: ast.stmt | None = None
        self.resources: dict[ast.Call, str] = {}  # calls such as files(__package__), and the file named
        self.parameters: list[str] = []  # of the function whose call is read

    def finish(self) -> Reading:
        for use, running in self.scope.uses:
            self.reading.uses.add(use)
            if running:
                self.reading.now.add(use.chain[0])
        return self.reading

    def visit(self, node: ast.AST | None) -> None:
        if node is None:
            return
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            method(node)
        else:
            self.children(node)

    def children(self, node: ast.AST) -> None:
        for inner in ast.iter_child_nodes(node):
            self.visit(inner)

    def each(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            self.visit(node)

    # names

    def use(
        self, chain: Chain, line: int, *, called: bool = False, asked: str = "", given: str | None = None
    ) -> None:
        if self.typing and chain[-1] == _FILE:
            given = ""
        use = Use(chain, line, called, None, asked, given)
        if self.hint:
            self.reading.hints.add(use)
            return
        self.scope.uses.append((use, self.running))
        if self.running and not called and not self.is_local(chain[0]):
            self.reading.bare.add(chain)

    def is_local(self, name: str) -> bool:
        scope: _Scope | None = self.scope
        while scope is not None:
            if (
                name in scope.bound
                and name not in scope.declared
                and scope.kind in ("function", "comprehension")
            ):
                return True
            scope = scope.outer
        return False

    def is_variable(self, name: str) -> bool:
        """Whether it is a variable of the function whose call is read, and no parameter of it."""
        return self.scope.kind == "function" and name in self.scope.bound and name not in self.parameters

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.use((node.id,), node.lineno)
        else:
            self.bind(node.id)
            if isinstance(node.ctx, ast.Del):
                self.use((node.id,), node.lineno)

    def bind(self, name: str) -> None:
        scope = self.scope
        if name in scope.declared and scope.kind == "function":
            self.scope.uses.append((Use((name,), 0), self.running))
            self.reading.acts |= self.running
        scope.bound.add(name)

    def _attribute(self, node: ast.Attribute) -> None:
        chain = dotted(node)
        if isinstance(node.ctx, ast.Load):
            if node.attr == "__dict__" and chain is not None:
                self.use(chain[:-1], node.lineno, asked="computed")
            elif chain is not None:
                self.use(chain, node.lineno)
            else:
                self.visit(node.value)
            if chain is None or self.is_local(chain[0]):
                if node.attr == "__doc__":  # whose docstring that is, nobody can say
                    self.scope.uses.append((Use(("__doc__",), node.lineno), self.running))
                if self.running:
                    self.reading.attributes.add(node.attr)
            if node.attr in LOOKING and (chain is None or self.is_local(chain[0])):
                self.reading.looks.add((node.lineno, node.attr))
            if node.attr in _TEXT_READERS:  # perhaps to be called by another name
                self.reading.reads_text = True
        else:
            self.stored(node)

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reading.takes_items |= self.running
            self.children(node)
        else:
            self.stored(node)
            self.visit(node.slice)

    def stored(self, node: ast.Attribute | ast.Subscript) -> None:
        """An attribute or an item is set: what holds it changes."""
        root: ast.expr = node
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        name = root.id if isinstance(root, ast.Name) else ""
        if self.running and isinstance(node, ast.Attribute):
            self.reading.stores.add(node.attr)
        if self.running and name in self.parameters:
            self.reading.sets.add(name)
        elif self.running and not (self.is_local(name) and isinstance(node, ast.Subscript)):
            self.reading.acts = True
        chain = dotted(node) if isinstance(node, ast.Attribute) else None
        if chain is not None:
            self.use(chain, node.lineno, called=True)
        self.visit(node.value)

    # calls

    def _binop(self, node: ast.BinOp) -> None:
        self.note_resource(node)
        self.children(node)

    def note_resource(self, node: ast.expr) -> None:
        """Keep the longest path that begins with a call."""
        found = resource_of(node)
        if found is not None:
            self.resources.setdefault(*found)

    def _call(self, node: ast.Call) -> None:
        chain = dotted(node.func)
        self.note_resource(node)
        if self.running:
            self.called(node, chain)
        if chain == ("getattr",) and len(node.args) > 1:
            self.getattr(node)
            return
        if chain == ("vars",) and node.args and (given := dotted(node.args[0])) is not None:
            self.use(given, node.lineno, asked="computed")
        if chain in (("locals",), ("vars",)) and not node.args and self.scope.kind == "module":
            self.use(("globals",), node.lineno, called=True)
        if chain is not None and chain[-1] in ("import_module", "__import__", "find_spec"):
            self.import_call(node, chain)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_READERS:
            self.reading.reads_text = True
        if chain is not None:
            literal = chain[-1] == _FILE or chain[-1] in LOOKING_FUNCTIONS
            text = only_text(node) if literal else self.resources.get(node)
            self.use(chain, node.lineno, called=True, given=text)
            if chain[-1] in LOOKING and len(chain) > 1 and self.is_local(chain[0]):
                self.reading.looks.add((node.lineno, chain[-1]))
        else:
            self.visit(node.func)
        self.each([*node.args, *node.keywords])

    def called(self, node: ast.Call, chain: Chain | None) -> None:
        given = {chain for part in (*node.args, *node.keywords) for chain in chains_of(part)}
        kept = frozenset(chain for chain in given if not self.is_local(chain[0]))
        local = chain is not None and self.is_local(chain[0])
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        own = local and chain is not None and self.is_variable(chain[0])
        self.reading.calls.append(Call(chain or (), kept, method, local, own, gives_local=kept != given))

    def getattr(self, node: ast.Call) -> None:
        """``getattr(thing, "name")`` uses ``thing.name``; a computed name may be any."""
        chain = dotted(node.args[0])
        name = node.args[1]
        if chain is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.use((*chain, name.value), node.lineno)
        elif chain is not None:
            self.use(chain, node.lineno, asked="computed")
        else:
            self.visit(node.args[0])
        self.use(("getattr",), node.lineno, called=True)
        self.each(node.args[1:])

    def import_call(self, node: ast.Call, chain: Chain) -> None:
        """``import_module("shop.rates")`` imports that module; a computed name may be any."""
        name = node.args[0] if node.args else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
            origin = Imported("", name.value, whole=name.value)
            self.reading.imports.append(origin)
            self.scope.uses.append((Use(("",), node.lineno, origin=origin), self.running))
        else:
            self.use(chain, node.lineno, called=True, asked="computed")

    # scopes

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bind(node.name)
        self.decorators(node.decorator_list)
        optional = node is self.outermost and not node.decorator_list
        for hint in (*(arg.annotation for arg in every_argument(node.args)), node.returns):
            self.annotation(hint, optional)
        self.function(node, running=False)

    _asyncfunctiondef = _functiondef

    def _lambda(self, node: ast.Lambda) -> None:
        self.function(node, running=self.running)

    def decorators(self, nodes: list[ast.expr]) -> None:
        for decorator in nodes:
            self.visit(decorator)
            if self.running:
                made = isinstance(decorator, ast.Call)
                chain = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ()
                local = bool(chain) and self.is_local(chain[0])
                self.reading.calls.append(Call(chain, local=local, made=made))

    def function(self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda", *, running: bool) -> None:
        self.each([*node.args.defaults, *node.args.kw_defaults])
        before, self.running = self.running, running
        arguments = [arg.arg for arg in every_argument(node.args)]
        outer, self.scope = self.scope, _Scope("function", self.scope)
        self.scope.bound.update(arguments)
        body = node.body if isinstance(node.body, list) else [node.body]
        names = names_of(body)
        self.scope.bound.update(names.bound)
        self.scope.declared.update(names.declared)
        self.each(body)
        self.leave(outer)
        self.running = before

    def _classdef(self, node: ast.ClassDef) -> None:
        self.bind(node.name)
        self.decorators(node.decorator_list)
        self.each([*node.bases, *node.keywords])
        outer, self.scope = self.scope, _Scope("class", self.scope)
        self.each(node.body)
        self.leave(outer)

    def comprehension(self, node: "ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp") -> None:
        self.visit(node.generators[0].iter)
        outer, self.scope = self.scope, _Scope("comprehension", self.scope)
        for number, generator in enumerate(node.generators):
            self.visit(generator.target)
            if number:
                self.visit(generator.iter)
            self.each(generator.ifs)
        self.each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.leave(outer)

    _listcomp = _setcomp = _dictcomp = _generatorexp = comprehension

    def _namedexpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self.scope
        while scope.kind == "comprehension" and scope.outer is not None:
            scope = scope.outer
        scope.bound.add(node.target.id)

    def leave(self, outer: _Scope) -> None:
        """Hand on to the outer scope what this one does not bind itself."""
        inner, self.scope = self.scope, outer
        hides = inner.bound - inner.declared if inner.kind in ("function", "comprehension") else set()
        for use, running in inner.uses:
            name = use.chain[0]
            imported = inner.imported.get(name, ()) if use.origin is None else ()
            for origin in imported:
                outer.uses.append(
                    (Use(use.chain, use.line, use.called, origin, use.asked, use.given), running)
                )
            if use.origin is not None or name not in hides:
                outer.uses.append((use, running))

    # statements

    def _global(self, node: ast.Global) -> None:
        self.scope.declared.update(node.names)
        for name in node.names:
            self.use((name,), node.lineno, called=True)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.declared.update(node.names)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for one in imports_of(node):
            self.bind(one.name)
            if self.scope.kind != "module":
                self.reading.imports.append(one)
                self.scope.imported.setdefault(one.name, []).append(one)
            if self.scope.kind == "class":  # an attribute of the class, used by whoever uses that
                self.scope.uses.append((Use((one.name,), node.lineno, origin=one), self.running))

    _importfrom = _import

    def _expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):  # a docstring, or a comment by other means
            return
        self.reading.acts |= self.running and self.scope.kind in ("module", "class")
        self.visit(node.value)

    def _augassign(self, node: ast.AugAssign) -> None:
        number = isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float)
        if isinstance(node.target, ast.Name):
            self.use((node.target.id,), node.lineno)
            if self.running and not number and not self.is_local(node.target.id):
                self.reading.acts = True
        self.visit(node.target)
        self.visit(node.value)

    def _assign(self, node: ast.Assign) -> None:
        self.each(node.targets)
        self.assigned(node.value)

    def _return(self, node: ast.Return) -> None:
        self.assigned(node.value)

    def assigned(self, node: ast.expr | None) -> None:
        """What is bound to a name, or returned; a lambda is not called by that."""
        if isinstance(node, ast.Lambda):
            self.function(node, running=False)
        else:
            self.visit(node)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if self.scope.kind != "function":
            self.annotation(node.annotation, optional=self.scope.kind == "module")
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
        elif self.scope.kind != "module":
            self.bind(node.target.id)
        self.assigned(node.value)

    def annotation(self, node: ast.expr | None, optional: bool) -> None:
        """Annotations use names; those written as text, too."""
        before = self.hint, self.typing
        self.hint, self.typing = self.hint or optional, True
        for name in _WORD.findall(" ".join(texts_of(node))):
            self.use((name,), getattr(node, "lineno", 0), asked="text")
        self.visit(node)
        self.hint, self.typing = before

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self.reading.acts |= self.running  # entering and leaving may do anything
        self.children(node)

    _asyncwith = _with

    def _excepthandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.children(node)

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.reading.words.add(node.value)

    def _matchas(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)
        self.children(node)

    _matchstar = _matchas

    def _matchmapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest)
        self.children(node)
