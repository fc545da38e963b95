"""How a user declares a service: a plain function of one row, and what answers when it fails."""

import functools
import re
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from fullcycle.kernel import Invalid

P = ParamSpec("P")
R = TypeVar("R")


_TABLE = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")


class Service(Generic[P, R]):
    """The function that decides; calling it calls the function.

    One that is scored and not served decides on the rows of ``over``, a step of the flow, and
    writes to ``into``, a table of the warehouse; both are empty otherwise.
    """

    def __init__(
        self,
        function: Callable[P, R],
        fallback: Callable[..., R] | None = None,
        over: str = "",
        into: str = "",
    ) -> None:
        self.function = function
        self.fallback = fallback
        self.over = over
        self.into = into
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: D102 - its class tells
        return self.function(*args, **kwargs)


@overload
def service(function: Callable[P, R], /) -> Service[P, R]: ...
@overload
def service(
    *,
    fallback: Callable[..., R] | None = None,
    over: Callable[..., Any] | None = None,
    into: str | None = None,
) -> Callable[[Callable[P, R]], Service[P, R]]: ...
def service(
    function: Any = None,
    /,
    *,
    fallback: Callable[..., Any] | None = None,
    over: Callable[..., Any] | None = None,
    into: str | None = None,
) -> Any:
    """Declare the function that answers a capability's requests.

    Its first parameter is the request, a Row. The others are models (``fc.Model[Traits]``,
    ``dict[str, fc.Model[Traits]]``), ``fc.Draw``, or what a step of the flow returned, each
    by name. Keyword-only parameters are frozen by the release. It returns a Row or a list of
    Rows. ``fallback`` answers in its place when it raises; it takes the same request.

    With ``over``, a step of the flow whose rows are requests, and ``into``, a table of the
    warehouse such as ``"inventory.orders"``, it is scored and not served: ``fullcycle score
    demand@prod`` decides on those rows and replaces the days in the table that they are of.

    Raises:
        Invalid: where what is decorated, or its fallback, is no function; or ``over`` is no
            step, ``into`` no table, or one of them is missing.
    """
    if fallback is not None and not callable(fallback):
        raise Invalid(
            f"the fallback {fallback!r} is not a function", "@fc.service", "pass a function: fallback=today"
        )
    batch = _batch(over, into)
    if function is None:
        return functools.partial(Service, fallback=fallback, over=batch[0], into=batch[1])
    if not callable(function):
        raise Invalid(
            f"{function!r} is not a function", "@fc.service", "put @fc.service above a function of one row"
        )
    return Service(function)


def _batch(over: Callable[..., Any] | None, into: str | None) -> tuple[str, str]:
    """The step and the table of a service that is scored and not served."""
    if over is None and into is None:
        return "", ""
    where = "@fc.service"
    if over is None or into is None:
        given, lacking = ("into", "over=tomorrow") if over is None else ("over", 'into="inventory.orders"')
        raise Invalid(f"{given}= is given alone", where, f"say both what is scored and where to: {lacking}")
    if getattr(over, "role", None) != "step":
        raise Invalid(f"over={over!r} is not a step", where, "pass a step of flow.py: over=tomorrow")
    if not isinstance(into, str) or _TABLE.fullmatch(into) is None:
        raise Invalid(
            f"into={into!r} is no table of a warehouse",
            where,
            'write schema and table: into="inventory.orders"',
        )
    return str(getattr(over, "__name__", "")), into
