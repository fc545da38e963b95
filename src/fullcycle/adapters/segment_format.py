"""The format of a segment: a magic that tells its version, then each event in a frame of its own.

A frame is a mark, the payload's length, the CRC-32 of length and payload, the payload. By its
mark a reader finds the next whole frame behind bytes that are none.
"""

import struct
import zlib
from pathlib import Path

from fullcycle.kernel import Damaged, Invalid

SUFFIX = ".segment"
MAGIC = b"fcsegm\x01\n"
"""What a segment begins with; the byte before the line feed is the version."""
BLANK = len(MAGIC)
"""Bytes of a segment without events."""

_MARK = b"\xfc\xe5\x9a\xa6"
_HEAD = struct.Struct("<4sII")  # mark, length, CRC-32
_LENGTH = struct.Struct("<I")
HEAD = _HEAD.size
"""Bytes of a frame before its payload."""


def framed(payload: bytes) -> bytes:
    """An event as it is written."""
    return _HEAD.pack(_MARK, len(payload), _crc(payload)) + payload


def payload_at(data: bytes, at: int) -> bytes | None:
    """The payload of the frame at an offset; None where there is no whole frame."""
    if len(data) - at < HEAD:
        return None
    mark, length, crc = _HEAD.unpack_from(data, at)
    start = at + HEAD
    if mark != _MARK or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if _crc(payload) == crc else None


def next_frame(data: bytes, start: int) -> int:
    """Where the next whole frame begins; -1 where there is none."""
    at = data.find(_MARK, start)
    while at >= 0 and payload_at(data, at) is None:
        at = data.find(_MARK, at + 1)
    return at


def check_magic(data: bytes, path: Path) -> None:
    """See that a file is a segment, or the beginning of one whose writer was killed as it began.

    Raises:
        Damaged: where it is none.
        Invalid: where a later version wrote it.
    """
    found = data[: len(MAGIC)]
    if MAGIC.startswith(found):
        return
    if found[:6] == MAGIC[:6] and found[7:] == MAGIC[7:]:
        raise Invalid(
            f"it is a segment of version {found[6]}, known here is {MAGIC[6]}",
            str(path),
            "upgrade fullcycle to at least the version that wrote it",
        )
    raise Damaged(
        "it is no segment of an event log", str(path), "restore that file from a backup, or move it away"
    )


def _crc(payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_LENGTH.pack(len(payload))))
