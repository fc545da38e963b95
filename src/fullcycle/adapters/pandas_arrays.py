"""The columns and indices of pandas as Polars series, with what pandas says of them beside.

Each dtype that is stored comes back as itself; any other is refused.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from fullcycle.kernel import Damaged, Invalid
from fullcycle.record import read_plain, write_plain

Told = dict[str, Any]

_NATIVE = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)
_MASKED = (
    "boolean",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float32",
    "Float64",
)
_MISSING = {"NA": pd.NA, "NaT": pd.NaT}  # no JSON says so
_INSTEAD = "turn it into numbers, text, dates or categories, or keep it as another value"


class Packing:
    """Series in blocks of equal length: the rows first, then labels and categories."""

    def __init__(self, blocks: Sequence[pl.DataFrame] = ()) -> None:
        self.series: list[list[pl.Series]] = [block.get_columns() for block in blocks]

    def blocks(self) -> list[pl.DataFrame]:
        """The blocks as tables, their columns numbered."""
        return [pl.DataFrame([s.alias(str(n)) for n, s in enumerate(block)]) for block in self.series]

    def new(self) -> int:
        """Begin a block."""
        self.series.append([])
        return len(self.series) - 1

    def add(self, block: int, series: pl.Series) -> int:
        """Put a series into a block; its place there."""
        self.series[block].append(series)
        return len(self.series[block]) - 1

    def pack_index(self, index: pd.Index, block: int) -> Told:
        """What is said of an index; its values go into the block."""
        if type(index) is pd.RangeIndex:
            told: Told = {"is": "range", "range": [index.start, index.stop, index.step]}
        elif isinstance(index, pd.MultiIndex):
            levels = [self._pack_level(values, codes, block) for values, codes in _levels(index)]
            return {
                "is": "levels",
                "levels": levels,
                "names": _plain(list(index.names), "the name of an index"),
            }
        else:
            told = {"is": "values", "values": self.pack(index.array, block, "the index")}
        freq = (
            getattr(index, "freq", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
        )
        return {**told, "name": _plain(index.name, "the name of an index"), "freq": freq and freq.freqstr}

    def unpack_index(self, told: Told, block: int) -> pd.Index:
        """The index again."""
        if told["is"] == "range":
            return pd.RangeIndex(*told["range"], name=told["name"])
        if told["is"] == "levels":
            levels = [self.unpack_index(level["values"], level["block"]) for level in told["levels"]]
            codes = [_writable(self.series[block][level["at"]]) for level in told["levels"]]
            return pd.MultiIndex(levels, codes, names=told["names"], verify_integrity=False)
        values = self.unpack(told["values"], block)
        index = pd.Index(values, dtype=values.dtype, name=told["name"])
        if told["freq"]:
            index.freq = told["freq"]
        return index

    def _pack_level(self, values: pd.Index, codes: Any, block: int) -> Told:
        inner = self.new()
        told = {"values": self.pack_index(values, inner), "block": inner}
        return {**told, "at": self.add(block, pl.Series(np.asarray(codes, dtype=np.int64)))}

    def pack(self, values: Any, block: int, what: str) -> Told:
        """What is said of an array of pandas or NumPy; its values go into the block.

        Raises:
            Invalid: for a dtype that would not come back as it was.
        """
        if type(values) is pd.arrays.NumpyExtensionArray:  # texts are one too
            return self._pack_numpy(values.to_numpy(), block, what)
        dtype = values.dtype
        put = functools.partial(self.add, block)
        match dtype:
            case pd.CategoricalDtype():
                inner = self.new()
                categories = self.pack_index(dtype.categories, inner)
                return {
                    "is": "category",
                    "at": put(pl.Series(np.asarray(values.codes))),
                    "block": inner,
                    "categories": categories,
                    "ordered": bool(dtype.ordered),
                }
            case pd.DatetimeTZDtype():
                utc = values.tz_convert("UTC").tz_localize(None)
                zone = _zone(dtype.tz, what)
                return {"is": "zoned", "at": put(_numbers(utc)), "unit": dtype.unit, "zone": zone}
            case pd.StringDtype():
                known = "NA" if dtype.na_value is pd.NA else "nan"
                return {"is": "text", "at": put(_texts(values)), "storage": dtype.storage, "missing": known}
            case pd.PeriodDtype():
                return {"is": "period", "at": put(pl.Series(np.asarray(values.asi8))), "dtype": str(dtype)}
            case pd.IntervalDtype():
                sides = [self.pack(side.array, block, what) for side in (values.left, values.right)]
                return {"is": "interval", "sides": sides, "closed": dtype.closed}
            case pd.ArrowDtype():
                return {"is": "arrow", "at": put(_from_arrow(values, what)), "type": _arrow_type(dtype)}
            case np.dtype():
                return self._pack_numpy(np.asarray(values), block, what)
        if str(dtype) in _MASKED:
            data = values.to_numpy(dtype=dtype.numpy_dtype, na_value=0)
            return {
                "is": "masked",
                "at": put(pl.Series(data)),
                "mask": put(pl.Series(_mask(values))),
                "dtype": str(dtype),
            }
        raise _refused(what, dtype)

    def _pack_numpy(self, values: Any, block: int, what: str) -> Told:
        dtype = values.dtype
        native = values.astype(dtype.newbyteorder("="), copy=False)
        told = {"is": "numpy", "dtype": dtype.str}
        if dtype.kind == "O":
            return {"is": "objects", "at": self.add(block, _objects(values, what))}
        if dtype.kind == "c" and native.dtype.itemsize <= 16:
            parts = [self.add(block, pl.Series(np.ascontiguousarray(p))) for p in (native.real, native.imag)]
            return {**told, "at": parts[0], "imag": parts[1]}
        if dtype.kind in "mM":
            return {**told, "at": self.add(block, pl.Series(native.view(np.int64)))}
        if native.dtype == np.float16:
            return {**told, "at": self.add(block, pl.Series(native.view(np.uint16)))}
        if str(native.dtype) in _NATIVE:
            return {**told, "at": self.add(block, pl.Series(np.ascontiguousarray(native)))}
        raise _refused(what, dtype)

    def unpack(self, told: Told, block: int) -> Any:
        """The array again."""
        get = self.series[block]
        match told["is"]:
            case "numpy":
                return _unpacked_numpy(told, get)
            case "objects":
                return _from_objects(get[told["at"]])
            case "category":
                categories = self.unpack_index(told["categories"], told["block"])
                kind = pd.CategoricalDtype(categories, ordered=told["ordered"])
                return pd.Categorical.from_codes(_writable(get[told["at"]]), dtype=kind)
            case "zoned":
                utc = _writable(get[told["at"]]).view(f"M8[{told['unit']}]")
                return pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(told["zone"]).array
            case "text":
                missing = pd.NA if told["missing"] == "NA" else np.nan
                return pd.array(
                    get[told["at"]].to_list(), dtype=pd.StringDtype(told["storage"], na_value=missing)
                )
            case "period":
                kind = pd.api.types.pandas_dtype(told["dtype"])
                return pd.arrays.PeriodArray(_writable(get[told["at"]]), dtype=kind)
            case "interval":
                left, right = (self.unpack(side, block) for side in told["sides"])
                return pd.arrays.IntervalArray.from_arrays(left, right, closed=told["closed"])
            case "arrow":
                return _to_arrow(get[told["at"]], told["type"])
            case "masked":
                return _unmasked(told, get)
        raise Damaged(f"an array of the sort {told['is']!r}", "a stored data frame", "update fullcycle")


def _levels(index: pd.MultiIndex) -> Any:
    """The values of each level, and the place among them of each row's."""
    used = index.remove_unused_levels()
    return zip(used.levels, used.codes, strict=True)


