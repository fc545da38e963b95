"""Business metrics: what is counted, over which rows, in which window."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.metric.constructors import mean as mean
    from fullcycle.metric.constructors import proportion as proportion
    from fullcycle.metric.constructors import quantile as quantile
    from fullcycle.metric.constructors import ratio as ratio
    from fullcycle.metric.metric import Metric as Metric
    from fullcycle.metric.outcome import Matured as Matured
    from fullcycle.metric.outcome import Outcomes as Outcomes
    from fullcycle.metric.outcome import about_items as about_items
    from fullcycle.metric.outcome import outcomes as outcomes
    from fullcycle.metric.spec import Good as Good
    from fullcycle.metric.spec import Kind as Kind
    from fullcycle.metric.spec import MetricSpec as MetricSpec
    from fullcycle.metric.sql import IN_POSTGRES as IN_POSTGRES
    from fullcycle.metric.sql import bound as bound
    from fullcycle.metric.sql import capped as capped
    from fullcycle.metric.sql import condition as condition
    from fullcycle.metric.sql import event_value as event_value
    from fullcycle.metric.sql import inlined as inlined
    from fullcycle.metric.sql import micros_of as micros_of
    from fullcycle.metric.sql import postgres_micros_of as postgres_micros_of
    from fullcycle.metric.sql import quoted as quoted
    from fullcycle.metric.sql import unit_value as unit_value

__getattr__, __all__ = lazily(
    __name__,
    {
        "Good": ".spec",
        "IN_POSTGRES": ".sql",
        "Matured": ".outcome",
        "Kind": ".spec",
        "Metric": ".metric",
        "MetricSpec": ".spec",
        "Outcomes": ".outcome",
        "about_items": ".outcome",
        "bound": ".sql",
        "capped": ".sql",
        "condition": ".sql",
        "event_value": ".sql",
        "inlined": ".sql",
        "mean": ".constructors",
        "micros_of": ".sql",
        "outcomes": ".outcome",
        "postgres_micros_of": ".sql",
        "proportion": ".constructors",
        "quantile": ".constructors",
        "quoted": ".sql",
        "ratio": ".constructors",
        "unit_value": ".sql",
    },
)
