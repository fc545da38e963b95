"""XGBoost without its Python package: the native library, asked in place through ctypes.

The package brings SciPy, NumPy and pandas where they are; the library reads the numbers where
they lie. One handle serves every thread: prediction in place takes no lock and changes nothing.
Needs ``pip install fullcycle[xgboost]``, which is where the library comes from.

Source: XGBoost's documentation, "Prediction" (thread safety) and "Tutorials, C API".
"""

import ctypes
import functools
import json
import sys
import threading
import weakref
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

from fullcycle.adapters.asking import in_parts, matrix_of, other_width, several_outputs
from fullcycle.adapters.native_library import native_library, one_line
from fullcycle.adapters.reading_codec import ReadingCodec
from fullcycle.kernel import FullcycleError, Invalid, digest_bytes, later
from fullcycle.record import parted, unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # a matrix brings it; rows do without it

_LIBRARY = {"darwin": "libxgboost.dylib", "win32": "xgboost.dll"}.get(sys.platform, "libxgboost.so")
_WHAT = "an XGBoost model"
_OneRow = Callable[[Sequence[float]], float]
_EVERY = {  # iteration; NaN is a missing value
    "training": False,
    "iteration_begin": 0,
    "iteration_end": 0,
    "missing": float("nan"),
    "strict_shape": False,
    "cache_id": 0,
}
_ASKED = json.dumps({"type": 0, **_EVERY}).encode()  # link function applied
_CONTRIBUTIONS = json.dumps({"type": 2, **_EVERY}).encode()  # what each feature adds to the raw score
_ROW = json.dumps({"missing": float("nan"), "nthread": 1}).encode()


class NativeXGBooster:
    """An XGBoost model of one output, for one row or many; any thread may ask it.

    It gives what ``Booster.inplace_predict`` gives: NaN is a missing value, a category its code,
    infinity a number. Predictions are float32, as the library's are.

    Raises:
        Damaged: where the bytes are no XGBoost model.
        Invalid: where the model has several outputs, or its kind has no prediction in place.
        Misconfigured: where the library is not installed.
    """

    def __init__(self, model: bytes) -> None:
        self._library = library()
        handle = ctypes.c_void_p()
        if self._library.XGBoosterCreate(None, ctypes.c_uint64(0), ctypes.byref(handle)):
            raise _failed(self._library)
        self._free = weakref.finalize(self, self._library.XGBoosterFree, handle)
        self._handle = handle
        if self._library.XGBoosterLoadModelFromBuffer(handle, model, ctypes.c_uint64(len(model))):
            raise unreadable(_WHAT, last_error(self._library))
        self._library.XGBoosterSetParam(handle, b"nthread", b"1")
        self.n_features = self._width()
        self._drops = self._config()["learner"]["gradient_booster"]["name"] == "dart"
        self._rows = threading.local()
        self._alone = threading.Lock()
        self._require_one_output()

    def score(self, values: Sequence[float]) -> float:
        """Predict one row of ``n_features`` numbers."""
        try:
            ask: _OneRow = self._rows.ask
        except AttributeError:
            ask = self._rows.ask = _one_row(self._library, self._handle, self.n_features)
        return ask(values)

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Predict ``(n_rows, n_features)`` numbers in one call."""
        for row in rows:
            if len(row) != self.n_features:
                raise other_width(len(row), self.n_features)
        return self.scores_flat(array("d", chain.from_iterable(rows)))

    def scores_flat(self, values: "array[float]") -> list[float]:
        """Predict rows whose ``n_features`` numbers each follow each other."""
        count, more = divmod(len(values), self.n_features)
        if more:
            raise other_width(more, self.n_features)
        return list(self._ask(values.buffer_info()[0], count)[:count]) if count else []

    def scores_of(self, matrix: Any, *, threads: int = 1) -> "Array":
        """Predict ``(n_rows,)`` from a float64 matrix, or buffer, of ``(n_rows, n_features)``."""
        return in_parts(self._asked, matrix_of(matrix, self.n_features), threads)

    def rounding(self, values: Sequence[float]) -> float:
        """The most by which ``predict`` of a ``DMatrix`` may differ: of DART, which it adds otherwise."""
        return 1e-5 * max(1.0, abs(self.score(values))) if self._drops else 0.0

    def contributions(self, values: Sequence[float]) -> list[float]:
        """What each feature of one row adds to the raw score, and last what all rows begin with.

        They sum to the raw score, before the link function, as float32 numbers do.

        Source: Lundberg et al., "From local explanations to global understanding with
        explainable AI for trees", Nature Machine Intelligence 2, 2020.
        """
        if len(values) != self.n_features:
            raise other_width(len(values), self.n_features)
        numbers, matrix, places = array("d", values), ctypes.c_void_p(), _Answer()
        row = _told(numbers.buffer_info()[0], 1, self.n_features)
        with self._alone:  # a matrix of the library's own leaves traces in the model
            if self._library.XGDMatrixCreateFromDense(row, _ROW, ctypes.byref(matrix)):
                raise _failed(self._library)
            try:
                if self._library.XGBoosterPredictFromDMatrix(
                    self._handle, matrix, _CONTRIBUTIONS, *places.references
                ):
                    raise _failed(self._library)
                return list(places.predictions[: self.n_features + 1])
            finally:
                self._library.XGDMatrixFree(matrix)

    def close(self) -> None:
        """Give the model's memory back; nothing may be asked after this."""
        self._rows = threading.local()
        self._free()

    def _asked(self, matrix: "Array") -> "Array":
        if not len(matrix):
            return np.empty(0)
        found = self._ask(matrix.ctypes.data, len(matrix))
        return np.ctypeslib.as_array(found, (len(matrix),)).astype(np.float64)

    def _ask(self, rows: int, count: int) -> Any:
        """Predictions of the rows at an address: the library's own memory, until this thread asks again."""
        places = _Answer()
        if self._library.XGBoosterPredictFromDense(
            self._handle, _told(rows, count, self.n_features), _ASKED, None, *places.references
        ):
            raise _failed(self._library)
        return places.predictions

    def _config(self) -> Any:
        size, text = ctypes.c_uint64(), ctypes.c_char_p()
        if self._library.XGBoosterSaveJsonConfig(self._handle, ctypes.byref(size), ctypes.byref(text)):
            raise _failed(self._library)
        return json.loads(text.value or b"{}")

    def _width(self) -> int:
        width = ctypes.c_uint64()
        if self._library.XGBoosterGetNumFeature(self._handle, ctypes.byref(width)):
            raise _failed(self._library)
        return width.value

    def _require_one_output(self) -> None:
        row, places = array("d", [0.0] * self.n_features), _Answer()
        if self._library.XGBoosterPredictFromDense(
            self._handle, _told(row.buffer_info()[0], 1, self.n_features), _ASKED, None, *places.references
        ):
            raise _failed(self._library)
        outputs = functools.reduce(lambda one, other: one * other, places.shape[: places.dimensions.value])
        if outputs != 1:
            raise several_outputs(outputs)


