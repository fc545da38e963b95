"""What watches: checks from what is declared, where a drift sits, and why a metric moved."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.monitor.alerts import AlertCleared as AlertCleared
    from fullcycle.monitor.alerts import AlertRaised as AlertRaised
    from fullcycle.monitor.alerts import Changes as Changes
    from fullcycle.monitor.alerts import alerts_stream as alerts_stream
    from fullcycle.monitor.alerts import open_alerts as open_alerts
    from fullcycle.monitor.alerts import ring as ring
    from fullcycle.monitor.checks import Finding as Finding
    from fullcycle.monitor.checks import check_asked as check_asked
    from fullcycle.monitor.checks import check_contract as check_contract
    from fullcycle.monitor.checks import check_drift as check_drift
    from fullcycle.monitor.checks import check_freshness as check_freshness
    from fullcycle.monitor.checks import check_log as check_log
    from fullcycle.monitor.drift import ALPHA as ALPHA
    from fullcycle.monitor.drift import NOTABLE as NOTABLE
    from fullcycle.monitor.drift import Drift as Drift
    from fullcycle.monitor.drift import Stability as Stability
    from fullcycle.monitor.drift import drifts as drifts
    from fullcycle.monitor.drift import stability as stability
    from fullcycle.monitor.explanation import Explanation as Explanation
    from fullcycle.monitor.explanation import Looked as Looked
    from fullcycle.monitor.explanation import why as why
    from fullcycle.monitor.lineage import FlowNode as FlowNode
    from fullcycle.monitor.lineage import Lineage as Lineage
    from fullcycle.monitor.lineage import LineageNode as LineageNode
    from fullcycle.monitor.lineage import trace as trace
    from fullcycle.monitor.location import Location as Location
    from fullcycle.monitor.location import locate as locate
    from fullcycle.monitor.tally import FieldTally as FieldTally
    from fullcycle.monitor.tally import Segment as Segment
    from fullcycle.monitor.tally import Tally as Tally

_NAMES = {
    "ALPHA": ".drift",
    "AlertCleared": ".alerts",
    "AlertRaised": ".alerts",
    "Changes": ".alerts",
    "Drift": ".drift",
    "Explanation": ".explanation",
    "FieldTally": ".tally",
    "Finding": ".checks",
    "FlowNode": ".lineage",
    "Lineage": ".lineage",
    "LineageNode": ".lineage",
    "Location": ".location",
    "Looked": ".explanation",
    "NOTABLE": ".drift",
    "Segment": ".tally",
    "Stability": ".drift",
    "Tally": ".tally",
    "alerts_stream": ".alerts",
    "check_asked": ".checks",
    "check_contract": ".checks",
    "check_drift": ".checks",
    "check_freshness": ".checks",
    "check_log": ".checks",
    "drifts": ".drift",
    "locate": ".location",
    "open_alerts": ".alerts",
    "ring": ".alerts",
    "stability": ".drift",
    "trace": ".lineage",
    "why": ".explanation",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
