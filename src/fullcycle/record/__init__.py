"""The record: facts in streams, objects under their digests, decisions in a log."""

from fullcycle.record.artifacts import Artifacts
from fullcycle.record.bundle import BundleCodec
from fullcycle.record.codecs import BytesCodec, Codecs, PlainCodec, Vendor
from fullcycle.record.decisions import (
    Decision,
    Received,
    decode_decision,
    each_once,
    encode_decision,
    encode_received,
)
from fullcycle.record.declared import DeclaredCodec, codec
from fullcycle.record.event_log import (
    Compacted,
    DayFile,
    EventsCompacted,
    EventsMerged,
    LogTerms,
    Span,
    Unlogged,
    WhenLogFails,
    compacted_of,
    encode_unlogged,
    events_stream,
    unlogged_in,
)
from fullcycle.record.facts import Fact, Kind, Written, fact, kinds, read_body, read_fact, write_body
from fullcycle.record.family import Artifact, Family
from fullcycle.record.framing import joined, parted, unreadable
from fullcycle.record.memory import MemoryLedger, MemoryObjects
from fullcycle.record.pickled import PickleCodec
from fullcycle.record.picture import Picture
from fullcycle.record.plain import read_plain, write_plain
from fullcycle.record.ports import (
    Attachments,
    Codec,
    Entry,
    Ledger,
    MappedCodec,
    ObjectStore,
    Stored,
    Watched,
    Witnessing,
)
from fullcycle.record.projection import Lookups, Projection
from fullcycle.record.secret import Secret, masked
from fullcycle.record.streams import append_next, append_witnessed, checked_stream, lost, prefix_range
from fullcycle.record.unwritten import UnwrittenLedger, UnwrittenObjects

__all__ = [
    "Artifact",
    "Artifacts",
    "Attachments",
    "BundleCodec",
    "BytesCodec",
    "Codec",
    "Codecs",
    "Compacted",
    "DayFile",
    "Decision",
    "DeclaredCodec",
    "Entry",
    "EventsCompacted",
    "EventsMerged",
    "Fact",
    "Family",
    "Kind",
    "Ledger",
    "LogTerms",
    "Lookups",
    "MappedCodec",
    "MemoryLedger",
    "MemoryObjects",
    "ObjectStore",
    "PickleCodec",
    "Picture",
    "PlainCodec",
    "Projection",
    "Received",
    "Secret",
    "Span",
    "Stored",
    "Unlogged",
    "UnwrittenLedger",
    "UnwrittenObjects",
    "Vendor",
    "Watched",
    "WhenLogFails",
    "Witnessing",
    "Written",
    "append_next",
    "append_witnessed",
    "checked_stream",
    "codec",
    "compacted_of",
    "decode_decision",
    "each_once",
    "encode_decision",
    "encode_received",
    "encode_unlogged",
    "events_stream",
    "fact",
    "joined",
    "kinds",
    "lost",
    "masked",
    "parted",
    "prefix_range",
    "read_body",
    "read_fact",
    "read_plain",
    "unlogged_in",
    "unreadable",
    "write_body",
    "write_plain",
]
