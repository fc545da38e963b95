"""The record: facts in streams, objects under their digests, decisions in a log."""

from fullcycle.record.artifacts import Artifacts
from fullcycle.record.codecs import BundleCodec, BytesCodec, Codecs, PlainCodec
from fullcycle.record.decisions import (
    Decision,
    EventsCompacted,
    Span,
    decode_decision,
    each_once,
    encode_decision,
    events_stream,
)
from fullcycle.record.facts import Fact, Kind, Written, fact, kinds, read_body, read_fact, write_body
from fullcycle.record.family import Artifact, Family
from fullcycle.record.memory import MemoryLedger, MemoryObjects
from fullcycle.record.ports import Codec, Entry, Ledger, MappedCodec, ObjectStore, Stored
from fullcycle.record.projection import Lookups, Projection
from fullcycle.record.secret import Secret, masked
from fullcycle.record.streams import append_next, checked_stream, lost, prefix_range

__all__ = [
    "Artifact",
    "Artifacts",
    "BundleCodec",
    "BytesCodec",
    "Codec",
    "Codecs",
    "Decision",
    "Entry",
    "EventsCompacted",
    "Fact",
    "Family",
    "Kind",
    "Ledger",
    "Lookups",
    "MappedCodec",
    "MemoryLedger",
    "MemoryObjects",
    "ObjectStore",
    "PlainCodec",
    "Projection",
    "Secret",
    "Span",
    "Stored",
    "Written",
    "append_next",
    "checked_stream",
    "decode_decision",
    "each_once",
    "encode_decision",
    "events_stream",
    "fact",
    "kinds",
    "lost",
    "masked",
    "prefix_range",
    "read_body",
    "read_fact",
    "write_body",
]
