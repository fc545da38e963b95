"""How a user declares a service: a plain function of one row, and what answers when it fails."""

import functools
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from fullcycle.kernel import Invalid

P = ParamSpec("P")
R = TypeVar("R")


class Service(Generic[P, R]):
    """The function that decides; calling it calls the function."""

    def __init__(self, function: Callable[P, R], fallback: Callable[..., R] | None = None) -> None:
        self.function = function
        self.fallback = fallback
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: D102 - its class tells
        return self.function(*args, **kwargs)


@overload
def service(function: Callable[P, R], /) -> Service[P, R]: ...
@overload
def service(*, fallback: Callable[..., R] | None = None) -> Callable[[Callable[P, R]], Service[P, R]]: ...
def service(function: Any = None, /, *, fallback: Callable[..., Any] | None = None) -> Any:
    """Declare the function that answers a capability's requests.

    Its first parameter is the request, a Row. The others are models (``fc.Model[Traits]``,
    ``dict[str, fc.Model[Traits]]``), ``fc.Draw``, or what a step of the flow returned, each
    by name. Keyword-only parameters are frozen by the release. It returns a Row or a list of
    Rows. ``fallback`` answers in its place when it raises; it takes the same request.

    Raises:
        Invalid: where what is decorated, or its fallback, is no function.
    """
    if fallback is not None and not callable(fallback):
        raise Invalid(
            f"the fallback {fallback!r} is not a function", "@fc.service", "pass a function: fallback=today"
        )
    if function is None:
        return functools.partial(Service, fallback=fallback)
    if not callable(function):
        raise Invalid(
            f"{function!r} is not a function", "@fc.service", "put @fc.service above a function of one row"
        )
    return Service(function)
