"""Feature sets: one function from rows to a row, on one row or over a table."""

import functools
import inspect
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, get_type_hints

from fullcycle.data import Row, fields
from fullcycle.feature.encoding import columns, compile_encoder
from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

P = ParamSpec("P")
RowT = TypeVar("RowT", bound=Row)


class FeatureSet(Generic[P, RowT]):
    """What a model sees: a plain function of rows and values that returns a row."""

    def __init__(self, function: Callable[P, RowT]) -> None:
        self.function = function
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> RowT:
        """The feature row of one row: the function itself."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<features {self.function.__module__}.{self.function.__qualname__}>"

    @property
    def where(self) -> str:
        """``file:line`` of the function."""
        code = self.function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}, {self.function.__qualname__}"

    @cached_property
    def row(self) -> type[RowT]:
        """The type of the row that it returns."""
        made = self._hints.get("return")
        if not (isinstance(made, type) and issubclass(made, Row)):
            raise Invalid(
                "a feature set returns a Row",
                self.where,
                "annotate it, say -> Traits, with class Traits(fc.Row): …",
            )
        return made  # type: ignore[return-value]  # RowT by the function's own annotation

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """The type of each parameter, by its name."""
        found: dict[str, Any] = {}
        for parameter in inspect.signature(self.function).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise Invalid(f"takes *{parameter.name}", self.where, "name each row and value it needs")
            if parameter.name not in self._hints:
                raise Invalid(
                    f"parameter {parameter.name!r} has no type",
                    self.where,
                    f"annotate it, say {parameter.name}: Client",
                )
            found[parameter.name] = self._hints[parameter.name]
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the matrix: one per field, several for a vector."""
        return tuple(name for field in fields(self.row) for name in columns(field))

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The columns that are codes of a ``Literal`` and no quantities."""
        return tuple(field.name for field in fields(self.row) if field.choices is not None)

    @cached_property
    def encode(self) -> Callable[[RowT], list[float]]:
        """Turn one feature row into the numbers a model sees, in the order of ``names``.

        False and true are 0 and 1, a ``Literal`` its place among its choices, None NaN.
        """
        return compile_encoder(self.row)

    def check(self) -> None:
        """Refuse what no table could be asked for: see ``fullcycle.feature.table.check``."""
        from fullcycle.feature import table  # brings Polars, which a service does without

        table.check(self)

    def over(self, frame: "pl.DataFrame", /) -> "pl.DataFrame":
        """Run it over a table: one column per field of ``row``, bit-equal to Python row by row."""
        from fullcycle.feature import table

        return table.over(self, frame)

    def matrix(self, frame: "pl.DataFrame", /) -> "npt.NDArray[np.float64]":
        """What a model sees of a table: float64, shape ``(n_rows, len(names))``, C-contiguous."""
        from fullcycle.feature import table

        return table.matrix(self, frame)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.function, include_extras=True)
        except NameError as error:
            raise Invalid(
                f"an annotation cannot be read: {error}", self.where, "import the name it uses"
            ) from error


def features(function: Callable[P, RowT], /) -> FeatureSet[P, RowT]:
    """Declare what a model sees: a plain function from rows and values to a row.

    On one row it is called; over a table use ``.over(frame)`` and ``.matrix(frame)``.

    >>> class Client(Row):
    ...     recency: int
    >>> class Traits(Row):
    ...     recent: bool
    >>> @features
    ... def traits(client: Client) -> Traits:
    ...     return Traits(recent=client.recency < 3)
    >>> traits(Client(2)), traits.encode(traits(Client(2)))
    (Traits(recent=True), [1.0])
    """
    if not inspect.isfunction(function):
        raise Invalid(f"{function!r} is not a function", "@fc.features", "decorate a plain function")
    return FeatureSet(function)
