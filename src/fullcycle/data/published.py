"""A lookup: the newest row per key, asked for one key at a time."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fullcycle.data.contract import schema
from fullcycle.data.lookup_key import LookupKey
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    import polars as pl

R = TypeVar("R", bound=Row)


class Lookup(Generic[R]):
    """The newest row per key of ``rows``, which keep ``contract``, to be asked with ``get(*key)``.

    Where the contract has an ``fc.time``, the rows are a history and the newest of each
    key counts; where it has none, each key stands once. ``frame`` holds the rows as a
    table ordered by their key; a row is made of it when it is asked for.

    Raises:
        Invalid: for a contract without a key.
        Refused: where rows break the contract; five of them per rule are shown.

    >>> import polars as pl
    >>> from typing import Annotated
    >>> from fullcycle.data import key
    >>> class Shortlist(Row):
    ...     client_id: Annotated[int, key]
    ...     items: list[int]
    >>> shortlists = Lookup(Shortlist, pl.DataFrame({"client_id": [7], "items": [[3, 4]]}))
    >>> shortlists.get(7), shortlists.get(8)
    (Shortlist(client_id=7, items=[3, 4]), None)
    """

    def __init__(self, contract: type[R], rows: "pl.DataFrame") -> None:
        from fullcycle.data.newest import newest  # brings Polars, which a service does without

        self.contract = contract
        self._key = LookupKey(contract)
        self.frame = newest(rows, contract)

    def get(self, *key: object) -> R | None:
        """The row of a key, None where there is none.

        Raises:
            Invalid: for fewer or more values than the key has fields, or of other types.
        """
        place = self._places.get(self._key.of(key))
        return None if place is None else self._row(place)

    def of(self, contract: type[R]) -> "Lookup[R]":
        """The same rows as rows of ``contract``, another class that says the same.

        Raises:
            Invalid: where it says something else.
        """
        if schema(contract) != schema(self.contract):
            raise Invalid(
                f"its rows are no {contract.__name__}",
                f"a lookup of {self.contract.__name__}",
                "run again what made it, with the contract as it is now",
            )
        same: Lookup[R] = Lookup.__new__(Lookup)
        same.contract, same._key, same.frame = contract, self._key, self.frame
        return same

    @cached_property
    def _places(self) -> dict[Any, int]:
        """The row number of each key; made when the first is asked for."""
        columns = [self.frame[name].to_list() for name in self._key.names]
        keys = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
        return {key: place for place, key in enumerate(keys)}

    def _row(self, place: int) -> R:
        return self.contract(*self.frame.row(place))

    def __len__(self) -> int:
        return self.frame.height

    def __iter__(self) -> Iterator[R]:
        """The rows, in the order of their keys."""
        return (self.contract(*row) for row in self.frame.iter_rows())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lookup):
            return NotImplemented
        return schema(self.contract) == schema(other.contract) and self.frame.equals(other.frame)

    __hash__ = None  # type: ignore[assignment]  # equal by its rows, which are too many to hash

    def __repr__(self) -> str:
        return f"<lookup of {self.contract.__name__}: {len(self):,} keys>"
