"""What importing a module does beyond binding its names: which statements may change others' things.

A statement counts as acting by its form (it calls something for its effect, sets an
attribute or an item), or by a call hidden in it: a decorator, a constructor, a base class.
Of such a call it must be ruled out that it changes anything but what it returns.
"""

import ast
from collections.abc import Iterator

from fullcycle.code.project import Origin, Project
from fullcycle.code.quiet import is_quiet_builtin, is_quiet_elsewhere, is_quiet_method
from fullcycle.code.scope import dotted
from fullcycle.code.statement import Statement
from fullcycle.code.usage import Call, Reading

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_HOOKS = frozenset(
    {"__call__", "__class_getitem__", "__init_subclass__", "__new__", "__prepare__", "__set_name__"}
)


class Effects:
    """Judges the statements of one project; each once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._acting: dict[tuple[str, int], bool] = {}
        self._pure: dict[tuple[str, int], bool] = {}

    def acts(self, module: str, statement: Statement) -> bool:
        """Whether running the statement may change what other code holds."""
        key = (module, id(statement))
        if key not in self._acting:
            self._acting[key] = self._judge(module, statement)
        return self._acting[key]

    def _judge(self, module: str, statement: Statement) -> bool:
        if statement.is_import or statement.immutable:
            return False
        reading = statement.reading
        return (
            reading.acts
            or not all(self._is_quiet(module, call) for call in reading.calls)
            or self._hooked(module, statement)
        )

    def _is_quiet(self, module: str, call: Call) -> bool:
        """Whether a call changes nothing but what it returns."""
        if not call.function:
            return call.on_result
        if call.local:
            return len(call.function) > 1
        origins = list(self._project.origins(module, call.function))
        if not origins:
            return is_quiet_builtin(call.function[0]) and self._given_to_reader(module, call)
        return all(self._is_quiet_origin(module, call, origin) for origin in origins)

    def _is_quiet_origin(self, module: str, call: Call, origin: Origin) -> bool:
        if origin.module is None:
            registers_only = origin.left[0] == "fullcycle"
            return is_quiet_elsewhere(origin.left) and (registers_only or self._given_to_reader(module, call))
        if origin.statement is None:
            return False
        if isinstance(origin.statement.node, Definition) and not origin.left:
            return self._is_pure(origin.module, origin.statement) and self._given_to_own(module, call)
        return (
            len(origin.left) == 1 and is_quiet_method(origin.left[0]) and self._given_to_reader(module, call)
        )

    def _given_to_reader(self, module: str, call: Call) -> bool:
        """Whether something that only reads what it is given leaves that as it is.

        It may use an iterator up, and it may call a function.
        """
        return all(
            origin.module is None
            or (
                origin.statement is not None
                and (
                    self._is_pure(origin.module, origin.statement)
                    if isinstance(origin.statement.node, Definition)
                    else origin.statement.is_lasting
                )
            )
            for origin in self._given(module, call)
        )

    def _given_to_own(self, module: str, call: Call) -> bool:
        """Whether a function of the project is given nothing that it could change."""
        return all(
            self._is_plain(origin)
            and not (
                origin.statement is not None
                and isinstance(origin.statement.node, Definition)
                and not self._is_pure(origin.module or "", origin.statement)
            )
            for origin in self._given(module, call)
        )

    def _given(self, module: str, call: Call) -> Iterator[Origin]:
        for chain in call.given:
            yield from self._project.origins(module, chain)

    def _is_plain(self, origin: Origin) -> bool:
        """Whether nothing about it can be changed: a definition, a number, something of a library."""
        if origin.module is None:
            return True
        if origin.statement is None:
            return False
        return isinstance(origin.statement.node, Definition) or origin.statement.immutable

    def _is_pure(self, module: str, statement: Statement) -> bool:
        """Whether calling a function, or making an object of a class, changes nothing else."""
        key = (module, id(statement))
        if key not in self._pure:
            self._pure[key] = True  # of a recursion, what the rest of it says
            node = statement.node
            pure = (
                self._makes_purely(module, node)
                if isinstance(node, ast.ClassDef)
                else self._runs_purely(module, statement)
            )
            self._pure[key] = pure
        return self._pure[key]

    def _runs_purely(self, module: str, statement: Statement) -> bool:
        reading = statement.called
        return (
            not reading.acts
            and self._reads_plainly(module, reading)
            and all(self._is_quiet(module, call) for call in reading.calls)
        )

    def _reads_plainly(self, module: str, reading: Reading) -> bool:
        return all(
            self._is_plain(origin)
            for chain in reading.bare
            for origin in self._project.origins(module, chain)
        )

    def _makes_purely(self, module: str, node: ast.ClassDef) -> bool:
        methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
        if methods.keys() & _HOOKS or not self._has_quiet_bases(module, node):
            return False
        makers = [methods[name] for name in ("__init__", "__post_init__") if name in methods]
        return all(self._runs_purely(module, Statement(maker)) for maker in makers)

    def _hooked(self, module: str, statement: Statement) -> bool:
        """Whether a class is made by a base that may keep it, or act on it."""
        return any(
            isinstance(node, ast.ClassDef) and not self._has_quiet_bases(module, node)
            for node in ast.walk(statement.node)
        )

    def _has_quiet_bases(self, module: str, node: ast.ClassDef) -> bool:
        for base in [
            *node.bases,
            *(keyword.value for keyword in node.keywords if keyword.arg == "metaclass"),
        ]:
            if isinstance(base, ast.Subscript):
                base = base.value  # Generic[T]
            chain = dotted(base)
            if chain is None:
                return False
            origins = list(self._project.origins(module, chain))
            if not all(self._is_quiet_base(origin) for origin in origins):
                return False
        return True

    def _is_quiet_base(self, origin: Origin) -> bool:
        if origin.module is None:
            return is_quiet_elsewhere(origin.left)
        node = origin.statement.node if origin.statement is not None else None
        if not isinstance(node, ast.ClassDef) or origin.left:
            return False
        methods = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        is_metaclass = any(dotted(base) == ("type",) for base in node.bases)
        return not methods & _HOOKS and not is_metaclass and self._has_quiet_bases(origin.module, node)
