"""How a split is stored: what it says of itself, then its two frames, byte for byte repeatable."""

import msgspec

from fullcycle.data import FrameCodec
from fullcycle.evaluate.sample import Sample, Split
from fullcycle.kernel import Damaged, Digest, digest_parts

_LENGTH = 8  # bytes that tell how many bytes follow


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    weight: str | None
    group: str | None
    by_time: bool


class SplitCodec:
    """Stores a ``Split`` as a header and two tables."""

    name = "split@1"
    suffix = ".split"

    def __init__(self) -> None:
        self._frames = FrameCodec()

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, Split)

    def encode(self, value: Split) -> bytes:
        """The parts, each after its length."""
        frames = (self._frames.encode(side.frame.rechunk()) for side in (value.train, value.test))
        parts = [msgspec.json.encode(_header(value)), *frames]
        return b"".join(len(part).to_bytes(_LENGTH, "little") + part for part in parts)

    def decode(self, data: bytes) -> Split:
        """Read the parts again.

        Raises:
            Damaged: where the bytes end too early.
        """
        header, *frames = _parts(data)
        told = msgspec.json.decode(header, type=_Header)
        sides = (self._frames.decode(frame) for frame in frames)
        train, test = (Sample(side, told.label, told.weight, told.group) for side in sides)
        return Split(train, test, told.by_time)

    def content(self, value: Split, data: bytes) -> Digest:
        """Digest of what the split says and of its tables' content."""
        header, train, test = _parts(data)
        tables = (
            self._frames.content(value.train.frame, train),
            self._frames.content(value.test.frame, test),
        )
        return digest_parts(self.name, [header, *(table.encode() for table in tables)])


def _header(value: Split) -> _Header:
    side = value.train
    return _Header(
        label=side.label, weight=side.weight_column, group=side.group_column, by_time=value.by_time
    )


def _parts(data: bytes) -> list[bytes]:
    parts = []
    at = 0
    while at < len(data):
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "little")
        parts.append(data[at + _LENGTH : end])
        at = end
    if at != len(data) or len(parts) != 3:
        raise Damaged("a stored split ends too early", "a split in the artifact store", "run the step again")
    return parts
