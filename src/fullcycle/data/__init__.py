"""Contracts of rows, where rows come from, and what tables are: checked, digested, profiled."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.data.canonical import table_digest as table_digest
    from fullcycle.data.codec import FrameCodec as FrameCodec
    from fullcycle.data.columns import accepts as accepts
    from fullcycle.data.columns import as_field as as_field
    from fullcycle.data.columns import conform as conform
    from fullcycle.data.columns import dtype_of as dtype_of
    from fullcycle.data.commented import comments as comments
    from fullcycle.data.comparison import ColumnChange as ColumnChange
    from fullcycle.data.comparison import ColumnSummary as ColumnSummary
    from fullcycle.data.comparison import Rows as Rows
    from fullcycle.data.comparison import TableChange as TableChange
    from fullcycle.data.comparison import compare_tables as compare_tables
    from fullcycle.data.contract import Field as Field
    from fullcycle.data.contract import described as described
    from fullcycle.data.contract import fields as fields
    from fullcycle.data.contract import schema as schema
    from fullcycle.data.contract import unwrapped as unwrapped
    from fullcycle.data.decided import Decided as Decided
    from fullcycle.data.decided import Decisions as Decisions
    from fullcycle.data.decided import decisions as decisions
    from fullcycle.data.distribution import FieldProfile as FieldProfile
    from fullcycle.data.distribution import Profile as Profile
    from fullcycle.data.distribution import profile as profile
    from fullcycle.data.distribution import recount as recount
    from fullcycle.data.divergence import first_difference as first_difference
    from fullcycle.data.divergence import table_difference as table_difference
    from fullcycle.data.divergence import text_difference as text_difference
    from fullcycle.data.file import File as File
    from fullcycle.data.file import Variable as Variable
    from fullcycle.data.history import asof as asof
    from fullcycle.data.index import ServedLookup as ServedLookup
    from fullcycle.data.index import contract_digest as contract_digest
    from fullcycle.data.index import index_digest as index_digest
    from fullcycle.data.index import verify_index as verify_index
    from fullcycle.data.indexing import write_index as write_index
    from fullcycle.data.inspection import check as check
    from fullcycle.data.instants import micros_of as micros_of
    from fullcycle.data.instants import time_dtype as time_dtype
    from fullcycle.data.lookup_codec import LookupCodec as LookupCodec
    from fullcycle.data.posted import Events as Events
    from fullcycle.data.posted import events as events
    from fullcycle.data.published import Lookup as Lookup
    from fullcycle.data.query import PartitionWriter as PartitionWriter
    from fullcycle.data.query import Query as Query
    from fullcycle.data.query import Warehouse as Warehouse
    from fullcycle.data.report import MASK as MASK
    from fullcycle.data.report import Problem as Problem
    from fullcycle.data.report import Report as Report
    from fullcycle.data.request import Malformed as Malformed
    from fullcycle.data.request import Unfit as Unfit
    from fullcycle.data.request import decode as decode
    from fullcycle.data.request import elements as elements
    from fullcycle.data.request import problems as problems
    from fullcycle.data.row import Row as Row
    from fullcycle.data.row import at_least as at_least
    from fullcycle.data.row import between as between
    from fullcycle.data.row import key as key
    from fullcycle.data.row import length as length
    from fullcycle.data.row import matching as matching
    from fullcycle.data.row import personal as personal
    from fullcycle.data.row import time as time
    from fullcycle.data.rows import columns_of as columns_of
    from fullcycle.data.rows import rows_of as rows_of
    from fullcycle.data.sources import Source as Source
    from fullcycle.data.sources import source as source
    from fullcycle.data.tabular import TableFile as TableFile
    from fullcycle.data.tabular import require_suffix as require_suffix
    from fullcycle.data.tabular import write_parts as write_parts
    from fullcycle.data.windows import trailing as trailing

__getattr__, __all__ = lazily(
    __name__,
    {
        "MASK": ".report",
        "ColumnChange": ".comparison",
        "ColumnSummary": ".comparison",
        "Decided": ".decided",
        "Decisions": ".decided",
        "Events": ".posted",
        "Field": ".contract",
        "FieldProfile": ".distribution",
        "File": ".file",
        "FrameCodec": ".codec",
        "Lookup": ".published",
        "LookupCodec": ".lookup_codec",
        "Malformed": ".request",
        "PartitionWriter": ".query",
        "Problem": ".report",
        "Profile": ".distribution",
        "Query": ".query",
        "Report": ".report",
        "Row": ".row",
        "Rows": ".comparison",
        "ServedLookup": ".index",
        "Source": ".sources",
        "TableFile": ".tabular",
        "columns_of": ".rows",
        "require_suffix": ".tabular",
        "rows_of": ".rows",
        "write_parts": ".tabular",
        "TableChange": ".comparison",
        "Unfit": ".request",
        "Variable": ".file",
        "Warehouse": ".query",
        "accepts": ".columns",
        "as_field": ".columns",
        "asof": ".history",
        "at_least": ".row",
        "between": ".row",
        "check": ".inspection",
        "comments": ".commented",
        "compare_tables": ".comparison",
        "first_difference": ".divergence",
        "table_difference": ".divergence",
        "text_difference": ".divergence",
        "conform": ".columns",
        "contract_digest": ".index",
        "decisions": ".decided",
        "decode": ".request",
        "elements": ".request",
        "events": ".posted",
        "described": ".contract",
        "dtype_of": ".columns",
        "fields": ".contract",
        "index_digest": ".index",
        "key": ".row",
        "length": ".row",
        "matching": ".row",
        "micros_of": ".instants",
        "personal": ".row",
        "problems": ".request",
        "profile": ".distribution",
        "recount": ".distribution",
        "schema": ".contract",
        "source": ".sources",
        "table_digest": ".canonical",
        "time": ".row",
        "time_dtype": ".instants",
        "trailing": ".windows",
        "unwrapped": ".contract",
        "verify_index": ".index",
        "write_index": ".indexing",
    },
)
