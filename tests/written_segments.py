"""Segments as tests write and read them."""

from pathlib import Path

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_segment, segments


def written(folder: Path, *payloads: bytes) -> Path:
    writer = SegmentWriter(folder)
    for payload in payloads:
        writer.append(payload)
    writer.close()
    (path,) = segments(folder)
    return path


def payloads(path: Path, since: int = 0) -> list[bytes]:
    return [payload for payload, _ in read_segment(path, since)]
