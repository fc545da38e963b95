"""NumPy arrays in NumPy's own format, which holds numbers and never Python objects."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fullcycle.kernel import Digest, Invalid, digest_parts, digest_value, later
from fullcycle.record import unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]
else:
    np = later("numpy")
    Array = Any


_SMALL = 64 * 1024  # bytes
_WHERE = "storing an artifact"


class ArrayCodec:
    """Stores an ``ndarray``; it comes back in C order, whatever order it had."""

    name = "numpy@1"
    suffix = ".npy"

    def matches(self, value: object) -> bool:
        """Whether it is an array; subclasses, which hold more than their values, are not."""
        return "numpy" in sys.modules and type(value) is np.ndarray

    def encode(self, value: Array) -> bytes:
        """The array as an ``.npy`` file.

        Raises:
            Invalid: where it holds Python objects.
        """
        return written(_plain(value))

    def decode(self, data: bytes) -> Array:
        """Read an ``.npy`` file.

        Raises:
            Damaged: where it is none.
        """
        buffer = io.BytesIO(data)
        try:
            found: Array = np.lib.format.read_array(buffer, allow_pickle=False)
        except (ValueError, EOFError, OSError, TypeError, SyntaxError) as error:
            raise unreadable("an array", error) from error
        if buffer.read(1):
            raise unreadable("an array", "more bytes than it says")
        return found

    def content(self, value: Array, data: bytes | None = None) -> Digest:
        """Digest of dtype, shape and values, bit for bit."""
        plain = _plain(value)
        told = [np.lib.format.dtype_to_descr(plain.dtype), list(plain.shape)]
        values = plain.reshape(-1).view(np.uint8).data if plain.nbytes else b""
        return digest_parts(self.name, [digest_value("dtype@1", repr(told)).encode(), values])

    def is_small(self, value: Array) -> bool:
        """Whether it is better kept as bytes."""
        return value.nbytes <= _SMALL

    def write(self, value: Array, path: Path) -> None:
        """Write an array to a file that is not there yet."""
        with path.open("xb") as file:
            np.lib.format.write_array(file, _plain(value), allow_pickle=False)

    def read(self, path: Path) -> Array:
        """The array, mapped into memory; a step may write to it, and changes only its own copy.

        Raises:
            Damaged: where the file is no ``.npy``.
        """
        try:
            return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
        except (ValueError, EOFError, OSError) as error:
            raise unreadable("an array", error) from error


def _plain(value: Array) -> Array:
    """The array in C order, with nothing left to chance between its fields."""
    if value.dtype.hasobject:
        raise Invalid(
            f"an array of dtype {value.dtype} holds Python objects",
            _WHERE,
            "give it a dtype of numbers or text, say values.astype(float) or values.astype(str), "
            "or return a list",
        )
    return np.ascontiguousarray(without_leftovers(value)).reshape(value.shape)


def written(value: Array) -> bytes:
    """An array as an ``.npy`` file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, value, allow_pickle=False)
    if value.dtype.names is None or value.nbytes == 0:
        return buffer.getvalue()
    clean = without_leftovers(value)  # NumPy copies fields one by one, into memory that it does not clear
    return buffer.getvalue()[: -value.nbytes] + clean.tobytes()


def without_leftovers(value: Array) -> Array:
    """The array with zeroes between its fields, where memory holds what was there before."""
    if value.dtype.names is None:
        return value
    clean: Array = np.zeros(value.shape, value.dtype)  # zeros_like would fill field by field
    _copy_fields(value, clean)
    return clean


def _copy_fields(source: Array, target: Array) -> None:
    for name in source.dtype.names or ():
        if source.dtype[name].names is not None:
            _copy_fields(source[name], target[name])
        else:
            target[name] = source[name]
