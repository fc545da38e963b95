"""Refusing features that use what may be None without asking first, before any row is seen.

Type checkers refuse the same. Only what is certain is refused: where this reading of a
function cannot follow (loops, ``try``), it says nothing, and rows decide.
"""

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_type_hints

from fullcycle.data import Row, fields, unwrapped
from fullcycle.feature.table.place import Unsupported
from fullcycle.feature.table.source import Function, parsed
from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    from fullcycle.feature.declare import FeatureSet

_NEEDS_A_NUMBER = ("abs", "round", "int", "float", "min", "max", "sum", "len", "pow", "divmod")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is known of a value: whether it may be None, and the row that it is."""

    optional: bool = False
    row: type[Row] | None = None


_ANYTHING = _Kind()
Facts = frozenset[str]  # what is certainly not None, as it is written: "taste", "series.last_year"


@dataclass(slots=True)
class _Reader:
    source: Function
    kinds: dict[str, _Kind]
    facts: Facts = field(default=frozenset())


def check_narrowed(features: "FeatureSet[..., Any]") -> None:
    """Hold a feature function against what its annotations say may be None.

    Raises:
        Invalid: naming the expression, the file and the line.
    """
    try:
        source = parsed(features.function)
    except Unsupported:
        return
    kinds = {name: _kind(hint) for name, hint in features.inputs.items()}
    _block(_Reader(source, kinds), source.tree.body)


def _kind(hint: Any) -> _Kind:
    base, _, optional = unwrapped(hint)
    return _Kind(optional, base if isinstance(base, type) and issubclass(base, Row) else None)


def _block(reader: _Reader, statements: list[ast.stmt]) -> bool:
    """Read statements in order; whether their end is reached."""
    return all(_statement(reader, statement) for statement in statements)


def _statement(reader: _Reader, node: ast.stmt) -> bool:
    if isinstance(node, ast.Return):
        if node.value is not None:
            _value(reader, node.value)
        return False
    if isinstance(node, ast.Raise):
        return False
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        _bind(reader, node.targets[0].id, _value(reader, node.value))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        _bind(reader, node.target.id, _value(reader, node.value))
    elif isinstance(node, ast.If):
        return _if(reader, node)
    elif isinstance(node, ast.Expr):
        _value(reader, node.value)
    elif isinstance(node, ast.Assert):
        _value(reader, node.test)
        reader.facts |= _told(node.test)[0]
    else:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                _bind(reader, inner.id, _ANYTHING)
    return True


def _bind(reader: _Reader, name: str, kind: _Kind) -> None:
    reader.kinds = {**reader.kinds, name: kind}
    reader.facts = frozenset(fact for fact in reader.facts if fact.split(".")[0] != name)


def _if(reader: _Reader, node: ast.If) -> bool:
    _value(reader, node.test)
    when_true, when_false = _told(node.test)
    yes = _Reader(reader.source, reader.kinds, reader.facts | when_true)
    no = _Reader(reader.source, reader.kinds, reader.facts | when_false)
    through_yes, through_no = _block(yes, node.body), _block(no, node.orelse)
    if through_yes and through_no:
        names = {**yes.kinds, **no.kinds}
        reader.kinds = {name: _either(_known(yes, name), _known(no, name)) for name in names}
        reader.facts = yes.facts & no.facts
    elif through_yes or through_no:
        left = yes if through_yes else no
        reader.kinds, reader.facts = left.kinds, left.facts
    return through_yes or through_no


def _known(reader: _Reader, name: str) -> _Kind:
    kind = reader.kinds.get(name, _ANYTHING)
    return _Kind(False, kind.row) if name in reader.facts else kind


def _either(a: _Kind, b: _Kind) -> _Kind:
    return _Kind(a.optional or b.optional, a.row or b.row)


def _told(test: ast.expr) -> tuple[Facts, Facts]:
    """What is certainly not None where a test holds, and where it does not."""
    nothing: Facts = frozenset()
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        true, false = _told(test.operand)
        return false, true
    if isinstance(test, ast.BoolOp):
        told = [_told(operand) for operand in test.values]
        together = isinstance(test.op, ast.And)
        all_of = frozenset().union(*(true if together else false for true, false in told))
        return (all_of, nothing) if together else (nothing, all_of)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test.left, test.ops[0], test.comparators[0])
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance":
        return frozenset({ast.unparse(test.args[0])}), nothing
    if isinstance(test, ast.Name | ast.Attribute):
        return frozenset({ast.unparse(test)}), nothing
    return nothing, nothing


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> tuple[Facts, Facts]:
    nothing: Facts = frozenset()
    none = isinstance(right, ast.Constant) and right.value is None
    this = frozenset({ast.unparse(left)})
    if none and isinstance(operator, ast.IsNot | ast.NotEq):
        return this, nothing
    if none and isinstance(operator, ast.Is | ast.Eq):
        return nothing, this
    if isinstance(right, ast.Constant) and isinstance(operator, ast.Eq):
        return this, nothing
    return nothing, nothing


def _value(reader: _Reader, node: ast.expr) -> _Kind:
    """Read an expression; refuse what it does to a value that may be None."""
    match node:
        case ast.Constant(value=None):
            return _Kind(optional=True)
        case ast.Name():
            kind = reader.kinds.get(node.id, _ANYTHING)
        case ast.Attribute():
            base = _present(reader, node.value)
            kind = _ANYTHING
            if base.row is not None:
                kind = next((_Kind(f.optional) for f in fields(base.row) if f.name == node.attr), _ANYTHING)
        case ast.BinOp():
            _present(reader, node.left)
            _present(reader, node.right)
            return _ANYTHING
        case ast.UnaryOp():
            (_value if isinstance(node.op, ast.Not) else _present)(reader, node.operand)
            return _ANYTHING
        case ast.Compare():
            return _comparison(reader, node)
        case ast.BoolOp():
            return _operands(reader, node)
        case ast.IfExp():
            _value(reader, node.test)
            true, false = _told(node.test)
            return _either(_assuming(reader, true, node.body), _assuming(reader, false, node.orelse))
        case ast.Call():
            return _call(reader, node)
        case ast.Subscript():
            _present(reader, node.value)
            return _ANYTHING
        case (
            ast.JoinedStr()
            | ast.ListComp()
            | ast.GeneratorExp()
            | ast.Lambda()
            | ast.DictComp()
            | ast.SetComp()
        ):
            return _ANYTHING
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    _value(reader, child)
            return _ANYTHING
    return _Kind(False, kind.row) if ast.unparse(node) in reader.facts else kind


def _present(reader: _Reader, node: ast.expr) -> _Kind:
    """Read an expression that must not be None."""
    kind = _value(reader, node)
    if kind.optional:
        text = ast.unparse(node)
        raise Invalid(
            f"{text} may be None, and is used without asking",
            f"{reader.source.path}:{node.lineno}, in {reader.source.function.__qualname__}",
            f"ask first: … if {text} is not None else …",
        )
    return kind


def _assuming(reader: _Reader, facts: Facts, node: ast.expr) -> _Kind:
    return _value(_Reader(reader.source, reader.kinds, reader.facts | facts), node)


def _comparison(reader: _Reader, node: ast.Compare) -> _Kind:
    operands = [node.left, *node.comparators]
    for place, operator in enumerate(node.ops):
        ordered = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        (_present if ordered else _value)(reader, operands[place])
        (_present if ordered or isinstance(operator, ast.In | ast.NotIn) else _value)(
            reader, operands[place + 1]
        )
    return _ANYTHING


def _operands(reader: _Reader, node: ast.BoolOp) -> _Kind:
    facts: Facts = frozenset()
    kinds: list[_Kind] = []
    for operand in node.values:
        kinds.append(_assuming(reader, facts, operand))
        true, false = _told(operand)
        facts |= true if isinstance(node.op, ast.And) else false
    if isinstance(node.op, ast.Or):
        return kinds[-1]
    return _Kind(any(kind.optional for kind in kinds), kinds[-1].row)


def _call(reader: _Reader, node: ast.Call) -> _Kind:
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(node.func, ast.Attribute):
        _present(reader, node.func.value)
    called = _called(reader, node.func)
    strict = getattr(called, "__module__", "") == "math" or (
        getattr(called, "__module__", "") == "builtins" and getattr(called, "__name__", "") in _NEEDS_A_NUMBER
    )
    for argument in arguments:
        (_present if strict else _value)(reader, argument)
    if isinstance(called, type) and issubclass(called, Row):
        _made(reader, node, called)
        return _Kind(False, called)
    try:
        returned = get_type_hints(getattr(called, "function", called)).get("return")
    except (NameError, TypeError, AttributeError):
        return _ANYTHING
    return _ANYTHING if returned is None else _kind(returned)


def _called(reader: _Reader, function: ast.expr) -> Any:
    """The object that a call's name stands for, where it is a name of the module."""
    if isinstance(function, ast.Name) and function.id not in reader.kinds:
        try:
            return reader.source.lookup(function.id)
        except NameError:
            return None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name | ast.Attribute):
        return getattr(_called(reader, function.value), function.attr, None)
    return None


def _made(reader: _Reader, node: ast.Call, contract: type[Row]) -> None:
    """The fields of a row that is made: None only where the row says so."""
    known = {field.name: field for field in fields(contract)}
    given = [*zip(known, node.args, strict=False), *((k.arg or "", k.value) for k in node.keywords)]
    for name, argument in given:
        if name in known and not known[name].optional and _value(reader, argument).optional:
            raise Invalid(
                f"{name}={ast.unparse(argument)} may be None, and {contract.__name__} says it never is",
                f"{reader.source.path}:{argument.lineno}, in {reader.source.function.__qualname__}",
                f"say so in {contract.__name__}: {name}: {known[name].type_name} | None",
            )