def _unpacked_numpy(told: Told, get: list[pl.Series]) -> Any:
    dtype = np.dtype(told["dtype"])
    native = dtype.newbyteorder("=")
    values = _writable(get[told["at"]])
    if "imag" in told:
        found = np.empty(len(values), native)
        found.real, found.imag = values, _writable(get[told["imag"]])
    else:
        found = values.view(native) if dtype.kind in "mM" or native == np.float16 else values
    return found.astype(dtype, copy=False)


def _unmasked(told: Told, get: list[pl.Series]) -> Any:
    values = (_writable(get[told["at"]]), _writable(get[told["mask"]]))
    name = told["dtype"]
    kind = (
        pd.arrays.BooleanArray
        if name == "boolean"
        else (pd.arrays.FloatingArray if name.startswith("Float") else pd.arrays.IntegerArray)
    )
    return kind(*values)


def _mask(values: Any) -> Any:
    """Where nothing is known; NaN is a number here, whatever an option makes of it."""
    return np.asarray(values._mask, dtype=bool)


def _writable(series: pl.Series) -> Any:
    """The values, as memory that a step may write to."""
    return series.to_numpy(writable=True)


def _numbers(values: Any) -> pl.Series:
    return pl.Series(np.asarray(values).view(np.int64))


def _texts(values: Any) -> pl.Series:
    return pl.Series(values.to_numpy(dtype=object, na_value=None).tolist(), dtype=pl.String)


