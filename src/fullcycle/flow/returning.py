"""What a step returned: held to its annotation, then kept."""

from typing import Any

from fullcycle.flow.annotation import accepts, is_pickled, type_name
from fullcycle.flow.graph import Node
from fullcycle.kernel import Invalid
from fullcycle.record import Artifact, Artifacts, PickleCodec


def keep(node: Node, value: Any, artifacts: Artifacts) -> Artifact:
    """Store what a step returned.

    Raises:
        Invalid: where it is not what the step says it returns, or nothing knows how to store it.
    """
    if not accepts(node.returns, value):
        raise Invalid(
            f"it says it returns {type_name(node.returns)}, and returned {_told(value)}",
            node.line,
            "return what it says" if value is not None else "end it with a return, or annotate it -> None",
        )
    try:
        codec = artifacts.codecs.named(PickleCodec.name) if is_pickled(node.returns) else None
        return artifacts.keep(value, codec, lasting=False)  # it can be made again
    except Invalid as error:
        raise Invalid(error.what, node.line, error.mend) from error


def _told(value: object) -> str:
    return "None" if value is None else f"a value of type {type_name(type(value))}"
