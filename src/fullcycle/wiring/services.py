"""The function that decides, of a capability's own code."""

from typing import TYPE_CHECKING, Any

from fullcycle.kernel import Invalid, counted
from fullcycle.serve import Service

if TYPE_CHECKING:
    from fullcycle.wiring.flow import Flow


def service_of(flow: "Flow") -> Service[..., Any]:
    """The function that decides, of a capability's own code.

    Raises:
        Invalid: where ``service.py`` declares not exactly one.
        Missing, CodeFailed: where there is no ``service.py``, or it cannot be imported.
    """
    path = f"{flow.capability}/service.py"
    module = flow.module("service")
    services = [value for value in vars(module).values() if isinstance(value, Service)]
    if len(services) != 1:
        raise Invalid(
            f"{path} declares {counted(len(services), 'service')}",
            path,
            "decorate exactly one function with @fc.service",
        )
    return services[0]