class _Answer:
    """Where the library writes what it predicted: its address, and its shape."""

    def __init__(self) -> None:
        self.shape = ctypes.POINTER(ctypes.c_uint64)()
        self.dimensions = ctypes.c_uint64()
        self.predictions = ctypes.POINTER(ctypes.c_float)()
        every = (self.shape, self.dimensions, self.predictions)
        self.references = tuple(ctypes.byref(one) for one in every)


def _told(address: int, rows: int, width: int) -> bytes:
    """Where float64 numbers lie, in NumPy's array interface."""
    return b'{"data":[%d,true],"shape":[%d,%d],"typestr":"%cf8","version":3}' % (
        address,
        rows,
        width,
        b"<" if sys.byteorder == "little" else b">",
    )


def _one_row(native: ctypes.CDLL, handle: ctypes.c_void_p, width: int) -> _OneRow:
    """Prepare the call for one row of one thread: its own buffer, told once."""
    row = (ctypes.c_double * width)()
    write, predict = Struct(f"{width}d").pack_into, native.XGBoosterPredictFromDense
    answer = _Answer()
    places = handle, _told(ctypes.addressof(row), 1, width), _ASKED, None, *answer.references

    def ask(values: Sequence[float]) -> float:
        if len(values) != width:
            raise other_width(len(values), width)
        write(row, 0, *values)
        if predict(*places):
            raise _failed(native)
        prediction: float = answer.predictions[0]
        return prediction

    return ask


def native_xgboost_codec() -> ReadingCodec:
    """Reads a stored XGBoost model as a ``NativeXGBooster``."""
    return ReadingCodec("xgboost-ubj@1", ".ubj", _read)


def _read(data: bytes) -> NativeXGBooster:
    digest, model = parted(data, 2, _WHAT)
    if digest_bytes(model).encode() != digest:  # the library's reader may end the process over it
        raise unreadable(_WHAT, "other bytes than were written")
    return NativeXGBooster(model)


@functools.cache
def library() -> ctypes.CDLL:
    """The native library of the installed ``xgboost``, its package not imported.

    Raises:
        Misconfigured: where it is not installed, or cannot be loaded.
    """
    native = native_library("xgboost", [f"lib/{_LIBRARY}"], called="XGBoost")
    native.XGBGetLastError.restype = ctypes.c_char_p
    return native


def last_error(native: ctypes.CDLL) -> str:
    """What the library said last, on one line, at most 200 characters."""
    return one_line(native.XGBGetLastError())


def _failed(native: ctypes.CDLL) -> FullcycleError:
    return Invalid(
        f"XGBoost refused to predict: {last_error(native)}",
        "the stored model",
        "see whether the features are those it was trained on, and its booster one of trees",
    )
