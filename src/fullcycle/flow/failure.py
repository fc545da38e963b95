"""A step that raised: the user's own traceback, its inputs, and what to do."""

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from fullcycle.flow.graph import Node
from fullcycle.kernel import FullcycleError


class StepFailed(FullcycleError):
    """A step's function raised; ``traceback`` begins at the user's own line."""

    exit_code = 1

    def __init__(self, what: str, where: str, mend: str, traceback: str = "") -> None:
        super().__init__(what, where, mend)
        self.args = (what, where, mend, traceback)
        self.traceback = traceback


def guarded(node: Node, run: str, inputs: Mapping[str, Any]) -> Callable[..., Any]:
    """The node's function, whose exceptions become a ``StepFailed``."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return node.declared.function(*args, **kwargs)
        except Exception as error:
            own = error.__traceback__.tb_next if error.__traceback__ is not None else None
            shapes = ", ".join(f"{name} {_shape(value)}" for name, value in inputs.items())
            raise StepFailed(
                f"step {node.name} of {run} failed: {type(error).__name__}: {error}",
                f"{node.line} (its inputs: {shapes or 'none'})",
                f"mend it and run again; what finished is kept: fullcycle run {run.split('@')[0]}",
                "".join(traceback.format_exception(type(error), error, own)),
            ) from error

    return call


def _shape(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return " × ".join(f"{n:,}" for n in shape) if isinstance(shape, tuple) else type(value).__name__
