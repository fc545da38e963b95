"""Contracts of rows, where rows come from, and what tables are: checked, digested, profiled."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.data.contract import Field as Field
    from fullcycle.data.contract import fields as fields
    from fullcycle.data.contract import schema as schema
    from fullcycle.data.contract import unwrapped as unwrapped
    from fullcycle.data.query import Query as Query
    from fullcycle.data.query import Warehouse as Warehouse
    from fullcycle.data.request import Malformed as Malformed
    from fullcycle.data.request import Unfit as Unfit
    from fullcycle.data.request import decode as decode
    from fullcycle.data.request import problems as problems
    from fullcycle.data.row import Row as Row
    from fullcycle.data.row import at_least as at_least
    from fullcycle.data.row import between as between
    from fullcycle.data.row import key as key
    from fullcycle.data.row import length as length
    from fullcycle.data.row import matching as matching
    from fullcycle.data.row import personal as personal
    from fullcycle.data.row import time as time
    from fullcycle.data.sources import Source as Source
    from fullcycle.data.sources import source as source

__getattr__, __all__ = lazily(
    __name__,
    {
        "Field": ".contract",
        "Malformed": ".request",
        "Query": ".query",
        "Row": ".row",
        "Source": ".sources",
        "Unfit": ".request",
        "Warehouse": ".query",
        "at_least": ".row",
        "between": ".row",
        "decode": ".request",
        "fields": ".contract",
        "key": ".row",
        "length": ".row",
        "matching": ".row",
        "personal": ".row",
        "problems": ".request",
        "schema": ".contract",
        "source": ".sources",
        "time": ".row",
        "unwrapped": ".contract",
    },
)
