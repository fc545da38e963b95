"""Annotations: which values fit them, and how a user writes them."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from fullcycle.feature import Model
from fullcycle.record import Picture

T = TypeVar("T")


class _Marked:
    """What ``Pickled`` and ``Each`` add to a type."""


_PICKLED, _EACH = _Marked(), _Marked()

Pickled = Annotated[T, _PICKLED]
"""``-> fc.Pickled[Thing]``: store what a step returns as a pickle, unsafe; no service loads it."""


def handed_on(kind: Any) -> Any:
    """The type that the next step is given: what is stored of a figure is a picture of it."""
    kind = bare(kind)
    above = kind.__mro__ if isinstance(kind, type) else ()
    figure = any((each.__module__, each.__name__) == ("matplotlib.figure", "Figure") for each in above)
    return Picture if figure else kind


def is_pickled(kind: Any) -> bool:
    """Whether an annotation asks for a pickle."""
    return _PICKLED in getattr(kind, "__metadata__", ())


Each = Annotated[T, _EACH]
"""Once per element: a step that takes ``fc.Each[T]`` of a ``dict[K, T]`` or ``list[T]`` is called for
each of its elements, and what it returns makes a dict or list of the same keys and order."""


def is_each(kind: Any) -> bool:
    """Whether an annotation asks for one element at a time."""
    return _EACH in getattr(kind, "__metadata__", ())


def element_kind(kind: Any) -> Any:
    """The type of the elements of a dict, a list or a tuple of any length; None of what has none."""
    kind = bare(kind)
    origin, args = get_origin(kind), get_args(kind)
    if not isinstance(origin, type) or not args or not issubclass(origin, Mapping | Sequence):
        return None
    if issubclass(origin, Mapping):
        return args[1]
    return args[0] if len(args) == 1 or (origin is tuple and args[1:] == (Ellipsis,)) else None


def family_of(shape: Any, kind: Any) -> Any:
    """The type of a container like ``shape``, of elements of type ``kind``."""
    origin, args = get_origin(bare(shape)), get_args(bare(shape))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[args[0], kind]  # type: ignore[valid-type]  # made at run time
    return list[kind]


def model_view(kind: Any) -> bool:
    """Whether an annotation asks for a ``Model``, or for a family of them."""
    kind = bare(kind)
    inner = element_kind(kind)
    return kind is Model or get_origin(kind) is Model or (inner is not None and model_view(inner))


def bare(kind: Any) -> Any:
    """An annotation without what ``Annotated`` adds to it."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return types.NoneType if kind is None else kind


def covers(asked: Any, given: Any) -> bool:
    """Whether every value of type ``given`` may be passed where ``asked`` is annotated."""
    asked, given = bare(asked), bare(given)
    if asked is Any or given is Any or asked == given:
        return True
    if _is_union(given):
        return all(covers(asked, option) for option in get_args(given))
    if _is_union(asked):
        return any(covers(option, given) for option in get_args(asked))
    if get_origin(given) is Literal:
        return all(accepts(asked, value) for value in get_args(given))
    if get_origin(asked) is not None:
        ones, others = get_args(asked), get_args(given)
        same = get_origin(given) is not None and covers(get_origin(asked), get_origin(given))
        return same and len(ones) == len(others) and all(map(covers, ones, others))
    return _is_below(get_origin(given) or given, asked)


def accepts(kind: Any, value: object) -> bool:
    """Whether a value is of a type, as far as its outermost class tells."""
    kind = bare(kind)
    if kind is Any:
        return True
    if _is_union(kind):
        return any(accepts(option, value) for option in get_args(kind))
    if get_origin(kind) is Literal:
        return any(type(value) is type(known) and value == known for known in get_args(kind))
    kind = get_origin(kind) or kind
    if not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True
    return _is_below(type(value), kind)


def type_name(kind: Any) -> str:
    """A type as a user would write it: ``list[Offer]``, whatever modules its parts live in."""
    kind = bare(kind)
    if kind is types.NoneType:
        return "None"
    if isinstance(kind, list):  # the arguments of a Callable
        return f"[{', '.join(map(type_name, kind))}]"
    if _is_union(kind):
        return " | ".join(map(type_name, get_args(kind)))
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(kind)))}]"
    if get_origin(kind) is not None:
        return f"{type_name(get_origin(kind))}[{', '.join(map(type_name, get_args(kind)))}]"
    if kind is Ellipsis:
        return "..."
    return kind.__name__ if isinstance(kind, type) else str(kind).removeprefix("typing.")


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_below(kind: Any, above: Any) -> bool:
    """Whether one class may stand for another; an int may stand for a float, as to a type checker."""
    if not isinstance(kind, type) or not isinstance(above, type):
        return False
    return issubclass(kind, above) or (above is float and issubclass(kind, int))
