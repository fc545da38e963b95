"""The Arrow C data interface: how Polars hands a column out, and takes one over, without a copy.

Source: Apache Arrow, "The Arrow C data interface" and "The Arrow C stream interface".
"""

import ctypes

from fullcycle.kernel import Invalid


class Schema(ctypes.Structure):
    """ArrowSchema of the C data interface."""


class Array(ctypes.Structure):
    """ArrowArray of the C data interface."""


class Stream(ctypes.Structure):
    """ArrowArrayStream, as far as it is read."""


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))),
    ("private_data", ctypes.c_void_p),
]
Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", Release),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))),
]

capsule = ctypes.pythonapi.PyCapsule_New
capsule.restype = ctypes.py_object
capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
pointer = ctypes.pythonapi.PyCapsule_GetPointer
pointer.restype = ctypes.c_void_p
pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def least_sizes(form: str, length: int) -> list[int]:
    """The least bytes that the buffers of an array take, by Arrow's layout; validity is the first.

    Raises:
        Invalid: for a layout that is not known here.
    """
    bits = (length + 7) // 8
    if form == "n":
        return []
    if form == "+s" or form.startswith("+w:"):
        return [bits]
    if form == "b":
        return [bits, bits]
    if form in ("u", "z", "+l"):
        return [bits, 4 * (length + 1), 0][: 2 if form == "+l" else 3]
    if form in ("U", "Z", "+L"):
        return [bits, 8 * (length + 1), 0][: 2 if form == "+L" else 3]
    if form.startswith("d:"):
        return [bits, length * (int(form.split(",")[2]) // 8 if form.count(",") == 2 else 16)]
    if form.startswith("w:"):
        return [bits, length * int(form[2:])]
    width = _WIDTHS.get(form) or _WIDTHS.get(form[:3]) or _WIDTHS.get(form[:2])
    if width is None:
        raise Invalid(f"an array has the form {form!r}", "a table in memory", "read it without mapping")
    return [bits, length * width]


_WIDTHS = {
    **dict.fromkeys(["c", "C"], 1),
    **dict.fromkeys(["s", "S", "e"], 2),
    **dict.fromkeys(["i", "I", "f", "tdD", "tts", "ttm"], 4),
    **dict.fromkeys(["l", "L", "g", "tdm", "ttu", "ttn", "ts", "tD"], 8),
    **dict.fromkeys(["vu", "vz", "_pli128", "_plu128"], 16),
}
"""Bytes of one value, by the form; the last two forms are Polars' own."""
