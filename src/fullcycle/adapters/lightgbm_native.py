"""LightGBM without its Python package: the native library, asked through ctypes.

The package brings SciPy and NumPy (1.5 s, 150 MB) and takes 200 µs for one row. The library
alone loads in milliseconds, and its single-row call, prepared once per thread, takes a tenth.
Needs ``pip install fullcycle[lightgbm]``, which is where the library comes from.
"""

import ctypes
import functools
import sys
import threading
import weakref
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

from fullcycle.adapters.asking import matrix_of, other_width, several_outputs
from fullcycle.adapters.native_library import native_library, one_line
from fullcycle.adapters.reading_codec import ReadingCodec
from fullcycle.kernel import Damaged, FullcycleError, Invalid, later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = later("numpy")  # a matrix brings it; rows do without it

_FLOAT64 = 1  # C_API_DTYPE_FLOAT64
_NORMAL = 0  # C_API_PREDICT_NORMAL: what Booster.predict gives, link function applied
_CONTRIBUTIONS = 3  # C_API_PREDICT_CONTRIB: what each feature adds to the raw score
_ALL = -1  # every iteration that was stored
_ONE_THREAD = b"num_threads=1"  # an OpenMP barrier costs milliseconds where cores are busy
_OneRow = Callable[[Sequence[float]], float]
_SUFFIX = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")


class NativeBooster:
    """A LightGBM model of one output, for one row or many; any thread may ask it.

    Raises:
        Damaged: where the text is no LightGBM model.
        Invalid: where the model has several outputs.
        Misconfigured: where the library is not installed.
    """

    def __init__(self, text: bytes) -> None:
        self._library = library()
        handle, iterations = ctypes.c_void_p(), ctypes.c_int()
        if b"\0" in text or self._library.LGBM_BoosterLoadModelFromString(
            text, ctypes.byref(iterations), ctypes.byref(handle)
        ):
            raise Damaged(
                f"not readable as a LightGBM model: {last_error(self._library)}",
                f"the stored model ({len(text):,} bytes)",
                "run the flow again, so that the model is written anew",
            )
        self._handle = handle
        self._prepared: list[ctypes.c_void_p] = []  # one for each thread that asked
        self._free = weakref.finalize(self, _free, self._library, handle, self._prepared)
        self.n_features = self._count("LGBM_BoosterGetNumFeature")
        if (outputs := self._count("LGBM_BoosterGetNumClasses")) != 1:
            raise several_outputs(outputs)
        self._rows = threading.local()

    def score(self, values: Sequence[float]) -> float:
        """Predict one row of ``n_features`` numbers; NaN is a missing value, a category its code."""
        try:
            ask: _OneRow = self._rows.ask
        except AttributeError:
            ask, config = _one_row(self._library, self._handle, self.n_features)
            self._rows.ask = ask
            self._prepared.append(config)
        return ask(values)

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Predict ``(n_rows, n_features)`` numbers in one call."""
        for row in rows:
            self._require_width(row)
        return self.scores_flat(array("d", chain.from_iterable(rows)))

    def scores_flat(self, values: "array[float]") -> list[float]:
        """Predict rows whose ``n_features`` numbers each follow each other."""
        if not values:
            return []
        count, more = divmod(len(values), self.n_features)
        if more:
            raise other_width(more, self.n_features)
        return self._ask(_NORMAL, values, count, outputs=1)

    def contributions(self, values: Sequence[float]) -> list[float]:
        """What each feature of one row adds to the raw score, and last what all rows begin with.

        They sum to the raw score, before the link function: for probabilities the log-odds.

        Source: Lundberg et al., "From local explanations to global understanding with
        explainable AI for trees", Nature Machine Intelligence 2, 2020.
        """
        self._require_width(values)
        return self._ask(_CONTRIBUTIONS, array("d", values), 1, outputs=self.n_features + 1)

    def _ask(self, kind: int, values: "array[float]", count: int, *, outputs: int) -> list[float]:
        """What the library gives for ``count`` rows, ``outputs`` numbers for each."""
        size = count * outputs
        result, length = array("d", bytes(8 * size)), ctypes.c_int64()
        failed = self._library.LGBM_BoosterPredictForMat(
            self._handle,
            (ctypes.c_double * len(values)).from_buffer(values),
            _FLOAT64,
            ctypes.c_int32(count),
            ctypes.c_int32(self.n_features),
            1,  # row-major
            kind,
            0,
            _ALL,
            _ONE_THREAD,
            ctypes.byref(length),
            (ctypes.c_double * size).from_buffer(result),
        )
        if failed:
            raise _failed(self._library)
        return result.tolist()

    def scores_of(self, matrix: Any, *, threads: int = 1) -> "npt.NDArray[np.float64]":
        """Predict ``(n_rows,)`` from a float64 matrix, or buffer, of ``(n_rows, n_features)``.

        It is not copied where it lies row by row in memory; ``threads`` are the library's.
        """
        asked = matrix_of(matrix, self.n_features)
        found = np.empty(len(asked))
        if len(asked) and self._library.LGBM_BoosterPredictForMat(
            self._handle,
            ctypes.c_void_p(asked.ctypes.data),
            _FLOAT64,
            ctypes.c_int32(len(asked)),
            ctypes.c_int32(self.n_features),
            1,  # row-major
            _NORMAL,
            0,
            _ALL,
            b"num_threads=%d" % threads,
            ctypes.byref(ctypes.c_int64()),
            ctypes.c_void_p(found.ctypes.data),
        ):
            raise _failed(self._library)
        return found

    def close(self) -> None:
        """Give the model's memory back; nothing may be asked after this."""
        self._rows = threading.local()
        self._free()

    def _require_width(self, row: Sequence[float]) -> None:
        if len(row) != self.n_features:
            raise other_width(len(row), self.n_features)

    def _count(self, function: str) -> int:
        count = ctypes.c_int()
        if getattr(self._library, function)(self._handle, ctypes.byref(count)):
            raise _failed(self._library)
        return count.value