def _objects(values: Any, what: str) -> pl.Series:
    """Each object as plain JSON; what pandas means by missing by its name."""
    names = {id(value): name for name, value in _MISSING.items()}

    def text(value: object) -> str:
        return names.get(id(value)) or write_plain(_plain(value, f"an object in {what}")).decode()

    return pl.Series([text(value) for value in values], dtype=pl.String)


def _from_objects(series: pl.Series) -> Any:
    found = np.empty(len(series), dtype=object)
    for place, text in enumerate(series.to_list()):
        found[place] = _MISSING[text] if text in _MISSING else read_plain(text.encode())
    return found


def _plain(value: Any, what: str) -> Any:
    """A value that JSON gives back as it was."""
    try:
        again = read_plain(write_plain(value))
    except TypeError:
        again = None
    if type(again) is type(value):
        return value
    raise Invalid(
        f"{what} is a {type(value).__module__}.{type(value).__qualname__}", "storing a data frame", _INSTEAD
    )


def _zone(zone: Any, what: str) -> str:
    """The name of a time zone that gives the same zone again."""
    name = str(zone)
    try:
        again = pd.DatetimeTZDtype("ns", name).tz
    except (TypeError, KeyError, ValueError):
        again = None
    if again == zone:
        return name
    raise Invalid(
        f"{what} has the time zone {zone!r}", "storing a data frame", 'use a zone by its name, say "UTC"'
    )


def _from_arrow(values: Any, what: str) -> pl.Series:
    try:
        found = pl.from_arrow(values.__arrow_array__())
    except Exception as error:
        raise _refused(what, values.dtype) from error
    return found if isinstance(found, pl.Series) else found.to_series()


def _arrow_type(dtype: Any) -> bytes:
    import pyarrow as pa  # there, since a dtype of its is

    return bytes(pa.schema([("", dtype.pyarrow_dtype)]).serialize())


def _to_arrow(series: pl.Series, told: bytes) -> Any:
    import pyarrow as pa  # an extra

    kind = pa.ipc.read_schema(pa.py_buffer(told)).field(0).type
    return pd.array(series.to_arrow().cast(kind), dtype=pd.ArrowDtype(kind))


def _refused(what: str, dtype: object) -> Invalid:
    return Invalid(
        f"{what} has dtype {dtype}, which the store cannot give back as it was",
        "storing a data frame",
        _INSTEAD,
    )
