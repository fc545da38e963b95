"""Handing a DuckDB result to Polars by the Arrow C stream interface.

Polars keeps the class of whatever it is handed for the life of the process. Handed
DuckDB's own class, it keeps DuckDB's module too, which then complains of leaks when
Python ends: so this class stands in a module that does not import DuckDB.
"""


class ArrowStream:
    """An Arrow C stream, to be read once."""

    __slots__ = ("_capsule",)

    def __init__(self, capsule: object) -> None:
        self._capsule: object | None = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object | None:
        """Hand it over; whoever takes it closes it."""
        capsule, self._capsule = self._capsule, None
        return capsule
