"""What importing a module does beyond binding its names: which statements may change others' things.

A statement counts as acting by its form (it calls something for its effect, sets an
attribute or an item), or by a call hidden in it: a decorator, a constructor, a base class.
Of such a call it must be ruled out that it changes anything but what it returns.
"""

import ast
from collections.abc import Iterator

from fullcycle.code.bases import HOOKS, Bases
from fullcycle.code.binding import names_of
from fullcycle.code.expression import dotted
from fullcycle.code.project import Origin, Project
from fullcycle.code.quiet import (
    is_filling,
    is_quiet_builtin,
    is_quiet_elsewhere,
    is_quiet_method,
    makes_value,
    only_keeps,
)
from fullcycle.code.statement import Statement
from fullcycle.code.usage import Call, Reading
from fullcycle.code.verdicts import Key, Verdicts

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_VALUES = frozenset(  # builtins that make no iterator
    {
        *("bytes", "dict", "float", "frozenset", "int", "len", "list"),
        *("max", "min", "range", "set", "sorted", "str", "sum"),
    }
)
_MEMBERS = frozenset(  # called for each member of an Enum
    {"__init__", "__new__", "__set_name__", "_generate_next_value_"}
)
_MAKING = HOOKS | {"__del__", "__getattribute__", "__setattr__"}


