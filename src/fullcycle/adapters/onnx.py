"""ONNX: graphs stored as their own bytes, checked, and asked in batches by ONNX Runtime.

Needs ``pip install fullcycle[onnx]``. Serving does not come here: it reads the same bytes with
ONNX Runtime alone.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError

from fullcycle.adapters.matrices import require_features
from fullcycle.adapters.onnx_native import OnnxPredictor
from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record import unreadable

Array = npt.NDArray[np.float64]


class OnnxCodec:
    """Stores an ``onnx.ModelProto`` whole, as the ``.onnx`` file that every tool reads."""

    name = "onnx@1"
    suffix = ".onnx"

    def matches(self, value: object) -> bool:
        """Whether it is an ONNX model."""
        return isinstance(value, onnx.ModelProto)

    def encode(self, value: Any) -> bytes:
        """The model's bytes.

        Raises:
            Invalid: where it is not valid ONNX, or keeps its weights in other files.
        """
        elsewhere = [
            one.name for one in _tensors(value.graph) if one.data_location == onnx.TensorProto.EXTERNAL
        ]
        if elsewhere:
            raise Invalid(
                f"the ONNX model keeps {elsewhere[0]} in another file, which would not be stored with it",
                "storing an artifact",
                "load it with its data: onnx.load(path), or onnx.load_external_data_for_model(model, folder)",
            )
        try:
            onnx.checker.check_model(value)
        except onnx.checker.ValidationError as error:
            raise Invalid(
                f"it is not valid ONNX: {' '.join(str(error).split())[:200]}",
                "storing an artifact",
                "export it again with its converter",
            ) from error
        return bytes(value.SerializeToString(deterministic=True))

    def decode(self, data: bytes) -> Any:
        """Read a model.

        Raises:
            Damaged: where the bytes are none.
        """
        try:
            model = onnx.load_model_from_string(data)
            onnx.checker.check_model(model)
        except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
            raise unreadable("an ONNX model", error) from error
        return model

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the model's bytes."""
        return digest_parts(self.name, [data])


class OnnxModel:
    """An ONNX model as evaluation asks it: all rows of a matrix in one run of ONNX Runtime."""

    def __init__(self, model: Any) -> None:
        self._asked = OnnxPredictor(OnnxCodec().encode(model))

    def predict(self, matrix: Array, /) -> Array:
        """Predictions ``(n_rows,)`` for ``(n_rows, n_features)``; of two classes the chance of the second."""
        require_features(matrix, self._asked.n_features, "ONNX")
        return self._asked.together(matrix) if len(matrix) else np.empty(0)


def _tensors(graph: Any) -> list[Any]:
    """The weights of a graph, those of graphs within its nodes, too."""
    found = [*graph.initializer, *(each.values for each in graph.sparse_initializer)]
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        found += [attribute.t, *attribute.tensors]
        for inner in (attribute.g, *attribute.graphs):
            found += _tensors(inner) if inner.node or inner.initializer else []
    return found
