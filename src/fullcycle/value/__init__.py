"""The value ledger: estimated beside measured, in the same money, with what it cost."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.value.cost import Cost as Cost
    from fullcycle.value.cost import CostPart as CostPart
    from fullcycle.value.cost import Prices as Prices
    from fullcycle.value.cost import cost_of_deciding as cost_of_deciding
    from fullcycle.value.cost import cost_so_far as cost_so_far
    from fullcycle.value.estimates import Estimated as Estimated
    from fullcycle.value.estimates import Revision as Revision
    from fullcycle.value.estimates import Told as Told
    from fullcycle.value.estimates import estimates_stream as estimates_stream
    from fullcycle.value.estimates import revise as revise
    from fullcycle.value.estimates import revised_by_hand as revised_by_hand
    from fullcycle.value.estimates import revisions as revisions
    from fullcycle.value.estimates import same_estimate as same_estimate
    from fullcycle.value.launch import Answering as Answering
    from fullcycle.value.launch import Launch as Launch
    from fullcycle.value.launch import Realised as Realised
    from fullcycle.value.launch import answering as answering
    from fullcycle.value.launch import launch_of as launch_of
    from fullcycle.value.launch import realised as realised
    from fullcycle.value.launch import told_together as told_together
    from fullcycle.value.ledger import held_out_measurements as held_out_measurements
    from fullcycle.value.ledger import measurements as measurements
    from fullcycle.value.ledger import record_measurement as record_measurement
    from fullcycle.value.ledger import value_stream as value_stream
    from fullcycle.value.measurement import Calibration as Calibration
    from fullcycle.value.measurement import Effect as Effect
    from fullcycle.value.measurement import Found as Found
    from fullcycle.value.measurement import Measurement as Measurement
    from fullcycle.value.measurement import OffPolicy as OffPolicy
    from fullcycle.value.measurement import Source as Source
    from fullcycle.value.measurement import Strength as Strength
    from fullcycle.value.measurement import Yearly as Yearly
    from fullcycle.value.measurement import calibrated as calibrated
    from fullcycle.value.measurement import calibration as calibration
    from fullcycle.value.measurement import measure as measure
    from fullcycle.value.proxy import Correlation as Correlation
    from fullcycle.value.proxy import Proxy as Proxy
    from fullcycle.value.proxy import ProxyPoint as ProxyPoint
    from fullcycle.value.proxy import correlation as correlation
    from fullcycle.value.proxy import proxies as proxies
    from fullcycle.value.row import NOT_LAUNCHED as NOT_LAUNCHED
    from fullcycle.value.row import ValueRow as ValueRow
    from fullcycle.value.row import Way as Way
    from fullcycle.value.row import costs_of as costs_of
    from fullcycle.value.row import value_row as value_row
    from fullcycle.value.table import ValueTable as ValueTable
    from fullcycle.value.table import lay_out as lay_out
    from fullcycle.value.table import lay_out_rows as lay_out_rows
    from fullcycle.value.track_record import FEWEST as FEWEST
    from fullcycle.value.track_record import TrackRecord as TrackRecord
    from fullcycle.value.track_record import median_interval as median_interval
    from fullcycle.value.track_record import record_of as record_of
    from fullcycle.value.track_record import share_interval as share_interval

_NAMES = {
    "Answering": ".launch",
    "Calibration": ".measurement",
    "Correlation": ".proxy",
    "Cost": ".cost",
    "CostPart": ".cost",
    "Effect": ".measurement",
    "Estimated": ".estimates",
    "FEWEST": ".track_record",
    "Found": ".measurement",
    "Launch": ".launch",
    "Measurement": ".measurement",
    "NOT_LAUNCHED": ".row",
    "OffPolicy": ".measurement",
    "Prices": ".cost",
    "Proxy": ".proxy",
    "ProxyPoint": ".proxy",
    "Realised": ".launch",
    "Revision": ".estimates",
    "Source": ".measurement",
    "Strength": ".measurement",
    "Told": ".estimates",
    "TrackRecord": ".track_record",
    "ValueRow": ".row",
    "ValueTable": ".table",
    "Way": ".row",
    "Yearly": ".measurement",
    "answering": ".launch",
    "calibrated": ".measurement",
    "calibration": ".measurement",
    "correlation": ".proxy",
    "cost_of_deciding": ".cost",
    "cost_so_far": ".cost",
    "costs_of": ".row",
    "estimates_stream": ".estimates",
    "held_out_measurements": ".ledger",
    "launch_of": ".launch",
    "lay_out": ".table",
    "lay_out_rows": ".table",
    "measure": ".measurement",
    "measurements": ".ledger",
    "median_interval": ".track_record",
    "proxies": ".proxy",
    "realised": ".launch",
    "record_measurement": ".ledger",
    "record_of": ".track_record",
    "revise": ".estimates",
    "revised_by_hand": ".estimates",
    "revisions": ".estimates",
    "same_estimate": ".estimates",
    "share_interval": ".track_record",
    "told_together": ".launch",
    "value_row": ".row",
    "value_stream": ".ledger",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