class Effects:
    """Judges the statements of one project; each once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._bases = Bases(project)
        self._acting: dict[Key, bool] = {}
        self._pure = Verdicts()
        self._values = Verdicts()
        self._callable = Verdicts()
        self._handing = Verdicts()

    def acts(self, module: str, statement: Statement) -> bool:
        """Whether running the statement may change what other code holds."""
        key = (module, statement)
        if key not in self._acting:
            self._acting[key] = self._judge(module, statement)
        return self._acting[key]

    def _judge(self, module: str, statement: Statement) -> bool:
        if statement.is_import:
            return False
        items = self._project.defines("__class_getitem__")
        hints_act = ast.Call in statement.run_hints or (items and ast.Subscript in statement.run_hints)
        if (statement.immutable or statement.is_inert) and not hints_act:
            return False
        reading = statement.reading
        return (
            reading.acts
            or (items and reading.takes_items)
            or any(self._project.defines(name) for name in reading.attributes)  # perhaps a property
            or not all(self._is_value(origin) for origin in self._read(module, reading))
            or not all(self._is_quiet(module, call) for call in reading.calls)
            or any(not self._is_made_quietly(module, node) for node in _classes(statement.node))
        )

    def _read(self, module: str, reading: Reading) -> Iterator[Origin]:
        for chain in reading.bare:
            yield from self._project.origins(module, chain)

    def _is_value(self, origin: Origin) -> bool:
        """Whether reading something changes nothing: no iterator, no object of a class of the project."""
        statement = origin.statement
        if origin.module is None:
            return True
        if statement is None:
            return not origin.name  # a module
        if statement.immutable or isinstance(statement.node, _Definition):
            return not origin.left or not self._project.defines("__get__")
        module = origin.module
        return self._values.of((module, statement), lambda: self._binds_value(module, statement))

    def _binds_value(self, module: str, statement: Statement) -> bool:
        reading = statement.reading
        return (
            isinstance(statement.node, ast.Assign | ast.AnnAssign)
            and not any(isinstance(part, ast.GeneratorExp) for part in ast.walk(statement.node))
            and all(self._makes_value(module, call) for call in reading.calls)
            and all(self._is_value(read) for read in self._read(module, reading))
        )

    def _makes_value(self, module: str, call: Call) -> bool:
        if not call.function or call.local:
            return bool(call.method) and not self._project.defines(call.method)
        origins = list(self._project.origins(module, call.function))
        if not origins:
            return call.function[0] in _VALUES
        return all(origin.module is None and makes_value(origin.left) for origin in origins)

    def _is_quiet(self, module: str, call: Call) -> bool:
        """Whether a call changes nothing but what it returns."""
        known = bool(call.method) and not self._project.defines(call.method)
        if not call.function:
            return known
        if call.local:
            fills = call.own and len(call.function) == 2 and is_filling(call.method)
            return known and (fills or is_quiet_method(call.method)) and self._only_read(module, call)
        origins = list(self._project.origins(module, call.function))
        if not origins:
            return is_quiet_builtin(call.function[0]) and self._only_read(module, call)
        return all(self._is_quiet_origin(module, call, origin) for origin in origins)

    def _is_quiet_origin(self, module: str, call: Call, origin: Origin) -> bool:
        if origin.module is None:
            keeps = only_keeps(origin.left)
            return is_quiet_elsewhere(origin.left) and (keeps or self._only_read(module, call))
        if origin.statement is None:
            return False
        if not origin.left and isinstance(origin.statement.node, _Definition):
            return self._is_quiet_own(module, call, origin.module, origin.statement)
        reads = len(origin.left) == 1 and is_quiet_method(origin.left[0])
        return reads and self._is_value(origin) and self._only_read(module, call)

    def _is_quiet_own(self, module: str, call: Call, owner: str, statement: Statement) -> bool:
        """Whether a function or class of the project changes nothing, given what it is given."""
        if not self._is_pure(owner, statement):
            return False
        if call.made and not self._hands_out_pure(owner, statement):
            return False
        new_only = isinstance(statement.node, ast.ClassDef) or not statement.called.sets
        if not new_only and (call.given or call.gives_local):
            return False
        return all(
            self._is_plain(origin) and self._may_be_called(origin) for origin in self._given(module, call)
        )

    def _hands_out_pure(self, module: str, statement: Statement) -> bool:
        """Whether what a function returns is a function written in it, and calling that changes nothing."""
        node = statement.node
        if not isinstance(node, ast.FunctionDef):
            return False
        return self._handing.of((module, statement), lambda: self._returns_pure(module, node))

    def _returns_pure(self, module: str, node: ast.FunctionDef) -> bool:
        inside = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
        returned = [one.value for one in _own(node) if isinstance(one, ast.Return)]
        names = [one.id for one in returned if isinstance(one, ast.Name)]
        return (
            len(names) == len(returned)
            and inside.keys() >= set(names)
            and all(self._is_bare(module, inside[name]) for name in names)
            and all(self._runs_purely(module, Statement(inside[name]).called) for name in names)
        )

    def _only_read(self, module: str, call: Call) -> bool:
        """Whether reading, or calling, what a call is given changes nothing."""
        return all(
            origin.module is None
            or (not origin.left and self._is_value(origin) and self._may_be_called(origin))
            for origin in self._given(module, call)
        )

    def _given(self, module: str, call: Call) -> Iterator[Origin]:
        for chain in call.given:
            yield from self._project.origins(module, chain)

    def _is_plain(self, origin: Origin) -> bool:
        """Whether nothing about it can be changed: a definition, a number, something of a library."""
        if origin.module is None:
            return True
        statement = origin.statement
        if statement is None or origin.left:
            return False
        return statement.immutable or isinstance(statement.node, _Definition)

    def _may_be_called(self, origin: Origin) -> bool:
        """Whether, if it can be called, calling it changes nothing."""
        module, statement = origin.module, origin.statement
        if module is None or statement is None or statement.immutable:
            return True
        if isinstance(statement.node, _Definition):
            return self._is_pure(module, statement)
        return self._callable.of((module, statement), lambda: self._binds_callable(module, statement))

    def _binds_callable(self, module: str, statement: Statement) -> bool:
        """Whether what is bound, say a partial, calls nothing but what may be called."""
        if any(isinstance(part, ast.Lambda) for part in ast.walk(statement.node)):
            return False
        reads = self._read(module, statement.reading)
        return all(read.module is None or (not read.left and self._may_be_called(read)) for read in reads)

    def _is_pure(self, module: str, statement: Statement) -> bool:
        """Whether calling a function, or making an object, changes only what it is given or makes."""
        node = statement.node
        if not isinstance(node, _Definition) or not self._is_bare(module, node):
            return False
        if isinstance(node, ast.ClassDef):
            return self._pure.of((module, statement), lambda: self._makes_purely(module, node))
        return self._pure.of((module, statement), lambda: self._runs_purely(module, statement.called))

    def _is_bare(self, module: str, node: _Definition) -> bool:
        """Whether calling it calls what is written there: no decorator of the project stands before it."""
        chains = [dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list]
        return all(
            chain is not None
            and all(
                origin.module is None and is_quiet_elsewhere(origin.left)
                for origin in self._project.origins(module, chain)
            )
            for chain in chains
        )

    def _runs_purely(self, module: str, reading: Reading) -> bool:
        called = (
            origin
            for call in reading.calls
            if not call.local and call.function
            for origin in self._project.origins(module, call.function)
        )
        return (
            not reading.acts
            and not any(self._project.defines(name) for name in reading.attributes)
            and not any(self._project.sets(name) for name in reading.stores)
            and all(self._is_plain(origin) for origin in self._read(module, reading))
            and all(self._is_plain(origin) for origin in called)
            and all(self._is_quiet(module, call) for call in reading.calls)
        )

    def _makes_purely(self, module: str, node: ast.ClassDef) -> bool:
        if not self._bases.are_quiet(module, node):
            return False
        methods = {one.name: Statement(one).called for one in node.body if isinstance(one, ast.FunctionDef)}
        makers = [methods[name] for name in ("__init__", "__post_init__") if name in methods]
        calls = Statement(node).reading.calls  # such as field(default_factory=...)
        return (
            not methods.keys() & _MAKING
            and all(self._may_be_called(one) for call in calls for one in self._given(module, call))
            and all(len(maker.sets) <= 1 and self._runs_purely(module, maker) for maker in makers)
            and all(self._may_be_called(origin) for origin in self._bases.of(module, node.bases))
        )

    def _is_made_quietly(self, module: str, node: ast.ClassDef) -> bool:
        """Whether making a class changes nothing: an ``Enum`` makes its members at once."""
        if not self._bases.are_quiet(module, node):
            return False
        return not self._bases.is_enum(module, node) or all(
            self._makes_members_purely(owner, one) for owner, one in self._bases.lineage(module, node)
        )

    def _makes_members_purely(self, module: str, node: ast.ClassDef) -> bool:
        """Whether what an ``Enum`` calls for each member changes nothing else."""
        called = {
            one.name: Statement(one).called
            for one in node.body
            if isinstance(one, ast.FunctionDef) and one.name in _MEMBERS
        }
        return names_of(node.body).bound & _MEMBERS == called.keys() and all(
            len(one.sets) <= 1 and self._runs_purely(module, one) for one in called.values()
        )


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions and classes inside it."""
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, _Definition | ast.Lambda):
            yield part
            yield from _own(part)


def _classes(node: ast.stmt) -> Iterator[ast.ClassDef]:
    """The classes that a statement makes; those that its functions would make are not made yet."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.ClassDef))
