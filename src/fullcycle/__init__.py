"""fullcycle takes one data scientist from a problem to its measured outcome.

Names load their module on first use, so that ``import fullcycle`` brings no table or
model library with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullcycle import testing as testing
    from fullcycle.bandit import linucb as linucb
    from fullcycle.bandit import thompson as thompson
    from fullcycle.data import File as File
    from fullcycle.data import Lookup as Lookup
    from fullcycle.data import Query as Query
    from fullcycle.data import Row as Row
    from fullcycle.data import Source as Source
    from fullcycle.data import Variable as Variable
    from fullcycle.data import Warehouse as Warehouse
    from fullcycle.data import asof as asof
    from fullcycle.data import at_least as at_least
    from fullcycle.data import between as between
    from fullcycle.data import decisions as decisions
    from fullcycle.data import events as events
    from fullcycle.data import key as key
    from fullcycle.data import length as length
    from fullcycle.data import matching as matching
    from fullcycle.data import personal as personal
    from fullcycle.data import source as source
    from fullcycle.data import time as time
    from fullcycle.data import trailing as trailing
    from fullcycle.evaluate import Split as Split
    from fullcycle.evaluate import split as split
    from fullcycle.experiment import Experiment as Experiment
    from fullcycle.feature import Bandit as Bandit
    from fullcycle.feature import Draw as Draw
    from fullcycle.feature import Model as Model
    from fullcycle.feature import dot as dot
    from fullcycle.feature import features as features
    from fullcycle.flow import Each as Each
    from fullcycle.flow import Pickled as Pickled
    from fullcycle.flow import model as model
    from fullcycle.flow import step as step
    from fullcycle.kernel import FullcycleError as FullcycleError
    from fullcycle.metric import Metric as Metric
    from fullcycle.metric import mean as mean
    from fullcycle.metric import outcomes as outcomes
    from fullcycle.metric import proportion as proportion
    from fullcycle.metric import quantile as quantile
    from fullcycle.metric import ratio as ratio
    from fullcycle.record import Picture as Picture
    from fullcycle.record import Secret as Secret
    from fullcycle.record import codec as codec
    from fullcycle.serve import service as service
    from fullcycle.wiring.notebook import Capability as Capability
    from fullcycle.wiring.notebook import Run as Run
    from fullcycle.wiring.notebook import open as open

_HOMES = {
    "Bandit": "feature",
    "Capability": "wiring.notebook",
    "Draw": "feature",
    "Each": "flow",
    "Experiment": "experiment",
    "File": "data",
    "FullcycleError": "kernel",
    "Lookup": "data",
    "Metric": "metric",
    "Model": "feature",
    "Pickled": "flow",
    "Picture": "record",
    "Query": "data",
    "Row": "data",
    "Run": "wiring.notebook",
    "Secret": "record",
    "Source": "data",
    "Split": "evaluate",
    "Variable": "data",
    "Warehouse": "data",
    "asof": "data",
    "at_least": "data",
    "between": "data",
    "codec": "record",
    "decisions": "data",
    "dot": "feature",
    "events": "data",
    "features": "feature",
    "key": "data",
    "length": "data",
    "linucb": "bandit",
    "matching": "data",
    "mean": "metric",
    "model": "flow",
    "open": "wiring.notebook",
    "outcomes": "metric",
    "personal": "data",
    "proportion": "metric",
    "quantile": "metric",
    "ratio": "metric",
    "service": "serve",
    "source": "data",
    "split": "evaluate",
    "step": "flow",
    "thompson": "bandit",
    "time": "data",
    "trailing": "data",
}

__all__ = sorted([*_HOMES, "testing"])


def __getattr__(name: str) -> Any:
    if name == "testing":
        return import_module("fullcycle.testing")
    if name not in _HOMES:
        raise AttributeError(f"module 'fullcycle' has no attribute {name!r}")
    value = getattr(import_module(f"fullcycle.{_HOMES[name]}"), name)
    globals()[name] = value  # found once: feature functions call fc.dot for every row
    return value
