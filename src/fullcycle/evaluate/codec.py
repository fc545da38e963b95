"""How a split is stored: what it says of itself, and its two tables in one file that can be mapped.

The rows of the training side come first, then those of the test side, in one Arrow file.
What the split says of itself is the name of one more column, which holds nothing and takes
no room. Sides whose columns differ follow one another as bytes, each after its length; so
did all splits once, as ``split@1``.
"""

from pathlib import Path

import msgspec
import polars as pl

from fullcycle.data import FrameCodec
from fullcycle.evaluate.sample import Sample, Split
from fullcycle.kernel import Digest, digest_parts
from fullcycle.record import joined, parted, unreadable

_ARROW = b"ARROW1"  # what an Arrow file begins with
_CONTENT = "split@1"  # the form of the digest, which is older than the layout


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    weight: str | None
    group: str | None
    by_time: bool


class _Stacked(_Header, frozen=True, kw_only=True, tag="split@2"):
    """The header of sides that lie in one table."""

    train: int  # rows of the training side


class SplitCodec:
    """Stores a ``Split`` as one table, or as a header and two tables."""

    name = "split@2"
    suffix = ".split"

    def __init__(self) -> None:
        self._frames = FrameCodec()

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, Split)

    def is_small(self, value: Split) -> bool:
        """Whether both sides are better kept as bytes."""
        return self._frames.is_small(value.train.frame) and self._frames.is_small(value.test.frame)

    def encode(self, value: Split) -> bytes:
        """One table, or the parts, each after its length."""
        stacked = _stacked(value)
        if stacked is not None:
            return self._frames.encode(stacked.rechunk())
        frames = (self._frames.encode(side.frame.rechunk()) for side in (value.train, value.test))
        parts = [msgspec.json.encode(_header(value)), *frames]
        return joined(parts)

    def decode(self, data: bytes) -> Split:
        """Read a split again, of this layout or the first.

        Raises:
            Damaged: where the bytes end too early.
        """
        if data.startswith(_ARROW):
            return _taken_apart(self._frames.decode(data))
        header, *frames = parted(data, 3, "a stored split")
        sides = [self._frames.decode(frame) for frame in frames]
        return _split(msgspec.json.decode(header, type=_Header), *sides)

    def write(self, value: Split, path: Path) -> None:
        """Write both sides to one file."""
        stacked = _stacked(value)
        if stacked is None:
            path.write_bytes(self.encode(value))
        else:
            self._frames.write(stacked, path)

    def read(self, path: Path) -> Split:
        """The split, its sides over the mapped file.

        Raises:
            Damaged: where the file is not whole.
        """
        with path.open("rb") as file:
            begins = file.read(len(_ARROW))
        return _taken_apart(self._frames.read(path)) if begins == _ARROW else self.decode(path.read_bytes())

    def content(self, value: Split, data: bytes | None = None) -> Digest:
        """Digest of what the split says and of its tables' content."""
        header = msgspec.json.encode(_header(value))
        tables = (self._frames.content(side.frame) for side in (value.train, value.test))
        return digest_parts(_CONTENT, [header, *(table.encode() for table in tables)])


class FirstSplitCodec(SplitCodec):
    """Reads the splits that were stored as ``split@1``; stores none."""

    name = _CONTENT

    def matches(self, value: object) -> bool:
        """False: new splits have the newer layout."""
        return False


def _header(value: Split) -> _Header:
    side = value.train
    return _Header(
        label=side.label, weight=side.weight_column, group=side.group_column, by_time=value.by_time
    )


def _stacked(value: Split) -> pl.DataFrame | None:
    """Both sides as one table, the header the name of its last column; None where their columns differ."""
    train, test = value.train.frame, value.test.frame
    if train.schema != test.schema:
        return None
    told = _header(value)
    header = _Stacked(
        label=told.label, weight=told.weight, group=told.group, by_time=told.by_time, train=train.height
    )
    name = msgspec.json.encode(header).decode()
    return pl.concat([train, test], rechunk=False).with_columns(pl.lit(None, dtype=pl.Null).alias(name))


def _taken_apart(frame: pl.DataFrame) -> Split:
    try:
        told = msgspec.json.decode(frame.columns[-1], type=_Stacked)
    except (msgspec.MsgspecError, IndexError) as error:
        raise unreadable("a stored split", "it does not say how it is divided") from error
    both = frame.drop(frame.columns[-1])
    return _split(told, both.head(told.train), both.slice(told.train))


def _split(told: _Header, *sides: pl.DataFrame) -> Split:
    train, test = (Sample(side, told.label, told.weight, told.group) for side in sides)
    return Split(train, test, told.by_time)
