"""Values and a codec for the tests of how values are kept."""

import dataclasses
from datetime import date, timedelta
from typing import Any

import msgspec

from fullcycle.kernel import Digest, digest_parts
from fullcycle.record import (
    Artifacts,
    Codecs,
    MemoryObjects,
)


class Table:
    """Something that plain data does not hold, as a data frame is."""

    def __init__(self, *cells: int) -> None:
        self.cells = bytes(cells)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.cells == other.cells

    def __hash__(self) -> int:
        return hash(self.cells)

    def __repr__(self) -> str:
        return f"Table({self.cells!r})"


class TableCodec:
    """As a stage registers one."""

    name = "table@1"
    suffix = ".table"

    def matches(self, value: object) -> bool:
        return isinstance(value, Table)

    def encode(self, value: Table) -> bytes:
        return value.cells

    def decode(self, data: bytes) -> Table:
        return Table(*data)

    def content(self, value: Table, data: bytes) -> Digest:
        return digest_parts(self.name, [data])


@dataclasses.dataclass(frozen=True)
class Offer:
    campaign: str
    discount: float
    until: date | None = None


class Plan(msgspec.Struct, frozen=True, tag=True, rename="camel"):
    first_offer: Offer
    by_client: dict[int, tuple[Offer, ...]] = {}
    length: timedelta = timedelta(days=14)


def codecs() -> Codecs:
    made = Codecs()
    made.register(TableCodec())
    return made


def artifacts() -> Artifacts:
    return Artifacts(MemoryObjects(), codecs())


def content(value: Any) -> Digest:
    return artifacts().keep(value).content


def back(value: Any, kind: Any = Any) -> Any:
    shelf = artifacts()
    return shelf.load(shelf.keep(value), kind)
