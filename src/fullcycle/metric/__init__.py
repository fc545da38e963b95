"""Business metrics: what is counted, over which rows, in which window."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.metric.metric import Metric as Metric
    from fullcycle.metric.metric import mean as mean
    from fullcycle.metric.metric import proportion as proportion
    from fullcycle.metric.outcome import Outcomes as Outcomes
    from fullcycle.metric.outcome import outcomes as outcomes
    from fullcycle.metric.spec import Good as Good
    from fullcycle.metric.spec import MetricSpec as MetricSpec

__getattr__, __all__ = lazily(
    __name__,
    {
        "Good": ".spec",
        "Metric": ".metric",
        "MetricSpec": ".spec",
        "Outcomes": ".outcome",
        "mean": ".metric",
        "outcomes": ".outcome",
        "proportion": ".metric",
    },
)
