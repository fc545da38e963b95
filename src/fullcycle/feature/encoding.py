"""From a feature row to the numbers a model sees, compiled once into plain Python."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fullcycle.data import Field, Row, fields
from fullcycle.kernel import Invalid

Encoder = Callable[[Any], list[float]]

_NUMBERS = (bool, int, float)


def columns(field: Field) -> tuple[str, ...]:
    """The names of the columns that a field becomes: a vector becomes several."""
    if field.type is not list:
        return (field.name,)
    return tuple(f"{field.name}_{i}" for i in range(field.length or 0))


def require_numbers(row: type[Row]) -> None:
    """Refuse a feature row with a field that is no number, category or vector of known length.

    Raises:
        Invalid: naming the field.
    """
    for field in fields(row):
        where = f"{row.__module__}.{row.__qualname__}.{field.name}"
        if field.type is list and (field.item not in _NUMBERS or field.length is None or field.optional):
            raise Invalid(
                f"a model cannot see this {field.type_name}",
                where,
                "say how long it is: Annotated[list[float], fc.length(32)]",
            )
        if field.type is not list and field.choices is None and field.type not in _NUMBERS:
            raise Invalid(
                f"a model cannot see a {field.type_name} as a number",
                where,
                "name its values, Literal['a', 'b'], or turn it into a number",
            )


def compile_encoder(row: type[Row]) -> Encoder:
    """Write the function that turns a ``row`` into its list of floats, in the order of its columns.

    False and true are 0 and 1, a ``Literal`` is its place among its choices, None is NaN.

    Raises:
        Invalid: for a field that is no number; and, when called, for a value that is
            none of its choices or a vector of another length.
    """
    require_numbers(row)
    names: dict[str, Any] = {"NAN": float("nan"), "vector": _vector, "refuse": _refuse}
    parts = [_part(field, names) for field in fields(row)]
    names["categorical"] = [field for field in fields(row) if field.choices is not None]
    source = (
        f"def encode(row):\n"
        f"    try:\n"
        f"        return [{', '.join(parts)}]\n"
        f"    except KeyError:\n"
        f"        refuse(row, categorical)\n"
        f"        raise\n"
    )
    exec(compile(source, f"<encoder of {row.__qualname__}>", "exec"), names)
    encoder: Encoder = names["encode"]
    return encoder


def codes(field: Field) -> dict[Any, float]:
    """The number of each choice of a categorical field: its place in the ``Literal``."""
    return {choice: float(place) for place, choice in enumerate(field.choices or ())}


def _part(field: Field, names: dict[str, Any]) -> str:
    value = f"row.{field.name}"
    if field.type is list:
        return f"*vector({value}, {field.length}, {field.name!r})"
    if field.choices is not None:
        names[f"codes_{field.name}"] = codes(field)
        number = f"codes_{field.name}[{value}]"
    else:
        number = f"float({value})"
    return f"(NAN if {value} is None else {number})" if field.optional else number


def _refuse(row: Any, categorical: Sequence[Field]) -> None:
    """Name the field whose value is none of its choices."""
    for field in categorical:
        value, known = getattr(row, field.name), codes(field)
        if value not in known and not (field.optional and value is None):
            raise not_a_choice(field.name, known) from None


def not_a_choice(name: str, known: dict[Any, float]) -> Invalid:
    """The error for a category that its ``Literal`` does not name; the value is not repeated."""
    shown = ", ".join(repr(choice) for choice in list(known)[:8]) + (", …" if len(known) > 8 else "")
    return Invalid(
        f"a value of {name!r} is none of its {len(known)} choices",
        "a feature row",
        f"give one of {shown}, or add it to the Literal",
    )


def _vector(values: Any, length: int, name: str) -> Iterable[float]:
    if len(values) != length:
        raise Invalid(
            f"{name!r} has {len(values)} values, not {length}",
            "a feature row",
            "give a vector of the length that fc.length names",
        )
    return map(float, values)
