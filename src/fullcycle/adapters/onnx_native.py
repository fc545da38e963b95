"""ONNX Runtime, which needs no ONNX: a session of one thread, asked row by row.

A row gives the same bits alone and among others only because it is asked alone: the matrix
products of the runtime round differently for each number of rows. ``together`` asks many at
once, for evaluation; by how much the two may differ is told by ``rounding``.
Needs ``pip install fullcycle[onnx]``.
"""

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from fullcycle.adapters.asking import ByMatrix, other_width, several_outputs
from fullcycle.adapters.reading_codec import ReadingCodec
from fullcycle.kernel import Invalid, Misconfigured, later
from fullcycle.record import unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")

_NUMBERS = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64"}
_RELATIVE = 1e-5  # what float32 sums of another order may differ by


class OnnxPredictor(ByMatrix):
    """An ONNX model of one output, for one row or many; any thread may ask it.

    It takes one matrix ``(n_rows, n_features)``, or an input for each feature, in their order.
    Its prediction is the last output that is a number per row; of two numbers per row, which
    have to be the chances of two classes, the second.

    Raises:
        Damaged: where ONNX Runtime cannot read the bytes.
        Invalid: where its inputs or outputs are others.
        Misconfigured: where ONNX Runtime is not installed.
    """

    unexplained = "an ONNX graph does not say what each feature adds"

    def __init__(self, model: bytes) -> None:
        self._session = _session(model)
        self._inputs = [(one.name, np.dtype(_type_of(one))) for one in self._session.get_inputs()]
        self._matrix = len(self._inputs) == 1 and len(self._session.get_inputs()[0].shape) == 2
        self.input_names = tuple(name for name, _ in self._inputs)
        self._flat = [len(one.shape) == 1 for one in self._session.get_inputs()]
        self.n_features = self._width()
        self._output, self._column = self._answering()

    def score(self, values: Sequence[float]) -> float:
        """Predict one row of ``n_features`` numbers."""
        if len(values) != self.n_features:
            raise other_width(len(values), self.n_features)
        return self._one(np.array([values], dtype=np.float64))

    def together(self, matrix: "Array") -> "Array":
        """Predict all rows in one run, as the session's own caller would."""
        found = self._session.run([self._output], self._fed(matrix))[0]
        picked: Array = (found[:, self._column] if found.ndim == 2 else found).astype(np.float64)
        return picked

    def rounding(self, values: Sequence[float]) -> float:
        """The most by which one run of many rows may differ."""
        return _RELATIVE * max(1.0, abs(self.score(values)))

    def _asked(self, matrix: "Array") -> "Array":
        return np.array(
            [self._one(matrix[place : place + 1]) for place in range(len(matrix))], dtype=np.float64
        )

    def _one(self, row: "Array") -> float:
        try:
            with np.errstate(all="ignore"):
                found = self._session.run([self._output], self._fed(row))[0]
        except _Refused:
            return nan
        return float(found[0, self._column] if found.ndim == 2 else found[0])

    def _fed(self, matrix: "Array") -> dict[str, Any]:
        if self._matrix:
            ((name, kind),) = self._inputs
            return {name: _cast(matrix, kind)}
        fed = {}
        for place, ((name, kind), flat) in enumerate(zip(self._inputs, self._flat, strict=True)):
            column = matrix[:, place] if flat else matrix[:, place : place + 1]
            fed[name] = _cast(column, kind)
        return fed

    def _width(self) -> int:
        """How many features it takes; a row's place in the batch has to be left open."""
        for one in self._session.get_inputs():
            if isinstance(one.shape[0], int) or not 1 <= len(one.shape) <= 2:
                raise _unfit(f"its input {one.name} has the shape {one.shape}, not one row after the other")
        if not self._matrix:
            for one in self._session.get_inputs():
                if len(one.shape) == 2 and one.shape[1] != 1:
                    raise _unfit(f"of its {len(self._inputs)} inputs, {one.name} takes more than one number")
            return len(self._inputs)
        width = self._session.get_inputs()[0].shape[1]
        if not isinstance(width, int):
            raise _unfit(f"its input {self.input_names[0]} does not say how many features it takes")
        return width

    def _answering(self) -> tuple[str, int]:
        """The output that is the prediction, and which of its numbers."""
        outputs = [
            one for one in self._session.get_outputs() if one.type in ("tensor(float)", "tensor(double)")
        ]
        if not outputs:
            told = ", ".join(f"{one.name}: {one.type}" for one in self._session.get_outputs())
            raise _unfit(f"none of its outputs is a number per row ({told})")
        name = outputs[-1].name
        found = self._session.run([name], self._fed(np.zeros((3, self.n_features))))[0]
        if found.ndim not in (1, 2) or len(found) != 3:
            raise _unfit(f"its output {name} has the shape {found.shape} for three rows")
        columns = found.shape[1] if found.ndim == 2 else 1
        if columns > 2:
            raise several_outputs(columns)
        if columns == 2 and not np.allclose(found.sum(axis=1), 1.0, atol=1e-3):
            raise several_outputs(columns)
        return name, columns - 1


class _Refused(Exception):
    """A number that an input's type does not have."""


def _cast(column: "Array", kind: Any) -> Any:
    if kind.kind == "i" and not (np.isfinite(column) & (column == np.trunc(column))).all():
        raise _Refused
    return np.ascontiguousarray(column, dtype=kind)


def _type_of(one: Any) -> str:
    if one.type not in _NUMBERS:
        raise _unfit(f"its input {one.name} is a {one.type}, a feature is a number")
    return _NUMBERS[one.type]


def _session(model: bytes) -> Any:
    try:
        import onnxruntime as runtime  # an extra, and 0.1 s
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "ONNX Runtime is not installed here",
            "this Python environment",
            'install it: python -m pip install "fullcycle[onnx]"',
        ) from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise unreadable("an ONNX model", error) from error


def _unfit(why: str) -> Invalid:
    return Invalid(
        f"the ONNX model cannot be asked for a score: {why}",
        "the stored model",
        "export it with one input [None, n_features] of floats, or one [None, 1] per feature, and one number "
        "per row, or two probabilities (skl2onnx: options={'zipmap': False})",
    )


def onnx_codec() -> ReadingCodec:
    """Reads a stored ONNX model as an ``OnnxPredictor``."""
    return ReadingCodec("onnx@1", ".onnx", OnnxPredictor)
