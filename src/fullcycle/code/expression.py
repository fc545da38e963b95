"""Small questions about expressions: their dotted names, their texts, a function's parameters."""

import ast
from collections.abc import Iterator

from fullcycle.code.usage import Chain


def dotted(node: ast.expr) -> Chain | None:
    """``("money", "euro")`` of ``money.euro``; ``None`` for what is not a dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters of a function."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [one for one in (arguments.vararg, arguments.kwarg) if one is not None]


def chains_of(node: ast.AST) -> Iterator[Chain]:
    """The dotted names in an expression, each as long as it goes."""
    chain = dotted(node) if isinstance(node, ast.Attribute | ast.Name) else None
    if chain is not None:
        yield chain
    else:
        for part in ast.iter_child_nodes(node):
            yield from chains_of(part)


def only_text(call: ast.Call) -> str | None:
    """The text that is all a call is given; ``None`` where it is given anything else."""
    match [*call.args, *(keyword.value for keyword in call.keywords)]:
        case [ast.Constant(value=str(text))]:
            return text
    return None


def resource_of(node: ast.expr) -> tuple[ast.Call, str] | None:
    """The call in ``files(__package__) / "rates.csv"``, and the file: its package, a slash, its path.

    ``None`` where the package or a part of the path is not written out.
    """
    parts: list[str] = []
    while True:
        match node:
            case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=str(part))):
                node, parts = left, [part, *parts]
            case ast.Call(func=ast.Attribute(value=left, attr="joinpath"), args=args, keywords=[]):
                given = [one.value for one in args if isinstance(one, ast.Constant)]
                texts = [part for part in given if isinstance(part, str)]
                if len(texts) != len(args):
                    return None
                node, parts = left, [*texts, *parts]
            case ast.Call(args=[package, *more], keywords=_):
                given = [one.value for one in more if isinstance(one, ast.Constant)]
                named = _package(package)
                path = "/".join([*(part for part in given if isinstance(part, str)), *parts])
                return (node, f"{named}/{path}") if named and len(given) == len(more) and path else None
            case _:
                return None


def _package(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(name)) | ast.Name(id=("__package__" | "__name__") as name):
            return name
    return ""


def texts_of(node: ast.expr | None) -> Iterator[str]:
    """The texts in an annotation, but for those of a ``Literal``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif node is not None and not (
        isinstance(node, ast.Subscript) and (dotted(node.value) or ("",))[-1] == "Literal"
    ):
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                yield from texts_of(part)
