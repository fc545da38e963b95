"""Reading a statement: which global names it uses, and what it does when it is run."""

import ast
import re
from collections.abc import Iterable

from fullcycle.code.binding import Imported, imports_of, names_of
from fullcycle.code.expression import chains_of, dotted, every_argument, only_text, resource_of, texts_of
from fullcycle.code.looking import LOOKING, LOOKING_FUNCTIONS
from fullcycle.code.scope import Notes
from fullcycle.code.usage import Call, Chain, Reading

_WORD = re.compile(r"[^\W\d]\w*")
_FILE = "File"  # fc.File: what the literal it is called with names is digested, too
_TEXT_READERS = frozenset({"sql", "query", "eval", "execute", "from_query", "query_df"})


def read_now(node: ast.stmt, *, called: bool = False) -> Reading:
    """Read a statement as its module runs it; of a function, ``called``, as a call of it does."""
    if called and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        reader = _Reader(Notes(arg.arg for arg in every_argument(node.args)))
        reader.function(node, running=True)
    else:
        reader = _Reader(Notes(), outermost=node)
        reader.visit(node)
    return reader.notes.finish()


class _Reader:
    """Goes through the nodes of a statement once, and notes what each of them says."""

    def __init__(self, notes: Notes, outermost: ast.stmt | None = None) -> None:
        self.notes = notes
        self.reading = notes.reading
        self.outermost = outermost
        self.resources: dict[ast.Call, str] = {}  # calls such as files(__package__), and the file named

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

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.notes.use((node.id,), node.lineno)
        else:
            self.notes.bind(node.id)
            if isinstance(node.ctx, ast.Del):
                self.notes.use((node.id,), node.lineno)

    def _attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.stored(node)
            return
        chain = dotted(node)
        if chain is None:
            self.visit(node.value)
        elif node.attr == "__dict__":
            self.notes.use(chain[:-1], node.lineno, asked="computed")
        else:
            self.notes.use(chain, node.lineno)
        if chain is None or self.notes.is_local(chain[0]):
            self.of_what_has_no_name(node)
        if node.attr in _TEXT_READERS:  # perhaps to be called by another name
            self.reading.reads_text = True

    def of_what_has_no_name(self, node: ast.Attribute) -> None:
        """An attribute is read of what only running the code would tell."""
        if node.attr == "__doc__":
            self.notes.use_docstring(node.lineno)
        if self.notes.running:
            self.reading.attributes.add(node.attr)
        if node.attr in LOOKING:
            self.reading.looks.add((node.lineno, node.attr))

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reading.takes_items |= self.notes.running
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
        if self.notes.running and isinstance(node, ast.Attribute):
            self.reading.stores.add(node.attr)
        if self.notes.running and name in self.notes.parameters:
            self.reading.sets.add(name)
        elif self.notes.running and not (self.notes.is_local(name) and isinstance(node, ast.Subscript)):
            self.reading.acts = True
        chain = dotted(node) if isinstance(node, ast.Attribute) else None
        if chain is not None:
            self.notes.use(chain, node.lineno, called=True)
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
        if self.notes.running:
            self.called(node, chain)
        if chain == ("getattr",) and len(node.args) > 1:
            self.getattr(node)
            return
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_READERS:
            self.reading.reads_text = True
        if chain is None:
            self.visit(node.func)
        else:
            self.call_of(node, chain)
        self.each([*node.args, *node.keywords])

    def call_of(self, node: ast.Call, chain: Chain) -> None:
        """What is called has a name."""
        if chain == ("vars",) and node.args and (given := dotted(node.args[0])) is not None:
            self.notes.use(given, node.lineno, asked="computed")
        if chain in (("locals",), ("vars",)) and not node.args and self.notes.kind == "module":
            self.notes.use(("globals",), node.lineno, called=True)
        if chain[-1] in ("import_module", "__import__", "find_spec"):
            self.import_call(node, chain)
        literal = chain[-1] == _FILE or chain[-1] in LOOKING_FUNCTIONS
        text = only_text(node) if literal else self.resources.get(node)
        self.notes.use(chain, node.lineno, called=True, given=text)
        if chain[-1] in LOOKING and len(chain) > 1 and self.notes.is_local(chain[0]):
            self.reading.looks.add((node.lineno, chain[-1]))

    def called(self, node: ast.Call, chain: Chain | None) -> None:
        given = {chain for part in (*node.args, *node.keywords) for chain in chains_of(part)}
        kept = frozenset(chain for chain in given if not self.notes.is_local(chain[0]))
        local = chain is not None and self.notes.is_local(chain[0])
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        own = local and chain is not None and self.notes.is_variable(chain[0])
        self.reading.calls.append(Call(chain or (), kept, method, local, own, gives_local=kept != given))

    def getattr(self, node: ast.Call) -> None:
        """``getattr(thing, "name")`` uses ``thing.name``; a computed name may be any."""
        chain = dotted(node.args[0])
        name = node.args[1]
        if chain is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.notes.use((*chain, name.value), node.lineno)
        elif chain is not None:
            self.notes.use(chain, node.lineno, asked="computed")
        else:
            self.visit(node.args[0])
        self.notes.use(("getattr",), node.lineno, called=True)
        self.each(node.args[1:])

    def import_call(self, node: ast.Call, chain: Chain) -> None:
        """``import_module("shop.rates")`` imports that module; a computed name may be any."""
        name = node.args[0] if node.args else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
            origin = Imported("", name.value, whole=name.value)
            self.reading.imports.append(origin)
            self.notes.use_imported("", node.lineno, origin)
        else:
            self.notes.use(chain, node.lineno, called=True, asked="computed")

    # scopes

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.notes.bind(node.name)
        self.decorators(node.decorator_list)
        optional = node is self.outermost and not node.decorator_list
        for hint in (*(arg.annotation for arg in every_argument(node.args)), node.returns):
            self.annotation(hint, optional)
        self.function(node, running=False)

    _asyncfunctiondef = _functiondef

    def _lambda(self, node: ast.Lambda) -> None:
        self.function(node, running=self.notes.running)

    def decorators(self, nodes: list[ast.expr]) -> None:
        for decorator in nodes:
            self.visit(decorator)
            if self.notes.running:
                made = isinstance(decorator, ast.Call)
                chain = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ()
                local = bool(chain) and self.notes.is_local(chain[0])
                self.reading.calls.append(Call(chain, local=local, made=made))

    def function(self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda", *, running: bool) -> None:
        self.each([*node.args.defaults, *node.args.kw_defaults])
        parameters = [arg.arg for arg in every_argument(node.args)]
        body = node.body if isinstance(node.body, list) else [node.body]
        names, scope = names_of(body), self.notes.enter("function", running=running)
        scope.bound.update(parameters, names.bound)  # from its first line on
        scope.declared.update(names.declared)
        self.each(body)
        self.notes.leave()

    def _classdef(self, node: ast.ClassDef) -> None:
        self.notes.bind(node.name)
        self.decorators(node.decorator_list)
        self.each([*node.bases, *node.keywords])
        self.notes.enter("class")
        self.each(node.body)
        self.notes.leave()

    def comprehension(self, node: "ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp") -> None:
        self.visit(node.generators[0].iter)
        self.notes.enter("comprehension")
        for number, generator in enumerate(node.generators):
            self.visit(generator.target)
            if number:
                self.visit(generator.iter)
            self.each(generator.ifs)
        self.each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.notes.leave()

    _listcomp = _setcomp = _dictcomp = _generatorexp = comprehension

    def _namedexpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.notes.bind_outside(node.target.id)

    # statements

    def _global(self, node: ast.Global) -> None:
        self.notes.declare(node.names)
        for name in node.names:
            self.notes.use((name,), node.lineno, called=True)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self.notes.declare(node.names)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for one in imports_of(node):
            self.notes.bind_import(one, node.lineno)

    _importfrom = _import

    def _expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):  # a docstring, or a comment by other means
            return
        self.reading.acts |= self.notes.running and self.notes.kind in ("module", "class")
        self.visit(node.value)

    def _augassign(self, node: ast.AugAssign) -> None:
        number = isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float)
        if isinstance(node.target, ast.Name):
            self.notes.use((node.target.id,), node.lineno)
            if self.notes.running and not number and not self.notes.is_local(node.target.id):
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
        if self.notes.kind != "function":
            self.annotation(node.annotation, optional=self.notes.kind == "module")
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
        elif self.notes.kind != "module":
            self.notes.bind(node.target.id)
        self.assigned(node.value)

    def annotation(self, node: ast.expr | None, optional: bool) -> None:
        """Annotations use names; those written as text, too."""
        before = self.notes.begin_annotation(optional=optional)
        for name in _WORD.findall(" ".join(texts_of(node))):
            self.notes.use((name,), getattr(node, "lineno", 0), asked="text")
        self.visit(node)
        self.notes.end_annotation(before)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self.reading.acts |= self.notes.running  # entering and leaving may do anything
        self.children(node)

    _asyncwith = _with

    def _excepthandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.notes.bind(node.name)
        self.children(node)

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.reading.words.add(node.value)

    def _matchas(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.notes.bind(node.name)
        self.children(node)

    _matchstar = _matchas

    def _matchmapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.notes.bind(node.rest)
        self.children(node)
