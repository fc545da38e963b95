"""How the fields of a contract stand in a table: the dtypes they accept and the one they become."""

from datetime import date, datetime

import polars as pl

from fullcycle.data.contract import Field, fields
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid, UnknownName

UTC_MICROS = pl.Datetime("us", "UTC")

_DTYPES: dict[type, pl.DataType] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    str: pl.String(),
    date: pl.Date(),
    datetime: UTC_MICROS,
}


def dtype_of(field: Field) -> pl.DataType:
    """The dtype of a field in a conformed table."""
    return _DTYPES[field.type] if field.item is None else pl.List(_DTYPES[field.item])


def accepts(field: Field, dtype: pl.DataType) -> bool:
    """Whether a column of ``dtype`` can hold the field without guessing: an int may stand for a float."""
    if field.item is None:
        return _accepts(field.type, dtype)
    inner = getattr(dtype, "inner", None)
    return dtype == pl.Null or (inner is not None and _accepts(field.item, inner))


def conform(frame: pl.DataFrame, contract: type[Row]) -> pl.DataFrame:
    """The contract's columns, in its order and its dtypes; other columns are left out.

    An absent column is filled where the field has a default. Times become UTC
    microseconds, a time without a zone being taken as UTC.

    Raises:
        UnknownName: for an absent column.
        Invalid: for a column of another kind, or values beyond 64 bits.
    """
    try:
        return frame.select([_column(field, frame) for field in fields(contract)])
    except pl.exceptions.InvalidOperationError as error:
        raise Invalid(
            f"a value is beyond what the contract {contract.__name__} can hold: {str(error)[:200]}",
            "the rows of a table",
            "fix it in the query, or check the table first",
        ) from error


def as_field(field: Field, dtype: pl.DataType) -> pl.Expr:
    """The expression that brings a column of an accepted ``dtype`` into the field's own."""
    column = pl.col(field.name)
    target = dtype_of(field)
    if dtype == target:
        return column
    if field.type is datetime and isinstance(dtype, pl.Datetime):
        micros = column.dt.cast_time_unit("us")
        return micros.dt.convert_time_zone("UTC") if dtype.time_zone else micros.dt.replace_time_zone("UTC")
    return column.cast(target)


def _column(field: Field, frame: pl.DataFrame) -> pl.Expr:
    dtype = frame.schema.get(field.name)
    if dtype is None:
        if field.required:
            raise UnknownName.among(field.name, frame.columns, where="the columns of a table")
        return pl.lit(field.default, dtype=dtype_of(field)).alias(field.name)
    if not accepts(field, dtype):
        raise Invalid(
            f"column {field.name!r} is {dtype}, and its contract says {field.type_name}",
            "the columns of a table",
            "cast it in the query",
        )
    return as_field(field, dtype)


def _accepts(kind: type, dtype: pl.DataType) -> bool:
    if dtype == pl.Null:
        return True
    if kind is int:
        return dtype.is_integer()
    if kind is float:
        return dtype.is_numeric()
    if kind is str:
        return dtype in (pl.String, pl.Categorical, pl.Enum)
    if kind is datetime:
        return dtype == pl.Datetime
    return dtype == _DTYPES[kind]