def _one_row(native: ctypes.CDLL, handle: ctypes.c_void_p, width: int) -> tuple[_OneRow, ctypes.c_void_p]:
    """Prepare the single-row call for one thread: its own buffers, its own native predictor."""
    row, result, length = (ctypes.c_double * width)(), ctypes.c_double(), ctypes.c_int64()
    config = ctypes.c_void_p()
    if native.LGBM_BoosterPredictForMatSingleRowFastInit(
        handle, _NORMAL, 0, _ALL, _FLOAT64, ctypes.c_int32(width), _ONE_THREAD, ctypes.byref(config)
    ):
        raise _failed(native)
    predict = native.LGBM_BoosterPredictForMatSingleRowFast
    places = config, ctypes.byref(row), ctypes.byref(length), ctypes.byref(result)
    write = Struct(f"{width}d").pack_into

    def ask(values: Sequence[float]) -> float:
        if len(values) != width:
            raise other_width(len(values), width)
        write(row, 0, *values)
        if predict(*places):
            raise _failed(native)
        return result.value

    return ask, config


def _free(native: ctypes.CDLL, handle: ctypes.c_void_p, prepared: list[ctypes.c_void_p]) -> None:
    """Free what was prepared on a model, then the model."""
    while prepared:
        native.LGBM_FastConfigFree(prepared.pop())
    native.LGBM_BoosterFree(handle)


def native_booster_codec() -> ReadingCodec:
    """Reads a stored LightGBM model as a ``NativeBooster``."""
    return ReadingCodec("lightgbm-text@1", ".lgb.txt", NativeBooster)


@functools.cache
def library() -> ctypes.CDLL:
    """The native library of the installed ``lightgbm`` distribution, its package not imported.

    Raises:
        Misconfigured: where it is not installed, or cannot be loaded.
    """
    file = f"lib_lightgbm.{_SUFFIX}"
    native = native_library(
        "lightgbm", [f"{folder}/{file}" for folder in ("lib", "bin", "..")], called="LightGBM"
    )
    native.LGBM_GetLastError.restype = ctypes.c_char_p
    native.LGBM_BoosterLoadModelFromString.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
    return native


def last_error(native: ctypes.CDLL) -> str:
    """What the library said last, on one line, at most 200 characters."""
    return one_line(native.LGBM_GetLastError())


def _failed(native: ctypes.CDLL) -> FullcycleError:
    return Invalid(
        f"LightGBM refused to predict: {last_error(native)}",
        "the stored model",
        "see whether the features are those it was trained on",
    )
