"""The value ledger: estimated beside measured, in the same money, with what it cost."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.value.cost import Cost as Cost
    from fullcycle.value.cost import CostPart as CostPart
    from fullcycle.value.cost import Prices as Prices
    from fullcycle.value.cost import cost_of_deciding as cost_of_deciding
    from fullcycle.value.cost import cost_so_far as cost_so_far
    from fullcycle.value.ledger import measurements as measurements
    from fullcycle.value.ledger import record_measurement as record_measurement
    from fullcycle.value.ledger import value_stream as value_stream
    from fullcycle.value.measurement import Calibration as Calibration
    from fullcycle.value.measurement import Effect as Effect
    from fullcycle.value.measurement import Measurement as Measurement
    from fullcycle.value.measurement import OffPolicy as OffPolicy
    from fullcycle.value.measurement import Yearly as Yearly
    from fullcycle.value.measurement import calibrated as calibrated
    from fullcycle.value.measurement import calibration as calibration
    from fullcycle.value.measurement import measure as measure
    from fullcycle.value.table import ValueTable as ValueTable
    from fullcycle.value.table import lay_out as lay_out

_NAMES = {
    "Calibration": ".measurement",
    "Cost": ".cost",
    "CostPart": ".cost",
    "Effect": ".measurement",
    "Measurement": ".measurement",
    "OffPolicy": ".measurement",
    "Prices": ".cost",
    "ValueTable": ".table",
    "Yearly": ".measurement",
    "calibrated": ".measurement",
    "calibration": ".measurement",
    "cost_of_deciding": ".cost",
    "cost_so_far": ".cost",
    "lay_out": ".table",
    "measure": ".measurement",
    "measurements": ".ledger",
    "record_measurement": ".ledger",
    "value_stream": ".ledger",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
